"""`make run`: the whole service on this machine, with the sandbox provider, a stand-in for Stripe and a demo team."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from accounts.models import User
from project import development, embedded_postgres, processes
from project.development import Demo, Standin
from project.running import ChildEnded, Company, Stopped, answers, listens

DEMO_EMAIL = "demo@example.com"
DEMO_CREDITS = "2000"
COMES_UP = 60.0  # seconds


class Command(BaseCommand):
    help = "Runs web, worker and the stand-ins together, with an embedded database and a demo team. For development."
    requires_system_checks: list[str] = []  # the worker runs those that matter to a start

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on")
        parser.add_argument("--with-parent", action="store_true", help="stop when the process that started us ends")

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        if settings.PRODUCTION:
            raise CommandError("`run` is for development; unset FRAMEHOUSE_MODE=production.")
        if not development.port_is_free(host, port):
            raise CommandError(f"Port {port} is in use: stop the other program, or say `make run PORT=...`.")
        try:
            with Company(lives_with_parent=options["with_parent"]) as company:
                self._run(company, host=host, port=port)
        except Stopped:
            self.stdout.write("stopped")
        except ChildEnded as error:
            raise CommandError(f"{error}; stopped everything") from error
        finally:
            connections.close_all()
            if settings.EMBEDDED_POSTGRES:
                embedded_postgres.stop_unused(settings.EMBEDDED_POSTGRES)

    def _run(self, company: Company, *, host: str, port: int) -> None:
        data_dir = Path(settings.DATA_DIR)
        data_dir.mkdir(parents=True, exist_ok=True)
        (data_dir / "development").touch()
        self.stdout.write("preparing the database")
        call_command("migrate", verbosity=0, interactive=False)
        call_command("sync_catalog", stdout=io.StringIO())
        demo = self._demo(data_dir / "demo.json")
        connections.close_all()

        site = f"http://{host}:{port}"
        sandbox = development.sandbox_wanted(os.environ)
        standin = development.standin_wanted(os.environ, host=host, port=port, data_dir=data_dir)
        env = development.environment_of_children(os.environ, sandbox=sandbox, standin=standin, site=site)
        if sandbox:
            company.start("sandbox", development.sandbox_command(sandbox), env, serves_others=True)
        if standin:
            company.start("stripe", development.standin_command(standin), env, serves_others=True)
        company.start("worker", development.worker_command(), env)
        web = {**env, processes.ASK: "1"}
        company.start("web", development.web_command(host=host, port=port), web)
        if sandbox:
            company.wait_for("the sandbox", lambda: listens("127.0.0.1", sandbox.port), seconds=COMES_UP)
        if standin:
            where = (standin.public, standin.port)
            company.wait_for("the stand-in for Stripe", lambda: listens(*where), seconds=COMES_UP)
        company.wait_for("the web server", lambda: answers(host, port, "/health/ready"), seconds=COMES_UP)
        company.wait_for("the worker", lambda: answers(host, port, "/health/queue"), seconds=COMES_UP)
        self._greet(site=site, demo=demo, standin=standin)
        company.watch()

    def _demo(self, path: Path) -> Demo:
        """The demo team, made at the first run on this database."""
        kept = development.read_demo(path)
        if kept and User.objects.filter(email=kept.email).exists():
            return kept
        answer = io.StringIO()
        call_command("create_team", name="Demo", email=DEMO_EMAIL, credits=DEMO_CREDITS, json=True, stdout=answer)
        made = json.loads(answer.getvalue())
        demo = Demo(email=made["email"], password=made["password"], api_key=made["api_key"])
        development.write_demo(path, demo)
        return demo

    def _greet(self, *, site: str, demo: Demo, standin: Standin | None) -> None:
        money = "Credit is paid at Stripe, with the key of the environment.\n"
        if standin:
            money = f"Credit is bought with test cards, no real money: {standin.url} stands in for Stripe.\n"
        self.stdout.write(
            f"\nFramehouse is running. Sign in at {site}/accounts/login/\n"
            f"  e-mail    {demo.email}\n"
            f"  password  {demo.password or '(the one you have)'}\n\n"
            f"Make a video:\n  {development.curl_line(site=site, api_key=demo.api_key)}\n\n"
            f"{money}"
            f"Mail is printed here, and kept in {Path(settings.DATA_DIR) / 'mail'}.\n"
            "Ctrl-C stops everything.\n"
        )
        self.stdout.flush()

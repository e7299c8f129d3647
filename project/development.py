"""What `make run` puts together: the environment of its processes, the sandbox's addresses, what it prints.

The processes themselves are watched by project/running.py.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from project import stripe_settings

WEB_WORKERS, WEB_THREADS = "1", "32"  # `Prefer: wait` holds a thread for up to a minute
WEB_KILL_TIMEOUT = "5"  # seconds that open requests get at the end
STOP_GRACE = "8"  # seconds that jobs get at the end; they survive being killed
KIE_BASE, FAL_BASE = "KIE_API_BASE", "FAL_QUEUE_BASE"
STRIPE_KEY, STANDIN_KEY = "STRIPE_SECRET_KEY", f"{stripe_settings.STANDIN}_development"
EXAMPLE = {"model": "veo-3.1-fast", "input": {"prompt": "A paper boat sails down a rainy street at night"}}


@dataclass(frozen=True)
class Sandbox:
    """Where the sandbox provider listens, and whom it stands in for."""

    port: int
    instead_of: frozenset[str]
    webhook_key: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True)
class Standin:
    """Where the stand-in for Stripe listens, by what a browser calls it, and where it keeps its state."""

    listens: str
    public: str
    port: int
    webhook_url: str
    webhook_secret: str
    state_file: Path

    @property
    def url(self) -> str:
        return f"http://{self.public}:{self.port}"


@dataclass(frozen=True)
class Demo:
    """The demo team's way in, kept so that a second run can print it again."""

    email: str
    password: str | None
    api_key: str


def sandbox_wanted(environment: Mapping[str, str]) -> Sandbox | None:
    """The sandbox for the providers whose base address the environment does not set; None when it sets
    all."""
    instead_of = frozenset(name for name in (KIE_BASE, FAL_BASE) if not environment.get(name))
    if not instead_of:
        return None
    return Sandbox(port=free_port(), instead_of=instead_of, webhook_key=secrets.token_urlsafe(24))


def standin_wanted(environment: Mapping[str, str], *, host: str, port: int, data_dir: Path) -> Standin | None:
    """The stand-in for Stripe beside the web server at host and port; None when the environment has a key of Stripe.

    It listens where the web server does: a buyer's browser is sent to it."""
    if environment.get(STRIPE_KEY) or environment.get(f"{STRIPE_KEY}_FILE"):
        return None
    everywhere = host in ("0.0.0.0", "::")  # noqa: S104 - compared, not listened on
    public = (urlsplit(environment.get("SITE_URL", "")).hostname or "127.0.0.1") if everywhere else host
    return Standin(
        listens=host,
        public=public,
        port=free_port(),
        webhook_url=f"http://{'127.0.0.1' if everywhere else host}:{port}/callbacks/stripe",
        webhook_secret=f"whsec_{secrets.token_urlsafe(24)}",
        state_file=data_dir / "stripe.json",
    )


def environment_of_children(
    environment: Mapping[str, str], *, sandbox: Sandbox | None, standin: Standin | None, site: str
) -> dict[str, str]:
    """The environment of web and worker: ours, in development mode, with the sandbox and the stand-in where they
    are wanted."""
    children = dict(environment)
    children.pop("DB_TIMEOUTS", None)  # lifted for our own migrations only
    children["FRAMEHOUSE_MODE"] = "development"
    children["PYTHONUNBUFFERED"] = "1"
    children.setdefault("SITE_URL", site)
    for name in ("KIE_API_KEY", "FAL_KEY"):  # a stand-in of one's own may not care for a key
        if not children.get(name) and not children.get(f"{name}_FILE"):
            children[name] = "development:key"
    if standin is not None:
        children |= {STRIPE_KEY: STANDIN_KEY, "STRIPE_API_BASE": standin.url}
        children["STRIPE_WEBHOOK_SECRET"] = standin.webhook_secret
        for name in ("NO_PROXY", "no_proxy"):  # Stripe's SDK would ask a proxy of the environment for it
            children[name] = ",".join(part for part in (children.get(name), standin.public) if part)
    if sandbox is None:
        return children
    if KIE_BASE in sandbox.instead_of:
        children |= {KIE_BASE: sandbox.url, "KIE_UPLOAD_BASE": sandbox.url}
        children |= {"KIE_API_KEY": "sandbox", "KIE_WEBHOOK_KEY": sandbox.webhook_key}
    if FAL_BASE in sandbox.instead_of:
        children |= {FAL_BASE: sandbox.url, "FAL_REST_BASE": sandbox.url, "FAL_API_BASE": sandbox.url}
        children["FAL_KEY"] = "sandbox-id:sandbox-secret"
        children["FAL_JWKS_URL"] = f"{sandbox.url}/.well-known/jwks.json"
    allowed = [entry for entry in environment.get("OUTBOUND_ALLOW_HOSTS", "").split(",") if entry.strip()]
    children["OUTBOUND_ALLOW_HOSTS"] = ",".join([*allowed, f"127.0.0.1:{sandbox.port}"])
    return children


def web_command(*, host: str, port: int) -> list[str]:
    """granian with blocking threads and persistent database connections (stack.md section 5)."""
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port)]
    command += ["--workers", WEB_WORKERS, "--blocking-threads", WEB_THREADS]
    command += ["--workers-kill-timeout", WEB_KILL_TIMEOUT, "--no-ws", "--log-level", "error"]
    return [*command, "project.wsgi:application"]


def worker_command() -> list[str]:
    return [sys.executable, "manage.py", "worker", "--grace", STOP_GRACE]


def sandbox_command(sandbox: Sandbox) -> list[str]:
    options = ["--port", str(sandbox.port), f"--hmac-key={sandbox.webhook_key}", "--quiet"]
    return [sys.executable, "-m", "generations.sandbox", *options]  # as `manage.py sandbox`, without Django


def standin_command(standin: Standin) -> list[str]:
    options = ["--host", standin.listens, "--port", str(standin.port), "--public-url", standin.url, "--quiet"]
    options += ["--webhook-url", standin.webhook_url, f"--webhook-secret={standin.webhook_secret}"]
    return [sys.executable, "-m", "billing.standin", *options, "--state-file", str(standin.state_file)]


def free_port() -> int:
    """A loopback port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def port_is_free(host: str, port: int) -> bool:
    """Whether we could listen there; granian itself would share the port with another granian unseen."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def read_demo(path: Path) -> Demo | None:
    """The demo team of an earlier run; None when there was none."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return Demo(email=kept["email"], password=kept["password"], api_key=kept["api_key"])


def write_demo(path: Path, demo: Demo) -> None:
    """Keeps it for the owner of the checkout only, whole or not at all."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"email": demo.email, "password": demo.password, "api_key": demo.api_key}, file)
    draft.replace(path)


def curl_line(*, site: str, api_key: str) -> str:
    """One line to paste: it waits for the end and prints the finished generation."""
    return (
        f"curl -sS {site}/api/v1/generations"
        f" -H 'Authorization: Bearer {api_key}' -H 'Content-Type: application/json' -H 'Prefer: wait=60'"
        f' -H "Idempotency-Key: demo-$(date +%s)"'
        f" -d '{json.dumps(EXAMPLE)}'"
    )

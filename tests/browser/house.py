"""The whole house as `make run` starts it, in a data folder of its own, with people and things to look at."""

from __future__ import annotations

import email
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from email import policy
from pathlib import Path
from typing import Any

import httpx
import psutil

from project import embedded_postgres
from tests.flows.test_make_run import NOT_OURS
from tests.project.processes import ROOT, House, quiet_port, within

STARTS_WITHIN = 240.0  # seconds, on a machine that runs other tests beside
SEEDED_WITHIN = 180.0
SPEED = 10  # times as fast as the real providers: a video takes some seconds, so that its progress can be watched


@dataclass(frozen=True)
class Seeded:
    """What the seed made: `ids` of one of everything (tests.tenancy.scene), `sessions` by who is signed in, and links
    that only a mail holds otherwise."""

    ids: dict[str, str]
    sessions: dict[str, str]
    links: dict[str, str]
    password: str
    key: str


class BrowserHouse:
    """Runs it; `site` is its address, `standin` the one of the stand-in for Stripe, `mail` the folder of its mail."""

    def __init__(self, base: Path) -> None:
        self.data_dir = base / "data"
        self.port = quiet_port()
        self.site = f"http://localhost:{self.port}"  # a passkey is bound to a name, and 127.0.0.1 is none
        ours = {"DATA_DIR": str(self.data_dir), "SITE_URL": self.site}
        self.house = House(base / "run.log", **{**dict.fromkeys(NOT_OURS), **ours})
        self.mail = self.data_dir / "mail"
        self.standin = ""
        self.seeded: Seeded

    def start(self) -> None:
        """Starts it and waits until it serves and is seeded."""
        run = self.house.manage("run", "--port", str(self.port))
        assert within(STARTS_WITHIN, lambda: "Ctrl-C stops" in self.said() or run.poll() is not None), self.said()
        assert run.poll() is None, self.said()
        found = re.search(r"no real money: (\S+) stands in for Stripe", self.said())
        assert found is not None, self.said()
        self.standin = found[1]
        environment = self._environment_of_web()
        httpx.post(f"{environment['KIE_API_BASE']}/_control/settings", json={"speed": SPEED}).raise_for_status()
        self.seeded = self._seed(environment)

    def stop(self) -> None:
        self.house.end()
        embedded_postgres.stop(self.data_dir / "postgres")

    def said(self) -> str:
        return self.house.output()

    def _environment_of_web(self) -> dict[str, str]:
        """The addresses and keys that `run` chose for its children."""
        web = next(process for process in self.house.left() if "granian" in " ".join(process.cmdline()))
        return psutil.Process(web.pid).environ()

    def _seed(self, environment: dict[str, str]) -> Seeded:
        """A process of its own: this one is bound to the tests' database."""
        command = [sys.executable, "-m", "tests.browser.seed"]
        extra = {"DJANGO_SETTINGS_MODULE": "project.settings", "DB_TIMEOUTS": "off"}
        done = subprocess.run(
            command, cwd=ROOT, env={**environment, **extra}, capture_output=True, text=True, timeout=SEEDED_WITHIN
        )
        assert done.returncode == 0, done.stderr
        return Seeded(**json.loads(done.stdout))

    @staticmethod
    def attached() -> BrowserHouse | None:
        """The house that `python -m tests.browser.house` keeps running, when BROWSER_HOUSE names its file: for
        writing tests without waiting for a house each time."""
        path = os.environ.get("BROWSER_HOUSE")
        return _Kept(Path(path)) if path else None

    # --- what reaches people otherwise than by a page
    def link_to(self, email: str, containing: str) -> str:
        """The newest link with these letters that was mailed to this address; waits for it."""
        wanted = re.compile(rf"{re.escape(self.site)}[^\s\"<>]*{re.escape(containing)}[^\s\"<>]*")
        found: list[str] = []

        def look() -> bool:
            for path in sorted(self.mail.glob("*"), key=lambda path: path.stat().st_mtime, reverse=True):
                text = _words(path)
                link = wanted.search(text)
                if email in text and link:
                    found.append(link[0])
                    return True
            return False

        assert within(30, look), f"no mail to {email} with a link to {containing}: {list(self.mail.glob('*'))}"
        return found[0]

    def api(self, method: str, path: str, *, key: str, **more: Any) -> httpx.Response:
        """One REST call with a key, as a program makes it."""
        return httpx.request(
            method, f"{self.site}/api/v1{path}", headers={"Authorization": f"Bearer {key}"}, timeout=60, **more
        )

    def ended(self, public_id: str, *, key: str, seconds: float = 60) -> dict[str, Any]:
        """A generation when it has ended."""
        deadline = time.monotonic() + seconds
        while True:
            row: dict[str, Any] = self.api("GET", f"/generations/{public_id}", key=key).raise_for_status().json()
            if row["status"] in ("succeeded", "failed", "canceled", "expired") or time.monotonic() > deadline:
                return row
            time.sleep(0.2)


class _Kept(BrowserHouse):
    """A house of another process: neither started nor stopped here."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def start(self) -> None:
        kept = json.loads(self.path.read_text())
        self.site, self.standin, self.data_dir = kept["site"], kept["standin"], self.path.parent / "data"
        self.mail = self.data_dir / "mail"
        self.seeded = Seeded(**kept["seeded"])

    def stop(self) -> None:
        pass


def _words(path: Path) -> str:
    """A kept mail's head and text."""
    message = email.message_from_bytes(path.read_bytes(), policy=policy.default)
    body = message.get_body(("plain",))
    return f"{message['To']}\n{body.get_content() if body else ''}"


def main() -> None:
    """`python -m tests.browser.house FOLDER`: runs one until it is interrupted."""
    base = Path(sys.argv[1]).resolve()
    base.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    house = BrowserHouse(base)
    try:
        house.start()
        kept = {"site": house.site, "standin": house.standin, "seeded": asdict(house.seeded)}
        (base / "house.json").write_text(json.dumps(kept))
        sys.stdout.write(f"BROWSER_HOUSE={base / 'house.json'}\n")
        sys.stdout.flush()
        signal.pause()
    except KeyboardInterrupt:
        pass
    finally:
        house.stop()


if __name__ == "__main__":
    main()

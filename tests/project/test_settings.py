"""A missing or wrong setting stops a production start with a sentence that names it (design section 7)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GOOD = {
    "FRAMEHOUSE_MODE": "production",
    "SECRET_KEY": "s" * 50,
    "API_KEY_PEPPER": "p" * 50,
    "SITE_URL": "https://framehouse.example",
    "ALLOWED_HOSTS": "framehouse.example",
    "DATABASE_URL": "postgres://app:secret@localhost/framehouse",
    "KIE_API_KEY": "k",
    "FAL_KEY": "i:s",
    "EMAIL_URL": "smtp+tls://user:password@mail.framehouse.example",
}


def start(tmp_path: Path, **changes: str | None) -> subprocess.CompletedProcess[str]:
    """Loads the settings in a process of its own; None takes a variable away."""
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "PYTHONPATH": str(ROOT), **GOOD, **changes}
    return subprocess.run(
        [sys.executable, "-c", "import project.settings as s; print(s.MODE, s.DEBUG, s.EMBEDDED_POSTGRES)"],
        env={name: value for name, value in environment.items() if value is not None},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_whole_environment_starts_without_embedded_database(tmp_path: Path) -> None:
    assert start(tmp_path).stdout == "production False None\n"


@pytest.mark.parametrize("name", sorted(set(GOOD) - {"FRAMEHOUSE_MODE"}))
def test_a_missing_value_is_named(name: str, tmp_path: Path) -> None:
    ended = start(tmp_path, **{name: None})
    assert ended.returncode == 1
    assert f"{name} is missing" in ended.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://root@localhost/x"),
        ("DATABASE_URL", "nonsense"),
        ("SITE_URL", "http://framehouse.example"),
        ("SITE_URL", "framehouse.example"),
        ("SECRET_KEY", "short"),
        ("RATE_LIMIT_TEAM", "1200"),
        ("API_KEY_PEPPER", "s" * 50),
        ("KIE_API_BASE", "http://127.0.0.1:8900"),
        ("FAL_QUEUE_BASE", "ftp://queue.example"),
        ("OUTBOUND_ALLOW_HOSTS", "127.0.0.1"),
        ("WORKERS", "many"),
        ("DEBUG", "perhaps"),
        ("DEBUG", "true"),
        ("STORAGE_URL", "gs://bucket"),
        ("SECRET_KEY_FILE", "/nowhere/at/all"),
        ("EMAIL_URL", "mail.example"),
        ("EMAIL_URL", "consolemail://"),
        ("EMAIL_URL", "smtps://mail.example"),
        ("EMAIL_URL", "smtp://mail.example:many"),
        ("EMAIL_URL", "smtp://"),
        ("EMAIL_URL", "smtp://user@mail.example"),
        ("EMAIL_URL", "smtp://mail.example?timeout=5"),
        ("DEFAULT_FROM_EMAIL", "Framehouse"),
        ("DEFAULT_FROM_EMAIL", "a@b.example\nBcc: c@d.example"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str, tmp_path: Path) -> None:
    changes: dict[str, str | None] = {name: value}
    if name.endswith("_FILE"):
        changes[name.removesuffix("_FILE")] = None
    ended = start(tmp_path, **changes)
    assert ended.returncode == 1
    sentence = ended.stderr.splitlines()[-1]
    assert name in sentence
    assert "ImproperlyConfigured" in sentence


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("f" * 60 + "\n")
    ended = start(tmp_path, SECRET_KEY=None, SECRET_KEY_FILE=str(tmp_path / "secret"))
    assert ended.returncode == 0, ended.stderr


def test_a_secret_given_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("f" * 60)
    ended = start(tmp_path, SECRET_KEY_FILE=str(tmp_path / "secret"))
    assert "SECRET_KEY and SECRET_KEY_FILE are both set" in ended.stderr

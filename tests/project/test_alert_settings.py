"""The settings of alerts' channels: a wrong one stops the start with a sentence that names it."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from project import alert_settings
from tests.project.test_settings import start

SECRET = "whsec_" + base64.b64encode(b"k" * 24).decode()
URL = "https://hooks.example.com/framehouse?team=ops"
NAMES = ("ALERT_EMAILS", "ALERT_WEBHOOK_URL", "ALERT_WEBHOOK_SECRET")


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)


def test_nothing_is_needed() -> None:
    found = alert_settings.read(production=True)
    assert (found.emails, found.webhook_url, found.webhook_secret, found.webhook_host) == ((), "", "", "")


def test_all_of_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET + "\n")
    monkeypatch.setenv("ALERT_EMAILS", "ops@example.com, Night@example.com,ops@example.com")
    monkeypatch.setenv("ALERT_WEBHOOK_URL", URL)
    monkeypatch.setenv("ALERT_WEBHOOK_SECRET_FILE", str(secret))
    found = alert_settings.read(production=True)
    assert found.emails == ("ops@example.com", "night@example.com")
    assert (found.webhook_url, found.webhook_secret, found.webhook_host) == (URL, SECRET, "hooks.example.com")


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"ALERT_EMAILS": "ops@example.com,nobody"}, "ALERT_EMAILS"),
        ({"ALERT_EMAILS": "ops@example.com\nBcc: x@example.com"}, "ALERT_EMAILS"),
        ({"ALERT_EMAILS": ",".join(f"a{n}@example.com" for n in range(21))}, "ALERT_EMAILS"),
        ({"ALERT_WEBHOOK_URL": URL}, "ALERT_WEBHOOK_SECRET is not"),
        ({"ALERT_WEBHOOK_SECRET": SECRET}, "ALERT_WEBHOOK_URL is not"),
        ({"ALERT_WEBHOOK_URL": "hooks.example.com", "ALERT_WEBHOOK_SECRET": SECRET}, "_URL must"),
        ({"ALERT_WEBHOOK_URL": "http://hooks.example.com", "ALERT_WEBHOOK_SECRET": SECRET}, "_URL must"),
        (
            {"ALERT_WEBHOOK_URL": "https://u:p@hooks.example.com", "ALERT_WEBHOOK_SECRET": SECRET},
            "ALERT_WEBHOOK_URL must",
        ),
        (
            {"ALERT_WEBHOOK_URL": "https://hooks.example.com:no", "ALERT_WEBHOOK_SECRET": SECRET},
            "ALERT_WEBHOOK_URL must",
        ),
        ({"ALERT_WEBHOOK_URL": URL, "ALERT_WEBHOOK_SECRET": "secret"}, "ALERT_WEBHOOK_SECRET must"),
        ({"ALERT_WEBHOOK_URL": URL, "ALERT_WEBHOOK_SECRET": "whsec_c2hvcnQ="}, "ALERT_WEBHOOK_SECRET must"),
        ({"ALERT_WEBHOOK_URL": URL, "ALERT_WEBHOOK_SECRET": SECRET[6:]}, "ALERT_WEBHOOK_SECRET must"),
        ({"ALERT_WEBHOOK_URL": URL, "ALERT_WEBHOOK_SECRET_FILE": "/nowhere/at/all"}, "ALERT_WEBHOOK_SECRET_FILE"),
    ],
)
def test_what_is_wrong_is_named(values: dict[str, str], names: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=names) as raised:
        alert_settings.read(production=True)
    assert SECRET not in str(raised.value)


def test_development_may_speak_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERT_WEBHOOK_URL", "http://127.0.0.1:9000/x")
    monkeypatch.setenv("ALERT_WEBHOOK_SECRET", SECRET)
    assert alert_settings.read(production=False).webhook_host == "127.0.0.1"


def test_a_wrong_one_stops_a_production_start(tmp_path: Path) -> None:
    ended = start(tmp_path, ALERT_EMAILS="nobody")
    assert ended.returncode == 1
    assert "ALERT_EMAILS must be addresses" in ended.stderr.splitlines()[-1]

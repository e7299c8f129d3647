"""Times and spans as the pages say them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.templatetags import webhooks


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "just now"),
        (7, "7 s ago"),
        (59, "59 s ago"),
        (61, "1 min ago"),
        (3_700, "1 h ago"),
        (86_500, "1 day ago"),
        (864_100, "10 days ago"),
        (-2, "in a moment"),
        (-130, "in 2 min"),
        (-86_460, "in 1 day"),
    ],
)
def test_how_long_ago(monkeypatch: pytest.MonkeyPatch, seconds: int, words: str) -> None:
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    moment = now - timedelta(seconds=seconds)
    told = webhooks.ago(moment)
    assert f">{words}</time>" in told
    assert f'title="{moment:%Y-%m-%d %H:%M:%S} UTC"' in told
    assert (webhooks.due(moment) == "now") is (seconds >= 0)


@pytest.mark.parametrize(
    ("value", "words"), [(None, ""), (0, "0 ms"), (999, "999 ms"), (1_000, "1.0 s"), (20_050, "20.0 s")]
)
def test_how_long_it_took(value: int | None, words: str) -> None:
    assert webhooks.milliseconds(value) == words


@pytest.mark.parametrize(
    ("url", "host"),
    [("https://a.example.com/x?y=z", "a.example.com"), ("http://127.0.0.1:8/x", "127.0.0.1:8"), ("nothing", "")],
)
def test_a_mail_names_the_host_alone(url: str, host: str) -> None:
    assert webhooks.host(url) == host

"""What people type cannot become a header, a recipient, or a hole in a mail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.template.utils import EngineHandler

from accounts import notify
from accounts.identity_mail import seen
from project import mail_settings
from tests.accounts.mail.samples import COMMON, SPECIAL, TO, sample


@pytest.mark.parametrize(
    "name",
    [
        "Studio\r\nBcc: all@example.com",
        "Studio\nBcc: all@example.com\n\nBuy now",
        "Studio\x0bBcc: all@example.com",
        "Studio\u2028Bcc: all@example.com",
        "Studio\x85Bcc: all@example.com",
        "Studio%0d%0aBcc: all@example.com",
    ],
)
def test_a_name_is_never_a_header(name: str) -> None:
    """Names are cleaned where they are typed (project.text.clean_name); a row of before must not matter either."""

    class Team:
        public_id = "team_1"

    team = Team()
    team.name = name  # type: ignore[attr-defined]
    notify.mail(to=TO, template="invitation", context={**COMMON, "team": team})
    notify.mail(to=TO, template="key_issued", context=COMMON | SPECIAL["key_issued"] | {"team": team})
    for message in mail.outbox:
        assert message.recipients() == [TO]
        sent = message.message()
        assert sent["Bcc"] is None
        assert len(sent.get_all("Subject")) == 1
        assert "\n" not in message.subject
        assert "\r" not in message.subject


def test_an_address_with_a_line_break_is_refused() -> None:
    with pytest.raises(ValueError, match="[Nn]ewline|[Ii]nvalid"):
        notify.mail(to=f"{TO}\nBcc: all@example.com", template="invitation", context=COMMON)
    assert mail.outbox == []


@pytest.mark.parametrize("missing", ["team", "by", "link", "invitation"])
def test_a_mail_with_a_hole_is_not_sent(missing: str) -> None:
    context = {name: value for name, value in COMMON.items() if name != missing}
    with pytest.raises(LookupError, match=f"names {missing}"):
        notify.mail(to=TO, template="invitation", context=context)
    assert mail.outbox == []


def test_in_production_half_a_mail_is_better_than_a_page_that_fails(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "x.txt").write_text("Hello {{ nobody.name }}!")
    (config, _) = mail_settings.templates(tmp_path, strict=False)
    assert EngineHandler([config])["mail_text"].get_template("x.txt").render({}) == "Hello !"
    assert "a mail's template names nobody.name" in caplog.text


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox 128 on Linux"),
        ("Mozilla/5.0 call https://evil.example now", "A browser"),
        ("https://evil.example/ says: your account is locked", "a program that is no browser"),
        ("curl/8.5", "a program that is no browser"),
        ("", "a program that is no browser"),
    ],
)
def test_a_strangers_browser_is_told_in_our_words(user_agent: str, words: str) -> None:
    """A notice goes to the victim of a stranger: it must not carry the stranger's advertisement."""
    assert seen(user_agent) == words


def test_a_notice_says_when_from_where_and_what_to_do(settings: Any) -> None:
    body = sample("account/email/password_changed").body
    assert "When: 1 March 2026, 09:30 UTC" in body
    assert "From: 198.51.100.7" in body
    assert "With: Firefox 128 on Linux" in body
    assert f"{settings.SITE_URL}/accounts/password/reset/" in body
    assert f"{settings.SITE_URL}/settings/sessions" in body

"""Every mail is a pair that says the same, leads only to us, and shows strange names as they are."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import allauth
import pytest
from django.conf import settings
from django.urls import Resolver404, resolve

from tests.accounts.mail.samples import HOSTILE, TEMPLATES, TO, identity, own, page, sample

ALL = [*own(), *identity()]
VOID = {"meta", "br", "img", "link", "hr", "input"}
# Words for what is switched off: codes instead of links, and accounts of other sites.
OFF = {"account/email/login_code", "account/email/password_reset_code"}


class Sheet(HTMLParser):
    """An HTML mail as a strict reader has it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.links: set[str] = set()
        self.tags: set[str] = set()
        self.feed(html)
        self.close()
        self.faults += [f"<{tag}> is not closed" for tag in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in VOID:
            if tag == "p" and "p" in self.open:
                self.faults.append("<p> within <p>")
            self.open.append(tag)
        for name, value in attrs:
            if name in ("href", "src", "background"):
                self.links.add(value or "")
            if name.startswith("on"):
                self.faults.append(f"{name} runs a script")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes something else")


def links(text: str) -> set[str]:
    return {found.rstrip(".,:;") for found in re.findall(r"https?://[^\s<>\"]+", text)}


def is_a_page(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


@pytest.mark.parametrize("name", ALL)
def test_the_mail_is_whole(name: str) -> None:
    message = sample(name)
    text, html = str(message.body), page(message)
    sheet = Sheet(html)
    assert message.to == [TO]
    assert message.reply_to == []
    assert message.extra_headers["Auto-Submitted"] == "auto-generated"

    subject = str(message.subject)
    assert re.fullmatch(r"\[Framehouse\] \S.{4,}", subject), subject
    assert len(subject) < 150
    assert not links(subject), "a subject is kept readable in the database"

    assert sheet.faults == []
    assert not sheet.tags & {"script", "img", "iframe", "form", "link"}, "mail programs block them, or tell on people"
    for part in (text, html, subject):
        assert "None" not in part
        assert "{{" not in part
        assert "{%" not in part
    assert len(text.split()) > 20
    assert "\n\n\n\n" not in text


@pytest.mark.parametrize("name", ALL)
def test_both_parts_lead_to_the_same_places_of_ours(name: str) -> None:
    message = sample(name)
    in_text, in_page = links(str(message.body)), Sheet(page(message)).links
    assert in_text == in_page
    assert len(in_text) >= 1
    for link in in_text:
        assert link.startswith(f"{settings.SITE_URL}/"), link
        assert is_a_page(urlsplit(link).path), f"{link} leads nowhere"


@pytest.mark.parametrize("name", own())
def test_names_are_escaped_in_the_page_and_nowhere_else(name: str) -> None:
    message = sample(name)
    html = page(message)
    assert "<b>" not in html
    for part in (str(message.body), str(message.subject)):
        assert "&amp;" not in part
        assert "&lt;" not in part
        assert "&#x27;" not in part
        assert "&quot;" not in part
    if "Tom" in html:
        assert "Tom &amp; &lt;b&gt;" in html
        assert HOSTILE in f"{message.subject} {message.body}"


def test_every_mail_of_allauth_has_words_of_ours() -> None:
    templates = Path(allauth.__file__).parent / "templates"
    wanted = {
        str(path.relative_to(templates)).rpartition("_message")[0] for path in templates.glob("*/email/*_message.txt")
    }
    wanted = {name for name in wanted if name.split("/")[0] in ("account", "mfa", "usersessions")}
    wanted -= {"", "account/email/base"}
    assert len(wanted) > 10
    assert wanted - OFF == set(identity())
    for name in identity():
        for ending in ("_subject.txt", "_message.txt", "_message.html"):
            assert (TEMPLATES / f"{name}{ending}").is_file(), f"{name}{ending}"
    assert not getattr(settings, "ACCOUNT_LOGIN_BY_CODE_ENABLED", False)
    assert not getattr(settings, "ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED", False)


def test_every_text_has_its_page() -> None:
    for name in own():
        assert (TEMPLATES / "mail" / f"{name}.txt").is_file(), f"{name} has no text"
        assert (TEMPLATES / "mail" / f"{name}.html").is_file(), f"{name} has no page"

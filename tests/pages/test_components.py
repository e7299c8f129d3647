"""The page of components: every partial stands on it, so that it is looked at before it is used."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from tests.billing.refunds.test_staff_pages import at_the_desk
from tests.pages.parsing import Page, read
from tests.world import World, person

FOLDER = settings.BASE_DIR / "templates" / "components"


@pytest.fixture
def page(world: World) -> Page:
    user = person("stella")
    user.is_staff = True
    user.save()
    return read(at_the_desk(user).get("/admin/components"))


def test_every_component_is_shown(page: Page) -> None:
    text = (settings.BASE_DIR / "templates" / "components.html").read_text(encoding="utf-8")
    shown = text + (settings.BASE_DIR / "templates" / "_fields.html").read_text(encoding="utf-8")
    missing = [
        path.name
        for path in FOLDER.glob("*.html")
        if f"components/{path.name}" not in shown and f"{{% {path.stem} " not in shown
    ]
    assert missing == []


def test_they_are_whole(page: Page) -> None:
    assert page.violations == []
    assert len(page.all("svg")) > 25
    assert page.one("dialog").attrs["aria-labelledby"] == "question-title"
    assert len(page.all("div", klass="wrong")) == 2  # name and role of the form with errors
    assert "This field is required." in page.words


def test_it_is_not_for_members(alice: Client) -> None:
    assert alice.get("/admin/components").status_code == 302

"""Pages about errors: what happened, what it means for credit, what to do, and the request to name."""

from __future__ import annotations

import re

import pytest
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

from generations import page_queries
from project import error_views, middleware
from project.errors import Conflict, Unavailable
from tests.pages.parsing import Page, read
from tests.pages.test_policy import whole
from tests.world import World

REQUEST = "0123456789abcdef"


def refused(request: HttpRequest | None = None, **headers: str) -> Page:
    asked = request or RequestFactory().post("/somewhere", headers=headers)
    return Page(middleware.answer(asked, Conflict("It ended meanwhile.")).content.decode())


def test_who_is_signed_in_keeps_the_navigation(alice: Client) -> None:
    page = whole(alice.get("/nowhere", headers={"X-Request-Id": REQUEST}), 404)
    for path in ("/studio", "/history", "/team"):
        assert page.all("a", href=path)
    assert REQUEST in page.words


def test_a_stranger_is_led_to_the_start(client: Client, world: World) -> None:
    page = whole(client.get("/nowhere"), 404)
    assert page.all("a", href="/")
    assert not page.all("a", href="/history")


def test_a_bad_request_within_a_session_keeps_it_too(alice: Client, rf: RequestFactory) -> None:
    request: HttpRequest = alice.get("/studio").wsgi_request
    answer = error_views.bad_request(request, SuspiciousOperation("odd"))
    assert read(answer, 400).all("a", href="/history")
    early = rf.get("/studio")  # refused before anybody looked who it is
    assert (
        "Nothing was changed" in Page(error_views.bad_request(early, SuspiciousOperation("odd")).content.decode()).words
    )


def test_a_form_without_its_token(world: World) -> None:
    strict = Client(enforce_csrf_checks=True)
    page = whole(strict.post("/accounts/login/", {"login": "x"}, headers={"X-Request-Id": REQUEST}), 403)
    assert "This page is too old" in page.words
    assert "nothing was charged" in page.words
    assert REQUEST in page.words


def test_a_refused_act_leads_back_to_where_it_was_sent_from() -> None:
    page = refused(Referer="http://testserver/generations/gen_1?page=2")
    assert page.all("a", href="http://testserver/generations/gen_1?page=2")
    assert "Nothing was charged for this." in page.words


@pytest.mark.parametrize("elsewhere", ["https://evil.example/x", "javascript:alert(1)", "//evil.example", ""])
def test_never_to_anywhere_else(elsewhere: str) -> None:
    assert "Back to where you were" not in refused(Referer=elsewhere).words


def test_nothing_is_promised_about_an_act_that_broke_half_way(rf: RequestFactory) -> None:
    problem = Unavailable("The database is out of reach.", headers={"Retry-After": "150"})
    page = Page(middleware.answer(rf.post("/somewhere"), problem).content.decode())
    assert "Nothing was charged for this" not in page.words
    assert "Nothing is charged twice" in page.words
    assert "Try again in 2 min 30 s." in page.words


def test_too_many_tries_say_when_there_is_room_again() -> None:
    assert "Try again in 5 min." in Page(render_to_string("429.html", {"wait": 300})).words
    assert "Wait a few minutes" in Page(render_to_string("429.html")).words


def test_an_address_of_a_form_alone_is_no_empty_page(alice: Client) -> None:
    answer = alice.get("/team/invitations")
    page = whole(answer, 405)
    assert "Go to the page with the form" in page.words
    assert answer.headers["Allow"] == "POST"


def test_a_defect_names_the_request_and_keeps_the_theme(alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> HttpResponse:
        raise RuntimeError("on purpose")

    monkeypatch.setattr(page_queries, "cards", broken)
    alice.raise_request_exception = False
    alice.cookies["theme"] = "dark"
    page = read(alice.get("/studio", headers={"X-Request-Id": REQUEST}), 500)
    assert REQUEST in page.words
    assert page.one("html").attrs["data-theme"] == "dark"
    sheets = [link.attrs["href"] for link in page.all("link") if link.attrs["rel"] == "stylesheet"]
    assert all(re.fullmatch(r"/static/css/\w+\.css", sheet) for sheet in sheets)
    assert len(sheets) == 2

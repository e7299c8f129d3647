"""The forms of the pages as a browser finds them: which address takes which fields, filled with what stands in them."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from django.http import Http404
from django.urls import resolve

from tests.tenancy.addresses import Address, addresses
from tests.tenancy.asking import ask, taken_back
from tests.tenancy.matrix import is_api, path_of, ruled
from tests.tenancy.scene import Caller, Scene

Fields = dict[str, list[str]]


class _Forms(HTMLParser):
    """(action, method, fields) of each form."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, Fields]] = []
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((given.get("action", ""), given.get("method", "get").lower(), {}))
        if not self.found:
            return
        fields = self.found[-1][2]
        name = given.get("name", "")
        if tag in ("input", "textarea", "button", "select") and name:
            fields.setdefault(name, [])
            quiet = given.get("type") in ("checkbox", "radio") and "checked" not in given
            if tag == "input" and not quiet and given.get("type") not in ("submit", "file"):
                fields[name].append(given.get("value", ""))
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select and (not fields.get(self._select) or "selected" in given):
            fields[self._select] = [given.get("value", "")]

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = None


def forms(scene: Scene, caller: Caller) -> dict[str, Fields]:
    """Route -> the fields of the forms that are sent there, from every page that the caller can open."""
    found: dict[str, Fields] = {}
    for address in addresses():
        rule = ruled(address)
        if is_api(address) or rule.kind not in ("team", "person") or (rule.methods and "GET" not in rule.methods):
            continue
        path = path_of(address, scene.home)
        with taken_back():
            answer = ask(caller, "GET", path)
        if answer.status != 200 or "html" not in answer.headers.get("Content-Type", ""):
            continue
        parser = _Forms()
        parser.feed(answer.body.decode())
        for action, method, fields in parser.found:
            route = route_of(urlsplit(action).path or path)
            if method == "post" and route is not None:
                found.setdefault(route, {}).update({n: v for n, v in fields.items() if n != "csrfmiddlewaretoken"})
    return found


def route_of(path: str) -> str | None:
    """The route that a path resolves to."""
    try:
        return resolve(path).route
    except Http404:
        return None


def fields_of(address: Address, known: dict[str, Fields]) -> set[str]:
    """The names of all fields that an address takes, as far as pages and the table know."""
    body: Any = ruled(address).body or {}
    return set(known.get(address.route, {})) | set(body)

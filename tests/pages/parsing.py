"""Reads a page as a browser without scripts would: text, fields, links, and what a strict policy forbids."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

ADDRESSES = ("href", "src", "action", "poster", "formaction", "hx-get", "hx-post")
VOID = frozenset({"input", "img", "br", "hr", "link", "meta", "source"})


@dataclass
class Element:
    tag: str
    attrs: dict[str, str]
    text: str = ""

    @property
    def classes(self) -> list[str]:
        return self.attrs.get("class", "").split()


@dataclass
class Page(HTMLParser):
    """`page.one("input", name="seed")`, `page.texts("li")`, `page.violations`."""

    html: str
    elements: list[Element] = field(default_factory=list)
    open: list[Element] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        HTMLParser.__init__(self)
        self.feed(self.html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        element = Element(tag, values)
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)
        self._judge(tag, values)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.text += data
        for element in self.open:
            element.text += data

    def _judge(self, tag: str, attrs: dict[str, str]) -> None:
        runs = tag == "script" and attrs.get("type") != "application/json"  # a block of data is no script
        if tag == "style" or (runs and "src" not in attrs):
            self.violations.append(f"inline <{tag}>")
        for name, value in attrs.items():
            if name == "style" or name.startswith(("on", "hx-on")):
                self.violations.append(f"{name} on <{tag}>")
            if name in ADDRESSES:
                parts = urlsplit(value)
                if parts.scheme == "data" and (tag == "img" or "download" in attrs):
                    continue  # the policy lets pictures be data, and a download goes nowhere
                if parts.scheme not in ("", "http") or parts.netloc not in ("", "testserver"):
                    self.violations.append(f"{name}={value} on <{tag}>")
        if tag == "img" and "alt" not in attrs:
            self.violations.append("an image without alt")

    def all(self, tag: str, **attrs: str) -> list[Element]:
        """Elements of a tag with these attributes; `klass` is one class, `_` in a name stands for `-`."""
        klass = attrs.pop("klass", None)
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attrs.items()}
        return [
            e
            for e in self.elements
            if e.tag == tag
            and all(e.attrs.get(name) == value for name, value in wanted.items())
            and (klass is None or klass in e.classes)
        ]

    def one(self, tag: str, **attrs: str) -> Element:
        found = self.all(tag, **attrs)
        assert len(found) == 1, f"{len(found)} of <{tag} {attrs}>"
        return found[0]

    def texts(self, tag: str, **attrs: str) -> list[str]:
        return [" ".join(e.text.split()) for e in self.all(tag, **attrs)]

    @property
    def words(self) -> str:
        """All that a person reads, with single blanks."""
        return " ".join(self.text.split())

    def named(self, name: str) -> list[Element]:
        """Everything in a form with this name."""
        return [e for e in self.elements if e.tag in ("input", "textarea", "select") and e.attrs.get("name") == name]

    def unlabelled(self) -> list[str]:
        """Visible fields that no label, legend or aria-label names."""
        labels = {e.attrs.get("for") for e in self.all("label")}
        inside = {id(e) for e in self._inside_labels()}
        return [
            str(e.attrs)
            for e in self.elements
            if e.tag in ("input", "textarea", "select")
            and e.attrs.get("type") not in ("hidden", "submit")
            and "hidden" not in e.attrs
            and e.attrs.get("id") not in labels
            and id(e) not in inside
        ]

    def _inside_labels(self) -> list[Element]:
        finder = _InLabels()
        finder.feed(self.html)
        return [e for e, within in zip(self.elements, finder.within, strict=True) if within]


class _InLabels(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        self.within: list[bool] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.depth += tag == "label"
        self.within.append(self.depth > 0)

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag == "label"


def read(response: Any, status: int = 200) -> Page:
    """The page of a response with this status; a page that breaks the policy fails here."""
    assert response.status_code == status, (response.status_code, response.content[:500])
    page = Page(response.content.decode())
    assert page.violations == []
    return page

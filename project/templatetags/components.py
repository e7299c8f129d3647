"""The pieces that pages are made of: `{% load components %}`. Their markup lies in templates/components; leaves
without a content of their own are included from there. `/admin/components` shows all of them.
"""

from __future__ import annotations

import secrets

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from heroicons.templatetags.heroicons import heroicon_outline, heroicon_solid

register = template.Library()


@register.simple_tag
def icon(name: str, *, solid: bool = False) -> SafeString:
    """A picture of heroicons, drawn into the page and hidden from screen readers: words stand beside it, or the
    control that holds it has a label. Raises IconDoesNotExist."""
    draw = heroicon_solid if solid else heroicon_outline
    return SafeString(draw(name, size=None, **{"class": "icon", "aria_hidden": "true", "focusable": "false"}))


@register.simple_block_tag
def card(content: SafeString, title: str = "", *, id: str = "", extra: str = "") -> SafeString:  # noqa: A002
    """A box about one thing. `title` is its h2 and its name; `id` where links lead; `extra` more classes."""
    name = id or (f"card-{secrets.token_hex(4)}" if title else "")
    return render_to_string("components/card.html", {"content": content, "title": title, "id": name, "extra": extra})


@register.simple_block_tag
def table(content: SafeString, columns: str, *, caption: str = "", extra: str = "") -> SafeString:
    """A table: `columns` are headings between bars, `>` before one of numbers: "When|What|>Amount". The content is
    its rows, `<tr>` each, whose cells repeat the heading as `data-label` for phones."""
    words = [word.strip() for word in columns.split("|")]
    heads = [{"label": word.removeprefix(">"), "number": word.startswith(">")} for word in words]
    context = {"content": content, "heads": heads, "caption": caption, "extra": extra}
    return render_to_string("components/table.html", context)


@register.simple_block_tag
def dialog(content: SafeString, id: str, title: str) -> SafeString:  # noqa: A002
    """A question over the page; anything with `data-dialog="<id>"` opens it. Without scripts that is a link to a
    page which asks the same."""
    return render_to_string("components/dialog.html", {"content": content, "id": id, "title": title})

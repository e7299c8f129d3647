"""What the pieces of pages about favourites and tags ask for: `{% load library %}`."""

from __future__ import annotations

from django import template

from accounts.actors import Actor
from generations import labels

register = template.Library()


@register.simple_tag
def team_tags(actor: Actor) -> list[str]:
    """The names of the team's tags, to choose from. One query."""
    return labels.tags_of(actor)

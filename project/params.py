"""Query parameters, read strictly: unknown, repeated and unstorable ones are refused (faults.md rows 66, 75, 76)."""

from __future__ import annotations

from collections.abc import Set

from django.http import QueryDict

from project.errors import FieldError, Invalid

LONGEST_NAME = 80  # characters of a caller's name that are repeated to them
MOST_ERRORS = 100


def check(query: QueryDict, known: Set[str]) -> None:
    """Raises Invalid for a parameter that is not known (a known name ending in a dot is a prefix), given twice, or
    holding NUL characters."""
    errors = []
    prefixes = tuple(name for name in known if name.endswith("."))
    for name, values in query.lists():
        if name not in known and not (prefixes and name.startswith(prefixes)):
            errors.append(FieldError(name[:LONGEST_NAME], "is not a parameter of this call", "unknown_field"))
        elif len(values) > 1:
            errors.append(FieldError(name[:LONGEST_NAME], "is given more than once", "repeated"))
        elif "\x00" in name + values[0]:
            errors.append(FieldError(name[:LONGEST_NAME], "holds a NUL character", "not_allowed"))
    if errors:
        raise Invalid("The query parameters have errors.", errors=errors[:MOST_ERRORS])


def wrong(name: str, message: str, code: str = "not_allowed") -> Invalid:
    """The refusal of one parameter."""
    return Invalid("The query parameters have errors.", errors=[FieldError(name[:LONGEST_NAME], message, code)])

"""What can be said of an address, and what each caller must be told there. The table itself is table.py.

The answers follow from accounts.roles: nothing here repeats which role may what.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["public", "person", "team", "api", "staff"]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SAFE = frozenset({"GET", "HEAD"})
READ = frozenset({"GET", "HEAD"})
WRITE = frozenset({"POST"})
BOTH = READ | WRITE
EVERY = frozenset(METHODS)
FINE = frozenset({200, 201, 204, 302, 303, 400, 402, 409, 410, 415, 422})  # read and understood: not a wall


@dataclass(frozen=True)
class Rule:
    """One address.

    kind        public: everybody; person: whoever is signed in; team: members by `permission` (accounts.roles);
                api: keys by `permission`, None for all; staff: the operator's people
    permission  what the address needs; `write` is what its other methods than GET and HEAD need, when that is more
    methods     those that exist; None where a library decides
    ids         argument of the route -> the thing of scene.Things that it names
    given       argument of the route -> a text, for what belongs to nobody
    fresh       the methods that ask for a proof of identity that is not old
    body        a right body of POST; "{thing}" stands for an id of the caller's own team
    answers     method -> what those may get who may call; FINE otherwise, and 200 for GET of a team's page
    searches    query strings with "{thing}" in them; a stranger finds nothing by them
    path        the whole path, where a route is a regular expression
    shape       the exact keys of a JSON answer (faults.md row 67)
    """

    kind: Kind
    permission: str | None = None
    write: str | None = None
    methods: frozenset[str] | None = None
    ids: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)
    fresh: frozenset[str] = frozenset()
    body: Mapping[str, Any] | None = None
    answers: Mapping[str, frozenset[int]] = field(default_factory=dict)
    searches: tuple[str, ...] = ()
    path: str | None = None
    shape: frozenset[str] | None = None

    def needs(self, method: str) -> str | None:
        """The permission that a method needs."""
        return self.permission if method in SAFE or self.write is None else self.write


def public(methods: frozenset[str] | None = READ, **more: Any) -> Rule:
    return Rule("public", methods=methods, **more)


def person(methods: frozenset[str] | None = None, **more: Any) -> Rule:
    return Rule("person", methods=methods, **more)


def team(permission: str, methods: frozenset[str] = READ, **more: Any) -> Rule:
    return Rule("team", permission=permission, methods=methods, **more)


def api(permission: str | None, methods: frozenset[str] = READ, **more: Any) -> Rule:
    return Rule("api", permission=permission, methods=methods | {"OPTIONS"}, **more)


def only(**statuses: int | tuple[int, ...]) -> dict[str, frozenset[int]]:
    """only(GET=404): the answers of a rule."""
    return {method: frozenset(codes if isinstance(codes, tuple) else (codes,)) for method, codes in statuses.items()}

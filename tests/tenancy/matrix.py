"""One address of the table: every method by every caller, and what is wrong with the answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.tenancy.addresses import Address, addresses, filled
from tests.tenancy.asking import Answer, ask, taken_back
from tests.tenancy.rules import FINE, METHODS, SAFE, Rule
from tests.tenancy.scene import Caller, Scene, Things, nobodys
from tests.tenancy.table import rule_of

JSON = "application/json"
# Names that no answer of the API has: what a provider charged, said or is called, and rows' own columns.
INSIDE = frozenset(
    {
        "actual_cost",
        "cost",
        "cost_verdict",
        "credential",
        "digest",
        "email",
        "expected_cost",
        "lookup",
        "margin_ppm",
        "password",
        "pk",
        "provider",
        "provider_task_id",
        "provider_urls",
        "sources",
        "team",
        "team_id",
        "token_hash",
        "user",
        "user_id",
    }
)


def those(*kinds: str) -> list[Address]:
    """The addresses of some kinds; one without a rule is another test's."""
    found = []
    for address in addresses():
        rule = rule_of(address.route, address.name)
        if rule is not None and rule.kind in kinds and is_api(address) == ("api" in kinds):
            found.append(address)
    return found


def is_api(address: Address) -> bool:
    return address.route.startswith("api/") and address.name != "docs"  # that one is a page


def ruled(address: Address) -> Rule:
    rule = rule_of(address.route, address.name)
    assert rule is not None
    return rule


def path_of(address: Address, things: Things, *, nothing: bool = False) -> str:
    """The address with the ids of these things in it, or with ids that name nothing."""
    rule = ruled(address)
    if rule.path:
        return rule.path
    ids = {name: nobodys(thing) if nothing else things.ids[thing] for name, thing in rule.ids.items()}
    return filled(address.route, {**rule.given, **ids})


def body_of(value: Any, things: Things, *, nothing: bool = False) -> Any:
    """A body with the ids of these things in it, at any depth."""
    if isinstance(value, dict):
        return {name: body_of(item, things, nothing=nothing) for name, item in value.items()}
    if isinstance(value, list):
        return [body_of(item, things, nothing=nothing) for item in value]
    if isinstance(value, str) and value.startswith("{") and value.endswith("}"):
        return nobodys(value[1:-1]) if nothing else things.ids[value[1:-1]]
    return value


def expected(rule: Rule, caller: Caller, method: str, *, api: bool) -> frozenset[int]:
    """The statuses that a caller may get, from the table of permissions alone."""
    missing = rule.methods is not None and method not in rule.methods
    if api:
        return _of_program(rule, caller, method, missing=missing)
    if rule.kind in ("team", "person") and not caller.signed_in:
        return frozenset({302})
    if rule.kind == "staff" and not caller.staff:
        return frozenset({302, 404})
    if rule.kind == "team":
        if rule.permission not in caller.permissions:
            return frozenset({403})
        if missing:
            return frozenset({405})
        if rule.ids and not caller.of_team:
            return frozenset({404})
        if rule.needs(method) not in caller.permissions:
            return frozenset({403})
    if missing:
        return frozenset({405})
    if method in rule.answers:
        return rule.answers[method]
    if rule.kind == "team" and method in SAFE:
        return frozenset({200})
    return FINE | frozenset({403, 404, 405}) if rule.kind in ("staff", "person") or rule.methods is None else FINE


def _of_program(rule: Rule, caller: Caller, method: str, *, missing: bool) -> frozenset[int]:
    if rule.kind == "public":
        return frozenset({404})  # whatever is no call
    if caller.key and not caller.permissions:
        return frozenset({401})  # a key that is none opens nothing, not even what is open
    if method == "OPTIONS":
        return frozenset({204})
    if missing and (rule.permission is None or rule.write is not None):
        return frozenset({405})
    if rule.permission is not None:
        if not caller.permissions:
            return frozenset({401})
        if rule.needs(method) not in caller.permissions:
            return frozenset({403})
    if missing:
        return frozenset({405})
    if rule.ids and not caller.of_team:
        return frozenset({404})
    return rule.answers.get(method, frozenset({200}) if method in SAFE else FINE)


def faults_of(address: Address, scene: Scene, callers: list[Caller]) -> Iterator[str]:
    """Every method by every caller: what each got and should not have got."""
    rule, api = ruled(address), is_api(address)
    path = path_of(address, scene.home)
    for caller in callers:
        got: dict[str, Answer] = {}
        for method in METHODS:
            with taken_back():
                answer = ask(caller, method, path, **empty(method, api=api))
            got[method] = answer
            wanted = expected(rule, caller, method, api=api)
            if answer.status not in wanted:
                yield f"{caller.name} {method} {path}: {answer.status} not in {sorted(wanted)} {answer.error}"
            yield from leaks(
                scene, caller, answer, f"{caller.name} {method} {path}", api=api, shape=_shape(rule, method)
            )
        yield from untrue(caller, path, got)
        if (
            rule.methods is not None
            and "HEAD" in rule.methods
            and (got["HEAD"].status != got["GET"].status or got["HEAD"].body)
        ):
            yield f"{caller.name} HEAD {path}: {got['HEAD'].status} and GET {got['GET'].status}"


def _shape(rule: Rule, method: str) -> frozenset[str] | None:
    return rule.shape if method == "GET" else None


def empty(method: str, *, api: bool) -> dict[str, Any]:
    """The least that a method is sent with."""
    return {"data": {}, "kind": JSON} if api and method in ("POST", "PUT", "PATCH") else {}


def untrue(caller: Caller, path: str, got: dict[str, Answer]) -> Iterator[str]:
    """Allow names every method that is not refused as such, and none that is."""
    there = {method for method, answer in got.items() if answer.status != 405}
    for method, answer in got.items():
        if answer.status == 405 and answer.allow - {"OPTIONS"} != there - {"OPTIONS"}:
            yield f"{caller.name} {method} {path}: Allow says {sorted(answer.allow)}, there are {sorted(there)}"


def names_in(answer: Answer, *, deep: bool = True) -> set[str]:
    """The keys of a JSON answer, at any depth but in what the caller sent (`input`, `metadata`, `input_schema`)."""
    if not answer.body or "json" not in answer.headers.get("Content-Type", ""):
        return set()
    found: set[str] = set()
    waiting = [json.loads(answer.body)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            found |= set(value)
            inner = [item for name, item in value.items() if name not in ("input", "metadata", "input_schema")]
        else:
            inner = value if isinstance(value, list) else []
        if deep:
            waiting += inner
    return found


def leaks(
    scene: Scene, caller: Caller, answer: Answer, where: str, *, api: bool, shape: frozenset[str] | None = None
) -> Iterator[str]:
    """Texts of a team in an answer to somebody outside, and texts of the house in an answer to anybody."""
    text = answer.body.decode("utf-8", "replace")
    own = {caller.user.email} if caller.user else set()
    if caller.staff:
        return
    for word in scene.home.inside | scene.away.inside:
        if word in text:
            yield f"{where}: tells “{word}”"
    marks = scene.away.marks if caller.of_team else scene.home.marks
    for word in marks - own:
        if word in text and word not in where:
            yield f"{where}: tells “{word}” of another team"
    for word in {scene.home.reason, scene.away.reason}:
        if word in text:
            yield f"{where}: tells “{word}”, the house's own"
    if api:
        for word in scene.emails:
            if word in text:
                yield f"{where}: tells “{word}”"
        yield from (f"{where}: has the key “{name}”" for name in names_in(answer) & INSIDE)
        if shape is not None and answer.status == 200 and answer.body and names_in(answer, deep=False) != shape:
            yield f"{where}: keys {sorted(names_in(answer, deep=False) ^ shape)}"

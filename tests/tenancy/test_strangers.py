"""Another team's ids, wherever they stand, are as ids of nothing: the same answer, and no row changed (row 65)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.tenancy.addresses import Address, addresses
from tests.tenancy.asking import Answer, Prints, ask, taken_back
from tests.tenancy.forms import Fields, fields_of, forms
from tests.tenancy.matrix import JSON, body_of, empty, is_api, leaks, path_of, ruled
from tests.tenancy.rules import METHODS, SAFE
from tests.tenancy.scene import Caller, Scene, nobodys

pytestmark = pytest.mark.django_db

ALL = [a for a in addresses() if ruled(a).kind in ("team", "api", "person") or "POST" in (ruled(a).methods or ())]
WITH_IDS = [a for a in ALL if ruled(a).ids]
WRITING = [a for a in ALL if ruled(a).methods is None or "POST" in (ruled(a).methods or ())]
SEARCHED = [a for a in ALL if ruled(a).searches]
ONE_OF_EACH = ("team", "membership", "membership_pk", "invitation", "key", "generation", "upload", "quote", "request")
NOT_IDS = ("gen_", "mem_" + "0" * 31, "key_" + "g" * 32, "%00", "%0A", "1", "-1", "9" * 40, "٣", "'--", "x" * 3000)


@pytest.fixture(scope="module")
def prints(scene: Scene) -> Prints:
    return Prints(scene.home.team)


@pytest.fixture(scope="module")
def known(scene: Scene) -> dict[str, Fields]:
    return forms(scene, scene.browsers["owner"])


def strangers(scene: Scene, address: Address) -> list[Caller]:
    if is_api(address):
        return [scene.programs["another team's"], scene.programs["no key"]]
    return [scene.browsers[name] for name in ("mallory", "rita", "anonymous")]


def insider(scene: Scene, address: Address) -> Caller:
    return scene.programs["all scopes"] if is_api(address) else scene.browsers["owner"]


def test_the_print_sees_every_table_of_a_team(prints: Prints) -> None:
    assert {"accounts_team", "accounts_apikeysecret", "billing_entry", "generations_attempt"} <= set(prints.tables)
    assert {"accounts_user", "account_emailaddress", "mfa_authenticator", "accounts_addresschange"} <= set(
        prints.tables
    )


def test_the_print_sees_a_change(scene: Scene, prints: Prints) -> None:
    """Whoever cancels a generation of the team changes what the print is made of."""
    before = prints.now()
    with taken_back():
        path = f"/generations/{scene.home.ids['queued']}/cancel"
        assert ask(scene.browsers["owner"], "POST", path).status == 302
        changed = {table for table, value in prints.now().items() if value != before[table]}
    assert {"generations_generation", "billing_hold", "billing_account", "generations_generationevent"} <= changed
    assert prints.now() == before


def named(found: list[Address]) -> Any:
    return pytest.mark.parametrize("address", found, ids=[address.route for address in found])


@named(WITH_IDS)
def test_theirs_is_as_nothing(scene: Scene, prints: Prints, address: Address) -> None:
    api, before, faults = is_api(address), prints.now(), []
    for caller in strangers(scene, address):
        for method in METHODS:
            answers = []
            for nothing in (False, True):
                with taken_back():
                    path = path_of(address, scene.home, nothing=nothing)
                    answer = ask(caller, method, path, **empty(method, api=api))
                    if method not in SAFE and prints.now() != before:
                        faults.append(f"{caller.name} {method} {path} changed something")
                answers.append(answer)
                faults += leaks(scene, caller, answer, f"{caller.name} {method} {path}", api=api)
            if not alike(*answers):
                faults.append(
                    f"{caller.name} {method}: {answers[0].status} for theirs, {answers[1].status} for nothing"
                )
    assert faults == []


def alike(theirs: Answer, nothing: Answer) -> bool:
    same = theirs.plain == nothing.plain
    return same and set(theirs.headers) == set(nothing.headers)


@named([a for a in WITH_IDS if ruled(a).kind != "person"])
def test_what_is_no_id_is_not_found(scene: Scene, address: Address) -> None:
    caller, api, faults = insider(scene, address), is_api(address), []
    path, theirs = path_of(address, scene.home), [scene.home.ids[thing] for thing in ruled(address).ids.values()]
    other = "gen" if any(real.startswith("upl_") for real in theirs) else "upl"  # another kind's prefix
    near = [
        text for real in theirs for text in (real.upper(), real[4:], f"{real}%0A", f"{other}_{real[4:]}", f" {real}")
    ]
    for text in (*NOT_IDS, *near):
        for method in sorted(ruled(address).methods or METHODS):
            wrong = path
            for thing in theirs:
                wrong = wrong.replace(thing, text)
            with taken_back():
                answer = ask(caller, method, wrong, **empty(method, api=api))
            if answer.status != 404 and not (method == "OPTIONS" and api):
                faults.append(f"{method} {wrong[:80]}: {answer.status} {answer.error}")
    assert faults == []


@named(SEARCHED)
def test_a_search_finds_nothing_of_theirs(scene: Scene, address: Address) -> None:
    api, faults = is_api(address), []
    for caller in strangers(scene, address):
        for search in ruled(address).searches:
            answers = []
            for nothing in (False, True):
                query = search
                for thing, value in scene.home.ids.items():
                    query = query.replace(f"{{{thing}}}", nobodys(thing) if nothing else value)
                with taken_back():
                    answer = ask(caller, "GET", path_of(address, scene.away), query=query)
                answers.append(answer)
                faults += leaks(scene, caller, answer, f"{caller.name} ?{query}", api=api)
            if not alike(*answers):
                faults.append(f"{caller.name} ?{search}: {answers[0].status}, {answers[1].status} for nothing")
    assert faults == []


@named(WRITING)
def test_a_body_with_their_ids(scene: Scene, prints: Prints, known: dict[str, Fields], address: Address) -> None:
    """In the fields that the address takes: as the table fills them, and each id in every field."""
    api, rule, faults = is_api(address), ruled(address), []
    before = prints.now()
    path = path_of(address, scene.away)
    names = fields_of(address, known)
    bodies: list[Any] = []
    if names and not address.route.startswith("accounts/"):  # a library's forms take no id of ours
        bodies = [dict.fromkeys(names, scene.home.ids[thing]) for thing in ONE_OF_EACH]
    kind = JSON if api else None
    for caller in strangers(scene, address):
        if not caller.permissions:
            continue
        pair = []
        for nothing in (False, True):
            with taken_back():
                data = body_of(rule.body or {}, scene.home, nothing=nothing)
                answer = ask(caller, "POST", path, data=data, kind=kind).without(texts_in(data))
                faults += leaks(scene, caller, answer, f"{caller.name} POST {path}", api=api)
                pair.append(answer)
                if prints.now() != before:
                    faults.append(f"{caller.name} POST {path} {data} changed something")
        if rule.body and body_of(rule.body, scene.home) != body_of(rule.body, scene.away) and not alike(*pair):
            faults.append(f"{caller.name} POST {path}: {pair[0].status} for theirs, {pair[1].status} for nothing")
        for body in bodies if caller.name != "rita" else []:
            with taken_back():
                answer = ask(caller, "POST", path, data=body, kind=kind)
                wanted = answer.status < 500 or answer.status in rule.answers.get("POST", ())  # 503: it is off
                faults += [] if wanted else [f"{answer.status} {answer.error} by {body}"]
                if prints.now() != before:
                    faults.append(f"{caller.name} POST {path} {body} changed something")
    assert faults == []


def texts_in(value: Any) -> list[str]:
    """Every text of a body."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [value] if isinstance(value, str) and value else [text for item in inner for text in texts_in(item)]


def rubbish(names: set[str], *, api: bool) -> Iterator[tuple[Any, str | None]]:
    """Bodies that mean nothing: (data, content type)."""
    texts = ("", "\x00", "x" * 3000, "-1", "9" * 40, "٣", "<b>", "NaN", "\u202e", "1e999")
    if api:
        values: list[Any] = [*(text for text in texts), None, True, -1, 10**30, 1.5, [], {}, [[[]]], {"a": {"b": []}}]
        yield from ((dict.fromkeys(names or {"x"}, value), JSON) for value in values)
        yield from ((text, JSON) for text in ("", "{", "[]", "null", '"x"', '{"a":1,"a":2}', "\x00"))
        yield "a=1", "application/x-www-form-urlencoded"
    else:
        yield from ((dict.fromkeys(names or {"x"}, text), None) for text in texts)
        yield from (
            (text, kind) for kind in (JSON, "text/plain", "multipart/form-data; boundary=x") for text in ("", "{")
        )


@named(WRITING)
def test_rubbish_breaks_nothing(scene: Scene, known: dict[str, Fields], address: Address) -> None:
    caller, faults = insider(scene, address), []
    path = path_of(address, scene.home)
    bodies = list(rubbish(fields_of(address, known), api=is_api(address)))
    for data, kind in bodies[::3] if address.route.startswith("accounts/") else bodies:
        with taken_back():
            answer = ask(caller, "POST", path, data=data, kind=kind)
        if answer.status >= 500 and answer.status != 503:
            faults.append(f"{answer.status} {answer.error} by {str(data)[:90]!r} {kind}")
    assert faults == []

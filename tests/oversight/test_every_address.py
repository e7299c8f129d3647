"""All desks together: no link leads to nothing, and no odd value in an address breaks a page."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.urls import URLPattern, resolve, reverse

from accounts import audit
from accounts.models import ApiKey
from billing import adjustments
from generations import offers
from generations.discounts import ALL
from generations.models import CaseKind, Generation
from generations.oversight import alert_watch, cases, discounts, pauses, usage
from generations.staff import urls
from generations.staff.desk import DESKS
from project import db, params
from project.money import USD
from tests.oversight.conftest import Desk, staff_of
from tests.oversight.costs.conftest import history as history  # noqa: PLC0414 - fixtures of the desk of costs
from tests.oversight.costs.conftest import second_key as second_key  # noqa: PLC0414
from tests.oversight.operations.conftest import callback_of, refused_callback
from tests.oversight.reconciliation.conftest import bill, midnight, reading
from tests.pages.parsing import Page, read
from tests.world import World

EACH = 2  # pages of one sort that are read
ODD = ("", "9" * 21, "%00", quote("٣"), "-1", "2026-13-40", "%ED%A0%80", "a~b~c")
ALONE = ("abc",)


@pytest.fixture
def filled(world: World, history: list[Generation], second_key: ApiKey) -> audit.Staff:
    """Something on every desk."""
    root = audit.Staff(staff_of("rita", superuser=True))
    veo = offers.current_price("veo-3.1-fast")
    later = db.now().replace(year=2999, day=1)  # no leap year
    for moment in (None, later):
        offers.publish(slug=veo.slug, rates=veo.rates, margin_ppm=1, by="x", reason="x", effective_from=moment)
    discounts.set_discount(
        team=world.team, model=ALL, ppm=10_000, reason="a good customer", by=root, sell_below_cost=True
    )
    adjustments.propose(team=world.team, amount=101 * USD, reason="prize", by=root, once=uuid.uuid4())
    adjustments.propose(team=world.team, amount=USD, reason="prize", by=root, once=uuid.uuid4())
    usage.take(bill(("foreign", 90_000)), by=root)
    cases.open_case(provider="kie", kind=CaseKind.BALANCE_GAP, amount=300_000, subject="2026-11-21")
    cases.open_case(provider="kie", kind=CaseKind.OURS_ONLY, amount=1, subject="task", generation=history[0])
    for days in (1, 0):
        reading(10 * USD, midnight(days))
    tried = Generation.objects.filter(attempts__isnull=False).first()
    assert tried is not None
    callback_of(tried)
    refused_callback(tried)
    refused_callback(None)
    pauses.pause(scope="model", name="hailuo-2.3-pro", note="It will be back.", reason="errors", by=root)
    alert_watch.watch()
    return root


def links(page: Page) -> Iterator[str]:
    """The addresses below /admin/ that a page leads to by links and by forms that ask."""
    for element in page.elements:
        href = element.attrs.get("href") or (element.attrs.get("action") if element.tag == "form" else "")
        if href and urlsplit(href).path.startswith("/admin/"):
            yield href


def test_every_link_of_every_desk_leads_to_a_page(filled: audit.Staff, desk: Desk) -> None:
    """From page to page as somebody of the staff who presses everything; a few of each sort are opened."""
    client = desk(superuser=True)
    ours = {pattern.name for pattern in urls.urlpatterns}
    opened: Counter[str] = Counter()
    waiting = [("", item.address) for item in DESKS]
    known = {address for _, address in waiting}
    while waiting:
        came_from, address = waiting.pop(0)
        name = resolve(urlsplit(address).path).url_name
        assert name, f"{came_from} leads to {address}, which is nothing"
        if name not in ours or opened[name] == EACH or address.partition("?")[0].endswith((".csv", ".pdf")):
            continue
        opened[name] += 1
        page = client.get(address)
        assert page.status_code in (200, 302, 405), (came_from, address, page.status_code)
        if page.status_code == 200:
            found = [href for href in links(read(page)) if href not in known]
            waiting += [(address, href) for href in dict.fromkeys(found)]
            known.update(found)
    rows = {"price_model", "costs_generation", "staff_team", "reconciliation_case", "operations_generation"}
    rows |= {"price_discounts_of", "staff_adjustment", "reconciliation_import", "operations_callback"}
    rows |= {"alert_rule", "alert"}
    assert rows <= set(opened), "rows of every desk lead on"


def path_of(pattern: URLPattern, given: dict[str, Any]) -> str:
    """The address of a desk's page."""
    names = pattern.pattern.converters
    return reverse(str(pattern.name), kwargs={name: given.get(f"{pattern.name}.{name}", given[name]) for name in names})


def test_no_odd_value_in_an_address_breaks_a_page(world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parameters that a page says it knows, alone and together, with what nobody should write."""
    client, heard = desk(superuser=True), set[str]()
    client.raise_request_exception = False
    check = params.check
    monkeypatch.setattr(params, "check", lambda query, known: (heard.update(known), check(query, known))[1])
    team = world.team.public_id
    given = {"what": "team", "slug": "veo-3.1-fast", "public_id": team, "which": "never-charged", "number": 1, "pk": 1}
    given |= {"name": "lots", "kind": "loss", "callback_id": "in-1", "pause_id": 1, "staff_act.name": "freeze"}
    asked = 0
    for pattern in urls.urlpatterns:
        path = path_of(pattern, given)
        heard.clear()
        assert client.get(path).status_code < 500, path
        names = sorted(heard | ({"bundle"} if pattern.name == "staff_person" else set()))
        queries = [f"{name}={odd}" for name in names for odd in ALONE]
        queries += ["&".join(f"{name}={odd}" for name in names) for odd in ODD] if names else []
        for query in queries:
            answer = client.get(f"{path}?{query}")
            assert answer.status_code < 500, (path, query)
            assert not answer.streaming or list(answer.streaming_content)
            asked += 1
    assert asked > 300

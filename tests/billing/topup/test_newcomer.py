"""A newcomer, by HTTP alone: no credit, tops up, makes something, is refunded, and reads a statement that adds up."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from django.db import connection
from django.test import Client

from accounts.teams import create
from billing import reconcile
from billing.models import Refund
from generations.models import Generation
from tests.billing.topup.test_top_up import GOOD, back, choose, pay
from tests.jobs import Jobs
from tests.pages.conftest import delivered
from tests.pages.parsing import Page, read
from tests.stripe_client import StripeProcess
from tests.world import PASSWORD, World, person


def credit(page: Page, name: str) -> Decimal:
    """A row of the statement's sums, in credits."""
    table = Page(page.html.partition('<table class="equation">')[2].partition("</table>")[0])
    rows = dict(zip(table.texts("th", scope="row"), table.texts("td")[1::2], strict=True))
    return Decimal(next(text for row, text in rows.items() if row.endswith(name)).split()[0].replace(",", ""))


def test_top_up_spend_refund_and_a_statement_that_adds_up(
    stripe: StripeProcess, world: World, jobs: Jobs, browser: Any
) -> None:
    nina = person("nina")
    team = create(name="Nina's", owner=nina)
    client: Client = browser(nina)
    assert "There is no credit in this wallet" in read(client.get("/wallet")).words
    assert "Nothing was bought yet" in read(client.get("/wallet/payments")).words

    paid = back(client, pay(choose(client, pack="100000000"), GOOD))
    receipt = next(e.attrs["href"] for e in paid.all("a") if e.text == "Receipt")
    refund = next(e.attrs["href"] for e in paid.all("a") if e.text == "Refund")
    assert "$100.00" in read(client.get(receipt)).words
    assert "21,000 credits" in read(client.get("/wallet")).texts("dd")[0]

    made = client.post("/studio/flux-kontext-pro", {"prompt": "a boat", "do": "make", "once": uuid.uuid4().hex})
    assert made.status_code in (302, 303), made.content.decode()[-2000:]
    generation = delivered(Generation.objects.get(team=team))
    spent = Decimal(generation.charged) / 5000
    assert spent > 0

    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    read(client.post(refund, {"amount": "40"}, follow=True))
    jobs.drain()
    assert Refund.objects.get().status == "succeeded"
    shown = read(client.get(refund.removesuffix("/refund")))
    assert "$40.00 of it refunded" in shown.words
    assert "Refund of $40.00 paid out" in shown.words
    assert read(client.get(receipt)).texts("td")[-1] == "$60.00"

    page = read(client.get("/wallet/statement"))
    names = ("Opening balance", "Bought", "Granted", "Charged", "Expired", "Taken back", "Closing balance")
    opening, bought, granted, charged, expired, taken, closing = (credit(page, name) for name in names)
    assert (opening, bought, granted, charged, expired) == (0, 20_000, 1_000, spent, 0)
    assert opening + bought + granted - charged - expired - taken == closing
    purse = read(client.get("/wallet")).texts("dd")
    assert Decimal(purse[2].split()[0].replace(",", "")) == closing
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert reconcile.failures() == []

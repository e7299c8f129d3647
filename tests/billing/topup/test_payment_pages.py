"""The pages of payments: the list, one payment in every state, its receipt."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership, Role, User
from billing import words
from billing.models import Dispute, Failure, Payment, PaymentStatus, Refund, TransferKind
from project import db
from tests.billing.purchases import bought
from tests.pages.parsing import Page, read
from tests.world import World, person

USD = 1_000_000
CENT = 10_000


def waiting(world: World, amount: int = 25 * USD) -> Payment:
    """A payment that nobody has paid yet."""
    now = db.now()
    return Payment.objects.create(
        team=world.team,
        membership=world.actor(world.alice).membership,
        origin="checkout",
        amount=amount,
        next_action_at=now,
        expires_at=now + timedelta(hours=1),
    )


def steps(page: Page) -> list[str]:
    """What happened, without the times."""
    return [re.sub(r" ?20[-0-9]+ [0-9:]+ UTC$", "", text) for text in page.texts("li") if text.endswith("UTC")]


def test_the_list_shows_them_newest_first_by_pages(world: World, alice: Client) -> None:
    for number in range(27):
        waiting(world, (number + 1) * USD)
    bought(world.team, 50 * USD, 5 * USD, membership=world.actor(world.alice).membership)
    page = read(alice.get("/wallet/payments"))
    cells = page.texts("td")
    assert cells[2:6] == ["alice", "Paid", "$50.00", "1,000 credits $5.00"]
    assert len(page.all("tr")) == 26
    older = read(alice.get("/wallet/payments" + page.one("a", rel="next").attrs["href"].partition("payments")[2]))
    assert [text for text in older.texts("td") if text.startswith("$")] == ["$3.00", "$2.00", "$1.00"]
    newer = read(alice.get(older.one("a", rel="prev").attrs["href"]))
    assert newer.texts("td") == cells
    read(alice.get("/wallet/payments?older=nonsense"), 422)


def test_without_payments_it_says_what_to_do(alice: Client, settings: Any) -> None:
    page = read(alice.get("/wallet/payments"))
    assert "Nothing was bought yet" in page.words


def test_one_that_waits_looks_again_and_can_be_left(world: World, alice: Client) -> None:
    row = waiting(world)
    page = read(alice.get(f"/wallet/payments/{row.public_id}"))
    assert "Not paid yet" in page.words
    assert page.one("div", id="payment").attrs["hx-trigger"] == "every 3s"
    assert f"/wallet/payments/{row.public_id}/return" in [e.attrs.get("href") for e in page.all("a")]
    live = alice.get(f"/wallet/payments/{row.public_id}/live")
    assert (live.status_code, live.content) == (204, b"")


def test_one_that_is_paid_says_it_all(world: World, alice: Client) -> None:
    row = bought(world.team, 25 * USD, 1 * USD, membership=world.actor(world.alice).membership)
    page = read(alice.get(f"/wallet/payments/{row.public_id}"))
    assert steps(page) == [
        "Started",
        "Paid, credit given: $25.00 Stripe told us",
        "Bonus granted: $1.00",
    ]
    assert "visa 4242" in page.words
    assert "5,000 credits $25.00" in page.words
    assert [text for text in page.texts("td") if text in words.WORDS.values() or text == words.BONUS] == [
        "Bought",
        "Granted: bonus",
    ]
    assert "hx-trigger" not in page.one("div", id="payment").attrs
    live = read(alice.get(f"/wallet/payments/{row.public_id}/live"))
    assert live.one("p", role="status").text == "Paid: $25.00"
    assert "<html" not in live.html


@pytest.mark.parametrize("failure", list(Failure))
def test_one_that_failed_says_why_and_how_to_go_on(
    world: World, alice: Client, failure: Failure, settings: Any
) -> None:
    row = waiting(world)
    ended = {"status": "failed", "failure": failure, "ended_at": db.now(), "next_action_at": None}
    Payment.objects.filter(pk=row.pk).update(**ended)
    page = read(alice.get(f"/wallet/payments/{row.public_id}"))
    assert failure.label in page.words
    assert ("Nothing was charged" in page.words) is (failure != Failure.MISMATCH)
    assert page.all("form", action=f"/wallet/payments/{row.public_id}/pay") == []
    read(alice.get(f"/wallet/payments/{row.public_id}/receipt"), 404)
    assert alice.get(f"/wallet/payments/{row.public_id}/receipt.pdf").status_code == 404


def test_refunds_and_disputes_stand_in_what_happened(world: World, alice: Client) -> None:
    row = bought(world.team, 25 * USD)
    now = db.now()
    about = {"payment": row, "team": world.team, "actor": "user:1"}
    Refund.objects.create(**about, amount=5 * USD, source="page", status="succeeded", ended_at=now)
    Refund.objects.create(**about, amount=3 * USD, source="admin", status="failed", ended_at=now)
    Refund.objects.create(**about, amount=2 * USD, source="page", next_action_at=now)
    Dispute.objects.create(payment=row, team=world.team, stripe_id="dp_1", amount=1 * USD)
    Dispute.objects.create(payment=row, team=world.team, stripe_id="dp_2", amount=4 * USD, status="lost", ended_at=now)
    page = read(alice.get(f"/wallet/payments/{row.public_id}"))
    told = " ".join(steps(page))
    for text in (
        "Refund of $5.00 paid out",
        "Refund of $3.00 failed Its credit is given back.",
        "Refund of $2.00 asked for",
        "Disputed at the bank: $1.00",
        "The dispute was lost, the bank took the money back",
    ):
        assert text in told
    receipt = read(alice.get(f"/wallet/payments/{row.public_id}/receipt"))
    assert receipt.texts("td")[-1] == "$14.00"  # 25 - 5 - 2 - 4: what failed did not go back


def test_the_receipt_is_frozen_with_the_payment(world: World, alice: Client) -> None:
    row = bought(world.team, 25 * USD, 1 * USD)
    invoice = {"name": "Films & Sons", "line1": "Gasse 1", "city": "Wien", "country": "AT", "tax_id": "ATU12345678"}
    Payment.objects.filter(pk=row.pk).update(invoice={**invoice, "team": "Studio as it was"})
    page = read(alice.get(f"/wallet/payments/{row.public_id}/receipt"))
    number = f"FH-{db.now():%Y}-{row.pk:06d}"
    assert page.texts("h2") == [f"Receipt {number}"]
    to = page.texts("section")[0]
    assert "Films & SonsGasse 1WienAustriaTeam Studio as it wasTax id ATU12345678" in to
    assert page.texts("td") == [
        *("Credit bought", "5,000", "$25.00"),
        *("Bonus, granted with it", "200", "$0.00"),
        *("", "$25.00"),
    ]
    pdf = alice.get(f"/wallet/payments/{row.public_id}/receipt.pdf")
    assert pdf.headers["Content-Type"] == "application/pdf"
    assert number in pdf.headers["Content-Disposition"]
    assert pdf.content.startswith(b"%PDF")
    assert pdf.content == alice.get(f"/wallet/payments/{row.public_id}/receipt.pdf").content
    assert io.BytesIO(pdf.content).getbuffer().nbytes > 5_000


def test_strangers_find_nothing_and_members_may_not(world: World, browser: Callable[[User], Client]) -> None:
    row = bought(world.team, 25 * USD)
    for end in ("", "/live", "/receipt", "/receipt.pdf"):
        path = f"/wallet/payments/{row.public_id}{end}"
        assert browser(world.mallory).get(path).status_code == 404
        assert browser(world.bob).get(path).status_code == 403
        assert browser(world.alice).get(path.replace("pay_", "gen_")).status_code == 404
    dora = person("dora")
    Membership.objects.create(team=world.team, user=dora, role=Role.BILLING)
    read(browser(dora).get(f"/wallet/payments/{row.public_id}"))


def test_every_kind_and_status_has_its_word() -> None:
    assert set(words.WORDS) == set(TransferKind)
    assert set(words.STATUSES) == set(PaymentStatus.values)

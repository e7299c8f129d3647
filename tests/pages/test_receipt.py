"""The receipt of a generation as a page and as a PDF: the ledger's figures, and why."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from pypdf import PdfReader

from accounts.models import Membership, Role, Team
from billing import ledger
from billing.models import AccountKind, Lot, LotMove, Transfer, TransferKind
from generations import outcomes, reasons, receipt_words, receipts
from generations.models import Generation, Reason
from generations.timeline import credits_words
from project import db
from tests.billing.purchases import bought
from tests.pages.conftest import delivered, started
from tests.pages.parsing import Page, read
from tests.world import World

Make = Callable[..., Generation]
IMAGES: dict[str, Any] = {"image_urls": ["https://img.example/a.png"], "max_images": 4}  # $0.07, 14 credits


def page_of(client: Client, row: Generation, status: int = 200) -> Page:
    return read(client.get(f"/generations/{row.public_id}/receipt"), status)


def pdf_of(client: Client, row: Generation) -> bytes:
    response = client.get(f"/generations/{row.public_id}/receipt.pdf")
    assert response.status_code == 200
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == f'attachment; filename="receipt-{row.public_id}.pdf"'
    assert "private" in response["Cache-Control"]
    return response.content


def text_of(data: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(data), strict=True).pages).split())


@transaction.atomic
def grant_left(world: World, left: int) -> None:
    """Takes granted credit back until so much is left."""
    lot = Lot.objects.get(team=world.team, kind="grant")
    wallet = ledger.lock_wallet(world.team.pk)
    ledger.post(
        key="taken-back",
        kind=TransferKind.REVERSAL,
        debit=wallet.available,
        credit=ledger.house(AccountKind.GRANTS),
        amount=lot.unspent - left,
        lot=lot,
        actor="test",
        reason="taken back",
    )


def test_its_figures_are_the_ledgers(world: World, alice: Client, make: Make) -> None:
    grant_left(world, 20_000)
    bought(world.team, 5_000_000)
    row = delivered(make("seedream-v4-edit", **IMAGES), outputs=3)
    page, text = page_of(alice, row), text_of(pdf_of(alice, row))
    moved = list(Transfer.objects.filter(hold=row.hold_id).order_by("id"))
    assert [(one.kind, one.amount) for one in moved] == [("hold", 70_000), ("capture", 52_500), ("release", 17_500)]
    rows = page.texts("tr")[1:]
    for transfer, words, line in zip(moved, ("Held", "Charged", "Released"), rows, strict=True):
        when = f"{transfer.created_at:%Y-%m-%d %H:%M:%S} UTC"
        amount = credits_words(transfer.amount)
        assert " ".join(line.split()) == f"{when} {words} {amount.replace('(', '').rstrip(')')}"
        assert transfer.key in page.words
        assert f"{words} {when} {amount}" in text
        assert transfer.key in text
    spent = list(LotMove.objects.filter(transfer=moved[1]).order_by("id").values_list("lot__kind", "amount"))
    assert spent == [("grant", 20_000), ("purchase", 32_500)]
    (paid,) = [section for section in page.texts("section") if section.startswith("Paid with")]
    day = f"{db.now():%Y-%m-%d}"
    assert paid == (f"Paid with Credit granted on {day}4 credits $0.02Credit bought on {day}6.5 credits $0.0325")
    assert f"Credit granted on {day} 4 credits ($0.02) Credit bought on {day} 6.5 credits ($0.0325)" in text


def test_it_says_who_what_and_by_which_price(world: World, alice: Client, make: Make) -> None:
    row = delivered(make("seedream-v4-edit", **IMAGES), outputs=3)
    page, text = page_of(alice, row), text_of(pdf_of(alice, row))
    since = f"{row.price_version.effective_from:%Y-%m-%d}"
    facts = {"Team": "Studio", "Made by": "bob (bob@example.com)", "Delivered": "3 of 4"}
    facts |= {"Price version": f"1, since {since}", "Asked for": receipt_words.at(row.created_at)}
    assert row.finished_at is not None
    assert row.receipt is not None
    facts["Ended"] = receipt_words.at(row.finished_at)
    shown = dict(zip(page.texts("dt"), page.texts("dd"), strict=True))
    assert {name: shown[name] for name in facts} == facts
    for name, value in facts.items():
        assert f"{name} {value}" in text
    for words in (row.public_id, row.receipt["formula"], "4 images"):
        assert words in " ".join(page.words.split())
        assert words in text
    assert "Charged10.5 credits $0.0525" in page.words
    assert "Charged 10.5 credits ($0.0525)" in text


def test_a_key_is_named_and_a_bonus_is_called_one(world: World, alice: Client, make: Make) -> None:
    grant_left(world, 0)
    bought(world.team, 5_000_000, 500_000)
    row = delivered(make())
    row.api_key, row.membership = world.api_key, None
    assert receipt_words.made_by(row) == "API key “test key”"
    assert f"Bonus of the purchase of {db.now():%Y-%m-%d}60 credits" in page_of(alice, row).words


def test_a_pdf_is_the_same_each_time_and_dated_at_the_end(
    world: World, alice: Client, browser: Any, make: Make
) -> None:
    row = delivered(make())
    data = pdf_of(alice, row)
    bought(world.team, 1_000_000)
    delivered(make())
    assert pdf_of(browser(world.carol), row) == data
    info = PdfReader(io.BytesIO(data)).metadata
    assert info is not None
    assert row.finished_at is not None
    assert info.creation_date == row.finished_at.replace(microsecond=0)


@pytest.mark.parametrize("reason", Reason.values)
def test_what_failed_cost_nothing_and_says_why(alice: Client, make: Make, reason: str) -> None:
    row = started(make())
    outcomes.fail(generation_id=row.pk, reason=Reason(reason), detail="provider said: secret")
    page, text = page_of(alice, row), text_of(pdf_of(alice, row))
    assert reasons.SENTENCES[reason] in page.words
    assert reasons.SENTENCES[reason] in text
    assert "Charged0 credits $0.00" in page.words
    assert [line.split(" UTC")[1].split()[0] for line in page.texts("tr")[1:]] == ["Held", "Released"]
    for words in (page.words, text):
        assert "Paid with" not in words
        assert "secret" not in words


def test_what_was_canceled_cost_nothing(world: World, alice: Client, make: Make) -> None:
    row = make()
    outcomes.cancel(generation_id=row.pk, actor="test")
    page, text = page_of(alice, row), text_of(pdf_of(alice, row))
    for words in (page.words, text):
        assert "Canceled before anything was sent. Nothing was charged." in words
        assert "0 of 1" in words
        assert "$0.30 held, nothing charged, all of it released." in words
        assert "Paid with" not in words


def test_before_the_end_it_says_what_is_held_and_of_which_credit(world: World, alice: Client, make: Make) -> None:
    grant_left(world, 100_000)
    bought(world.team, 5_000_000)
    row = make()
    page = page_of(alice, row)
    assert page.texts("h1") == ["No receipt yet queued"]
    assert "nothing is charged yet. 60 credits ($0.30) held for it" in page.words
    (held,) = [section for section in page.texts("section") if section.startswith("Held from")]
    day = f"{db.now():%Y-%m-%d}"
    assert held == (f"Held from Credit granted on {day}20 credits $0.10Credit bought on {day}40 credits $0.20")
    assert "Charged" not in page.words
    assert [link for link in page.all("a") if "pdf" in link.attrs["href"]] == []
    refused = read(alice.get(f"/generations/{row.public_id}/receipt.pdf"), 409)
    assert "there is a receipt once it has" in refused.words


def test_a_text_says_what_its_tokens_cost(alice: Client, make: Make) -> None:
    row = delivered(make("prompt-expansion-text", model="google/gemini-2.5-flash"), text="A fox at dawn.")
    assert row.receipt is not None
    assert row.charged
    assert row.receipt["formula"].startswith("The tokens used, ")
    assert row.receipt["formula"] in page_of(alice, row).words
    assert row.receipt["formula"] in text_of(pdf_of(alice, row))


def test_an_older_receipt_has_the_ledger_read_beside_its_own_words(make: Make) -> None:
    row = delivered(make("seedream-v4-edit", **IMAGES), outputs=3)
    frozen = row.receipt
    assert frozen is not None
    assert receipts.whole(row) == frozen
    old = {name: value for name, value in frozen.items() if name not in ("paid_with", "captured_at", "released_at")}
    row.receipt = {**old, "held_at": "2026-01-31T09:30:00Z", "formula": "As it was said then."}
    whole = receipts.whole(row)
    assert whole == {**frozen, "held_at": "2026-01-31T09:30:00Z", "formula": "As it was said then."}
    assert receipt_words.of(row).formula == "As it was said then."


@pytest.mark.parametrize("name", ["Студия Ελλάδα", "<b>Tom</b> & {{ 7 }}", "中文"])
def test_names_of_any_kind(world: World, alice: Client, make: Make, name: str) -> None:
    row = delivered(make())
    Team.objects.filter(pk=world.team.pk).update(name=name)
    assert f"Team{name}" in page_of(alice, row).words
    shown = "[U+4E2D][U+6587]" if name == "中文" else name
    assert f"Team {shown} Made by" in text_of(pdf_of(alice, row))


def test_who_sees_it_and_who_is_led_to_the_wallet(world: World, browser: Any, make: Make) -> None:
    row = delivered(make())

    def wallet(client: Client) -> list[str]:
        return [link.attrs["href"] for link in page_of(client, row).all("a") if link.text.strip() == "Wallet"]

    carol = browser(world.carol)
    assert wallet(carol) == []
    pdf_of(carol, row)
    Membership.objects.filter(user=world.carol).update(role=Role.BILLING)
    assert set(wallet(browser(world.carol))) == {"/wallet"}
    mallory = browser(world.mallory)
    for path in ("receipt", "receipt.pdf"):
        page = read(mallory.get(f"/generations/{row.public_id}/{path}"), 404)
        assert "There is no such generation." in page.words
        response = Client().get(f"/generations/{row.public_id}/{path}")
        assert response.headers["Location"] == f"/accounts/login/?next=/generations/{row.public_id}/{path}"
        assert mallory.post(f"/generations/{row.public_id}/{path}").status_code in (404, 405)


def test_the_generations_page_leads_there_once_it_has_ended(alice: Client, make: Make) -> None:
    row = make()

    def links() -> list[str]:
        page = read(alice.get(f"/generations/{row.public_id}"))
        return [link.attrs["href"] for link in page.all("a") if "/receipt" in link.attrs["href"]]

    base = f"/generations/{row.public_id}/receipt"
    assert links() == [base]
    outcomes.cancel(generation_id=row.pk, actor="test")
    assert links() == [base, f"{base}.pdf"]


def test_queries_do_not_depend_on_how_many_lots_paid(
    world: World, alice: Client, make: Make, count_queries: Callable[..., int]
) -> None:
    one = delivered(make())
    grant_left(world, 10_000)
    for _ in range(6):
        bought(world.team, 50_000)
    many = make()
    page_of(alice, one)  # the first request of a session stamps it
    shown = {row.pk: count_queries(lambda row=row: page_of(alice, row)) for row in (one, many)}
    assert shown[one.pk] <= 6
    assert shown[many.pk] <= shown[one.pk] + 2  # what has not ended is read from the ledger
    delivered(many)
    assert len(receipts.whole(Generation.objects.get(pk=many.pk))["paid_with"]) == 7
    assert count_queries(lambda: page_of(alice, many)) == shown[one.pk]
    assert count_queries(lambda: pdf_of(alice, many)) <= shown[one.pk]

"""A receipt as a PDF: the same figures and words as its page, the same bytes each time."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from generations import receipt_words, receipts
from generations.models import Generation
from generations.receipt_words import Receipt, amount_words, at
from project import pdf
from project.money import in_dollars


def answer(generation: Generation) -> HttpResponse:
    """The file of an ended generation, dated at its end."""
    assert generation.finished_at is not None, "only an ended generation has a receipt"
    receipt = receipt_words.of(generation)
    data = pdf.document(
        title="Receipt",
        subtitle=receipt.name,
        made_at=generation.finished_at,
        parts=_parts(receipt),
        footer=f"Receipt of {generation.public_id}",
    )
    return pdf.response(data, filename=f"receipt-{generation.public_id}.pdf")


def _parts(receipt: Receipt) -> list[pdf.Part]:
    assert receipt.charged is not None, "only an ended generation has a receipt"
    facts = [("Generation", receipt.generation.public_id), *receipt.facts, ("Charged", amount_words(receipt.charged))]
    parts: list[pdf.Part] = [pdf.Facts(facts, strong=[len(facts) - 1])]
    if receipt.outcome:
        parts.append(pdf.Note(receipt.outcome))
    parts += [
        pdf.Heading("Price"),
        pdf.Grid(
            head=["What", "Quantity", "Each", "Amount"],
            rows=[_line(line) for line in receipt.lines],
            right=[1, 2, 3],
            total=["Price", "", "", amount_words(receipt.price)],
        ),
        pdf.Note(receipt.formula),
        pdf.Heading("Credit"),
        pdf.Grid(
            head=["What", "When", "Amount"],
            rows=[[row.words, at(row.at), amount_words(row.amount)] for row in receipt.movements],
            right=[2],
        ),
        pdf.Note(receipt.ledger),
    ]
    if receipt.paid:
        parts += [
            pdf.Heading("Paid with"),
            pdf.Grid(
                head=["Credit", "Amount"],
                rows=[[part.words, amount_words(part.amount)] for part in receipt.paid],
                right=[1],
            ),
        ]
    return [*parts, pdf.Note("1 credit is $0.005. All times are UTC.")]


def _line(line: dict[str, Any]) -> list[str]:
    each = in_dollars(line["unit_price"]["usd"]) + (" a million" if line.get("per", 1) != 1 else "")
    return [line["label"], receipts.quantity(line), each, in_dollars(line["amount"]["usd"])]

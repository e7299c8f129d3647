"""The receipt of one generation: as a page to read and to print, and as a PDF."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import roles
from accounts.pages import MemberRequest, member_page
from generations import access, receipt_pdf, receipt_words, receipts


@member_page(roles.SEE)
@require_safe
def receipt(request: MemberRequest, public_id: str) -> HttpResponse:
    """What was charged and why; before the end, what is held."""
    row = access.generation(request.actor, public_id)
    return render(request, "generations/receipt.html", {"row": row, "receipt": receipt_words.of(row)})


@member_page(roles.SEE)
@require_safe
def as_pdf(request: MemberRequest, public_id: str) -> HttpResponse:
    """The file. 409 before the end."""
    return receipt_pdf.answer(receipts.ended(access.generation(request.actor, public_id)))

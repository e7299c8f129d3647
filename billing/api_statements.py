"""GET /wallet/statement, /wallet/statement.csv, /wallet/balance and /spend: money explained to programs."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import roles
from billing import api_periods, schemas, spend, statement_export, statements
from billing.spend import By, Row
from project import csv_safe, db
from project.api import ApiView
from project.money import to_json
from project.openapi import File, documented
from project.params import wrong
from project.times import stamp

PERIOD = frozenset({"from", "to"})


class StatementView(ApiView):
    """A period that adds up: opening + bought + granted - charged - expired - taken_back = closing."""

    permission = roles.BILLING
    parameters = PERIOD

    @documented(
        id="get_statement",
        tag="Wallet",
        summary="Read a period's statement",
        description="A period that adds up: opening + bought + granted - charged - expired - taken_back = closing.",
        answers={200: schemas.Statement},
        query=schemas.PERIOD,
    )
    def get(self, request: Request) -> Response:
        start, end = api_periods.period_of(request.query_params)
        found = statements.of_period(self.actor.team, start, end)
        return Response(
            {
                "from": stamp(start),
                "to": stamp(end),
                "opening": to_json(found.opening.balance),
                **{name: to_json(found.part(name).amount) for name in statements.PARTS},
                "closing": to_json(found.closing.balance),
                "counts": found.counts,
            }
        )


class StatementCsvView(ApiView):
    """The same period with every line of it, as a file."""

    permission = roles.BILLING
    parameters = PERIOD
    http_method_names = ("get", "options")  # each download is an event of the audit log: none without the file

    @documented(
        id="get_statement_csv",
        tag="Wallet",
        summary="Read a period's statement as CSV",
        description="The same period with every line of it.",
        answers={200: File("text/csv")},
        query=schemas.PERIOD,
    )
    def get(self, request: Request) -> HttpResponseBase:
        start, end = api_periods.period_of(request.query_params)
        file = statement_export.as_csv(actor=self.actor, start=start, end=end)
        return StreamingHttpResponse(
            file.pieces,
            content_type=csv_safe.CONTENT_TYPE,
            headers={"Content-Disposition": content_disposition_header(as_attachment=True, filename=file.name) or ""},
        )


class BalanceView(ApiView):
    """What the team had at a moment; now, where none is named."""

    permission = roles.BILLING
    parameters = frozenset({"at"})

    @documented(
        id="get_balance",
        tag="Wallet",
        summary="Ask for the balance at a moment",
        answers={200: schemas.Balance},
        query={"at": schemas.moment("The moment; without it now.")},
    )
    def get(self, request: Request) -> Response:
        at = api_periods.instant_of(request.query_params, "at") or db.now()
        found = statements.balance_at(self.actor.team, at)
        parts = {name: to_json(getattr(found, name)) for name in ("balance", "available", "held", "frozen")}
        return Response({"at": stamp(at), **parts})


class SpendView(ApiView):
    """What was charged, by model, member, key or day."""

    permission = roles.BILLING
    parameters = PERIOD | {"by"}

    @documented(
        id="get_spend",
        tag="Wallet",
        summary="See what was spent, and on what",
        description="What was charged in a period of days, by model, member, key or day.",
        answers={200: schemas.Spend},
        query=schemas.SPEND,
    )
    def get(self, request: Request) -> Response:
        query = request.query_params
        by = query.get("by", By.MODEL)
        if by not in list(By):
            raise wrong("by", f"must be one of {', '.join(By)}")
        first, last = api_periods.days_of(query, most=spend.MOST_DAYS)
        found = spend.of_period(self.actor.team, by=By(by), first=first, last=last)
        return Response(
            {
                "by": found.by,
                "from": found.first.isoformat(),
                "to": found.last.isoformat(),
                "amount": to_json(found.amount),
                "count": found.count,
                "results": [_row(row) for row in found.rows],
                "others": {**_row(found.others), "rows": found.rest} if found.others else None,
            }
        )


def _row(row: Row) -> dict[str, Any]:
    """`share` is a part of 1: "0.4167"."""
    return {
        "id": row.id or None,
        "name": row.name,
        "amount": to_json(row.amount),
        "count": row.count,
        "share": f"{row.share // spend.WHOLE}.{row.share % spend.WHOLE:04}",
    }

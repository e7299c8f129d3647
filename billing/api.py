"""GET /wallet, GET /wallet/entries, GET /key (design section 6).

`/key` stands here because a key's limits are money: accounts never hears of it.
"""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts import api as accounts_api
from accounts import roles
from billing import api_periods, budget_queries, ledger, queries, schemas, words
from billing.models import Hold, TransferKind
from project import paging
from project.api import ApiView
from project.money import to_json
from project.openapi import documented
from project.times import stamp

# What a team reads; the reason that staff wrote beside a transfer stays inside.
DESCRIPTIONS: dict[str, str] = {
    TransferKind.TOPUP: "Credit bought",
    TransferKind.GRANT: "Credit granted",
    TransferKind.HOLD: "Held for a generation",
    TransferKind.CAPTURE: "Charged for a generation",
    TransferKind.RELEASE: "Released: not charged",
    TransferKind.EXPIRY: "Expired",
    TransferKind.FREEZE: "Frozen by a dispute",
    TransferKind.UNFREEZE: "Given back: no longer frozen",
    TransferKind.RESTORE: "Given back",
}
ENTRY_FILTERS = frozenset({"created_after", "created_before"})


class WalletView(ApiView):
    """What the team has: balance = held + available, and what it is held for. Beside it, where there is any, what a
    dispute froze."""

    permission = roles.SEE

    @documented(
        id="get_wallet",
        tag="Wallet",
        summary="Look into the wallet",
        description="What the team has, what of it is held, and for which generations.",
        answers={200: schemas.Wallet},
    )
    def get(self, request: Request) -> Response:
        team = self.actor.team
        wallet = ledger.wallet(team.pk)
        frozen = wallet.frozen.balance if wallet.frozen else 0
        holds, count = queries.open_holds(team)
        return Response(
            {
                "balance": to_json(wallet.balance),
                "held": to_json(wallet.held.balance),
                "available": to_json(wallet.available.balance),
                **({"frozen": to_json(frozen)} if frozen else {}),
                "open_holds": count,
                "holds": [_hold(row) for row in holds],
            }
        )


class EntriesView(ApiView):
    """The lines of the statement, newest first, later than `created_after` and earlier than `created_before`."""

    permission = roles.BILLING
    parameters = paging.PARAMETERS | ENTRY_FILTERS

    @documented(
        id="list_wallet_entries",
        tag="Wallet",
        summary="List the statement's lines",
        description="Every movement of money, newest first.",
        answers={200: schemas.EntryPage},
        query={
            "created_after": schemas.moment("Only later ones."),
            "created_before": schemas.moment("Only earlier ones."),
        },
    )
    def get(self, request: Request) -> Response:
        team, query = self.actor.team, request.query_params
        after, before = (api_periods.instant_of(query, name) for name in ("created_after", "created_before"))
        within = queries.span(team, after=after, before=before)
        page = queries.statement(team, paging.window_of(request), within=within)
        return Response(paging.answer(request, page, [_line(line) for line in page.rows]))


class KeyView(ApiView):
    """What the key that asks may do, and spend."""

    permission = roles.SEE

    @documented(
        id="get_key",
        tag="Key",
        summary="Look at the key that asks",
        description="Its scopes, where it works from, which models it may use, and how its budgets stand.",
        answers={200: schemas.Key},
    )
    def get(self, request: Request) -> Response:
        key = self.actor.api_key
        assert key is not None, "the API knows keys only"
        limits = budget_queries.states_of(membership=None, api_key=key)
        return Response({**accounts_api.key(key), "limits": [_limit(limit) for limit in limits]})


def _hold(row: Hold) -> dict[str, Any]:
    return {"generation": row.reference, "amount": to_json(row.amount), "created_at": stamp(row.created_at)}


def _line(line: queries.Line) -> dict[str, Any]:
    """`amount` is what the transfer did to the balance; a hold or release moves between its two parts only."""
    transfer = line.transfer
    return {
        "id": queries.public_id(transfer),
        "kind": transfer.kind,
        "amount": to_json(line.change),
        "balance_after": to_json(line.left),
        "available_change": to_json(line.available.change),
        "available_after": to_json(line.available.after),
        "held_change": to_json(line.held.change),
        "held_after": to_json(line.held.after),
        "generation": transfer.hold.reference if transfer.hold else None,
        "payment": transfer.payment.public_id if transfer.payment else None,
        "description": words.adjusted(transfer) or DESCRIPTIONS.get(transfer.kind) or words.what(transfer),
        "created_at": stamp(line.at),
    }


def _limit(state: budget_queries.State) -> dict[str, Any]:
    return {
        "period": state.budget.period,
        "limit": to_json(state.cap),
        "base_limit": to_json(state.budget.limit),
        "raised_until": stamp(state.raised_until) if state.raised_until else None,
        "used": to_json(state.used),
        "held": to_json(state.held),
        "remaining": to_json(state.left),
        "resets_at": stamp(state.resets_at),
    }

"""Finding a team by whatever of it somebody has in hand: a name, an address, a key, a payment, a generation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from accounts.models import ApiKey, Membership, Team
from billing.models import Account, Customer, Dispute, Payment, Refund, Restriction, WalletFreeze
from generations.models import Generation
from project import ids, paging
from project.paging import Page, Window

PAGE = 25
LONGEST = 200  # characters of what is looked for
OF_STRIPE = ("pi_", "cs_", "cus_", "re_", "pyr_", "dp_", "du_")


@dataclass(frozen=True)
class Found:
    """A team with its money (micro-dollars) and its standing, in words."""

    team: Team
    balance: int
    held: int
    standing: str


@dataclass(frozen=True)
class Finding:
    """One page, the newest teams first; `before` continues it. `how` says as what the word was understood."""

    rows: list[Found]
    how: str
    before: int | None


def find(word: str, *, before: int | None = None) -> Finding:
    """Teams by name (a part of it), by the exact address of somebody who belongs to them, by public id (team, key,
    payment, generation, member), by an id of Stripe's or the start of a key. No word: all. Four queries or five."""
    word = word.strip()[:LONGEST]
    teams, how = _meant(word)
    if before is not None:
        teams = teams.filter(pk__lt=before)
    found = list(teams.order_by("-pk")[: PAGE + 1])
    more, found = len(found) > PAGE, found[:PAGE]
    return Finding(with_money(found), how, found[-1].pk if more else None)


def each(word: str) -> Iterator[list[Found]]:
    """All that `find` finds, some at a time: for the file."""
    teams, _ = _meant(word.strip()[:LONGEST])

    def page(window: Window) -> Page[Team]:
        place = paging.read_key(window, int)
        return paging.page_of_rows(
            teams, window, fields=["pk"], values=place, newest_first=True, key_of=lambda team: (str(team.pk),)
        )

    return (with_money(batch) for batch in paging.every(page))


def with_money(teams: list[Team]) -> list[Found]:
    """Teams with balance and standing, by three queries."""
    pks = [team.pk for team in teams]
    balances: dict[int, dict[str, int]] = {}
    accounts = Account.objects.filter(team_id__in=pks, kind__in=["available", "held"])
    for team_id, kind, balance in accounts.values_list("team_id", "kind", "balance"):
        if team_id is not None:
            balances.setdefault(team_id, {})[kind] = balance
    restricted = set(Restriction.objects.filter(team_id__in=pks, lifted_at=None).values_list("team_id", flat=True))
    frozen = set(WalletFreeze.objects.filter(team_id__in=pks, lifted_at=None).values_list("team_id", flat=True))
    return [
        Found(
            team=team,
            balance=sum(balances.get(team.pk, {}).values()),
            held=balances.get(team.pk, {}).get("held", 0),
            standing=standing(team, restricted=team.pk in restricted, frozen=team.pk in frozen),
        )
        for team in teams
    ]


def standing(team: Team, *, restricted: bool, frozen: bool) -> str:
    """`active`, or `suspended, wallet frozen`."""
    words = [*(["restricted"] if restricted else []), *(["wallet frozen"] if frozen else [])]
    return ", ".join([str(team.status), *words] if team.status != "active" or not words else words)


def _meant(word: str) -> tuple[QuerySet[Team], str]:
    teams = Team.objects.all()
    if not word:
        return teams, "all teams"
    head = word.partition("_")[0]
    uuid = ids.parse(head, word)
    if uuid is not None:
        by_id = {
            "team": (Q(uuid=uuid), "the id of a team"),
            "key": (Q(pk__in=ApiKey.objects.filter(uuid=uuid).values("team")), "the id of an API key"),
            "mem": (Q(pk__in=Membership.objects.filter(uuid=uuid).values("team")), "the id of a member"),
            "gen": (Q(pk__in=Generation.objects.filter(pk=uuid).values("team")), "the id of a generation"),
            "pay": (Q(pk__in=Payment.objects.filter(uuid=uuid).values("team")), "the id of a payment"),
            "rf": (Q(pk__in=Refund.objects.filter(uuid=uuid).values("team")), "the id of a refund"),
        }
        if head in by_id:
            condition, how = by_id[head]
            return teams.filter(condition), how
    if word.startswith("fh_live_"):
        lookup = word.split("_")[2]
        return teams.filter(pk__in=ApiKey.objects.filter(lookup=lookup).values("team")), "the start of an API key"
    if word.startswith(OF_STRIPE):
        payments = Payment.objects.filter(Q(payment_intent=word) | Q(checkout_session=word) | Q(customer=word))
        customers = Customer.objects.filter(stripe_id=word)
        refunds = Refund.objects.filter(stripe_id=word)
        disputes = Dispute.objects.filter(stripe_id=word)
        condition = Q()
        for rows in (
            payments.values("team"),
            customers.values("team"),
            refunds.values("team"),
            disputes.values("team"),
        ):
            condition |= Q(pk__in=rows)
        return teams.filter(condition), "an id of Stripe's"
    if "@" in word:
        people = Membership.objects.filter(user__email__iexact=word, ended_at=None)
        return teams.filter(pk__in=people.values("team")), "the address of a member"
    return teams.filter(name__icontains=word), "a part of a team's name"

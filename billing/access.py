"""The only getters of a team's budgets and payments at the edges: strangers get 404, a role that may not gets 403."""

from __future__ import annotations

from accounts import access, roles
from accounts.actors import Actor
from billing import budget_queries
from billing.budget_queries import Holder
from billing.models import Budget, BudgetRaise, BudgetRequest, Payment, Period
from project import ids
from project.errors import NotFound


def holder(actor: Actor, public_id: str) -> Holder:
    """A member (`mem_...`) or a key (`key_...`) of the actor's team with its budgets, for who may manage."""
    access.require(actor, roles.MANAGE)
    if public_id.startswith("key_"):
        key = access.api_key(actor, public_id)
        if key.revoked_at is not None:
            raise NotFound("This API key is revoked.")
        return budget_queries.holder(api_key=key)
    return budget_queries.holder(membership=access.membership(actor, public_id))


def period(text: str) -> Period:
    """`day` or `month` of an address."""
    if text not in Period.values:
        raise NotFound
    return Period(text)


def budget(actor: Actor, public_id: str, text: str) -> Budget:
    """The budget in force of a member or key of the actor's team, for who may manage."""
    found = holder(actor, public_id).states.get(period(text))
    if found is None:
        raise NotFound("There is no such budget.")
    return found.budget


def request(actor: Actor, public_id: str) -> BudgetRequest:
    """A request of the actor's team, for who may manage."""
    access.require(actor, roles.MANAGE)
    uuid = ids.parse("breq", public_id)
    rows = BudgetRequest.objects.filter(team=actor.team).select_related(
        "budget__team", "asked_by__user", "decided_by__user", "raised"
    )
    found = rows.filter(uuid=uuid).first() if uuid else None
    if found is None:
        raise NotFound("There is no such request.")
    return found


def own_request(actor: Actor, public_id: str) -> BudgetRequest:
    """A request that the actor made."""
    uuid = ids.parse("breq", public_id)
    rows = BudgetRequest.objects.filter(team=actor.team, asked_by=actor.membership)
    found = rows.select_related("budget").filter(uuid=uuid).first() if uuid and actor.membership else None
    if found is None:
        raise NotFound("There is no such request of yours.")
    return found


def raised(actor: Actor, public_id: str) -> BudgetRaise:
    """A raise of a budget of the actor's team, for who may manage."""
    access.require(actor, roles.MANAGE)
    uuid = ids.parse("raise", public_id)
    rows = BudgetRaise.objects.filter(team=actor.team).select_related("budget__membership", "budget__api_key")
    found = rows.filter(uuid=uuid).first() if uuid else None
    if found is None:
        raise NotFound("There is no such raise.")
    return found


def payment(actor: Actor, public_id: str) -> Payment:
    """A payment of the actor's team, for who looks after its money."""
    access.require(actor, roles.BILLING)
    uuid = ids.parse("pay", public_id)
    rows = Payment.objects.filter(team=actor.team).select_related("team", "membership__user")
    found = rows.filter(uuid=uuid).first() if uuid else None
    if found is None:
        raise NotFound("There is no such payment.")
    return found

"""A team with one of everything, a stranger beside it, and everybody who may come to the door.

Everything that belongs to alice's team carries a mark that is nowhere else, so that a leak is seen in any answer.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY, record_authentication
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core.mail import EmailMessage
from django.db import connection
from django.http import HttpRequest
from django.test import Client

from accounts import audit, keys, roles, sessions
from accounts.actors import Actor
from accounts.models import (
    Action,
    AddressChange,
    ApiKey,
    ApiKeySecret,
    AuditEvent,
    Delivery,
    DeliveryAttempt,
    Invitation,
    Membership,
    OutgoingEvent,
    Role,
    Team,
    User,
    WebhookEndpoint,
)
from accounts.teams import ensure_own_team
from accounts.webhooks import secrets
from billing import credits, ledger, recharges
from billing.models import Budget, BudgetRaise, BudgetRequest, Dispute, Payment, Refund, Restriction, StripeEvent
from generations import batch_quotes, batches, idempotency, intake, offers
from generations.batch_items import Item
from generations.models import Attempt, Batch, BatchMode, BatchQuote, Generation, GenerationEvent, Output, Quote, Upload
from project import db, ids
from project.mail import QueuedBackend
from tests.billing.purchases import bought
from tests.pages.conftest import delivered, started
from tests.world import person

FUTURE = timedelta(days=30)
AHEAD = 3600  # seconds that proofs of identity are made ahead of time, or a slow machine would see them grow old


@dataclass(frozen=True)
class Things:
    """One of everything of a team: `ids` by name, and `marks`, the texts that nobody else may read."""

    team: Team
    ids: dict[str, str]
    marks: frozenset[str]
    inside: frozenset[str]  # what not even the team itself is told: costs, providers' words and ids, digests
    reason: str  # what staff wrote beside a grant: the house's own: shown to no team


@dataclass(frozen=True)
class Caller:
    """Somebody at the door: a browser by its session, a program by its key, or nobody."""

    name: str
    permissions: frozenset[str] = frozenset()
    session: str | None = None
    key: str | None = None
    user: User | None = None
    of_team: bool = False  # acts for alice's team
    staff: bool = False

    @property
    def signed_in(self) -> bool:
        return self.session is not None


@dataclass
class Scene:
    home: Things
    away: Things
    browsers: dict[str, Caller] = field(default_factory=dict)
    programs: dict[str, Caller] = field(default_factory=dict)
    emails: frozenset[str] = frozenset()


def make_scene() -> Scene:
    """Makes it in the running transaction."""
    offers.sync()
    people = {name: person(name) for name in ("alice", "adam", "bill", "bob", "carol", "mallory", "rita", "stan")}
    root = User.objects.create_superuser("root@example.com", "x" * 20)
    home = _team("Atelier Nine", people["alice"], "lighthouse of the ninth atelier")
    away = _team("Elsewhere", people["mallory"], "a plain pond")
    for name, role in (("adam", Role.ADMIN), ("bill", Role.BILLING), ("bob", Role.MEMBER), ("carol", Role.VIEWER)):
        Membership.objects.create(team=home.team, user=people[name], role=role)
    Membership.objects.create(team=home.team, user=people["rita"], role=Role.ADMIN, ended_at=db.now())
    User.objects.filter(pk=people["stan"].pk).update(is_staff=True)
    ensure_own_team(people["rita"])  # or each of her requests would make the team that she lacks
    scene = Scene(home, away, emails=frozenset(user.email for user in User.objects.all()))
    members = {"owner": "alice", "admin": "adam", "billing": "bill", "member": "bob", "viewer": "carol"}
    assert set(members) == set(roles.PERMISSIONS), "each role has a caller"
    callers = [Caller("anonymous")]
    for role, name in members.items():
        callers.append(_browser(role, people[name], roles.of_role(role), of_team=True))
    for name in ("mallory", "rita"):  # of another team; removed, now in a team of her own
        callers.append(_browser(name, people[name], roles.of_role(Role.OWNER)))
    callers.append(_browser("stan", people["stan"], frozenset()))  # staff without a second factor, and without a team
    Authenticator.objects.create(user=root, type=Authenticator.Type.TOTP, data={"secret": "sealed"})
    callers.append(_browser("root", root, frozenset(), staff=True))
    callers.append(Caller("a key on a page", key=_key(home.team, list(roles.SCOPES))[1]))
    QueuedBackend().send_messages([EmailMessage("To staff's outbox", "a body", to=["alice@example.com"])])
    scene.browsers = {caller.name: caller for caller in callers}
    scene.programs = {caller.name: caller for caller in _programs(home.team, away.team, scene.browsers["owner"])}
    with connection.cursor() as cursor:  # what waits for COMMIT is looked at now, and later for each request
        cursor.execute("set constraints all immediate")
        cursor.execute("set constraints all deferred")
    return scene


def _programs(home: Team, away: Team, owner: Caller) -> Iterator[Caller]:
    yield Caller("no key")
    yield Caller("a session without a key", session=owner.session, user=owner.user)
    for scope in roles.SCOPES:
        yield Caller(scope, roles.of_scopes([scope]), key=_key(home, [scope])[1], of_team=True)
    yield Caller("all scopes", roles.of_scopes(list(roles.SCOPES)), key=_key(home, list(roles.SCOPES))[1], of_team=True)
    yield Caller("another team's", roles.of_scopes(list(roles.SCOPES)), key=_key(away, list(roles.SCOPES))[1])
    row, text = _key(home, list(roles.SCOPES))
    ApiKey.objects.filter(pk=row.pk).update(revoked_at=db.now())
    yield Caller("revoked", key=text)
    row, text = _key(home, list(roles.SCOPES))
    ApiKey.objects.filter(pk=row.pk).update(
        created_at=db.now() - 2 * FUTURE, expires_at=db.now() - timedelta(seconds=1)
    )
    yield Caller("expired", key=text)
    text = _key(home, list(roles.SCOPES))[1]
    yield Caller("mistyped", key=text[:-1] + ("A" if text[-1] != "A" else "B"))


def _key(team: Team, scopes: list[str]) -> tuple[ApiKey, str]:
    return keys.issue(team=team, name=f"a program of {team.name}", scopes=scopes, by=None)


def _browser(name: str, user: User, permissions: frozenset[str], *, staff: bool = False, **more: Any) -> Caller:
    """A session that has just begun, with every proof of identity that there is for this person."""
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    session, moment = client.session, time.time() + AHEAD
    request = HttpRequest()
    request.session = session
    record_authentication(request, user, "password", email=user.email, reauthenticated=True)
    if staff:
        record_authentication(request, user, "mfa", type="totp", reauthenticated=True)
    for proof in session[AUTHENTICATION_METHODS_SESSION_KEY]:
        proof["at"] = moment
    session[sessions.SIGNED_IN_AT] = int(moment - AHEAD)
    session[sessions.SEEN_AT] = int(moment)  # ahead too: after 5 minutes each request would write a stamp as well
    session.save()
    assert session.session_key is not None
    return Caller(name, permissions, session=session.session_key, user=user, staff=staff, **more)


def _team(name: str, owner: User, prompt: str) -> Things:
    """A team that has one of everything."""
    team = Team.objects.create(name=name)
    place = Membership.objects.create(team=team, user=owner, role=Role.OWNER)
    ledger.open_wallet(team)
    told = f"told to staff about {name}"
    credits.grant(team=team, amount=100_000_000, actor="test", reason=told, grant_id=uuid.uuid4())
    api_key, text = keys.issue(team=team, name=f"a program of {name}", scopes=["read"], by=owner)
    guest = User.objects.create_user(f"guest-of-{owner.name}@example.com", "x" * 20)
    other = Membership.objects.create(team=team, user=guest, role=Role.MEMBER)
    invitation = Invitation.objects.create(
        team=team,
        email=f"invited-by-{owner.name}@example.com",
        role=Role.MEMBER,
        invited_by=place,
        expires_at=db.now() + FUTURE,
        sent_at=db.now() - timedelta(hours=1),
    )
    change = AddressChange.objects.create(
        user=owner, old_email=owner.email, new_email=f"new-{owner.name}@example.com", expires_at=db.now() + FUTURE
    )
    budget = Budget.objects.create(team=team, membership=other, period="month", limit=90_000_000)
    Budget.objects.create(team=team, api_key=api_key, period="day", limit=80_000_000)
    until = db.now() + FUTURE
    raised = BudgetRaise.objects.create(team=team, budget=budget, amount=1_000_000, until=until, granted_by=place)
    asked = BudgetRequest.objects.create(
        team=team, budget=budget, asked_by=other, amount=2_000_000, reason=f"asked in {name}"
    )
    payment = bought(team, 25_000_000, 1_000_000, membership=place)
    recharges.card_saved(team=team, payment_method=f"pm_of_{team.pk}_secret", card="visa 4242")
    stripe_ids = _troubled(payment)
    seen = UserSession.objects.create(
        user=owner, ip="203.0.113.7", user_agent=f"browser of {owner.name}", session_key=uuid.uuid4().hex
    )
    audit.record(Action.ROLE_CHANGED, by=owner, team=team, target=other.public_id, target_name=guest.email)
    done = delivered(_made(team, place, prompt))
    cost = 765432109  # digits enough that none of thousands of random ids has them by chance
    Generation.objects.filter(pk=done.pk).update(sources=[f"https://results.example/{done.pk}"], expected_cost=cost)
    said = f"said by the provider {uuid.uuid4().hex[:12]}"
    GenerationEvent.objects.create(generation=done, team=team, kind="store_retried", data={"try": 1, "why": said})
    running = started(_made(team, place, prompt))
    queued = _made(team, place, prompt)
    attempt = Attempt.objects.filter(generation=running).get()
    Attempt.objects.filter(pk=attempt.pk).update(detail=f"raw words {attempt.token_hash.hex()[:16]}")
    attempt.refresh_from_db()
    upload = Upload.objects.create(
        team=team,
        name=f"teams/{team.pk}/uploads/{uuid.uuid4().hex}.png",
        content_type="image/png",
        bytes=67,
        sha256=uuid.uuid4().hex * 2,
        width=320,
        height=320,
        created_by=api_key.public_id,
    )
    quote = _quote(team, done)
    batch, batch_quote = _batch(team, place, prompt)
    hooks = _told(team, done)
    output = Output.objects.get(generation=done)
    share = done.shares.create(team=team, created_by=f"user:{owner.pk}", expires_at=until, shows_inputs=True)
    tagging = done.taggings.create(team=team, tag=team.tags.create(name=f"tag of {name}"), created_by=owner.email)
    place.favourites.create(team=team, generation=done)
    secret = ApiKeySecret.objects.get(api_key=api_key)
    things = {
        "team": team.public_id,
        "membership": other.public_id,
        "owner": place.public_id,
        "invitation": invitation.public_id,
        "key": api_key.public_id,
        "generation": done.public_id,
        "queued": queued.public_id,
        "running": running.public_id,
        "upload": upload.public_id,
        "quote": quote.public_id,
        "batch": batch.public_id,
        "batch_quote": batch_quote.public_id,
        "file": output.name,
        "share": share.public_id,
        "tag": tagging.tag.name,
        "raise": raised.public_id,
        "request": asked.public_id,
        "payment": payment.public_id,
        **hooks.ids,
        "name": name,
        "session_pk": str(seen.pk),
        "owner_pk": str(owner.pk),
        "team_pk": str(team.pk),
        "membership_pk": str(other.pk),
        "key_pk": str(api_key.pk),
        "budget_pk": str(budget.pk),
        "address_change": str(change.uuid),
        "audit_event": str(AuditEvent.objects.filter(team=team).latest("id").pk),
    }
    marks = {value for value in things.values() if not value.isdecimal()}
    marks |= {
        owner.email,
        guest.email,
        invitation.email,
        change.new_email,
        prompt,
        asked.reason,
        api_key.lookup,
        str(done.pk),
        str(queued.pk),
        *hooks.marks,
    }
    inside = {running.provider_task_id or "", f"results.example/{done.pk}", attempt.detail, said, str(cost)}
    inside |= {bytes(secret.digest).hex(), bytes(attempt.token_hash).hex(), text, text.rpartition("_")[2]}
    inside |= {payment.payment_intent or "", payment.checkout_session or "", *stripe_ids, f"pm_of_{team.pk}_secret"}
    inside |= {hooks.secret, hooks.secret.removeprefix("whsec_")}
    assert "" not in inside
    return Things(team, things, frozenset(marks), frozenset(inside), told)


@dataclass(frozen=True)
class _Hooks:
    ids: dict[str, str]
    marks: set[str]
    secret: str


def _told(team: Team, done: Generation) -> _Hooks:
    """An endpoint that was told something, and an address of one request that was."""
    mark = uuid.uuid4().hex
    endpoint = WebhookEndpoint.objects.create(
        team=team,
        url=f"https://hooks.example.com/{mark}",
        description=f"described {mark}",
        events=["budget.reached"],
        created_by="user:1",
    )
    secret = secrets.make(team=team, endpoint=endpoint)
    secrets.make(team=team, endpoint=None)
    told = []
    for at, (to, url) in enumerate(
        [(endpoint, endpoint.url), (None, f"https://hooks.example.com/own/{mark}")], start=1
    ):
        event = OutgoingEvent.objects.create(
            team=team, type="wallet.low", subject=done.public_id, sequence=1000 + at, payload={"mark": mark}
        )
        row = Delivery.objects.create(
            team=team, event=event, endpoint=to, url=url, status="delivered", next_action_at=None, ended_at=db.now()
        )
        DeliveryAttempt.objects.create(
            delivery=row, number=1, url=url, duration_ms=7, outcome="delivered", status=200, response_body=mark
        )
        told.append(row)
    things = {"endpoint": endpoint.public_id, "delivery": told[0].public_id, "own_delivery": told[1].public_id}
    return _Hooks(things, {mark}, secret)


def _troubled(payment: Payment) -> set[str]:
    """Whatever befalls a payment, all of it over. Returns Stripe's ids."""
    about: dict[str, Any] = {"payment": payment, "team": payment.team}
    refund, dispute, event = (f"{prefix}_{uuid.uuid4().hex[:20]}" for prefix in ("re", "du", "evt"))
    ended: dict[str, Any] = {"ended_at": db.now()}
    Refund.objects.create(**about, **ended, amount=10_000, status="failed", stripe_id=refund, source="stripe")
    Dispute.objects.create(**about, **ended, amount=10_000, status="won", stripe_id=dispute)
    Restriction.objects.create(**about, owed=10_000, reason="over", lifted_at=db.now(), lifted_by="system")
    StripeEvent.objects.create(
        event_id=event,
        type="refund.failed",
        livemode=False,
        payload="{}",
        source="webhook",
        status="ignored",
        created_at=db.now(),
    )
    return {refund, dispute, event}


def _made(team: Team, place: Membership, prompt: str) -> Generation:
    row, _answer = intake.accept(
        actor=Actor(team=team, permissions=roles.of_role(place.role), membership=place),
        request=intake.Request(model="veo-3.1-fast", input={"prompt": prompt}),
        render=lambda generation: idempotency.Answer(201, {"id": generation.public_id}, {}),
    )
    assert row is not None
    return row


def _quote(team: Team, like: Generation) -> Quote:
    return Quote.objects.create(
        team=team,
        model=like.model,
        input=like.input,
        input_hash=like.input_hash,
        lines=like.lines,
        price=like.price,
        hold=like.hold_amount,
        price_version=like.price_version,
        expires_at=db.now() + FUTURE,
    )


def _batch(team: Team, place: Membership, prompt: str) -> tuple[Batch, BatchQuote]:
    """A batch, and a quote for one that was not made. The first team's batch is the larger: it has a place that is
    free in the other's, so that nothing but the wall between them refuses it there."""
    actor = Actor(team=team, permissions=roles.of_role(place.role), membership=place)
    count = 1 if Batch.objects.exists() else 2
    items = [Item(index, intake.Request(model="veo-3.1-fast", input={"prompt": prompt})) for index in range(count)]
    row, _answer = batches.accept(
        actor=actor,
        order=batches.Order(items=items, mode=BatchMode.ALL, name=prompt),
        render=lambda batch, _: idempotency.Answer(201, {"id": batch.public_id}, {}),
    )
    assert row is not None
    asked = Item(0, intake.Request(model="veo-3.1-fast", input={"prompt": "a dog"}))
    return row, batch_quotes.store(actor=actor, items=[asked])


def nobodys(thing: str) -> str:
    """An id of the same form that names nothing."""
    if thing.rpartition("_")[2] == "pk" or thing == "audit_event":
        return "987654321"
    if thing == "name":
        return "Nobody and nothing"
    if thing == "file":
        return "teams/987654321/nothing.mp4"
    if thing == "address_change":
        return str(uuid.uuid4())
    prefixes = {"membership": "mem", "owner": "mem", "invitation": "inv", "upload": "upl", "quote": "qt"}
    prefixes |= {"payment": "pay", "request": "breq", "generation": "gen", "queued": "gen", "running": "gen"}
    prefixes |= {"endpoint": "whe", "delivery": "dlv", "own_delivery": "dlv"}
    prefixes |= {"batch": "bat", "batch_quote": "bqt"}
    return ids.public(prefixes.get(thing, thing), uuid.uuid4())

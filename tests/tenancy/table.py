"""Every address of the project and who is told what there. A new address needs a line here, or the matrix is red:
`"the/route": team(roles.MANAGE, BOTH, ids={"public_id": "key"}, body={"name": "New"}),` (see Rule for the words)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from accounts import roles
from tests.api import shapes
from tests.tenancy.desks import DESKS
from tests.tenancy.rules import BOTH, EVERY, READ, WRITE, Rule, api, only, person, public, team
from tests.tenancy.table_generation import GENERATION
from tests.tenancy.table_library import LIBRARY, LIBRARY_REST
from tests.tenancy.table_studio import STUDIO

PRODUCT: dict[str, Rule] = {
    "": public(answers=only(GET=(200, 302), HEAD=(200, 302))),  # the signed-in go on to the studio
    "prices": public(),
    "studio": team(roles.SEE),
    "studio/uploads": team(roles.SEE, BOTH, write=roles.MAKE),
    "studio/<str:slug>": team(
        roles.SEE,
        BOTH,
        write=roles.MAKE,
        given={"slug": "veo-3.1-fast"},
        body={"prompt": "a dog", "do": "make"},
        searches=("from={generation}",),
    ),
    "studio/<str:slug>/price": team(roles.SEE, WRITE, given={"slug": "veo-3.1-fast"}, body={"prompt": "a dog"}),
    "history": team(roles.SEE, searches=("status=succeeded", "model=veo-3.1-fast", "before={generation}")),
    "history/live": team(roles.SEE, searches=("rows={generation}:0,{queued}:0",)),
    "callbacks/<str:provider>/<str:token>": public(
        WRITE, given={"provider": "kie", "token": "x" * 43}, answers=only(POST=404)
    ),
    "callbacks/stripe": public(WRITE, answers=only(POST=404)),  # no key of Stripe's is set
    "media/<path:path>": public(ids={"path": "file"}, answers=only(GET=404, HEAD=404)),  # opened by a signed link only
    "wallet": team(roles.BILLING),
}

WALLET: dict[str, Rule] = {
    "wallet/top-up": team(roles.BILLING, BOTH, body={"pack": "10000000"}, answers=only(POST=503)),  # no key: off
    "wallet/payments/<str:public_id>/return": team(
        roles.BILLING, frozenset({"GET"}), ids={"public_id": "payment"}, answers=only(GET=302)
    ),
    "wallet/payments/<str:public_id>/pay": team(
        roles.BILLING, WRITE, ids={"public_id": "payment"}, body={}, answers=only(POST=503)
    ),
    "wallet/payments/<str:public_id>/cancel": team(
        roles.BILLING, WRITE, ids={"public_id": "payment"}, body={}, answers=only(POST=503)
    ),
    "wallet/details": team(roles.BILLING, BOTH, body={"name": "Films & Sons", "country": "AT"}),
    "wallet/payments": team(roles.BILLING),
    "wallet/payments/<str:public_id>": team(roles.BILLING, ids={"public_id": "payment"}),
    "wallet/payments/<str:public_id>/refund": team(
        roles.BILLING,
        BOTH,
        ids={"public_id": "payment"},
        fresh=EVERY,
        body={"amount": "1"},
        answers=only(POST=(422, 503)),  # no key: off
    ),
    "wallet/payments/<str:public_id>/live": team(roles.BILLING, ids={"public_id": "payment"}),
    "wallet/payments/<str:public_id>/receipt": team(roles.BILLING, ids={"public_id": "payment"}),
    "wallet/payments/<str:public_id>/receipt.pdf": team(roles.BILLING, ids={"public_id": "payment"}),
}

_DAYS = ("from=2026-01-01&to=2026-01-31",)
STATEMENTS: dict[str, Rule] = {
    "wallet/statement": team(roles.BILLING, searches=_DAYS),
    "wallet/statement.csv": team(roles.BILLING, frozenset({"GET"}), searches=_DAYS),
    "wallet/statement.pdf": team(roles.BILLING, frozenset({"GET"}), searches=_DAYS),
    "wallet/spend": team(roles.BILLING, searches=("by=model", "by=member", "by=key")),
    "wallet/spend.csv": team(roles.BILLING, frozenset({"GET"}), searches=("by=member", "by=key&table=days")),
}

RECHARGE: dict[str, Rule] = {
    "wallet/recharge": team(roles.BILLING),
    "wallet/recharge/set": team(
        roles.BILLING, WRITE, fresh=EVERY, body={"threshold": "7", "target": "40", "monthly_ceiling": "90"}
    ),
    "wallet/recharge/off": team(roles.BILLING, WRITE, fresh=EVERY, body={}),
    "wallet/recharge/resume": team(roles.BILLING, WRITE, fresh=EVERY, body={}),
    "wallet/recharge/card/remove": team(roles.BILLING, BOTH, fresh=EVERY, body={}),
    "wallet/low-balance": team(roles.BILLING, WRITE, body={"low_balance": "7"}),
}

TEAMS: dict[str, Rule] = {
    "team": team(roles.SEE),
    "team/members/<str:public_id>/role": team(
        roles.MANAGE, WRITE, ids={"public_id": "membership"}, body={"role": "viewer"}
    ),
    "team/members/<str:public_id>/remove": team(roles.MANAGE, BOTH, ids={"public_id": "membership"}, body={}),
    "team/leave": team(roles.SEE, BOTH, body={}, answers=only(POST=(302, 409))),  # the last owner stays
    "team/invitations": team(roles.MANAGE, WRITE, body={"email": "new@example.com", "role": "member"}),
    "team/invitations/<str:public_id>/resend": team(roles.MANAGE, WRITE, ids={"public_id": "invitation"}, body={}),
    "team/invitations/<str:public_id>/withdraw": team(roles.MANAGE, WRITE, ids={"public_id": "invitation"}, body={}),
    "team/settings": team(roles.OWN),
    "team/rename": team(roles.OWN, WRITE, body={"name": "Another name"}),
    "team/second-factor": team(roles.OWN, WRITE, fresh=EVERY, body={"required": "no"}),
    "team/hand-over": team(roles.OWN, BOTH, fresh=EVERY, body={"to": "{membership}"}),
    "team/close": team(roles.OWN, BOTH, fresh=EVERY, body={"name": "{name}"}),
    "teams/new": person(BOTH, body={"name": "A third team"}),
    "teams/switch": person(WRITE, body={"team": "{team}"}),
    "teams/<str:public_id>/go": person(BOTH, ids={"public_id": "team"}, body={"to": "/team/keys"}),
    "invitations/<str:token>": public(BOTH, given={"token": "nothing"}, answers=only(GET=404, HEAD=404, POST=404)),
}

KEYS: dict[str, Rule] = {
    "team/keys": team(roles.MANAGE),
    "team/keys/new": team(
        roles.MANAGE, BOTH, fresh=EVERY, body={"name": "new", "scopes": "read", "ends": "30", "day": "", "once": ""}
    ),
    "team/keys/<str:public_id>": team(
        roles.MANAGE,
        BOTH,
        ids={"public_id": "key"},
        fresh=WRITE,
        body={"name": "another", "scopes": "read", "ends": "keep", "allowed_ips": "", "allowed_models": "veo-3.1-fast"},
    ),
    "team/keys/<str:public_id>/rotate": team(
        roles.MANAGE, BOTH, ids={"public_id": "key"}, fresh=EVERY, body={"overlap": "day", "ends": "30", "seen": "1"}
    ),
    "team/keys/<str:public_id>/end-old": team(roles.MANAGE, BOTH, ids={"public_id": "key"}, fresh=EVERY, body={}),
    "team/keys/<str:public_id>/revoke": team(roles.MANAGE, BOTH, ids={"public_id": "key"}, fresh=EVERY, body={}),
}

_ONE_HOOK: dict[str, Any] = {"ids": {"public_id": "endpoint"}}
_TOLD: dict[str, Any] = {"ids": {"public_id": "endpoint", "delivery_id": "delivery"}}
_TOLD_OF_ONE: dict[str, Any] = {"ids": {"public_id": "generation", "delivery_id": "own_delivery"}}
WEBHOOKS: dict[str, Rule] = {
    "webhooks": team(roles.MANAGE),
    "webhooks/new": team(
        roles.MANAGE, BOTH, fresh=EVERY, body={"url": "https://1.1.1.1/hook", "description": "", "events": "wallet.low"}
    ),
    "webhooks/secret/rotate": team(roles.MANAGE, BOTH, fresh=EVERY, body={"overlap_hours": "24", "seen": ""}),
    "webhooks/<str:public_id>": team(
        roles.MANAGE,
        BOTH,
        **_ONE_HOOK,
        fresh=WRITE,
        body={"url": "https://1.1.1.1/other", "description": "another", "events": "wallet.low"},
    ),
    "webhooks/<str:public_id>/live": team(roles.MANAGE, **_ONE_HOOK, searches=("rows={delivery}:x",)),
    "webhooks/<str:public_id>/enable": team(roles.MANAGE, WRITE, **_ONE_HOOK, body={}),
    "webhooks/<str:public_id>/disable": team(roles.MANAGE, BOTH, **_ONE_HOOK, body={}),
    "webhooks/<str:public_id>/rotate": team(
        roles.MANAGE, BOTH, **_ONE_HOOK, fresh=EVERY, body={"overlap_hours": "24", "seen": ""}
    ),
    "webhooks/<str:public_id>/delete": team(roles.MANAGE, BOTH, **_ONE_HOOK, fresh=EVERY, body={}),
    "webhooks/<str:public_id>/test": team(roles.MANAGE, WRITE, **_ONE_HOOK, body={"type": "webhook.test"}),
    "webhooks/<str:public_id>/deliveries/<str:delivery_id>": team(roles.MANAGE, **_TOLD),
    "webhooks/<str:public_id>/deliveries/<str:delivery_id>/live": team(roles.MANAGE, **_TOLD),
    "webhooks/<str:public_id>/deliveries/<str:delivery_id>/redeliver": team(roles.MANAGE, WRITE, **_TOLD, body={}),
    "generations/<str:public_id>/deliveries/<str:delivery_id>": team(roles.SEE, **_TOLD_OF_ONE),
    "generations/<str:public_id>/deliveries/<str:delivery_id>/live": team(roles.SEE, **_TOLD_OF_ONE),
    "generations/<str:public_id>/deliveries/<str:delivery_id>/redeliver": team(
        roles.SEE, WRITE, write=roles.MAKE, **_TOLD_OF_ONE, body={}
    ),
}

_SEARCHES = ("actor=user:{owner_pk}", "actor={key}")
AUDIT: dict[str, Rule] = {
    "team/audit": team(roles.MANAGE, searches=_SEARCHES),
    "team/audit/export": team(roles.MANAGE, fresh=EVERY, searches=_SEARCHES),
    "team/audit.csv": team(roles.MANAGE, frozenset({"GET"}), fresh=EVERY, searches=_SEARCHES),
}

_UNTIL = (datetime.now(tz=UTC) + timedelta(days=20)).date().isoformat()
BUDGETS: dict[str, Rule] = {
    "team/budgets": team(roles.SEE),
    "team/budgets/ask": team(roles.MAKE, BOTH),
    "team/budgets/requests/<str:public_id>": team(roles.MANAGE, ids={"public_id": "request"}),
    "team/budgets/requests/<str:public_id>/grant": team(
        roles.MANAGE, WRITE, ids={"public_id": "request"}, body={"amount": "5", "until": _UNTIL}
    ),
    "team/budgets/requests/<str:public_id>/decline": team(
        roles.MANAGE, WRITE, ids={"public_id": "request"}, body={"answer": "not now"}
    ),
    "team/budgets/requests/<str:public_id>/withdraw": team(
        roles.SEE,
        WRITE,
        ids={"public_id": "request"},
        answers=only(POST=404),  # it is for who asked alone
    ),
    "team/budgets/raises/<str:public_id>/end": team(roles.MANAGE, WRITE, ids={"public_id": "raise"}, body={}),
    "team/budgets/<str:public_id>": team(roles.MANAGE, ids={"public_id": "membership"}),
    "team/budgets/<str:public_id>/<str:period>": team(
        roles.MANAGE, WRITE, ids={"public_id": "membership"}, given={"period": "month"}, body={"limit": "12.50"}
    ),
    "team/budgets/<str:public_id>/<str:period>/raise": team(
        roles.MANAGE,
        WRITE,
        ids={"public_id": "membership"},
        given={"period": "month"},
        body={"amount": "5", "until": _UNTIL},
    ),
    "team/budgets/<str:public_id>/<str:period>/remove": team(
        roles.MANAGE, BOTH, ids={"public_id": "membership"}, given={"period": "month"}, body={}
    ),
}

SETTINGS: dict[str, Rule] = {
    "settings": public(None),
    "settings/profile": person(BOTH, body={"name": "Another"}),
    "settings/address": person(BOTH, fresh=EVERY, body={"email": "another@example.com"}),
    "settings/address/cancel": person(BOTH, fresh=EVERY, body={}),
    "settings/sessions": person(READ),
    "settings/sessions/end-others": person(BOTH, fresh=EVERY, body={}),
    "settings/sessions/<int:session_id>/end": person(
        BOTH, fresh=EVERY, ids={"session_id": "session_pk"}, answers=only(POST=(302, 404))
    ),
    "address-changes/<str:token>": public(BOTH, given={"token": "nothing"}, answers=only(GET=410, HEAD=410, POST=302)),
}

REST: dict[str, Rule] = {
    "models": api(None, shape=frozenset(shapes.PAGE)),
    "models/<str:slug>": api(None, given={"slug": "veo-3.1-fast"}, shape=frozenset(shapes.MODEL)),
    "quotes": api(roles.MAKE, WRITE, body={"model": "veo-3.1-fast", "input": {"prompt": "a dog"}}),
    "generations": api(
        roles.SEE,
        BOTH,
        write=roles.MAKE,
        body={"model": "veo-3.1-fast", "input": {"prompt": "a dog"}, "quote": "{quote}"},
        searches=("status=succeeded", "model=veo-3.1-fast", "key={key}", "member={membership}", "batch={batch}"),
        shape=frozenset(shapes.PAGE),
    ),
    "quotes/batch": api(
        roles.MAKE, WRITE, body={"requests": [{"model": "veo-3.1-fast", "input": {"prompt": "a dog"}}]}
    ),
    "generations/batch": api(
        roles.MAKE,
        WRITE,
        body={"requests": [{"model": "veo-3.1-fast", "input": {"prompt": "a dog"}}], "quote": "{batch_quote}"},
    ),
    "generations/batch/<str:public_id>": api(roles.SEE, ids={"public_id": "batch"}, shape=frozenset(shapes.BATCH)),
    "prompt-expansions": api(roles.MAKE, WRITE, body={"prompt": "a dog"}),
    "generations/<str:public_id>": api(roles.SEE, ids={"public_id": "generation"}, shape=frozenset(shapes.GENERATION)),
    "generations/<str:public_id>/events": api(roles.SEE, ids={"public_id": "generation"}, shape=frozenset(shapes.PAGE)),
    "generations/<str:public_id>/receipt": api(roles.SEE, ids={"public_id": "generation"}),
    "generations/<str:public_id>/receipt.pdf": api(roles.SEE, ids={"public_id": "generation"}),
    "generations/<str:public_id>/cancel": api(roles.MAKE, WRITE, ids={"public_id": "queued"}, body={}),
    "uploads": api(roles.SEE, BOTH, write=roles.MAKE, shape=frozenset(shapes.PAGE)),
    "uploads/<str:public_id>": api(
        roles.SEE,
        frozenset({"GET", "HEAD", "DELETE"}),
        write=roles.MAKE,
        ids={"public_id": "upload"},
        shape=frozenset(shapes.UPLOAD),
    ),
    "webhook-endpoints": api(
        roles.MANAGE, BOTH, body={"url": "https://hooks.example.com/new"}, shape=frozenset(shapes.PAGE)
    ),
    "webhook-endpoints/<str:public_id>": api(
        roles.MANAGE, READ | {"PATCH", "DELETE"}, **_ONE_HOOK, body={"description": "another"}
    ),
    "webhook-endpoints/<str:public_id>/rotate": api(roles.MANAGE, WRITE, **_ONE_HOOK, body={"overlap_hours": 0}),
    "webhook-endpoints/<str:public_id>/test": api(
        roles.MANAGE, WRITE, **_ONE_HOOK, body={}, answers=only(POST=(202, 429))
    ),
    "webhook-endpoints/<str:public_id>/deliveries": api(roles.MANAGE, **_ONE_HOOK, shape=frozenset(shapes.PAGE)),
    "webhook-endpoints/<str:public_id>/deliveries/<str:delivery_id>": api(roles.MANAGE, **_TOLD),
    "webhook-endpoints/<str:public_id>/deliveries/<str:delivery_id>/redeliver": api(
        roles.MANAGE, WRITE, **_TOLD, body={}, answers=only(POST=202)
    ),
    "webhook-secret": api(roles.MANAGE),
    "webhook-secret/rotate": api(roles.MANAGE, WRITE, body={"overlap_hours": 0}),
    "generations/<str:public_id>/deliveries": api(
        roles.SEE, ids={"public_id": "generation"}, shape=frozenset(shapes.PAGE)
    ),
    "generations/<str:public_id>/deliveries/<str:delivery_id>": api(roles.SEE, **_TOLD_OF_ONE),
    "generations/<str:public_id>/deliveries/<str:delivery_id>/redeliver": api(
        roles.MAKE, WRITE, **_TOLD_OF_ONE, body={}, answers=only(POST=202)
    ),
    "wallet": api(roles.SEE, shape=frozenset(shapes.WALLET)),
    "wallet/entries": api(roles.BILLING, shape=frozenset(shapes.PAGE)),
    "wallet/statement": api(roles.BILLING, shape=frozenset(shapes.STATEMENT)),
    "wallet/statement.csv": api(roles.BILLING, frozenset({"GET"})),
    "wallet/balance": api(roles.BILLING, shape=frozenset(shapes.BALANCE)),
    "spend": api(roles.BILLING, shape=frozenset(shapes.SPEND)),
    "key": api(roles.SEE, shape=frozenset(shapes.KEY)),
    "openapi.json": api(None),
    "docs": public(),
    "": Rule("public", methods=frozenset(), path="/api/v1/nowhere"),
}

# django-allauth's own pages: what they do is its own; here stands only who gets in.
IDENTITY: dict[str, Rule] = {
    "login/": public(None),
    "logout/": public(None),
    "inactive/": public(None),
    "signup/": public(None),
    "reauthenticate/": person(),
    "email/": public(None),  # ours stands before allauth's and leads to the settings
    "confirm-email/": public(None),
    "password/change/": person(),
    "password/set/": person(),
    "password/reset/": public(None),
    "login/code/confirm/": public(None),
    r"^confirm-email/(?P<key>[-:\w]+)/$": public(None, path="/accounts/confirm-email/MQ:1abcde:nothing/"),
    "password/reset/key/done/": public(None),
    r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": public(
        None, path="/accounts/password/reset/key/1-abcdef-0123456789/"
    ),
    "password/reset/done/": public(None),
    "2fa/": person(),
    "2fa/authenticate/": public(None),
    "2fa/reauthenticate/": person(),
    "2fa/totp/activate/": person(),
    "2fa/totp/deactivate/": person(),
    "2fa/recovery-codes/": person(),
    "2fa/recovery-codes/generate/": person(),
    "2fa/recovery-codes/download/": person(),
    "2fa/webauthn/": person(),
    "2fa/webauthn/add/": person(),
    "2fa/webauthn/reauthenticate/": person(),
    "2fa/webauthn/keys/<int:pk>/remove/": person(given={"pk": "987654321"}),
    "2fa/webauthn/keys/<int:pk>/edit/": person(given={"pk": "987654321"}),
    "2fa/webauthn/login/": public(None),
    "sessions/": public(None),  # as above
}

HEALTH: dict[str, Rule] = {
    "appearance": public(WRITE, body={"theme": "dark"}, answers=only(POST=303)),
    "status": public(),
    "health/live": public(),
    "health/ready": public(),
    "health/queue": public(answers=only(GET=(200, 503), HEAD=(200, 503))),
}

# The models that staff see in the admin, and whether they may change them there.
ADMIN_MODELS: dict[str, str] = {
    "project/mail": "read",
    "accounts/auditevent": "read",
    "accounts/team": "read",
    "accounts/webhookendpoint": "read",
    "accounts/delivery": "read",
    "billing/payment": "read",
    "billing/lot": "read",
    "billing/refund": "read",
    "billing/dispute": "read",
    "billing/restriction": "read",
    "billing/stripeevent": "read",
    "generations/listing": "change",
    "generations/priceversion": "read",
    "generations/generation": "read",
}
_STAFF = Rule("staff")
ADMIN: dict[str, Rule] = {
    **dict.fromkeys(("", "password_change/", "password_change/done/", "autocomplete/", "jsi18n/"), _STAFF),
    "login/": public(None),
    "logout/": _STAFF,
    "r/<path:content_type_id>/<path:object_id>/": Rule("staff", given={"content_type_id": "1", "object_id": "1"}),
    **{f"{model}/{page}": _STAFF for model in ADMIN_MODELS for page in ("", "add/")},
    **{
        f"{model}/<path:object_id>/{page}": Rule("staff", given={"object_id": "1"})
        for model in ADMIN_MODELS
        for page in ("history/", "delete/", "change/", "")
    },
    "billing/payment/<path:object_id>/refund/": Rule("staff", given={"object_id": "1"}),
    "components": _STAFF,
    **DESKS,
    "(?P<url>.*)$": Rule("staff", path="/admin/nowhere"),
}
ADMIN_APPS = Rule("staff", path="/admin/generations/")  # its route lists the apps, so it is found by name

RULES: dict[str, Rule] = {
    **PRODUCT,
    **GENERATION,
    **STUDIO,
    **LIBRARY,
    **WALLET,
    **RECHARGE,
    **STATEMENTS,
    **TEAMS,
    **KEYS,
    **WEBHOOKS,
    **AUDIT,
    **BUDGETS,
    **SETTINGS,
    **{f"api/v1/{route}": rule for route, rule in (REST | LIBRARY_REST).items()},
    **{f"accounts/{route}": rule for route, rule in IDENTITY.items()},
    **{f"admin/{route}": rule for route, rule in ADMIN.items()},
    **HEALTH,
}

TWICE = {"accounts/email/", "accounts/sessions/"}  # ours stands first and shadows allauth's


def rule_of(route: str, name: str) -> Rule | None:
    """The line of an address, or None."""
    return ADMIN_APPS if name == "admin:app_list" else RULES.get(route)

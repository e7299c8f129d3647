"""Every address of the project and who is told what there. A new address needs a line here, or the matrix is red:
`"the/route": team(roles.MANAGE, BOTH, ids={"public_id": "key"}, body={"name": "New"}),` (see Rule for the words)."""

from __future__ import annotations

from accounts import roles
from tests.api import shapes
from tests.tenancy.rules import BOTH, READ, WRITE, Rule, api, only, person, public, team

PRODUCT: dict[str, Rule] = {
    "": public(answers=only(GET=(200, 302), HEAD=(200, 302))),  # the signed-in go on to the studio
    "studio": team(roles.SEE),
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
    "generations/<str:public_id>": team(roles.SEE, ids={"public_id": "generation"}),
    "generations/<str:public_id>/live": team(roles.SEE, ids={"public_id": "running"}),
    "generations/<str:public_id>/cancel": team(
        roles.SEE, WRITE, write=roles.MAKE, ids={"public_id": "queued"}, body={}
    ),
    "callbacks/<str:provider>/<str:token>": public(
        WRITE, given={"provider": "kie", "token": "x" * 43}, answers=only(POST=404)
    ),
    "media/<path:path>": public(ids={"path": "file"}, answers=only(GET=404, HEAD=404)),  # opened by a signed link only
    "wallet": team(roles.BILLING),
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
        searches=("status=succeeded", "model=veo-3.1-fast", "key={key}", "member={membership}"),
        shape=frozenset(shapes.PAGE),
    ),
    "generations/<str:public_id>": api(
        roles.SEE, ids={"public_id": "generation"}, shape=frozenset(shapes.GENERATION)
    ),
    "generations/<str:public_id>/events": api(
        roles.SEE, ids={"public_id": "generation"}, shape=frozenset(shapes.PAGE)
    ),
    "generations/<str:public_id>/receipt": api(roles.SEE, ids={"public_id": "generation"}),
    "generations/<str:public_id>/cancel": api(roles.MAKE, WRITE, ids={"public_id": "queued"}, body={}),
    "uploads": api(roles.MAKE, WRITE),
    "wallet": api(roles.SEE, shape=frozenset(shapes.WALLET)),
    "wallet/entries": api(roles.BILLING, shape=frozenset(shapes.PAGE)),
    "key": api(roles.SEE, shape=frozenset(shapes.KEY)),
    "": Rule("public", methods=frozenset(), path="/api/v1/nowhere"),
}

# django-allauth's own pages: what they do is its own; here stands only who gets in.
IDENTITY: dict[str, Rule] = {
    "login/": public(None),
    "logout/": public(None),
    "inactive/": public(None),
    "signup/": public(None),
    "reauthenticate/": person(),
    "email/": person(),
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
    "sessions/": person(),
}

HEALTH: dict[str, Rule] = {
    "health/live": public(),
    "health/ready": public(),
    "health/queue": public(answers=only(GET=(200, 503), HEAD=(200, 503))),
}

# The models that staff see in the admin, and whether they may change them there.
ADMIN_MODELS: dict[str, str] = {
    "generations/listing": "change",
    "generations/priceversion": "read",
    "generations/generation": "read",
    "auth/group": "change",
    "account/emailaddress": "change",
    "mfa/authenticator": "change",
    "usersessions/usersession": "change",
}
_STAFF = Rule("staff")
ADMIN: dict[str, Rule] = {
    **{name: _STAFF for name in ("", "password_change/", "password_change/done/", "autocomplete/", "jsi18n/")},
    "login/": public(None),
    "logout/": _STAFF,
    "r/<path:content_type_id>/<path:object_id>/": Rule("staff", given={"content_type_id": "1", "object_id": "1"}),
    **{f"{model}/{page}": _STAFF for model in ADMIN_MODELS for page in ("", "add/")},
    **{
        f"{model}/<path:object_id>/{page}": Rule("staff", given={"object_id": "1"})
        for model in ADMIN_MODELS
        for page in ("history/", "delete/", "change/", "")
    },
    "(?P<url>.*)$": Rule("staff", path="/admin/nowhere"),
}
ADMIN_APPS = Rule("staff", path="/admin/generations/")  # its route lists the apps, so it is found by name

RULES: dict[str, Rule] = {
    **PRODUCT,
    **{f"api/v1/{route}": rule for route, rule in REST.items()},
    **{f"accounts/{route}": rule for route, rule in IDENTITY.items()},
    **{f"admin/{route}": rule for route, rule in ADMIN.items()},
    **HEALTH,
}


def rule_of(route: str, name: str) -> Rule | None:
    """The line of an address, or None."""
    return ADMIN_APPS if name == "admin:app_list" else RULES.get(route)

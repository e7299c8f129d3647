"""Every page of the house: where it is, and before whom it is opened. test_all_places.py compares this list with the
table of addresses (tests/tenancy/table.py), so that no page is forgotten; test_places.py looks at each."""

from __future__ import annotations

from collections.abc import Iterator

from tests.browser.desks import DESKS
from tests.browser.place import Place as Place

PUBLIC = [
    Place("landing", "", "/", ""),
    Place("docs", "api/v1/docs", "/api/v1/docs", ""),
    Place("prices", "prices", "/prices", ""),
    Place("status", "status", "/status", ""),
    Place("share", "s/<str:token>", "{link_share}", ""),
    Place("share", "s/<str:token>", "/s/nothing", "", "error", 404),
    Place("components", "admin/components", "/admin/components", "root"),
    Place("missing", None, "/nowhere", "", "error", 404),
    Place("missing-signed-in", None, "/generations/gen_00000000000000000000000000000000", "olive", "error", 404),
    Place("forbidden", "team/keys", "/team/keys", "viewer", "error", 403),
    Place("invitation", "invitations/<str:token>", "{link_invitation}", ""),
    Place("invitation", "invitations/<str:token>", "/invitations/nothing", "", "error", 404),
    Place("address-change", "address-changes/<str:token>", "{link_address_change}", "owner"),
    Place("address-change", "address-changes/<str:token>", "/address-changes/nothing", "", "error", 410),
]
STUDIO = [
    Place("studio", "studio", "/studio", "olive"),
    Place("model", "studio/<str:slug>", "/studio/veo-3.1-fast", "olive"),
    Place("model-images", "studio/<str:slug>", "/studio/seedream-v4-edit", "olive"),
    Place("model-again", "studio/<str:slug>", "/studio/veo-3.1-fast?from={video}", "olive"),
    Place("model", "studio/<str:slug>", "/studio/veo-3.1-fast", "nora", "empty"),
    Place("model", "studio/<str:slug>", "/studio/veo-3.1-fast", "viewer", "viewer"),
    Place("history", "history", "/history", "olive"),
    Place("history-table", "history", "/history?view=table", "olive"),
    Place("history-tags", "history/tags", "/history/tags", "olive"),
    Place("history-tags", "history/tags", "/history/tags", "nora", "empty"),
    Place("history-tag-delete", "history/tags/delete", "/history/tags/delete?tag=launch", "olive"),
    Place("history-batch", "history", "/history?batch={studio_batch}", "olive"),
    Place("history-wrong", "history", "/history?status=expired", "olive", "error", 422),
    Place("history-filtered", "history", "/history?status=succeeded&model=veo-3.1-fast", "olive"),
    Place("history-filtered", "history", "/history?q=nothingofthekind", "olive", "empty"),
    Place("history", "history", "/history", "nora", "empty"),
    Place("generation-video", "generations/<str:public_id>", "/generations/{video}", "olive"),
    Place("generation-image", "generations/<str:public_id>", "/generations/{image}", "olive"),
    Place("generation", "generations/<str:public_id>", "/generations/{failed}", "olive", "failed"),
    Place("generation", "generations/<str:public_id>", "/generations/{doubted}", "olive", "unknown"),
    Place("generation", "generations/<str:public_id>", "/generations/{canceled}", "olive", "canceled"),
    Place("generation", "generations/<str:public_id>", "/generations/{removed}", "olive", "deleted"),
    Place("generation", "generations/<str:public_id>", "/generations/{running}", "owner", "running"),
    Place("receipt", "generations/<str:public_id>/receipt", "/generations/{video}/receipt", "olive"),
    Place(
        "delivery-of-one",
        "generations/<str:public_id>/deliveries/<str:delivery_id>",
        "/generations/{generation}/deliveries/{own_delivery}",
    ),
]
MONEY = [
    Place("wallet", "wallet", "/wallet", "olive"),
    Place("wallet-troubled", "wallet", "/wallet", "owner"),
    Place("wallet", "wallet", "/wallet", "nora", "empty"),
    Place("top-up", "wallet/top-up", "/wallet/top-up", "olive"),
    Place("billing-details", "wallet/details", "/wallet/details", "olive"),
    Place("payments", "wallet/payments", "/wallet/payments", "owner"),
    Place("payments", "wallet/payments", "/wallet/payments", "nora", "empty"),
    Place("payment", "wallet/payments/<str:public_id>", "/wallet/payments/{payment}"),
    Place("refund", "wallet/payments/<str:public_id>/refund", "/wallet/payments/{payment}/refund"),
    Place("payment-receipt", "wallet/payments/<str:public_id>/receipt", "/wallet/payments/{payment}/receipt"),
    Place("recharge", "wallet/recharge", "/wallet/recharge", "owner"),
    Place("recharge", "wallet/recharge", "/wallet/recharge", "nora", "empty"),
    Place("recharge-card", "wallet/recharge/card/remove", "/wallet/recharge/card/remove"),
    Place("statement", "wallet/statement", "/wallet/statement", "olive"),
    Place("statement", "wallet/statement", "/wallet/statement", "nora", "empty"),
    Place("spend", "wallet/spend", "/wallet/spend", "olive"),
    Place("spend-members", "wallet/spend", "/wallet/spend?by=member", "olive"),
    Place("spend", "wallet/spend", "/wallet/spend", "nora", "empty"),
]
TEAM = [
    Place("team", "team", "/team", "owner"),
    Place("team", "team", "/team", "nora", "alone"),
    Place("team", "team", "/team", "viewer", "viewer"),
    Place("member-remove", "team/members/<str:public_id>/remove", "/team/members/{membership}/remove"),
    Place("team-leave", "team/leave", "/team/leave", "member"),
    Place("team-settings", "team/settings", "/team/settings"),
    Place("team-hand-over", "team/hand-over", "/team/hand-over"),
    Place("team-close", "team/close", "/team/close"),
    Place("team-new", "teams/new", "/teams/new"),
    Place("keys", "team/keys", "/team/keys", "owner"),
    Place("keys", "team/keys", "/team/keys", "nora", "empty"),
    Place("key-new", "team/keys/new", "/team/keys/new"),
    Place("key", "team/keys/<str:public_id>", "/team/keys/{key}"),
    Place("key-rotate", "team/keys/<str:public_id>/rotate", "/team/keys/{key}/rotate"),
    Place("key-end-old", "team/keys/<str:public_id>/end-old", "/team/keys/{key}/end-old"),
    Place("key-revoke", "team/keys/<str:public_id>/revoke", "/team/keys/{key}/revoke"),
    Place("webhooks", "webhooks", "/webhooks", "owner"),
    Place("webhooks", "webhooks", "/webhooks", "nora", "empty"),
    Place("webhook-new", "webhooks/new", "/webhooks/new"),
    Place("webhook-secret", "webhooks/secret/rotate", "/webhooks/secret/rotate"),
    Place("webhook", "webhooks/<str:public_id>", "/webhooks/{endpoint}"),
    Place("webhook-disable", "webhooks/<str:public_id>/disable", "/webhooks/{endpoint}/disable"),
    Place("webhook-rotate", "webhooks/<str:public_id>/rotate", "/webhooks/{endpoint}/rotate"),
    Place("webhook-delete", "webhooks/<str:public_id>/delete", "/webhooks/{endpoint}/delete"),
    Place(
        "delivery",
        "webhooks/<str:public_id>/deliveries/<str:delivery_id>",
        "/webhooks/{endpoint}/deliveries/{delivery}",
    ),
    Place("audit", "team/audit", "/team/audit", "owner"),
    Place("audit-export", "team/audit/export", "/team/audit/export"),
    Place("budgets", "team/budgets", "/team/budgets", "owner"),
    Place("budgets", "team/budgets", "/team/budgets", "nora", "empty"),
    Place("budget-ask", "team/budgets/ask", "/team/budgets/ask", "member"),
    Place("budget-request", "team/budgets/requests/<str:public_id>", "/team/budgets/requests/{request}"),
    Place("budget-holder", "team/budgets/<str:public_id>", "/team/budgets/{membership}"),
    Place(
        "budget-remove",
        "team/budgets/<str:public_id>/<str:period>/remove",
        "/team/budgets/{membership}/month/remove",
    ),
]
SETTINGS = [
    Place("settings", "settings/profile", "/settings/profile"),
    Place("settings-address", "settings/address", "/settings/address"),
    Place("sessions", "settings/sessions", "/settings/sessions"),
    Place("password", "accounts/password/change/", "/accounts/password/change/"),
    Place("log-out", "accounts/logout/", "/accounts/logout/"),
    Place("factors", "accounts/2fa/", "/accounts/2fa/", "fay"),
    Place("factors", "accounts/2fa/", "/accounts/2fa/", "nora", "empty"),
    Place("factor-app", "accounts/2fa/totp/activate/", "/accounts/2fa/totp/activate/", "nora"),
    Place("factor-app-off", "accounts/2fa/totp/deactivate/", "/accounts/2fa/totp/deactivate/", "fay"),
    Place("recovery-codes", "accounts/2fa/recovery-codes/", "/accounts/2fa/recovery-codes/", "fay"),
    Place("recovery-new", "accounts/2fa/recovery-codes/generate/", "/accounts/2fa/recovery-codes/generate/", "fay"),
    Place("passkeys", "accounts/2fa/webauthn/", "/accounts/2fa/webauthn/", "fay"),
    Place("passkey-add", "accounts/2fa/webauthn/add/", "/accounts/2fa/webauthn/add/", "nora"),
    Place(
        "passkey-remove",
        "accounts/2fa/webauthn/keys/<int:pk>/remove/",
        "/accounts/2fa/webauthn/keys/{passkey_pk}/remove/",
        "fay",
    ),
    Place(
        "passkey-edit",
        "accounts/2fa/webauthn/keys/<int:pk>/edit/",
        "/accounts/2fa/webauthn/keys/{passkey_pk}/edit/",
        "fay",
    ),
    Place("fresh-proof", "accounts/reauthenticate/", "/accounts/reauthenticate/", "nora"),
    Place("fresh-proof-app", "accounts/2fa/reauthenticate/", "/accounts/2fa/reauthenticate/", "fay"),
    Place(
        "fresh-proof-passkey", "accounts/2fa/webauthn/reauthenticate/", "/accounts/2fa/webauthn/reauthenticate/", "fay"
    ),
]
IDENTITY = [
    Place("sign-in", "accounts/login/", "/accounts/login/", ""),
    Place("sign-up", "accounts/signup/", "/accounts/signup/", ""),
    Place("inactive", "accounts/inactive/", "/accounts/inactive/", ""),
    Place("mail-sent", "accounts/confirm-email/", "/accounts/confirm-email/", ""),
    Place(
        "confirm-email",
        r"accounts/^confirm-email/(?P<key>[-:\w]+)/$",
        "/accounts/confirm-email/MQ:1abcde:nothing/",
        "",
        "error",
    ),
    Place("password-reset", "accounts/password/reset/", "/accounts/password/reset/", ""),
    Place("password-reset-sent", "accounts/password/reset/done/", "/accounts/password/reset/done/", ""),
    Place(
        "password-from-key",
        r"accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        "/accounts/password/reset/key/1-abcdef-0123456789/",
        "",
        "error",
    ),
    Place("password-from-key-done", "accounts/password/reset/key/done/", "/accounts/password/reset/key/done/", ""),
]
PLACES = [*DESKS, *PUBLIC, *STUDIO, *MONEY, *TEAM, *SETTINGS, *IDENTITY]

# Answers to GET that are no pages of ours to look at.
NOT_PAGES: dict[str, str] = {
    "media/<path:path>": "files",
    "studio/uploads": "files of the studio's form",
    "studio/<str:slug>/expansions/<str:public_id>": "a fragment of the model's page",
    "generations/<str:public_id>/webhook": "a fragment of the generation's page",
    "settings": "leads on to the profile",
    "settings/address/cancel": "leads on: a form's address",
    "settings/sessions/end-others": "leads on: a form's address",
    "settings/sessions/<int:session_id>/end": "leads on: a form's address",
    "teams/<str:public_id>/go": "leads on; who is in another team is asked first",
    "accounts/email/": "leads on to the settings",
    "accounts/sessions/": "leads on to the settings",
    "accounts/password/set/": "leads on: everybody here has a password",
    "accounts/login/code/confirm/": "leads on: no codes by mail",
    "accounts/2fa/authenticate/": "the second step of signing in (test_factors.py)",
    "accounts/2fa/recovery-codes/download/": "a text file",
    "accounts/2fa/webauthn/login/": "JSON for the script",
    "wallet/payments/<str:public_id>/return": "leads on to the payment",
    "health/live": "JSON",
    "health/ready": "JSON",
    "health/queue": "JSON",
    "admin/login/": "Django's own admin, for staff",
}
_PARTS = (".pdf", ".csv", "/live")  # files, and fragments of the page that polls them


def is_page(route: str) -> bool:
    """Whether an address of the table is a page that must be in PLACES."""
    return route not in NOT_PAGES and not route.endswith(_PARTS)


def of_route(route: str) -> Iterator[Place]:
    """Its pages."""
    return (place for place in PLACES if place.route == route)

"""The hosted pages: plain HTML, no JavaScript, each marked as not real money."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from werkzeug import Request, Response
from werkzeug.utils import redirect

from billing.standin import cards, html, paying, sessions, settling
from billing.standin.refusals import Refused
from billing.standin.shapes import Object
from billing.standin.world import World

Page = Callable[..., Response]
POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


def serve(world: World, request: Request, what: tuple[Page, bool], ids: dict[str, str]) -> Response:
    """One page, under the lock; an unknown id is a page too."""
    page, _ = what
    try:
        with world.asked_by(None, None, writes=request.method == "POST"):
            settling.settle_due(world)
            return page(world, request, **ids)
    except Refused as refused:
        return _shown("Not possible", html.notice(refused.error["message"]), status=refused.status)


def index(world: World, request: Request) -> Response:
    """What this is."""
    return _shown("A stand-in for Stripe", html.index())


def style(world: World, request: Request) -> Response:
    """The pages' one style sheet."""
    return Response(html.STYLE, mimetype="text/css", headers={"Cache-Control": "max-age=300"})


def pay(world: World, request: Request, ident: str) -> Response:
    """The card page of a session: shows, and takes the choice."""
    session = world.get("checkout.session", ident)
    if session["status"] == "complete":
        return _to_success(session)
    if session["status"] == "expired":
        return _shown("This page has expired", html.expired(session), status=410)
    if request.method == "GET":
        return _choices(world, session)
    card = cards.find(request.form.get("card", ""))
    if card is None or not html.offered(session, card):
        return _choices(world, session, error="Choose how to pay.")
    try:
        status = sessions.pay(world, session, card)
    except Refused as refused:
        if refused.status != 402:
            raise
        return _choices(world, session, chosen=card.number, error=refused.error["message"])
    if status == "requires_action":
        return redirect(f"/authenticate/{session['payment_intent']}", 303)
    return _to_success(session)


def _choices(world: World, session: Object, *, chosen: str = "", error: str = "") -> Response:
    lines = world.secret_of(session["id"])["line_items"]
    body = html.choices(session, lines, chosen=chosen, error=error)
    title = "Error: Pay with a test card" if error else "Pay with a test card"
    return _shown(title, body, status=422 if error else 200, back_to=session["success_url"])


def authenticate(world: World, request: Request, ident: str) -> Response:
    """3-D Secure: the buyer confirms or refuses; for a session or for an intent of its own."""
    intent = world.get("payment_intent", ident)
    session = next(iter(world.all("checkout.session", payment_intent=ident)), None)
    back = (session or {}).get("success_url") or world.secret_of(ident).get("return_url", "")
    if intent["status"] != "requires_action":
        return _after(world, intent, session)
    if request.method == "GET":
        return _shown("Confirm the payment", html.confirm(intent), back_to=back)
    if request.form.get("answer") != "confirm":
        paying.fail(world, intent, world.objects[intent["payment_method"]], html.REFUSED)
        return _after(world, intent, session)
    try:
        if session is not None:
            sessions.authenticated(world, session)
        else:
            method = world.objects[intent["payment_method"]]
            paying.attempt(world, intent, method, confirmed=True)
    except Refused as refused:
        if refused.status != 402:
            raise
    return _after(world, intent, session)


def _after(world: World, intent: Object, session: Object | None) -> Response:
    """Where the buyer goes on: back to the card page after a failure, else to the shop."""
    if session is not None and session["status"] == "complete":
        return _to_success(session)
    if session is not None:
        message = (intent["last_payment_error"] or {}).get("message", "The payment was not made.")
        return _choices(world, session, error=message)
    back = world.secret_of(intent["id"]).get("return_url", "")
    if not back:
        return _shown("Done", html.notice(f"This payment is {intent['status'].replace('_', ' ')}."))
    told = {
        "payment_intent": intent["id"],
        "payment_intent_client_secret": intent["client_secret"],
        "redirect_status": "succeeded" if intent["status"] == "succeeded" else "failed",
    }
    return redirect(f"{back}{'&' if urlsplit(back).query else '?'}{urlencode(told)}", 303)


def receipt(world: World, request: Request, ident: str) -> Response:
    """The receipt of a charge."""
    return _shown("Receipt", html.receipt(world.get("charge", ident)))


def _to_success(session: Object) -> Response:
    return redirect(session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"]), 303)


def _shown(title: str, body: str, *, status: int = 200, back_to: str = "") -> Response:
    """A page; its form may end at `back_to`'s site, which browsers check on the redirect too."""
    parts = urlsplit(back_to)
    ends = f" {parts.scheme}://{parts.netloc}" if parts.netloc else ""
    headers: dict[str, Any] = {**HEADERS, "Content-Security-Policy": f"{POLICY}; form-action 'self'{ends}"}
    return Response(html.page(title, body), status, headers, mimetype="text/html")


PAGES: tuple[tuple[str, Page, bool], ...] = (
    ("/", index, False),
    ("/style.css", style, False),
    ("/pay/<ident>", pay, True),
    ("/authenticate/<ident>", authenticate, True),
    ("/receipts/<ident>", receipt, False),
)

"""The words of the hosted pages, escaped."""

from __future__ import annotations

from markupsafe import Markup

from billing.standin.cards import CARDS, Card, Decline
from billing.standin.shapes import Object

REFUSED = Decline(
    "payment_intent_authentication_failure",
    "",
    "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
)
STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #f6f7f9; --card: #fff; --line: #c9ced6; --quiet: #555d68;
  --act: #1f5fd6; --act-ink: #fff; --warn: #7a4b00; --warn-paper: #fff1d1; --bad: #a4161a; --bad-paper: #fde7e8; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eceff3; --paper: #14171b; --card: #1d2127; --line: #48505c; --quiet: #a9b2bf; --act: #8ab4ff;
    --act-ink: #0d1420; --warn: #ffd789; --warn-paper: #3a2a08; --bad: #ffb3b6; --bad-paper: #451417; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
.mark { margin: 0; background: var(--warn-paper); color: var(--warn); padding: .75rem 1rem; text-align: center;
  font-weight: 600; }
main { max-width: 34rem; margin: 0 auto; padding: 1rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1rem;
  margin: 1rem 0; }
h1 { font-size: 1.5rem; margin: 1rem 0 .5rem; }
.quiet { color: var(--quiet); }
.total { display: flex; justify-content: space-between; gap: 1rem; margin: .25rem 0; overflow-wrap: anywhere; }
.total strong { white-space: nowrap; }
.error { background: var(--bad-paper); color: var(--bad); border-radius: .5rem; padding: .75rem 1rem; }
fieldset { border: 0; margin: 0; padding: 0; }
legend { font-weight: 600; padding: 0; margin-bottom: .5rem; }
label { display: flex; gap: .75rem; align-items: flex-start; padding: .625rem .5rem; border-top: 1px solid var(--line);
  min-height: 2.75rem; cursor: pointer; }
label:hover { background: var(--paper); }
label span span { display: block; }
input[type=radio] { width: 1.25rem; height: 1.25rem; margin: .125rem 0 0; flex: none; accent-color: var(--act); }
.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
.actions { display: flex; flex-wrap: wrap; gap: .75rem; align-items: center; margin-top: 1rem; }
button, .button { font: inherit; font-weight: 600; min-height: 2.75rem; padding: .5rem 1.25rem; border-radius: .5rem;
  border: 1px solid var(--act); background: var(--act); color: var(--act-ink); cursor: pointer; }
button.plain { background: transparent; color: var(--act); }
a { color: var(--act); }
.actions a { padding: .625rem .25rem; }
:focus-visible { outline: 3px solid var(--act); outline-offset: 2px; }
"""


def page(title: str, body: str) -> str:
    """The whole document."""
    return str(
        Markup(
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="robots" content="noindex">\n'
            '<title>{0} - stand-in for Stripe</title>\n<link rel="stylesheet" href="/style.css">\n</head>\n<body>\n'
            '<p class="mark" role="note">Not real money: this is a stand-in for Stripe.</p>\n'
            "<main>\n<h1>{1}</h1>\n{2}\n</main>\n</body>\n</html>\n"
        ).format(title, title.removeprefix("Error: "), Markup(body))  # noqa: S704  (our own page, escaped in parts)
    )


def money(amount: int, currency: str) -> str:
    """An amount in cents with its currency: $10.00."""
    signs = {"usd": "$", "eur": "\N{EURO SIGN}", "gbp": "\N{POUND SIGN}"}
    return f"{signs[currency]}{amount // 100:,}.{amount % 100:02}"


def notice(text: str) -> str:
    """One sentence in a box."""
    return Markup('<p class="card">{}</p>').format(text)


def index() -> str:
    """What this is and which cards there are."""
    rows = Markup("").join(
        Markup('<li><span class="number">{}</span>: {}</li>').format(card.spaced, card.does) for card in CARDS.values()
    )
    return Markup(
        "<p>Framehouse pays here when it has no key of Stripe's. Nothing that happens here moves money.</p>"
        "<h2>Test cards</h2><ul>{}</ul>"
    ).format(rows)


def offered(session: Object, card: Card) -> bool:
    """Whether the session takes this kind."""
    return ("us_bank_account" if card.is_bank else "card") in session["payment_method_types"]


def choices(session: Object, lines: list[Object], *, chosen: str, error: str) -> str:
    """The card page."""
    listed = [card for card in CARDS.values() if card.on_page and offered(session, card)]
    first = chosen or listed[0].number
    radios = Markup("").join(_radio(card, checked=card.number == first) for card in listed)
    bought = Markup("").join(
        Markup('<p class="total"><span>{} {}</span> <strong>{}</strong></p>').format(
            line["description"],
            f"\N{MULTIPLICATION SIGN} {line['quantity']}" if line["quantity"] > 1 else "",
            money(line["amount_total"], line["currency"]),
        )
        for line in lines
    )
    total = money(session["amount_total"], session["currency"])
    wrong = Markup('<p class="error" role="alert" id="error">{}</p>').format(error) if error else ""
    cancel = (
        Markup('<a href="{}">Cancel and go back</a>').format(session["cancel_url"]) if session["cancel_url"] else ""
    )
    return Markup(
        '<div class="card">{}<p class="total"><span>To pay</span> <strong>{}</strong></p></div>\n{}'
        '<form method="post" action="/pay/{}" class="card">\n<fieldset{}>\n<legend>Choose a test card</legend>\n{}'
        '</fieldset>\n<p class="actions"><button>Pay {}</button> {}</p>\n</form>'
    ).format(
        bought,
        total,
        wrong,
        session["id"],
        Markup(' aria-describedby="error"') if error else "",
        radios,
        total,
        cancel,
    )


def _radio(card: Card, *, checked: bool) -> Markup:
    kind = "Bank account" if card.is_bank else "Card"
    return Markup(
        '<label><input type="radio" name="card" value="{}"{}><span><span class="number">{} {}</span> '
        '<span class="quiet">{}</span></span></label>\n'
    ).format(card.number, Markup(" checked") if checked else "", kind, card.spaced, card.does)


def confirm(intent: Object) -> str:
    """The page of the bank."""
    return Markup(
        '<form method="post" action="/authenticate/{}" class="card"><p>Your bank asks: do you want to pay '
        '<strong>{}</strong>?</p><p class="actions"><button name="answer" value="confirm">Confirm</button> '
        '<button class="plain" name="answer" value="refuse">Refuse</button></p></form>'
    ).format(intent["id"], money(intent["amount"], intent["currency"]))


def expired(session: Object) -> str:
    """Too late."""
    link = Markup(' <a href="{}">Go back</a>').format(session["cancel_url"]) if session["cancel_url"] else ""
    return Markup('<p class="card">Nothing was paid: this payment page has expired.{}</p>').format(link)


def receipt(charge: Object) -> str:
    """What was paid and given back."""
    rows = [("Paid", charge["amount_captured"]), ("Given back", charge["amount_refunded"])]
    shown = Markup("").join(
        Markup('<p class="total"><span>{}</span> <strong>{}</strong></p>').format(
            name, money(amount, charge["currency"])
        )
        for name, amount in rows
    )
    return Markup('<div class="card">{}<p class="quiet">{}</p></div>').format(shown, charge["id"])

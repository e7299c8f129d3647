"""How often a person, an address or a network may try (faults.md row 72, style.md 32). The counting is allauth's
(`core.internal.ratelimit`), in the cache that all processes share; windows slide.

Nobody can lock another person out. Wrong passwords for one address count apart for each caller: a known browser (one
that signed in to this address before, or proved the mailbox by a reset) counts alone, every other one by its network.
Strangers together have a larger number for one address, which stops a guess spread over many networks; while they use
it up, the owner still signs in from a browser that is known, or makes the one at hand known by a reset.
A rate is `number/window/per`: per `ip` (an IPv6 network of 64 bits counts as one), `user` or `key`.

Only constants stand here, because the settings read them; tries.py counts.
"""

from __future__ import annotations

# --- signing in
SIGN_INS = "30/1m/ip"  # each costs 50 ms and 100 MiB of Argon2; a school class behind one address stays below
WRONG_OF_NETWORK = "10/1m/ip,100/1h/ip"  # over all addresses: a list of stolen passwords gets nowhere
WRONG_OF_CALLER = "5/5m/key"  # one address from one browser or network: a person who mistypes waits 5 minutes
WRONG_OF_STRANGERS = "50/1h/key"  # one address from all strangers: 438,000 guesses a year of 10^15 and more
PASSKEYS = "10/1m/ip"  # nothing to guess: only the work is bounded
# --- proofs and changes of people who are signed in: a stolen session must not become a stolen password
FRESH_PROOFS = "10/1m/user,60/1h/user"
PASSWORD_CHANGES = "5/1m/user,20/1h/user"  # noqa: S105 - a rate
ADDRESS_CHANGES = "5/1h/user,3/1h/key"  # per new address too: a stranger's mailbox gets 3 messages an hour at most
ADDRESS_CONFIRMS = "30/1m/ip"  # the links are signed, so there is nothing to guess
# --- mail to whoever is named
SIGN_UPS = "20/1m/ip,100/1h/ip"  # forms with mistakes count too; a workshop behind one address stays below
CONFIRMATIONS = "1/3m/key,10/1d/key"  # beyond, none is sent and the answer is the same: earlier links still work
RESETS = "20/1m/ip,3/15m/key,10/1d/key"  # beyond, earlier links still work for their hour
NEW_PASSWORDS = "20/1m/ip"  # noqa: S105 - a rate: the form behind a reset's link

ACCOUNT = {
    "login": SIGN_INS,
    "login_failed": f"{WRONG_OF_NETWORK},{WRONG_OF_CALLER}",
    "login_failed_by_strangers": WRONG_OF_STRANGERS,
    "reauthenticate": FRESH_PROOFS,
    "change_password": PASSWORD_CHANGES,
    "change_address": ADDRESS_CHANGES,
    "confirm_address": ADDRESS_CONFIRMS,
    "manage_email": "10/1m/user",  # allauth's page of addresses is closed; the number stands in case it opens
    "signup": SIGN_UPS,
    "confirm_email": CONFIRMATIONS,
    "reset_password": RESETS,
    "reset_password_from_key": NEW_PASSWORDS,
}
MFA = {"webauthn_login": PASSKEYS}
# Entries of the shared cache: Django's default of 300 would let anybody wash the counts away with 300 addresses.
CACHE_ENTRIES = 50_000

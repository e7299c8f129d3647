"""What the settings need of Stripe: the key, the secret of its webhooks, and where it is (design section 7).

Without a secret key nothing can be bought, and the pages say so. The stand-in of development (billing/standin) takes
only keys of its own, and a production start refuses those: credit for play money would be a gift.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured

STANDIN = "sk_test_standin"  # what the stand-in's keys begin with
API = "https://api.stripe.com"
CHECKOUT = "https://checkout.stripe.com"  # where a buyer is sent


@dataclass(frozen=True)
class Stripe:
    """`key` is empty where buying is off. `checkout` is the origin of the pages that a buyer is sent to."""

    key: str
    webhook_secrets: tuple[str, ...]
    api_base: str
    checkout: str

    @property
    def livemode(self) -> bool:
        """Whether the key moves real money."""
        return "_live_" in self.key


def read(key: str | None, webhook_secret: str | None, api_base: str | None, *, production: bool) -> Stripe:
    """STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET (several by commas, while one is replaced) and STRIPE_API_BASE.

    Raises ImproperlyConfigured with a sentence that names the setting."""
    if not key:
        if webhook_secret or api_base:
            name = "STRIPE_WEBHOOK_SECRET" if webhook_secret else "STRIPE_API_BASE"
            raise ImproperlyConfigured(f"{name} is set but STRIPE_SECRET_KEY is not: set both, or neither.")
        return Stripe(key="", webhook_secrets=(), api_base=API, checkout=CHECKOUT)
    if not key.startswith(("sk_live_", "rk_live_", "sk_test_", "rk_test_")):
        raise ImproperlyConfigured("STRIPE_SECRET_KEY must begin with sk_live_, rk_live_, sk_test_ or rk_test_.")
    if production and not key.startswith(("sk_live_", "rk_live_")):
        raise ImproperlyConfigured(
            "STRIPE_SECRET_KEY is a test key: a production start would give credit for money that is not real."
        )
    base = api_base or API
    if production and base != API:
        raise ImproperlyConfigured(f"STRIPE_API_BASE must be {API} in production: there is no other Stripe.")
    if base == API and key.startswith(STANDIN):
        raise ImproperlyConfigured("STRIPE_SECRET_KEY is the stand-in's: set STRIPE_API_BASE to where it listens.")
    if base != API and not key.startswith(STANDIN):
        raise ImproperlyConfigured("STRIPE_API_BASE is not Stripe's: a real key is never sent there.")
    secrets = tuple(part.strip() for part in (webhook_secret or "").split(",") if part.strip())
    if not secrets or not all(secret.startswith("whsec_") for secret in secrets):
        raise ImproperlyConfigured("STRIPE_WEBHOOK_SECRET must be the whsec_... of the webhook endpoint at Stripe.")
    return Stripe(key=key, webhook_secrets=secrets, api_base=base, checkout=CHECKOUT if base == API else base)

"""A stand-in for Stripe: a real HTTP server of our own, stateful, spoken to through the stripe SDK's base address.

No money moves here. It keeps to Stripe's shapes (API version in `shapes.API_VERSION`), its idempotency keys, its
signed webhooks with retries; what a test wants to go wrong is asked for at `/_control` (control_api.py). It refuses
every key that does not begin with `sk_test_standin`, so that a real key is never of use to it, nor its key to Stripe.

`python -m billing.standin --help`. Stands alone: no Django, nothing of the rest of the project.
"""

from __future__ import annotations

from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Serves until told to stop; the command line is server.arguments'."""
    from billing.standin.server import run

    return run(argv)

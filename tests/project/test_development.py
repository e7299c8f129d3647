"""What `make run` gives its processes of Stripe: the stand-in, unless the environment has a key."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from project import development, stripe_settings

DATA = Path("/data")


def test_without_a_key_the_stand_in_stands_in() -> None:
    standin = development.standin_wanted({}, host="127.0.0.1", port=8000, data_dir=DATA)
    assert standin is not None
    assert standin.webhook_url == "http://127.0.0.1:8000/callbacks/stripe"
    assert standin.state_file == DATA / "stripe.json"
    children = development.environment_of_children({}, sandbox=None, standin=standin, site="http://127.0.0.1:8000")
    given = (children["STRIPE_SECRET_KEY"], children["STRIPE_WEBHOOK_SECRET"], children["STRIPE_API_BASE"])
    read = stripe_settings.read(*given, production=False)
    assert read.checkout == read.api_base == f"http://127.0.0.1:{standin.port}"
    assert standin.webhook_secret in read.webhook_secrets
    assert children["NO_PROXY"] == children["no_proxy"] == "127.0.0.1"
    with pytest.raises(Exception, match="test key"):
        stripe_settings.read(*given, production=True)
    command = development.standin_command(standin)
    assert f"--webhook-secret={standin.webhook_secret}" in command
    assert command[command.index("--webhook-url") + 1] == standin.webhook_url


@pytest.mark.parametrize("name", ["STRIPE_SECRET_KEY", "STRIPE_SECRET_KEY_FILE"])
def test_a_key_of_ones_own_is_left_alone(name: str) -> None:
    environment = {name: "sk_test_mine", "STRIPE_WEBHOOK_SECRET": "whsec_mine"}
    assert development.standin_wanted(environment, host="127.0.0.1", port=8000, data_dir=DATA) is None
    children = development.environment_of_children(environment, sandbox=None, standin=None, site="http://x")
    assert {key: children[key] for key in environment} == environment
    assert "STRIPE_API_BASE" not in children


@pytest.mark.parametrize(
    ("host", "site", "public"),
    [
        ("127.0.0.1", "", "127.0.0.1"),
        ("192.0.2.7", "https://elsewhere.example", "192.0.2.7"),
        ("0.0.0.0", "", "127.0.0.1"),
        ("0.0.0.0", "http://studio.local:8000", "studio.local"),
    ],
)
def test_a_browser_reaches_the_card_page(host: str, site: str, public: str) -> None:
    standin = development.standin_wanted({"SITE_URL": site}, host=host, port=8000, data_dir=DATA)
    assert standin is not None
    assert urlsplit(standin.url).hostname == public
    assert standin.listens == host
    assert "0.0.0.0" not in standin.webhook_url

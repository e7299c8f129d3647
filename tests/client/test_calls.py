"""Every other call against the real server: typed, exact, page after page."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import transaction
from framehouse import Conflict, Forbidden, Framehouse, Invalid, Money, NotFound, PaymentRequired, Unauthenticated
from PIL import Image

from accounts import keys
from tests.client.conftest import Connect
from tests.world import World, team_of

FLUX = "flux-kontext-pro"


def test_models_need_no_key(site: str, committed_world: World, connect: Connect) -> None:
    client = connect(site, "")
    found = list(client.models.list())
    assert len(found) == 15
    assert client.models.get(FLUX) == next(model for model in found if model.slug == FLUX)
    assert client.models.get(FLUX).input_schema["properties"]["prompt"]
    with pytest.raises(Unauthenticated):
        client.wallet.get()


def test_a_list_goes_on_over_its_pages_and_is_filtered(client_of_studio: Framehouse) -> None:
    client = client_of_studio
    made = [
        client.generations.create(FLUX, {"prompt": f"lighthouse {number}"}, metadata={"n": str(number % 2)}).id
        for number in range(23)
    ]
    assert [one.id for one in client.generations.list()] == made[::-1]
    odd = client.generations.list(model=FLUX, status="queued", metadata={"n": "1"}, created_before=datetime.now(UTC))
    assert [one.id for one in odd] == made[::-1][1::2]
    assert client.generations.get(made[0]).input["prompt"] == "lighthouse 0"
    lines = list(client.wallet.entries())
    assert [line.kind for line in lines] == ["hold"] * 23 + ["grant"]
    assert (lines[-1].amount, lines[0].generation) == (Money.of(credits=2000), made[-1])
    with pytest.raises(ValueError, match="time zone"):
        list(client.generations.list(created_after=datetime(2026, 1, 1)))  # noqa: DTZ001 - the point


def test_the_wallet_and_the_key(client_of_studio: Framehouse, committed_world: World) -> None:
    made = client_of_studio.generations.create(FLUX, {"prompt": "a lighthouse"})
    wallet = client_of_studio.wallet.get()
    assert (wallet.balance, wallet.held, wallet.available) == tuple(Money.of(usd=v) for v in ("10", "0.025", "9.975"))
    assert wallet.holds[0]["generation"] == made.id
    assert str(wallet.held) == "$0.025"
    assert wallet.frozen is None
    assert type(wallet.held.credits) is Decimal
    key = client_of_studio.key()
    assert (key.id, set(key.scopes)) == (committed_world.api_key.public_id, {"billing", "generate", "manage", "read"})


def test_an_upload_from_a_path_bytes_or_a_file_is_an_input(client_of_studio: Framehouse, tmp_path: Path) -> None:
    data = io.BytesIO()
    Image.new("RGB", (640, 480), "teal").save(data, "PNG")
    (tmp_path / "in.png").write_bytes(data.getvalue())
    files: list[Path | str | bytes | io.BytesIO] = [tmp_path / "in.png", str(tmp_path / "in.png"), data.getvalue()]
    for file in [*files, io.BytesIO(data.getvalue())]:
        upload = client_of_studio.uploads.create(file)
        assert (upload.content_type, upload.width, upload.height) == ("image/png", 640, 480)
    assert upload.bytes
    assert upload.expires_at
    assert upload.expires_at > datetime.now(UTC)
    assert client_of_studio.uploads.get(upload.id).id == upload.id
    unused, *others = reversed(list(client_of_studio.uploads.list()))
    assert len(others) == 3
    client_of_studio.uploads.delete(unused)
    assert unused.id not in {one.id for one in client_of_studio.uploads.list()}
    made = client_of_studio.generations.create("nano-banana-edit", {"prompt": "redder", "image_urls": [upload.url]})
    assert made.status == "queued"
    with pytest.raises(Invalid) as refused:
        client_of_studio.uploads.create(b"no image")
    assert [error.path for error in refused.value.errors] == ["file"]


def test_what_the_server_refuses_is_an_exception_of_its_own(
    site: str, committed_world: World, connect: Connect, client_of_studio: Framehouse
) -> None:
    generations = client_of_studio.generations
    with pytest.raises(Invalid) as invalid:
        generations.create(FLUX, {"prompt": 7, "nonsense": 1})
    assert {error.path for error in invalid.value.errors} == {"input.prompt", "input.nonsense"}
    assert (invalid.value.status, invalid.value.code, invalid.value.retryable) == (422, "invalid", False)
    assert "input.nonsense: " in str(invalid.value)
    assert invalid.value.request_id
    with pytest.raises(NotFound):
        generations.get("gen_" + 32 * "0")
    with pytest.raises(NotFound):
        generations.get("../wallet")
    with pytest.raises(Conflict, match="max_price"):
        generations.create(FLUX, {"prompt": "a lighthouse"}, max_price="0.01")
    with transaction.atomic():
        _, _, poor = team_of("Poor", committed_world.mallory, 20_000)
    with pytest.raises(PaymentRequired) as empty:
        connect(site, poor).generations.create(FLUX, {"prompt": "a lighthouse"})
    assert (empty.value.code, empty.value.problem["limit_kind"]) == ("insufficient_credit", "wallet")
    with transaction.atomic():
        _, reader = keys.issue(team=committed_world.team, name="reader", scopes=["read"], by=committed_world.alice)
    with pytest.raises(Forbidden):
        connect(site, reader).generations.create(FLUX, {"prompt": "a lighthouse"})


def test_money_is_never_a_float(client_of_studio: Framehouse) -> None:
    with pytest.raises(TypeError, match="not exact"):
        client_of_studio.generations.create(FLUX, {"prompt": "a"}, max_price=0.3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="usd or credits"):
        Money.of()
    assert Money.of(usd="1234.5") == Money.of(credits=246_900)
    assert [str(Money.of(usd=amount)) for amount in ("1234.5", "-0.0175", 0)] == ["$1,234.50", "-$0.0175", "$0.00"]

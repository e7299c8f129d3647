"""invariants.md section 5: H1 to H8, each by its name."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from billing import holds, ledger, reconcile
from billing.models import Hold
from generations import observation, offers, quotes, sweeps
from generations.models import Generation, Reason
from project import db
from tests.invariants.refusals import ALL_CHECKS
from tests.invariants.scene import DOLLAR, Scene
from tests.invariants.steps import accept, deliver, run, upload_of
from tests.world import World


def test_H1_one_hold_per_generation_for_ever(scene: Scene) -> None:
    row = scene.generation("failed")
    with pytest.raises(IntegrityError, match="billing_hold_reference"), transaction.atomic():
        scene.hold(reference=row.public_id)
    with pytest.raises(DatabaseError, match="are fixed"), transaction.atomic():
        Generation.objects.filter(pk=row.pk).update(hold=scene.hold())


@pytest.mark.parametrize(
    ("capture", "state"), [(0, "released"), (1, "captured"), (DOLLAR - 1, "captured"), (DOLLAR, "captured")]
)
def test_H2_the_parts_and_the_state_of_a_hold(scene: Scene, capture: int, state: str) -> None:
    hold = scene.hold()
    assert (hold.state, hold.captured, hold.released) == ("open", 0, 0)
    hold = holds.settle(hold_id=hold.pk, capture=capture, actor="a", reason="r")
    assert (hold.state, hold.captured, hold.released) == (state, capture, DOLLAR - capture)


@pytest.mark.parametrize("capture", [-1, DOLLAR + 1])
def test_H2_never_more_than_the_hold(scene: Scene, capture: int) -> None:
    hold = scene.hold()
    with pytest.raises(ValueError, match="between nothing and the whole hold"):
        holds.settle(hold_id=hold.pk, capture=capture, actor="a", reason="r")


def test_H3_one_capture_and_one_release(scene: Scene) -> None:
    hold = scene.hold()
    for capture in (DOLLAR // 4, DOLLAR, 0):
        after = holds.settle(hold_id=hold.pk, capture=capture, actor="a", reason="r")
        assert (after.captured, after.released) == (DOLLAR // 4, 3 * DOLLAR // 4)
    assert sorted(hold.transfers.values_list("kind", flat=True)) == ["capture", "hold", "release"]


def test_H4_the_hold_transfer_comes_first_and_is_the_quote(scene: Scene) -> None:
    """The negatives stand in test_refused_holds.py; this is what a right one looks like."""
    row = scene.generation(amount=123_456)
    transfer = row.hold.transfers.get()
    assert (transfer.kind, transfer.amount, row.hold.amount, row.price) == ("hold", 123_456, 123_456, 123_456)


def test_H5_held_is_the_sum_of_the_open_holds(scene: Scene) -> None:
    first, second = scene.hold(amount=3), scene.hold(amount=40)
    scene.hold(amount=500)
    scene.hold(team=scene.other, amount=6_000)
    holds.settle(hold_id=first.pk, capture=1, actor="a", reason="r")
    assert ledger.wallet(scene.team.pk).held.balance == 540
    holds.settle(hold_id=second.pk, capture=0, actor="a", reason="r")
    assert ledger.wallet(scene.team.pk).held.balance == 500
    assert ledger.wallet(scene.other.pk).held.balance == 6_000


@pytest.mark.parametrize("factor", [3, 0.5])
def test_H6_the_price_shown_is_held_and_bounds_the_charge(committed_world: World, factor: float) -> None:
    """The price table changes between quote and accept, and again before the capture: the charge does not."""
    world = committed_world
    offer = quotes.price(model="flux-kontext-pro", data={"prompt": "a harbor"}, team=world.team)
    quote = quotes.store(team=world.team, offer=offer)
    _reprice(factor)
    row = accept(world.actor(), "flux-kontext-pro", {"prompt": "a harbor"}, quote_id=quote.public_id)
    assert (row.price, row.hold_amount, row.hold.amount) == (25_000, 25_000, 25_000)
    _reprice(factor)
    run(row)
    ended = deliver(row)
    assert (ended.status, ended.charged, ended.hold.captured) == ("succeeded", 25_000, 25_000)
    assert ended.receipt is not None
    assert ended.receipt["charged"] == {"usd": "0.025", "credits": "5"}


def _reprice(factor: float) -> None:
    rates = {"image": int(offers.current_price("flux-kontext-pro").rates["image"] * factor)}
    offers.publish(slug="flux-kontext-pro", rates=rates, margin_ppm=0, by="test", reason="test")


@pytest.mark.parametrize("status", ["queued", "submitting", "unknown", "running", "storing"])
def test_H7_no_open_hold_outlives_its_deadline(committed_scene: Scene, status: str) -> None:
    """Everything was killed at each status; the sweep ends it and gives the credit back."""
    row = committed_scene.generation(status)
    committed_scene.sql(
        """update generations_generation set deadline_at = now() - interval '1 second' where id = %s""", row.pk
    )
    committed_scene.sql("set session_replication_role = replica")
    committed_scene.sql("update generations_generation set status_at = now() - interval '1 hour'")
    committed_scene.sql("set session_replication_role = origin")
    sweeps.sweep()
    row.refresh_from_db()
    assert (row.status, row.hold.state) == ("failed", "released")
    assert row.reason == {
        "submitting": Reason.OUTCOME_UNKNOWN,
        "unknown": Reason.OUTCOME_UNKNOWN,
        "storing": Reason.RESULT_LOST,
    }.get(status, Reason.TIMED_OUT)
    assert ledger.wallet(committed_scene.team.pk).available.balance == 10 * DOLLAR
    assert reconcile.failures(ALL_CHECKS) == []


def test_H7_an_outlived_hold_is_told(scene: Scene) -> None:
    hold = scene.hold()
    Hold.objects.filter(pk=hold.pk).update(expires_at=db.now() - timedelta(minutes=6))
    assert reconcile.failures() == ["no open hold is past its deadline by more than 5 minutes"]


def test_H8_deadlines_come_from_the_database_clock(committed_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of this machine is ten days ahead; nothing moves."""
    skewed = timezone.now() + timedelta(days=10)
    with monkeypatch.context() as patch:
        patch.setattr(timezone, "now", lambda: skewed)
        row = accept(committed_world.actor(), "flux-kontext-pro", {"prompt": "a harbor"})
        observation.expire(generation_id=row.pk)
    row.refresh_from_db()
    assert row.status == "queued"
    left = row.deadline_at - db.now()
    assert timedelta(minutes=29) < left <= timedelta(minutes=30)
    assert timedelta(minutes=49) < row.hold.expires_at - db.now() <= timedelta(minutes=50)


@pytest.mark.parametrize(("delivered", "charged"), [(4, 120_000), (3, 90_000), (1, 30_000)])
def test_a_partial_result_is_charged_by_what_came(committed_world: World, delivered: int, charged: int) -> None:
    """Section 2: k times the frozen unit price is captured, the rest released; the hold counts as captured."""
    world = committed_world
    image = upload_of(world.team).public_id
    data = {"prompt": "make it snowy", "image_urls": [image], "num_images": 4}
    row = accept(world.actor(), "qwen-image-edit-plus", data)
    assert row.hold_amount == 120_000
    run(row)
    ended = deliver(row, delivered)
    assert (ended.charged, ended.output_count, ended.hold.state) == (charged, delivered, "captured")
    assert (ended.hold.captured, ended.hold.released) == (charged, 120_000 - charged)
    assert reconcile.failures(ALL_CHECKS) == []


def test_more_than_was_asked_for_is_neither_kept_nor_charged(committed_world: World) -> None:
    """G9, over-delivery: the extra addresses are dropped and written in the history."""
    world = committed_world
    image = upload_of(world.team).public_id
    row = accept(world.actor(), "qwen-image-edit-plus", {"prompt": "snow", "image_urls": [image], "num_images": 2})
    run(row)
    ended = deliver(row, 7)
    assert (ended.output_count, ended.charged, ended.outputs.count()) == (2, 60_000, 2)
    assert ended.events.get(kind="finished").data == {"outputs": 2, "dropped": 5}

"""What staff add and take: once, by two above the limit, never below nothing, and in the team's statement."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts.audit import Staff
from billing import adjustments, statements, words
from billing.models import Adjustment, Lot, Transfer
from generations.oversight import team_previews
from project import db
from project.errors import Conflict, Forbidden, Invalid
from project.money import USD
from tests.billing.purchases import bought
from tests.oversight.conftest import staff_of
from tests.oversight.teams.conftest import acts, available, once
from tests.world import World


def test_up_to_the_limit_it_is_posted_at_once_and_once(world: World, ann: Staff) -> None:
    key = once()
    for _ in range(2):
        row = adjustments.propose(team=world.team, amount=7 * USD, reason="goodwill", by=ann, once=key)
    assert (row.state, row.decided_by_id) == ("posted", ann.user.pk)
    assert available(world.team) == 17 * USD
    (event,) = acts(world.team, "money.adjusted")
    assert (event.actor, event.data["amount"], event.data["did"]) == (f"staff:{ann.user.pk}", 7 * USD, "added")
    with pytest.raises(Conflict, match="other content"):
        adjustments.propose(team=world.team, amount=8 * USD, reason="goodwill", by=ann, once=key)


def test_what_is_taken_comes_from_grants_first_and_never_below_nothing(world: World, ann: Staff) -> None:
    payment = bought(world.team, 5 * USD)
    with pytest.raises(Invalid) as refused:
        adjustments.propose(team=world.team, amount=-15 * USD - 1, reason="error", by=ann, once=once())
    assert refused.value.errors[0].path == "amount"
    assert "$15.00 is available" in refused.value.errors[0].message
    assert not Adjustment.objects.exists()
    row = adjustments.propose(team=world.team, amount=-12 * USD, reason="error", by=ann, once=once())
    assert available(world.team) == 3 * USD
    lots = dict(Lot.objects.filter(team=world.team).values_list("kind", "unspent"))
    assert lots == {"grant": 0, "purchase": 3 * USD}
    assert [words.what(t) for t in Transfer.objects.filter(key__startswith=f"adjust:{row.uuid.hex}")] == [
        "Adjusted: taken back"
    ] * 2
    assert Lot.objects.get(transfer__payment=payment).taken == 2 * USD


def test_above_the_limit_a_second_person_decides(world: World, ann: Staff, ben: Staff) -> None:
    row = adjustments.propose(team=world.team, amount=101 * USD, reason="prize", by=ann, once=once())
    assert (row.state, available(world.team)) == ("proposed", 10 * USD)
    assert acts(world.team, "money.adjusted") == []
    assert acts(None, "money.adjustment_proposed")[0].data["amount"] == 101 * USD
    with pytest.raises(Forbidden):
        adjustments.post(adjustment=row, by=ann)
    both = Staff(staff_of("cleo", "adjust_credit", "approve_adjustments"))
    own = adjustments.propose(team=world.team, amount=-101 * USD + 100 * USD, reason="x", by=both, once=once())
    assert own.state == "posted"
    own = adjustments.propose(team=world.team, amount=300 * USD, reason="x", by=both, once=once())
    with pytest.raises(Forbidden, match="second person"):
        adjustments.post(adjustment=own, by=both)
    done = adjustments.post(adjustment=row, by=ben, note="I know them")
    assert (done.state, done.decided_by_id, done.note) == ("posted", ben.user.pk, "I know them")
    with pytest.raises(Conflict, match="posted already"):
        adjustments.post(adjustment=row, by=ben)
    assert available(world.team) == 110 * USD


def test_refused_withdrawn_and_lapsed(world: World, ann: Staff, ben: Staff) -> None:
    rows = [
        adjustments.propose(team=world.team, amount=200 * USD, reason="prize", by=ann, once=once()) for _ in range(2)
    ]
    with pytest.raises(Invalid):
        adjustments.refuse(adjustment=rows[0], by=ben, note=" ")
    assert adjustments.refuse(adjustment=rows[0], by=ben, note="no").state == "refused"
    with pytest.raises(Forbidden, match="Only who proposed"):
        adjustments.withdraw(adjustment=rows[1], by=ben)
    assert adjustments.withdraw(adjustment=rows[1], by=ann).state == "withdrawn"
    assert adjustments.sweep() == 0
    late = Adjustment.objects.create(
        team=world.team, amount=1, limit=0, reason="x", proposed_by=ann.user, proposed_at=db.now() - timedelta(days=8)
    )
    assert (adjustments.sweep(), adjustments.sweep()) == (1, 0)
    late.refresh_from_db()
    assert (late.state, late.decided_by) == ("withdrawn", None)
    assert [event.data["did"] for event in acts(None, "money.adjustment_refused")] == ["refused", "withdrawn", "lapsed"]
    assert available(world.team) == 10 * USD


def test_a_grant_above_the_limit_waits_for_a_second_person(world: World, ann: Staff, ben: Staff) -> None:
    key, end = once(), db.now() + timedelta(days=30)
    for _ in range(2):
        small = adjustments.grant(team=world.team, amount=5 * USD, reason="trial", by=ann, once=key, expires_at=end)
    assert small.transfer is not None
    assert (available(world.team), small.transfer.expires_at) == (15 * USD, end)
    (event,) = [row for row in acts(world.team, "money.granted") if row.actor.startswith("staff:")]
    assert event.actor_name == ann.user.email
    big = adjustments.grant(team=world.team, amount=500 * USD, reason="trial", by=ann, once=once(), expires_at=end)
    assert big.adjustment is not None
    assert available(world.team) == 15 * USD
    adjustments.post(adjustment=big.adjustment, by=ben)
    assert available(world.team) == 515 * USD
    assert Lot.objects.get(transfer__key=f"adjust:{big.adjustment.uuid.hex}").expires_at == end


def test_what_is_taken_is_looked_at_again_when_it_is_posted(world: World, ann: Staff, ben: Staff) -> None:
    bought(world.team, 200 * USD)
    row = adjustments.propose(team=world.team, amount=-150 * USD, reason="error", by=ann, once=once())
    adjustments.propose(team=world.team, amount=-90 * USD, reason="other", by=ann, once=once())
    with pytest.raises(Invalid, match="Nothing was adjusted"):
        adjustments.post(adjustment=row, by=ben)
    row.refresh_from_db()
    assert (row.state, available(world.team)) == ("proposed", 120 * USD)


def test_the_statement_adds_up_with_adjustments_in_it(world: World, ann: Staff) -> None:
    start = db.now() - timedelta(days=1)
    adjustments.propose(team=world.team, amount=4 * USD, reason="a", by=ann, once=once())
    adjustments.propose(team=world.team, amount=-3 * USD, reason="b", by=ann, once=once())
    found = statements.of_period(world.team, start, db.now() + timedelta(seconds=1))
    assert (found.granted, found.taken_back, found.closing.balance) == (14 * USD, 3 * USD, 11 * USD)
    split = statements.adjusted(found)
    assert (split.added, split.taken, split.net) == (4 * USD, 3 * USD, USD)


def test_nobody_without_the_duty(world: World, ben: Staff) -> None:
    nobody = Staff(staff_of("nora", "see_teams"))
    with pytest.raises(Forbidden):
        adjustments.propose(team=world.team, amount=USD, reason="x", by=nobody, once=once())
    with pytest.raises(Forbidden):
        adjustments.grant(team=world.team, amount=USD, reason="x", by=ben, once=once())
    ben.user.is_staff = False
    ben.user.save()
    with pytest.raises(Forbidden):
        adjustments.propose(team=world.team, amount=USD, reason="x", by=ben, once=once())
    assert available(world.team) == 10 * USD


def test_many_small_ones_are_as_one_large(
    world: World, ann: Staff, ben: Staff, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is of 24 hours, of all teams, of grants and adjustments, added and taken."""
    settings.STAFF_ADJUST_LIMIT = 10 * USD
    for team, amount in ((world.team, 4), (world.other_team, -2)):
        assert adjustments.propose(team=team, amount=amount * USD, reason="x", by=ann, once=once()).state == "posted"
    key = once()
    for _ in range(2):
        assert adjustments.grant(team=world.team, amount=3 * USD, reason="x", by=ann, once=key).transfer
    assert adjustments.left_of(ann.user) == USD
    waits = adjustments.propose(team=world.team, amount=USD + 1, reason="x", by=ann, once=once())
    assert (waits.state, waits.limit) == ("proposed", USD)
    key = once()
    for _ in range(2):
        given = adjustments.grant(team=world.team, amount=2 * USD, reason="x", by=ann, once=key)
        assert given.transfer is None
        assert given.adjustment is not None
    assert adjustments.grant(team=world.team, amount=USD, reason="x", by=ann, once=once()).transfer
    assert available(world.team) == 18 * USD
    adjustments.post(adjustment=waits, by=ben)
    assert (adjustments.left_of(ann.user), adjustments.left_of(ben.user)) == (0, 10 * USD)
    words = " ".join(team_previews.of_limit(USD, ann.user))
    assert "It is above $0.00" in words
    assert "You moved $10.00 without one" in words
    monkeypatch.setattr(adjustments, "ALONE", timedelta(0))  # all of it is past
    assert adjustments.left_of(ann.user) == 10 * USD


def test_what_waited_is_not_given_again_by_the_same_form(world: World, ann: Staff, settings: Any) -> None:
    settings.STAFF_ADJUST_LIMIT = USD
    key = once()
    assert adjustments.grant(team=world.team, amount=2 * USD, reason="x", by=ann, once=key).adjustment
    settings.STAFF_ADJUST_LIMIT = 5 * USD
    given = adjustments.grant(team=world.team, amount=2 * USD, reason="x", by=ann, once=key)
    assert (given.transfer, available(world.team)) == (None, 10 * USD)


def test_who_grants_takes_the_proposal_back(world: World, ben: Staff) -> None:
    giver = Staff(staff_of("gina", "grant_credit"))
    row = adjustments.grant(team=world.team, amount=500 * USD, reason="x", by=giver, once=once()).adjustment
    assert row is not None
    with pytest.raises(Forbidden):
        adjustments.withdraw(adjustment=row, by=ben)
    assert adjustments.withdraw(adjustment=row, by=giver).state == "withdrawn"

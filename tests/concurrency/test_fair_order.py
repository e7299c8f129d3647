"""Which generation goes next is fair between teams, and obeys what changed since its acceptance (design 4.3)."""

from __future__ import annotations

from accounts import keys
from accounts.models import Team, TeamStatus
from generations import claims, intake, outcomes
from generations.models import Generation, Listing, Reason, Status
from tests.flows.asking import again, ask, released_whole, render
from tests.world import World


def ask_of(key: str) -> Generation:
    """One generation of the team whose key this is."""
    request = intake.Request(model="veo-3.1-fast", input={"prompt": "a cat"})
    generation, _ = intake.accept(actor=keys.find(key), request=request, render=render)
    assert generation is not None
    return generation


def claimed_teams(count: int) -> list[str]:
    """The names of the teams whose generations are claimed next."""
    names = []
    for _ in range(count):
        claimed = claims.claim(provider="kie")
        assert claimed is not None
        names.append(Generation.objects.select_related("team").get(pk=claimed.generation_id).team.name)
    return names


def test_a_team_with_many_does_not_keep_another_waiting(committed_world: World) -> None:
    for _ in range(10):
        ask(committed_world)
    for _ in range(3):
        ask_of(committed_world.other_key)
    assert claimed_teams(8) == ["Studio", "Elsewhere"] * 3 + ["Studio", "Studio"]


def test_the_team_with_fewer_under_way_goes_first_though_it_was_served_last(committed_world: World) -> None:
    for _ in range(2):
        ask(committed_world)
    ended, _ = ask_of(committed_world.other_key), ask_of(committed_world.other_key)
    assert claimed_teams(2) == ["Studio", "Elsewhere"]
    outcomes.fail(generation_id=ended.pk, reason=Reason.PROVIDER_FAILED)
    assert claimed_teams(1) == ["Elsewhere"]


def test_of_two_with_as_many_under_way_the_one_served_longer_ago_goes_first(committed_world: World) -> None:
    first, _ = ask(committed_world), ask(committed_world)
    assert claimed_teams(1) == ["Studio"]
    outcomes.fail(generation_id=first.pk, reason=Reason.PROVIDER_FAILED)
    ask_of(committed_world.other_key)
    assert claimed_teams(2) == ["Elsewhere", "Studio"]


def test_within_a_team_the_oldest_goes_first(committed_world: World) -> None:
    made = [ask(committed_world) for _ in range(4)]
    order = [claims.claim(provider="kie") for _ in made]
    assert [claimed.generation_id for claimed in order if claimed] == [row.pk for row in made]


def test_a_suspended_team_starts_nothing_new(committed_world: World) -> None:
    waiting = ask(committed_world)
    Team.objects.filter(pk=committed_world.team.pk).update(status=TeamStatus.SUSPENDED)
    assert claims.claim(provider="kie") is None
    assert again(waiting.pk).status == Status.QUEUED


def test_a_model_that_was_switched_off_fails_before_anything_is_sent(committed_world: World) -> None:
    waiting = ask(committed_world)
    Listing.objects.filter(pk="veo-3.1-fast").update(available=False)
    assert claims.claim(provider="kie") is None
    failed = again(waiting.pk)
    assert (failed.status, failed.reason) == (Status.FAILED, "model_withdrawn")
    assert not failed.attempts.exists()
    assert released_whole(committed_world, failed)

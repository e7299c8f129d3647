"""Favourites are a member's own, tags are the team's: who may, limits, names, and a fixed number of queries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Membership
from generations import access, labels
from generations.labels import Labels
from generations.models import Favourite, Generation, Tag, Tagging
from project.errors import Forbidden, Invalid, NotFound
from tests.world import World

Make = Callable[..., Generation]


def test_a_favourite_is_its_members_own(world: World, make: Make) -> None:
    row, other = make(), make()
    carol, bob = world.actor(world.carol), world.actor(world.bob)
    for _ in range(2):
        labels.favour(actor=carol, generations=[row])
    assert labels.shown(actor=carol, generations=[row, other]) == {row.pk: Labels(favourite=True), other.pk: Labels()}
    assert labels.shown(actor=bob, generations=[row]) == {row.pk: Labels()}
    rows = access.generations(carol)
    assert list(labels.narrow(rows, actor=carol, favourite=True)) == [row]
    assert list(labels.narrow(access.generations(bob), actor=bob, favourite=True)) == []
    labels.unfavour(actor=bob, generations=[row])
    assert Favourite.objects.count() == 1
    labels.unfavour(actor=carol, generations=[row, other])
    assert Favourite.objects.count() == 0


def test_a_key_and_who_has_left_have_no_favourites(world: World, make: Make) -> None:
    row, bob = make(), world.actor(world.bob)
    with pytest.raises(Forbidden):
        labels.favour(actor=world.actor(), generations=[row])
    assert labels.shown(actor=world.actor(), generations=[row]) == {row.pk: Labels()}
    Membership.objects.filter(pk=bob.membership.pk).update(ended_at=row.created_at)  # type: ignore[union-attr]
    with pytest.raises(Forbidden, match="no longer belong"):
        labels.favour(actor=bob, generations=[row])
    with pytest.raises(Forbidden, match="no longer belong"):
        labels.tag(actor=bob, generations=[row], name="foxes")


def test_tags_are_the_teams_and_their_case_does_not_tell_two_apart(world: World, make: Make) -> None:
    row, other = make(), make()
    alice, bob, carol = (world.actor(user) for user in (world.alice, world.bob, world.carol))
    assert labels.tag(actor=alice, generations=[row], name="  Night   shots ") == "Night shots"
    assert labels.tag(actor=bob, generations=[row, other, row], name="NIGHT SHOTS") == "Night shots"
    labels.tag(actor=bob, generations=[row], name="école")
    assert labels.tag(actor=bob, generations=[row], name="ÉCOLE") == "école"
    assert labels.shown(actor=carol, generations=[row, other]) == {
        row.pk: Labels(tags=("école", "Night shots")),
        other.pk: Labels(tags=("Night shots",)),
    }
    assert labels.tags_of(carol) == ["école", "Night shots"]
    found = labels.narrow(access.generations(carol), actor=carol, tag="night SHOTS")
    assert {each.pk for each in found} == {row.pk, other.pk}
    labels.untag(actor=bob, generations=[row], name="night shots")
    labels.untag(actor=bob, generations=[row], name="never seen")
    assert list(labels.narrow(access.generations(carol), actor=carol, tag="night shots")) == [other]
    assert labels.counted(carol) == [labels.Counted("école", 1), labels.Counted("Night shots", 1)]


def test_who_only_looks_cannot_tag_and_strangers_have_their_own(world: World, make: Make) -> None:
    row = make()
    carol = world.actor(world.carol)
    acts: list[Callable[[], Any]] = [
        lambda: labels.tag(actor=carol, generations=[row], name="a"),
        lambda: labels.untag(actor=carol, generations=[row], name="a"),
        lambda: labels.rename_tag(actor=carol, name="a", to="b"),
        lambda: labels.delete_tag(actor=carol, name="a"),
    ]
    for act in acts:
        with pytest.raises(Forbidden):
            act()
    labels.tag(actor=world.actor(world.bob), generations=[row], name="secret")
    Tag.objects.create(team=world.other_team, name="theirs", created_by="test")
    bob = world.actor(world.bob)
    assert labels.tags_of(bob) == ["secret"]
    for act in (
        lambda: labels.rename_tag(actor=bob, name="theirs", to="b"),
        lambda: labels.delete_tag(actor=bob, name="theirs"),
        lambda: labels.of_name(bob, "theirs"),
    ):
        with pytest.raises(NotFound):
            act()
    assert list(labels.narrow(access.generations(bob), actor=bob, tag="theirs")) == []


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "A tag must not be empty."),
        (" \t ", "A tag must not be empty."),
        ("x" * 41, "A tag must have at most 40 characters."),
        ("a\x00b", "A tag must not hold invisible or control characters."),
        ("\u202eab", "A tag must not hold invisible or control characters."),
    ],
)
def test_a_name_that_is_none(world: World, make: Make, name: str, says: str) -> None:
    bob, row = world.actor(world.bob), make()
    with pytest.raises(Invalid) as refused:
        labels.tag(actor=bob, generations=[row], name=name)
    assert [(error.path, error.message) for error in refused.value.errors] == [("tag", says)]
    assert list(labels.narrow(access.generations(bob), actor=bob, tag=name or " ")) == []
    assert not Tag.objects.exists()


def test_the_longest_name_fits(world: World, make: Make) -> None:
    assert labels.tag(actor=world.actor(world.bob), generations=[make()], name="ß" * 40) == "ß" * 40


def test_limits_are_refused_with_a_sentence_and_nothing_is_tagged(
    world: World, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob, full, other = world.actor(world.bob), make(), make()
    for n in range(labels.MOST_OF_A_GENERATION):
        labels.tag(actor=bob, generations=[full], name=f"tag {n}")
    with pytest.raises(Invalid, match="It has 20 tags already"):
        labels.tag(actor=bob, generations=[full], name="one more")
    with pytest.raises(Invalid, match=r"1 of these has 20 tags already, which is the most\. Nothing was tagged\."):
        labels.tag(actor=bob, generations=[full, other], name="one more")
    labels.tag(actor=bob, generations=[full, other], name="TAG 3")  # it has that one
    assert labels.shown(actor=bob, generations=[other])[other.pk].tags == ("tag 3",)
    assert Tag.objects.count() == labels.MOST_OF_A_GENERATION
    monkeypatch.setattr(labels, "MOST_OF_A_TEAM", labels.MOST_OF_A_GENERATION)
    with pytest.raises(Invalid, match="A team has at most 20 tags"):
        labels.tag(actor=bob, generations=[other], name="one more")
    labels.tag(actor=bob, generations=[other], name="tag 4")
    assert Tagging.objects.count() == labels.MOST_OF_A_GENERATION + 2


def test_a_tag_is_renamed_wherever_it_stands_and_deleted_from_it(world: World, make: Make) -> None:
    bob, row, other = world.actor(world.bob), make(), make()
    labels.tag(actor=bob, generations=[row, other], name="foxes")
    labels.tag(actor=bob, generations=[row], name="dogs")
    assert labels.rename_tag(actor=bob, name="FOXES", to="Foxes ") == "Foxes"
    with pytest.raises(Invalid) as refused:
        labels.rename_tag(actor=bob, name="foxes", to="DOGS")
    assert refused.value.errors[0].path == "to"
    assert refused.value.detail == "The team has a tag “dogs” already."
    with pytest.raises(NotFound):
        labels.rename_tag(actor=bob, name="cats", to="lions")
    assert labels.rename_tag(actor=bob, name="foxes", to="vixens") == "vixens"
    assert labels.shown(actor=bob, generations=[row])[row.pk].tags == ("dogs", "vixens")
    assert labels.of_name(bob, "Vixens") == labels.Counted("vixens", 2)
    assert labels.delete_tag(actor=bob, name="vixens") == 2
    assert labels.tags_of(bob) == ["dogs"]


def test_queries_do_not_grow_with_rows(
    world: World, make: Make, count_queries: Callable[[Callable[[], Any]], int]
) -> None:
    bob, rows = world.actor(world.bob), [make("flux-kontext-pro", prompt=str(n)) for n in range(12)]

    def all_of(some: list[Generation], name: str) -> list[int]:
        return [
            count_queries(lambda: labels.favour(actor=bob, generations=some)),
            count_queries(lambda: labels.tag(actor=bob, generations=some, name=name)),
            count_queries(lambda: labels.shown(actor=bob, generations=some)),
            count_queries(lambda: labels.counted(bob)),
            count_queries(lambda: labels.untag(actor=bob, generations=some, name=name)),
            count_queries(lambda: labels.unfavour(actor=bob, generations=some)),
            count_queries(lambda: labels.delete_tag(actor=bob, name=name)),
        ]

    few, many = all_of(rows[:1], "few"), all_of(rows, "many")
    assert few == many
    assert few[2:4] == [2, 1]


def test_many_taggings_are_counted_up_to_a_bound(world: World, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels, "COUNTED", 2)
    bob = world.actor(world.bob)
    labels.tag(actor=bob, generations=[make() for _ in range(4)], name="many")
    assert [(each.count, each.words) for each in labels.counted(bob)] == [(3, "more than 2 generations")]
    assert labels.of_name(bob, "many").words == "more than 2 generations"

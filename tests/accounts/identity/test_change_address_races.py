"""Changes of address that meet: one of them wins, the other one is told, and nothing is half done."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.db.models import Count
from django.test import Client

from accounts import addresses
from accounts.addresses import Side, State
from accounts.models import Action, AddressChange, AuditEvent, User
from tests.accounts.identity.conftest import SIGN_UP
from tests.concurrency.racing import race, split
from tests.world import PASSWORD, World

NEW = "wanted@new.example"


def whole(new: str = NEW) -> list[str]:
    """Whose address is the wanted one; every account has one confirmed primary address, equal to its own."""
    people = User.objects.annotate(count=Count("emailaddress"))
    assert {user.count for user in people} == {1}
    for row in EmailAddress.objects.select_related("user"):
        assert (row.email, row.primary) == (row.user.email, True)
    return [str(user.name) for user in User.objects.filter(email=new)]


def test_two_people_change_to_one_address_at_once(committed_world: World) -> None:
    people = (committed_world.alice, committed_world.bob)
    changes = [addresses.ask(user=user, new=NEW) for user in people]
    for change in changes:
        addresses.confirm(addresses.token(change, Side.OLD))
    tokens = [addresses.token(change, Side.NEW) for change in changes]
    results, raised = split(race([lambda t=token: addresses.confirm(t) for token in tokens]))  # type: ignore[misc]
    assert raised == []
    assert sorted(standing.state.value for standing in results) == ["done", "over"]
    assert whole() in (["alice"], ["bob"])
    assert AddressChange.objects.filter(done=True).count() == 1
    assert AuditEvent.objects.filter(action=Action.ADDRESS_CHANGED).count() == 1


def test_both_links_and_each_twice_at_once(committed_world: World) -> None:
    change = addresses.ask(user=committed_world.alice, new=NEW)
    tokens = [addresses.token(change, side) for side in Side] * 3
    results, raised = split(race([lambda t=token: addresses.confirm(t) for token in tokens]))  # type: ignore[misc]
    assert raised == []
    assert {standing.state for standing in results} <= {State.WAITING, State.DONE}
    assert whole() == ["alice"]
    assert AuditEvent.objects.filter(action=Action.ADDRESS_CHANGED).count() == 1


def test_a_refusal_and_the_last_confirmation_at_once(committed_world: World) -> None:
    change = addresses.ask(user=committed_world.alice, new=NEW)
    old, new = (addresses.token(change, side) for side in Side)
    addresses.confirm(old)
    _, raised = split(race([lambda: addresses.confirm(new), lambda: addresses.refuse(old)]))
    assert raised == []
    change.refresh_from_db()
    assert change.ended_at is not None
    assert whole() == (["alice"] if change.done else [])


def test_many_wishes_at_once_leave_one_open(committed_world: World) -> None:
    wishes = [f"wanted{number}@new.example" for number in range(6)]
    _, raised = split(race([lambda w=wish: addresses.ask(user=committed_world.alice, new=w) for wish in wishes]))  # type: ignore[misc]
    assert raised == []
    assert AddressChange.objects.filter(ended_at=None).count() == 1


def test_a_change_and_a_sign_up_for_one_address_at_once(committed_world: World) -> None:
    change = addresses.ask(user=committed_world.alice, new=NEW)
    addresses.confirm(addresses.token(change, Side.OLD))
    form = {"email": NEW, "password1": PASSWORD, "password2": PASSWORD}
    results, raised = split(
        race(
            [
                lambda: addresses.confirm(addresses.token(change, Side.NEW)).state.value,
                lambda: str(Client().post(SIGN_UP, form).status_code),
            ]
        )
    )
    assert raised == []
    assert results[1] == "302"
    assert whole() == (["alice"] if results[0] == "done" else [""])


def test_sign_ups_with_one_address_at_once_make_one_account(committed_world: World) -> None:
    forms = [{"email": address, "password1": PASSWORD, "password2": PASSWORD} for address in (NEW, NEW.upper()) * 3]
    results, raised = split(race([lambda f=form: Client().post(SIGN_UP, f) for form in forms]))  # type: ignore[misc]
    assert raised == []
    answers = {(answer.status_code, answer.headers.get("Location")) for answer in results}
    done, busy = (302, "/accounts/confirm-email/"), (429, None)  # allauth's count of tries waits a second for its turn
    assert done in answers
    assert answers <= {done, busy}
    assert whole() == [""]
    assert AuditEvent.objects.filter(action=Action.SIGNED_UP).count() == 1

"""Keys in use while they are rotated, revoked and asked for by many: real connections, real commits (faults.md 68)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

from django.db import connection, connections
from django.test import Client

from accounts import key_proof, keys
from accounts.models import Action, ApiKey, ApiKeySecret, AuditEvent
from generations import intake
from generations.models import Generation
from project import db
from project.errors import Conflict, Unauthenticated
from tests.concurrency.racing import flood, patiently, race, split
from tests.invariants.steps import render, request
from tests.world import World

DATA = {"prompt": "a race"}


def ask(text: str) -> int:
    return Client().get("/api/v1/key", headers={"Authorization": f"Bearer {text}"}).status_code


@contextmanager
def callers(texts: list[str], count: int) -> Iterator[list[tuple[str, int]]]:
    """So many threads that call GET /key with these texts until the block ends; what they were answered."""
    stop = threading.Event()
    answers: list[tuple[str, int]] = []

    def call() -> None:
        try:
            while not stop.is_set():
                for text in list(texts):
                    answers.append((text, ask(text)))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        running = [pool.submit(call) for _ in range(count)]
        try:
            yield answers
        finally:
            stop.set()
            for done in running:
                done.result(60)


def test_rotating_a_key_in_use_fails_no_request(committed_world: World) -> None:
    """20 threads call with the old and every new secret while the key is rotated again and again."""
    texts = [committed_world.key]
    with callers(texts, 20) as answers:
        for _ in range(4):
            seen = len(answers)
            _, new = patiently(
                lambda: db.in_transaction(lambda: keys.rotate(key=committed_world.api_key, by=committed_world.alice))
            )
            texts.append(new)
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                if len(answers) >= seen + 60 and any(text == new for text, _ in answers[seen:]):
                    break
                time.sleep(0.02)
    assert {status for _, status in answers} == {200}
    assert {text for text, _ in answers} == set(texts)


def test_two_rotations_at_once_leave_one_current_secret(committed_world: World) -> None:
    rotations = race(
        [lambda: db.in_transaction(lambda: keys.rotate(key=committed_world.api_key, by=committed_world.alice))] * 4
    )
    made, refused = split(rotations)
    assert refused == []
    assert [ask(text) for _, text in made] == [200] * 4
    assert ask(committed_world.key) == 200
    assert ApiKeySecret.objects.filter(api_key=committed_world.api_key, ends_at=None).count() == 1
    assert AuditEvent.objects.filter(action=Action.KEY_ROTATED).count() == 4


def test_of_two_rotations_from_the_same_page_one_is_refused(committed_world: World) -> None:
    work = [
        lambda: db.in_transaction(
            lambda: keys.rotate(key=committed_world.api_key, by=committed_world.alice, overlap=None, seen=1)
        )
    ] * 6
    made, refused = split(race(work))
    ((_, text),) = made
    assert [type(error) for error in refused] == [Conflict] * 5
    assert (ask(text), ask(committed_world.key)) == (200, 401)
    assert ApiKeySecret.objects.filter(api_key=committed_world.api_key).count() == 2


def test_one_form_sent_many_times_at_once_makes_one_key(committed_world: World) -> None:
    world = committed_world
    work = [
        lambda: db.in_transaction(
            lambda: keys.issue(team=world.team, name="robot", scopes=["read"], by=world.alice, once="form")
        )
    ] * 8
    made, refused = split(race(work))
    assert len(made) == 1
    assert {error.code for error in refused if isinstance(error, Conflict)} == {"already_issued"}
    assert ApiKey.objects.filter(team=world.team, name="robot").count() == 1


def test_the_hundredth_key_is_made_once(committed_world: World) -> None:
    world = committed_world
    year = db.now() + timedelta(days=365)
    ApiKey.objects.bulk_create(
        ApiKey(team=world.team, name=f"{n}", lookup=f"{n:08}", scopes=["read"], expires_at=year) for n in range(98)
    )
    work = [
        lambda: db.in_transaction(lambda: keys.issue(team=world.team, name="last", scopes=["read"], by=world.alice))
    ] * 8
    made, refused = split(race(work))
    assert len(made) == 1
    assert {error.code for error in refused if isinstance(error, Conflict)} == {"too_many_keys"}


def accepting_until_refused(world: World, end: object) -> None:
    """Threads accept with the key while `end` is called; when it has returned nothing new is accepted."""
    assert callable(end)
    stop = threading.Event()
    refused: list[Exception] = []

    def work() -> None:
        try:
            while not stop.is_set():
                try:
                    actor = key_proof.find(world.key)
                    intake.accept(actor=actor, request=request("flux-kontext-pro", DATA), render=render)
                except Unauthenticated as error:
                    refused.append(error)
                    return
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        running = [pool.submit(work) for _ in range(8)]
        deadline = time.monotonic() + 60
        while Generation.objects.count() < 10 and time.monotonic() < deadline:
            time.sleep(0.01)
        patiently(lambda: db.in_transaction(end))  # type: ignore[arg-type]
        accepted = set(Generation.objects.values_list("pk", flat=True))
        try:
            for done in running:
                done.result(60)
        finally:
            stop.set()
    assert len(accepted) >= 10
    assert set(Generation.objects.values_list("pk", flat=True)) == accepted
    assert len(refused) == 8


def test_after_a_revocation_has_returned_nothing_is_accepted(committed_world: World) -> None:
    world = committed_world
    accepting_until_refused(world, lambda: keys.revoke(key=world.api_key, by=world.alice))


def test_after_a_leaked_secret_was_ended_nothing_is_accepted_with_it(committed_world: World) -> None:
    world = committed_world
    accepting_until_refused(world, lambda: keys.rotate(key=world.api_key, by=world.alice, overlap=None))


def test_an_accept_that_was_under_way_before_a_revocation_is_refused_by_it(committed_world: World) -> None:
    """The key was found good before; the transaction that spends asks again, with the secret that was presented."""
    world = committed_world
    old = key_proof.find(world.key)
    key, new = keys.rotate(key=world.api_key, by=world.alice, overlap=None)
    by_new = key_proof.find(new)
    results = race([lambda: intake.accept(actor=old, request=request("flux-kontext-pro", DATA), render=render)])
    assert isinstance(results[0], Unauthenticated)
    intake.accept(actor=by_new, request=request("flux-kontext-pro", DATA), render=render)
    keys.revoke(key=key, by=world.alice)
    results = race([lambda: intake.accept(actor=by_new, request=request("flux-kontext-pro", DATA), render=render)])
    assert isinstance(results[0], Unauthenticated)
    assert Generation.objects.count() == 1


def test_a_flood_of_uses_cannot_hold_off_a_revocation(committed_world: World) -> None:
    """Shared holders come and go without a gap; the one that ends the key still gets its turn, once and unaided."""
    world = committed_world
    stop = threading.Event()

    def hold() -> None:
        try:
            while not stop.is_set():
                try:
                    db.in_transaction(lambda: (key_proof.require_live(world.actor()), time.sleep(0.05)))
                except Unauthenticated:
                    return
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        running = []
        for _ in range(6):
            running.append(pool.submit(hold))
            time.sleep(0.01)
        try:
            db.in_transaction(lambda: keys.revoke(key=world.api_key, by=world.alice))
        finally:
            stop.set()
        for done in running:
            done.result(60)
    assert ApiKey.objects.get(pk=world.api_key.pk).revoked_at is not None


@contextmanager
def counted_writes() -> Iterator[None]:
    """A table that counts the updates of key and secret rows, by a trigger of the test's own."""
    with connection.cursor() as cursor:
        cursor.execute(
            """create table writes_seen (what text);
               create function see_write() returns trigger language plpgsql as
                 $$ begin insert into writes_seen values (tg_table_name); return null; end $$;
               create trigger see_write after update on accounts_apikey
                 for each row execute function see_write();
               create trigger see_write after update on accounts_apikeysecret
                 for each row execute function see_write();"""
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("drop function see_write cascade; drop table writes_seen")


def test_many_uses_at_once_write_last_used_once(committed_world: World) -> None:
    with counted_writes():
        for _ in range(2):
            found = flood(lambda _: key_proof.find(committed_world.key), times=200, threads=16)
            assert split(found)[1] == []
            with connection.cursor() as cursor:
                cursor.execute("select what, count(*) from writes_seen group by what order by what")
                assert cursor.fetchall() == [("accounts_apikey", 1), ("accounts_apikeysecret", 1)]
                cursor.execute("update accounts_apikey set last_used_at = now() - interval '61 s'")
                cursor.execute("update accounts_apikeysecret set last_used_at = now() - interval '61 s'")
                cursor.execute("delete from writes_seen")


def test_a_key_row_that_is_held_keeps_no_request_waiting(committed_world: World) -> None:
    """Somebody changes the key and takes long: requests pass, and only the stamp is left for later."""
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        def work() -> None:
            ApiKey.objects.select_for_update().get(pk=committed_world.api_key.pk)
            held.set()
            done.wait(30)

        try:
            db.in_transaction(work)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(hold)
        assert held.wait(30)
        try:
            assert ask(committed_world.key) == 200  # one that waits gets 503 after lock_timeout
        finally:
            done.set()
        running.result(30)
    assert ApiKey.objects.get(pk=committed_world.api_key.pk).last_used_at is None
    assert ask(committed_world.key) == 200
    assert ApiKey.objects.get(pk=committed_world.api_key.pk).last_used_at is not None

"""Prompts are searched by words; whatever is typed, it never errors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generations import history_search
from generations.models import Generation
from tests.pages.history.reading import ended_copies, ids
from tests.pages.parsing import read

Make = Callable[..., Generation]
PROMPTS = {
    "fox": "A red fox in the snow",
    "boat": "A red boat on a snowy lake",
    "hair": "Red-haired woman, close-up, 35mm",
    "umlaut": "Ein Mädchen läuft über die Brücke",
    "quote": "A sign that says “it's open”",
}


@pytest.fixture
def prompts(make: Make) -> dict[str, str]:
    """Names of prompts by the public id of what was made of them."""
    return {make(prompt=text).public_id: name for name, text in PROMPTS.items()}


def found(client: Client, prompts: dict[str, str], words: str) -> set[str]:
    return {prompts[each] for each in ids(read(client.get("/history", {"q": words})))}


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("fox", {"fox"}),
        ("FOX red", {"fox"}),
        ("red", {"fox", "boat", "hair"}),
        ("red snow", {"fox", "boat"}),  # the last word is the beginning of one
        ("sno", {"fox", "boat"}),
        ("sno red", set()),  # any other is a whole word
        ('"snow"', {"fox"}),  # and so is a quoted one
        ('"red fox"', {"fox"}),
        ('"fox red"', set()),
        ("red -snow", {"boat", "hair"}),
        ("-red", {"umlaut", "quote"}),
        ("fox or boat", {"fox", "boat"}),
        ("fox or bo", {"fox", "boat"}),
        ("red-ha", {"hair"}),
        ("red-haired", {"hair"}),
        ("35mm", {"hair"}),
        ("mädch", {"umlaut"}),
        ("MÄDCHEN", {"umlaut"}),
        ("it's", {"quote"}),  # whatever sign is written
        ("It\u2019s open", {"quote"}),
        ("\u201cred fox\u201d", {"fox"}),  # as phones type it
        ("\u201cfox red\u201d", set()),
        ("close\u2013up", {"hair"}),
        ("zebra", set()),
    ],
)
def test_words(alice: Client, prompts: dict[str, str], words: str, names: set[str]) -> None:
    assert found(alice, prompts, words) == names


def test_an_id_finds_its_generation(alice: Client, make: Make) -> None:
    wanted, _ = make(), make()
    assert ids(read(alice.get("/history", {"q": f" {wanted.public_id} "}))) == [wanted.public_id]
    assert ids(read(alice.get("/history", {"q": wanted.public_id, "status": "failed"}))) == []


def test_a_search_without_a_word_says_so(alice: Client, prompts: dict[str, str]) -> None:
    page = read(alice.get("/history", {"q": "!? &"}))
    assert "There is no word in this search" in page.words
    assert ids(page) == []


def test_what_was_searched_for_stands_in_the_field(alice: Client, prompts: dict[str, str]) -> None:
    page = read(alice.get("/history", {"q": '"red <fox>" & more'}))
    assert page.one("input", name="q").attrs["value"] == '"red <fox>" & more'


HOSTILE = [
    *(
        "'",
        "\\",
        "'' & ''",
        "a:*",
        ":*",
        "!",
        "((",
        "a & | b",
        "<->",
        '"',
        '"a',
        "-",
        "--",
        "-'",
        "a'--",
        "%s %",
        "{0}",
    ),
    *(
        "or",
        "or or",
        "a or",
        "\u202e\ufeff",
        "\U0001f98a",
        "a" * 200,
        "' " * 100,
        "\\' :*",
        "1.5e999",
        "http://a.b/c?d",
    ),
]


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_never_error(alice: Client, make: Make, words: str) -> None:
    make()
    read(alice.get("/history", {"q": words}))
    read(alice.get("/history", {"q": words, "kind": "image", "status": "failed"}))


@pytest.mark.django_db
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    st.text(alphabet=st.one_of(st.sampled_from("ab \"'\\-:*&|!()<>.,/@or"), st.characters(codec="utf-8")), max_size=40)
)
def test_anything_typed_is_a_search(text: str) -> None:
    query = history_search.parse(text.replace("\x00", ""))
    Generation.objects.filter(history_search.matching(query)).exists()


def test_a_rare_word_is_found_far_back_and_in_pages(alice: Client, make: Make) -> None:
    newest = make(prompt="a green door")
    ended_copies(
        newest,
        5000,
        input="jsonb_build_object('prompt', case when n > 4000 and mod(n, 50) = 0 then 'zebra ' || n else 'door' end)",
    )
    seen: list[str] = []
    address = "/history?q=zebra"
    for _ in range(5):
        page = read(alice.get(address))
        seen += ids(page)
        older = page.all("a", rel="next")
        if not older:
            break
        address = older[0].attrs["href"]
    assert len(seen) == len(set(seen)) == 20
    rows = Generation.objects.in_bulk([_uuid(each) for each in seen])
    numbers = [int(rows[_uuid(each)].input["prompt"].split()[1]) for each in seen]
    assert numbers == list(range(4050, 5001, 50))
    back = read(alice.get(page.one("a", rel="prev").attrs["href"]))
    assert ids(back) == seen[:12]
    Generation.objects.filter(pk=newest.pk).update(created_at=datetime(2030, 1, 1, tzinfo=UTC))
    assert ids(read(alice.get("/history?q=green")))[0] == newest.public_id


def _uuid(public_id: str) -> UUID:
    return UUID(public_id.removeprefix("gen_"))

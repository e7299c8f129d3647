"""GET /generations/{id}, /events, /receipt and POST /cancel: states as the API shows them (design section 6)."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from pypdf import PdfReader

from billing.models import Transfer
from generations import outcomes
from generations.models import GenerationEvent, Reason
from project.times import stamp
from tests.api.conftest import PRICE, row_of
from tests.api.ends import store, succeed
from tests.api.shapes import EVENT, GENERATION, OUTPUT, PAGE, is_time, micro, problem
from tests.billing.purchases import bought

RECEIPT = {
    "generation",
    "model",
    "price_version",
    "lines",
    "quoted",
    "held",
    "charged",
    "released",
    "requested",
    "delivered",
    "formula",
    "held_at",
    "captured_at",
    "released_at",
    "settled_at",
    "transfers",
    "paid_with",
}
QWEN = {
    "model": "qwen-image-edit-plus",
    "input": {"prompt": "x", "image_urls": ["https://pictures.invalid/a.png"], "num_images": 4},
}


def read(api: Any, world: Any, body: dict[str, Any], rest: str = "") -> Any:
    response = api("get", f"/generations/{body['id']}{rest}", key=world.key)
    assert response.status_code == 200, response.content
    return response.json()


def test_a_success_shows_its_outputs_and_its_charge(world: Any, make: Any, api: Any) -> None:
    made = make(**QWEN)
    succeed(row_of(made), delivered=2)
    body = read(api, world, made)
    assert set(body) == GENERATION
    assert body["status"] == "succeeded"
    assert [set(output) for output in body["outputs"]] == [OUTPUT, OUTPUT]
    assert body["outputs"][0]["url"].startswith("http://localhost:8000/media/teams/")
    assert (body["outputs"][0]["width"], body["outputs"][0]["bytes"]) == (1024, 1234)
    assert body["outputs"][0]["duration"] is None
    assert [micro(body[name]) for name in ("price", "held", "charged", "refunded")] == [120_000, 0, 60_000, 60_000]
    assert (body["error"], body["text"]) == (None, None)
    assert is_time(body["finished_at"])


def test_outputs_are_not_shown_before_they_are_settled(world: Any, make: Any, api: Any) -> None:
    made = make(**QWEN)
    store(row_of(made), delivered=4)
    body = read(api, world, made)
    assert (body["status"], body["outputs"]) == ("storing", [])
    assert micro(body["held"]) == 120_000


def test_a_text_shows_its_text(world: Any, make: Any, api: Any) -> None:
    made = make(model="prompt-expansion-text", input={"prompt": "x"})
    succeed(row_of(made), text="A lighthouse at dusk.")
    body = read(api, world, made)
    assert (body["text"], body["outputs"]) == ("A lighthouse at dusk.", [])
    assert micro(body["charged"]) == 10


@pytest.mark.parametrize("reason", list(Reason))
def test_a_failure_shows_a_reason_of_the_closed_list_in_our_words(world: Any, make: Any, api: Any, reason: Any) -> None:
    made = make()
    outcomes.fail(generation_id=row_of(made).pk, reason=reason, detail="Provider said: secret stack trace")
    body = read(api, world, made)
    assert body["status"] == "failed"
    assert set(body["error"]) == {"code", "message", "retryable"}
    assert body["error"]["code"] == reason
    assert body["error"]["message"].endswith("Nothing was charged.")
    assert [micro(body[name]) for name in ("held", "charged", "refunded")] == [0, 0, PRICE]
    assert "secret" not in str(body) + str(read(api, world, made, "/events")) + str(read(api, world, made, "/receipt"))


def test_events_come_in_order_with_exactly_these_fields(world: Any, make: Any, api: Any) -> None:
    made = make()
    succeed(row_of(made))
    body = read(api, world, made, "/events")
    assert set(body) == PAGE
    assert [event["kind"] for event in body["results"]] == ["accepted", "claimed", "submitted", "observed", "succeeded"]
    assert all(set(event) == EVENT and is_time(event["created_at"]) for event in body["results"])
    assert micro(body["results"][0]["data"]["held"]) == PRICE
    assert micro(body["results"][-1]["data"]["charged"]) == PRICE


def test_events_page_both_ways(world: Any, make: Any, api: Any) -> None:
    made = make()
    row = row_of(made)
    GenerationEvent.objects.bulk_create(
        GenerationEvent(generation=row, team=world.team, kind=f"k{n}") for n in range(24)
    )
    pages, path = [], f"/generations/{made['id']}/events?limit=10"
    while path:
        page = api("get", path, key=world.key).json()
        pages.append(page)
        path = page["next"] and page["next"].split("/api/v1")[1]
    kinds = [event["kind"] for page in pages for event in page["results"]]
    assert kinds == ["accepted", *(f"k{n}" for n in range(24))]
    back = api("get", pages[-1]["previous"].split("/api/v1")[1], key=world.key).json()
    assert back["results"] == pages[1]["results"]


def test_a_receipt_is_there_at_the_end_and_not_before(world: Any, make: Any, api: Any) -> None:
    made = make(**QWEN)
    refused = api("get", f"/generations/{made['id']}/receipt", key=world.key)
    problem(refused, 409, "not_ended")
    assert refused["Retry-After"]
    succeed(row_of(made), delivered=3)
    receipt = read(api, world, made, "/receipt")
    assert set(receipt) == RECEIPT
    assert receipt["generation"] == made["id"]
    assert (receipt["requested"], receipt["delivered"]) == (4, 3)
    assert [micro(receipt[name]) for name in ("quoted", "held", "charged", "released")] == [
        120_000,
        120_000,
        90_000,
        30_000,
    ]
    assert "3 of 4" in receipt["formula"]
    assert receipt["transfers"] == [f"{kind}:{made['id']}" for kind in ("hold", "capture", "release")]


def test_a_receipt_tells_which_credit_paid_and_when_it_moved(world: Any, make: Any, api: Any) -> None:
    bought(world.team, 5_000_000, 100_000)
    made = make(**QWEN)
    succeed(row_of(made), delivered=3)
    receipt = read(api, world, made, "/receipt")
    assert receipt == row_of(made).receipt
    assert set(receipt) == RECEIPT
    assert [set(part) for part in receipt["paid_with"]] == [{"kind", "label", "amount", "since"}]
    assert [(part["kind"], micro(part["amount"])) for part in receipt["paid_with"]] == [("grant", 90_000)]
    moved = {row.kind: row for row in Transfer.objects.filter(hold=row_of(made).hold_id)}
    for name, kind in (("held_at", "hold"), ("captured_at", "capture"), ("released_at", "release")):
        assert receipt[name] == stamp(moved[kind].created_at)
    assert (micro(receipt["held"]), micro(receipt["charged"]), micro(receipt["released"])) == tuple(
        moved[kind].amount for kind in ("hold", "capture", "release")
    )
    free = make()
    api("post", f"/generations/{free['id']}/cancel", key=world.key)
    receipt = read(api, world, free, "/receipt")
    assert (receipt["paid_with"], receipt["captured_at"]) == ([], None)
    assert is_time(receipt["released_at"])


def test_a_receipt_is_a_pdf_too(world: Any, make: Any, api: Any) -> None:
    made = make(**QWEN)
    problem(api("get", f"/generations/{made['id']}/receipt.pdf", key=world.key), 409, "not_ended")
    succeed(row_of(made), delivered=3)
    answer = api("get", f"/generations/{made['id']}/receipt.pdf", key=world.key)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    text = " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages).split())
    for words in ("API key “test key”", "3 of 4", "Charged 18 credits ($0.09)", "Released", made["id"]):
        assert words in text
    problem(api("get", f"/generations/{made['id']}/receipt.pdf", key=world.other_key), 404, "not_found")


def test_a_receipt_never_tells_what_the_provider_took(world: Any, make: Any, api: Any) -> None:
    made = make()
    succeed(row_of(made))
    text = (
        str(read(api, world, made, "/receipt")) + str(read(api, world, made)) + str(read(api, world, made, "/events"))
    )
    text = re.sub(r"signature=[\w-]+", "", text)  # of an output's address: any letters, these words too
    assert not [word for word in ("kie", "fal", "task-", "expected_cost", "actual_cost", "example.com") if word in text]


def test_a_queued_one_can_be_canceled_and_everything_is_released(world: Any, make: Any, api: Any) -> None:
    made = make()
    response = api("post", f"/generations/{made['id']}/cancel", key=world.key)
    body = response.json()
    assert response.status_code == 200
    assert set(body) == GENERATION
    assert (body["status"], body["error"]) == ("canceled", None)
    assert [micro(body[name]) for name in ("held", "charged", "refunded")] == [0, 0, PRICE]
    assert micro(api("get", "/wallet", key=world.key).json()["held"]) == 0
    receipt = read(api, world, made, "/receipt")
    assert micro(receipt["released"]) == PRICE


def test_canceling_twice_changes_nothing(world: Any, make: Any, api: Any) -> None:
    made = make()
    first = api("post", f"/generations/{made['id']}/cancel", {}, key=world.key)
    again = api("post", f"/generations/{made['id']}/cancel", {}, key=world.key)
    assert (again.status_code, again.json()) == (200, first.json())


def test_what_went_too_far_cannot_be_canceled(world: Any, make: Any, api: Any) -> None:
    made = make()
    store(row_of(made), delivered=1)
    problem(api("post", f"/generations/{made['id']}/cancel", {}, key=world.key), 409, "not_cancelable")
    outcomes.succeed(generation_id=row_of(made).pk)
    problem(api("post", f"/generations/{made['id']}/cancel", {}, key=world.key), 409, "not_cancelable")


def test_cancel_takes_no_fields(world: Any, make: Any, api: Any) -> None:
    made = make()
    problem(api("post", f"/generations/{made['id']}/cancel", {"refund": "2"}, key=world.key), 422, "invalid", "refund")
    assert read(api, world, made)["status"] == "queued"

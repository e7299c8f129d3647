"""fal's queue: submit, status, result, cancel, webhook, router texts (fal.md 1 to 4, 7)."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.conftest import Ears, Fal, eventually
from tests.sandbox_client import SandboxProcess

IMAGE = "https://img.example/a.png"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def test_from_submit_to_result(fal: Fal, ears: Ears, provider: SandboxProcess) -> None:
    submitted = fal.qwen("a snowy hill", ears.url, num_images=2, image_size="landscape_4_3")
    assert set(submitted) == {
        *("status", "request_id", "response_url", "status_url", "cancel_url", "logs", "metrics", "queue_position")
    }
    request_id = submitted["request_id"]
    assert UUID.fullmatch(request_id)
    home = f"{provider.url}/fal-ai/qwen-image-edit-plus/requests/{request_id}"
    assert [submitted[f"{name}_url"] for name in ("response", "status", "cancel")] == [
        home,
        f"{home}/status",
        f"{home}/cancel",
    ]
    result = fal.ended(submitted)
    assert (result.status_code, result.headers["x-fal-request-id"]) == (200, request_id)
    assert Decimal(result.headers["x-fal-billable-units"]) == Decimal(2 * 1024 * 768) / 1_000_000
    body = result.json()
    assert body["seed"] >= 2**63
    assert body["has_nsfw_concepts"] == [False, False]
    assert [(image["width"], image["height"], image["content_type"]) for image in body["images"]] == [
        (1024, 768, "image/png")
    ] * 2

    (heard,) = ears.wait(1)
    assert heard.raw.startswith(b'{"error": null, "gateway_request_id": "')
    assert list(heard.body) == sorted(heard.body)
    assert list(heard.body["payload"]) == sorted(heard.body["payload"])
    assert (heard.body["status"], heard.body["request_id"], heard.body["payload"]) == ("OK", request_id, body)
    done = fal.http.get(submitted["status_url"], params={"logs": 1}).json()
    assert (done["status"], "error" in done) == ("COMPLETED", False)


def test_status_on_the_way(fal: Fal, provider: SandboxProcess) -> None:
    provider.settings(speed=0.1)  # five seconds in the queue: it is still there at the first look
    submitted = fal.qwen("a hill", seed=7)
    seen: list[tuple[int, str]] = []
    early = fal.http.get(submitted["response_url"])
    assert (early.status_code, early.json()) == (400, {"detail": "Request is still in progress"})

    def ended() -> bool:
        answer = fal.http.get(submitted["status_url"])
        now = (answer.status_code, answer.json()["status"])
        if now not in seen:
            seen.append(now)
            if now == (202, "IN_PROGRESS"):
                provider.finish(submitted["request_id"])
        return answer.status_code == 200

    eventually(ended)
    assert seen == [(202, "IN_QUEUE"), (202, "IN_PROGRESS"), (200, "COMPLETED")]
    assert fal.http.get(submitted["response_url"]).json()["seed"] == 7


def test_the_models_own_validation_shows_in_the_result(fal: Fal, ears: Ears) -> None:
    submitted = fal.submit("fal-ai/qwen-image-edit-plus", ears.url, prompt="a hill", num_images=5).json()
    result = fal.ended(submitted)
    assert (result.status_code, result.headers["x-fal-billable-units"]) == (422, "0")
    assert {tuple(item["loc"]) for item in result.json()["detail"]} == {("body", "image_urls"), ("body", "num_images")}
    done = fal.http.get(submitted["status_url"]).json()
    assert (done["status"], bool(done["error"])) == ("COMPLETED", True)
    (heard,) = ears.wait(1)
    assert (heard.body["status"], heard.body["error"]) == ("ERROR", "Invalid status code: 422")
    assert heard.body["payload"] == result.json()
    assert list(heard.body["payload"]["detail"][0]) == sorted(heard.body["payload"]["detail"][0])


@pytest.mark.parametrize(
    ("word", "code", "detail", "error_type"),
    [
        ("fail", 500, list, "internal_server_error"),
        ("fail:infra", 504, str, "request_timeout"),
        ("fail:start", 504, str, "request_timeout"),
        ("fail:string", 422, str, "bad_request"),
        ("content", 422, list, "content_policy_violation"),
    ],
)
def test_a_failure_is_completed_too(word: str, code: int, detail: type, error_type: str, fal: Fal) -> None:
    submitted = fal.qwen(f"[[{word}]] a hill")
    result = fal.ended(submitted)
    assert result.status_code == code
    assert isinstance(result.json()["detail"], detail)
    assert fal.http.get(submitted["status_url"]).json()["error_type"] == error_type
    assert ("x-fal-request-timeout-type" in result.headers) == (word == "fail:start")


def test_cancel(fal: Fal, provider: SandboxProcess) -> None:
    waiting, running = fal.qwen("[[stuck]] a hill"), fal.qwen("[[never]] a hill")
    eventually(lambda: fal.http.get(running["status_url"]).json()["status"] == "IN_PROGRESS")
    answer = fal.http.put(waiting["cancel_url"])
    assert (answer.status_code, answer.json()) == (200, {"status": "OK"})
    assert fal.ended(waiting).json()["error_type"] == "client_cancelled"
    answer = fal.http.put(running["cancel_url"])
    assert (answer.status_code, answer.json()) == (202, {"status": "CANCELLATION_REQUESTED"})
    provider.finish(running["request_id"])  # it goes on and is billed
    assert float(fal.ended(running).headers["x-fal-billable-units"]) > 0
    answer = fal.http.put(running["cancel_url"])
    assert (answer.status_code, answer.json()) == (400, {"status": "ALREADY_COMPLETED"})
    answer = fal.http.put(running["cancel_url"].replace(running["request_id"], "none"))
    assert (answer.status_code, answer.json()) == (404, {"status": "NOT_FOUND"})


def test_router_text_and_its_cost(fal: Fal) -> None:
    submitted = fal.router("a dog on a beach", system_prompt="Be concise.", max_tokens=1024, reasoning=False)
    body = fal.ended(submitted).json()
    assert body["output"].startswith("a dog on a beach, seen in")
    assert (body["partial"], body["error"], body["reasoning"]) == (False, None, None)
    usage = body["usage"]
    assert usage["prompt_tokens"] == math.ceil(len("a dog on a beach") / 4) + math.ceil(len("Be concise.") / 4)
    assert usage["completion_tokens"] == math.ceil(len(body["output"]) / 4)
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    dollars = usage["prompt_tokens"] * Decimal("0.30") + usage["completion_tokens"] * Decimal("2.50")
    assert Decimal(str(usage["cost"])) == dollars / 1_000_000
    short = fal.ended(fal.router("a dog on a beach", max_tokens=5)).json()
    assert (short["partial"], short["usage"]["completion_tokens"]) == (True, 5)


def test_router_vision_lives_under_owner_and_alias(fal: Fal, provider: SandboxProcess) -> None:
    given: dict[str, Any] = {"model": "google/gemini-2.5-flash", "prompt": "describe", "image_urls": [IMAGE]}
    submitted = fal.submit("openrouter/router/vision", **given).json()
    request_id = submitted["request_id"]
    assert submitted["status_url"] == f"{provider.url}/openrouter/router/requests/{request_id}/status"
    assert fal.http.get(f"/openrouter/router/vision/requests/{request_id}/status").status_code == 405
    assert fal.http.get(f"/fal-ai/qwen-image-edit-plus/requests/{request_id}/status").status_code == 404
    body = fal.ended(submitted).json()
    assert body["usage"]["prompt_tokens"] == 258 + 2
    missing = fal.submit("openrouter/router/vision", model="m", prompt="describe").json()
    assert fal.ended(missing).status_code == 422


def test_who_may_ask_and_for_what(fal: Fal, provider: SandboxProcess) -> None:
    for header, says in (("", "No user"), ("Bearer k", "No user"), ("Key abc", "Invalid Key Authorization")):
        answer = fal.http.post("/openrouter/router", json={"prompt": "a"}, headers={"Authorization": header})
        assert answer.status_code == 401
        assert says in answer.json()["detail"]
    answer = fal.submit("fal-ai/nothing", prompt="a")
    assert (answer.status_code, answer.json()) == (404, {"detail": 'Application "fal-ai/nothing" not found'})
    answer = fal.submit("openrouter/router/nothing", prompt="a")
    assert (answer.status_code, answer.json()) == (404, {"detail": "Path /nothing not found"})
    assert fal.http.post("/openrouter/router", content=b"{").status_code == 400
    assert provider.stats() == provider.stats() | {"tasks": 0, "creates": 6}

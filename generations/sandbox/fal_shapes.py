"""fal's statuses, results and webhooks (fal.md sections 3, 4 and 7)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from generations.sandbox import odd_results
from generations.sandbox.kie_shapes import EVIL, urls
from generations.sandbox.tasks import Outcome, Task

NOT_SERIALIZABLE = (
    "Response payload is not JSON serializable. Either return a JSON serializable object or use the queue endpoint "
    "to retrieve the response."
)
DOCS = "https://docs.fal.ai/errors#"


@dataclass(frozen=True)
class Failure:
    """How a failed request shows: the model's HTTP code, its body, the status's two fields."""

    code: int
    body: dict[str, Any]
    error: str
    error_type: str
    headers: dict[str, str]


def own_urls(task: Task) -> dict[str, str]:
    """The three addresses: owner and alias only, whatever follows in the endpoint id (fal.md 1.2)."""
    home = f"{task.base}/{'/'.join(task.endpoint.split('/')[:2])}/requests/{task.id}"
    return {"response_url": home, "status_url": f"{home}/status", "cancel_url": f"{home}/cancel"}


def submitted(task: Task) -> dict[str, Any]:
    """The answer to a submit, eight fields (fal.md 1.1)."""
    fresh: dict[str, Any] = {
        "status": "IN_QUEUE",
        "request_id": task.id,
        "logs": None,
        "metrics": {},
        "queue_position": 0,
    }
    return {**fresh, **own_urls(task)}


def status(task: Task) -> tuple[int, dict[str, Any]]:
    """(HTTP code, body) of the status: 202 while it runs, 200 when it is COMPLETED, failed or not."""
    home = {"request_id": task.id, **own_urls(task)}
    if task.outcome is None:
        if "odd-state" in task.faults:
            return 202, {"status": "POST_PROCESSING", **home}
        if task.state == "generating":
            return 202, {"status": "IN_PROGRESS", "logs": [], **home}
        return 202, {"status": "IN_QUEUE", "queue_position": 0, **home}
    seconds = round((task.ended or task.created) - task.created, 3)
    body: dict[str, Any] = {"status": "COMPLETED", "logs": None, "metrics": {"inference_time": seconds}, **home}
    if task.outcome != "success":
        failed = failure(task, task.outcome)
        body |= {"metrics": {}, "error": failed.error, "error_type": failed.error_type}
    return 200, body


def result(task: Task) -> tuple[int, str, dict[str, str]]:
    """(HTTP code, JSON text, headers) of a finished task: the model's own."""
    headers = {"x-fal-request-id": task.id}
    if task.outcome is not None and task.outcome != "success":
        failed = failure(task, task.outcome)
        return failed.code, json.dumps(failed.body), {**headers, "X-Fal-Billable-Units": "0", **failed.headers}
    if "no-credits-field" not in task.faults:
        headers["X-Fal-Billable-Units"] = f"{task.units:.7f}".rstrip("0").rstrip(".")
    return 200, payload(task), headers


def payload(task: Task, *, evil: bool = False) -> str:
    """The model's output as JSON text, good or not: spaces after separators, keys in alphabetical order."""
    true = _text(task) if task.family == "router" else _images(task, evil=evil)
    return odd_results.as_body(true, "output" if task.family == "router" else "images", task.faults)


def webhook(task: Task, outcome: Outcome, named: str, *, evil: bool = False) -> str:
    """The webhook's raw body as fal writes it (fal.md 4.2): its bytes are what is signed."""
    ids = f'"gateway_request_id": {json.dumps(named)}'
    if outcome == "success":
        if "fal-payload-null" in task.faults:
            tail = f'"payload": null, "payload_error": {json.dumps(NOT_SERIALIZABLE)}'
        else:
            tail = f'"payload": {payload(task, evil=evil)}'
        return f'{{"error": null, {ids}, {tail}, "request_id": {json.dumps(named)}, "status": "OK"}}'
    failed = failure(task, outcome)
    shown = json.dumps(failed.body, sort_keys=True)
    error = json.dumps(f"Invalid status code: {failed.code}")
    return f'{{"error": {error}, {ids}, "payload": {shown}, "request_id": {json.dumps(named)}, "status": "ERROR"}}'


def _images(task: Task, *, evil: bool) -> dict[str, Any]:
    if evil or not task.made:
        images: list[dict[str, Any]] = [{"url": url} for url in ([EVIL] if evil else urls(task))]
    else:
        images = [
            {
                "url": made.url,
                "content_type": made.content_type,
                "file_name": made.url.rsplit("/", 1)[-1],
                "file_size": made.size,
                "width": made.width,
                "height": made.height,
            }
            for made in task.made
        ]
    flags = ["nsfw" in task.faults] * len(images)
    timings = {"inference": round(task.duration, 3)}
    about = {"has_nsfw_concepts": flags, "prompt": task.work.prompt, "seed": task.seed, "timings": timings}
    return {"images": images, **about}


def _text(task: Task) -> dict[str, Any]:
    body: dict[str, Any] = {"output": task.text, "usage": task.usage}
    if task.endpoint == "openrouter/router":
        body |= {"reasoning": None, "partial": task.text_partial, "error": None}
    if "router-error" in task.faults:
        body |= {"output": "", "error": "Provider returned error"}
    if "router-empty" in task.faults:
        body["output"] = ""
    if "router-no-usage" in task.faults:
        del body["usage"]
    if "router-partial" in task.faults:
        body["partial"] = True
    return body


def failure(task: Task, outcome: Outcome) -> Failure:
    """What a failed task answers (fal.md 2.1 and 2.2)."""
    if outcome == "invalid":
        return Failure(422, {"detail": task.errors}, "Unprocessable Entity", "bad_request", {})
    if outcome == "content":
        text = "The content could not be processed because it was flagged by a content checker."
        return _listed(422, text, "content_policy_violation", ["body", "prompt"])
    if outcome == "canceled":
        return _infra(499, "Request was cancelled by the client", "client_cancelled")
    match task.faults.words.get("fail", ""):
        case "infra":
            return _infra(504, "Request timed out", "request_timeout")
        case "start":
            failed = _infra(504, "Request timed out", "request_timeout")
            return Failure(504, failed.body, failed.error, failed.error_type, {"X-Fal-Request-Timeout-Type": "user"})
        case "string":
            return Failure(422, {"detail": "Unprocessable input"}, "Unprocessable input", "bad_request", {})
    return _listed(500, "Internal server error", "internal_server_error", ["body"])


def _listed(code: int, text: str, kind: str, loc: list[Any]) -> Failure:
    detail: list[dict[str, Any]] = [
        {"loc": loc, "msg": text, "type": kind, "url": DOCS + kind, "ctx": {}, "input": None}
    ]
    return Failure(code, {"detail": detail}, text, kind, {"X-Fal-Needs-Retry": "0"})


def _infra(code: int, text: str, kind: str) -> Failure:
    headers = {"X-Fal-Error-Type": kind, "X-Fal-Needs-Retry": "1" if code in (503, 504) else "0"}
    return Failure(code, {"detail": text, "error_type": kind}, text, kind, headers)

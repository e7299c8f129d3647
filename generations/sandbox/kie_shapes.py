"""KIE's records and callbacks in their three documented shapes: market, Veo, Flux (kie.md sections 3 and 4)."""

from __future__ import annotations

import json
import time
from typing import Any

from generations.sandbox import odd_results
from generations.sandbox.tasks import Outcome, Task
from generations.sandbox.world import World

EVIL = "https://evil.invalid/stolen.png"
PROHIBITED = "Invalid prompt: prompt contains prohibited content"
FLAGGED = "Your prompt was flagged by Website as violating content policies."
INTERNAL = "Internal server error"


def record(task: Task) -> dict[str, Any]:
    """The `data` of the task's record."""
    data = _market_record(task) if task.family == "market" else _flat_record(task)
    if "no-credits-field" not in task.faults and task.outcome is not None:
        data["creditsConsumed"] = float(task.credits)
    return data


def callback(world: World, task: Task, outcome: Outcome | None, *, evil: bool = False) -> dict[str, Any]:
    """The callback's body for a claimed outcome (None: still generating); `evil` puts in an attacker's addresses."""
    if task.family == "market":
        return _market_callback(world, task, outcome, evil=evil)
    return _flat_callback(task, outcome, evil=evil)


def urls(task: Task, *, evil: bool = False) -> list[str]:
    """The addresses of the outputs."""
    if evil:
        return [EVIL] * max(1, task.work.count)
    return [made.url for made in task.made] or ([] if task.is_made else [f"{task.base}/files/not-made"])


def _market_record(task: Task) -> dict[str, Any]:
    state, odd = task.state, odd_results.is_odd(task.faults)
    if "odd-state" in task.faults and task.outcome is None:
        state = "post_processing"
    param = {**_param(task), "input": json.dumps(task.body.get("input"))}
    data: dict[str, Any] = {"taskId": task.id, "model": task.model, "state": state, "param": json.dumps(param)}
    data |= {"resultJson": "", "failCode": None, "failMsg": None, "createTime": _ms(task.created), "successFlag": 0}
    if task.outcome is None:
        return data
    data |= _ended(task)
    if task.outcome == "success":
        result = {"resultUrls": urls(task)}
        text = odd_results.as_text(result, "resultUrls", task.faults)
        data |= {"successFlag": 1, "resultJson": text} | ({} if odd else {"response": result})
    else:
        data |= {"successFlag": 3, "resultJson": None} | _failure(task.outcome)
    return data


def _market_callback(world: World, task: Task, outcome: Outcome | None, *, evil: bool) -> dict[str, Any]:
    data: dict[str, Any] = {"taskId": task.id, "model": task.model, "state": "generating"}
    data["param"] = json.dumps({**_param(task), "input": task.body.get("input")})
    if outcome is None:
        return {"code": 200, "msg": "success", "data": data}
    data |= {"remainedCredits": world.balance, **_ended(task)}
    data |= {} if "no-credits-field" in task.faults else {"consumeCredits": task.credits}
    if outcome == "success":
        text = odd_results.as_text({"resultUrls": urls(task, evil=evil)}, "resultUrls", task.faults)
        data |= {"state": "success", "resultJson": text}
        return {"code": 200, "msg": "Playground task completed successfully.", "data": data}
    return {"code": 501, "msg": "Playground task failed.", "data": data | {"state": "fail"} | _failure(outcome)}


def _flat_record(task: Task) -> dict[str, Any]:
    shown = {key: value for key, value in task.body.items() if key != "callBackUrl"}
    data: dict[str, Any] = {"taskId": task.id, "paramJson": json.dumps(shown), "createTime": _text_time(task.created)}
    data |= {"completeTime": None, "response": None, "successFlag": 0, "errorCode": None, "errorMessage": ""}
    if task.family == "veo":
        data["fallbackFlag"] = False
    if task.outcome is None:
        return data
    data["completeTime"] = _text_time(task.ended or time.time())
    if task.outcome == "success":
        response = _info(task, urls(task))
        if task.family == "veo":
            response = {"taskId": task.id, **response}
        return data | {"successFlag": 1, "response": odd_results.as_value(response, _key(task), task.faults)}
    code, text = (400, FLAGGED) if task.outcome == "content" else (500, INTERNAL)
    return data | {"successFlag": 2 if task.outcome == "content" else 3, "errorCode": code, "errorMessage": text}


def _flat_callback(task: Task, outcome: Outcome | None, *, evil: bool) -> dict[str, Any]:
    veo = task.family == "veo"
    data: dict[str, Any] = {"taskId": task.id}
    if outcome == "success":
        info = _info(task, urls(task, evil=evil))
        data["info"] = odd_results.as_value(info, _key(task), task.faults)
        if veo:
            data |= {"promptJson": json.dumps({"prompt": task.work.prompt}), "fallbackFlag": False}
        name = "Veo3.1 video" if veo else "BFL image"
        return {"code": 200, "msg": f"{name} generated successfully.", "data": data}
    data |= {"fallbackFlag": False} if veo else {"info": {"originImageUrl": "", "resultImageUrl": ""}}
    if outcome == "content":
        return {"code": 400, "msg": FLAGGED, "data": data}
    return {"code": 501, "msg": "Video generation failed" if veo else "Image generation task failed", "data": data}


def _info(task: Task, found: list[str]) -> dict[str, Any]:
    if task.family == "veo":
        return {"resultUrls": found, "originUrls": found, "resolution": str(task.body.get("resolution", "720p"))}
    return {"originImageUrl": task.origin, "resultImageUrl": found[0] if found else ""}


def _key(task: Task) -> str:
    return "resultUrls" if task.family == "veo" else "resultImageUrl"


def _param(task: Task) -> dict[str, Any]:
    return {"model": task.model, "callBackUrl": task.callback_url}


def _failure(outcome: Outcome) -> dict[str, Any]:
    if outcome == "content":
        return {"failCode": "422", "failMsg": PROHIBITED}
    return {"failCode": "500", "failMsg": INTERNAL}


def _ended(task: Task) -> dict[str, Any]:
    ended = task.ended or time.time()
    times = {"createTime": _ms(task.created), "completeTime": _ms(ended), "updateTime": _ms(ended)}
    return {"costTime": int(ended - task.created), **times}


def _ms(seconds: float) -> int:
    return int(seconds * 1000)


def _text_time(seconds: float) -> str:
    """Veo's and Flux's times are a text without a zone; China's clock, as on the provider's servers."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds + 8 * 3600))

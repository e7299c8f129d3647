"""The control interface: counters, filters, scripts, settings, callbacks by hand; and the provider's limits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from generations.sandbox.faults import FAULTS
from tests.sandbox.conftest import Ears, Fal, Kie, eventually
from tests.sandbox_client import ROOT, SandboxProcess


def test_counters_by_reference_and_by_prompt(kie: Kie, fal: Fal, ears: Ears, provider: SandboxProcess) -> None:
    kie.banana("one", f"{ears.url}/callbacks/kie/aaaa")
    kie.banana("one", f"{ears.url}/callbacks/kie/aaaa")
    fal.qwen("two", f"{ears.url}/callbacks/fal/bbbb")
    kie.veo("three", aspect_ratio="1:1")
    provider.wait_for_callbacks(3)
    stats = provider.stats()
    assert (stats["tasks"], stats["creates"], stats["callbacks"], stats["credits"]) == (3, 4, 3, 36)
    assert stats["by_reference"] == {"aaaa": 2, "bbbb": 1}
    assert stats["by_prompt"] == {"one": 2, "two": 1}


def test_tasks_as_they_were_asked_for(kie: Kie, fal: Fal, ears: Ears, provider: SandboxProcess) -> None:
    task_id = kie.banana("a cat", f"{ears.url}/callbacks/kie/aaaa", aspect_ratio="4:5")
    fal.qwen("a dog", f"{ears.url}/callbacks/fal/bbbb")
    provider.wait_for_callbacks(2)
    kie.record(task_id)
    (cat,) = provider.tasks(prompt="cat")
    (dog,) = provider.tasks(callback_url="bbbb")
    assert cat["body"] == {
        "model": "nano-banana-pro",
        "callBackUrl": f"{ears.url}/callbacks/kie/aaaa",
        "input": {"prompt": "a cat", "aspect_ratio": "4:5"},
    }
    assert (cat["endpoint"], cat["polls"], cat["state"]) == ("/api/v1/jobs/createTask", 1, "success")
    assert [one["status"] for one in cat["callbacks"]] == [200]
    assert cat["headers"]["user-agent"].startswith("python-httpx")
    assert "authorization" not in cat["headers"]
    assert (dog["provider"], dog["endpoint"]) == ("fal", "fal-ai/qwen-image-edit-plus")
    provider.reset()
    assert provider.tasks() == []
    assert provider.stats()["creates"] == 0
    assert kie.record(task_id)["code"] == 404


def test_scripts_apply_to_the_next_creates(kie: Kie, provider: SandboxProcess) -> None:
    provider.script("dog", ["create-422"], times=2)
    provider.script("*", ["no-credits-field"])
    assert "creditsConsumed" not in kie.ended(kie.banana("a cat"))
    assert [kie.veo("a dog").json()["code"] for _ in range(3)] == [422, 422, 200]
    with pytest.raises(AssertionError, match="unknown fault"):
        provider.script("*", ["lost-anwser"])


def test_callbacks_by_hand(kie: Kie, ears: Ears, provider: SandboxProcess) -> None:
    task_id = kie.banana("[[never]] a cat", f"{ears.url}/own")
    ears.statuses[:] = [404]
    assert provider.callback(task_id, url=f"{ears.url}/elsewhere") == {"status": 404, "body": ""}
    assert provider.callback(task_id, outcome="fail", timestamp=1767225600)["status"] == 200
    provider.callback(task_id, body="not json", signed=False, headers={"X-Odd": "1"})
    provider.callback(task_id, body={"taskId": "other"})
    claim, failure, raw, other = ears.wait(4)
    assert (claim.path, claim.body["data"]["state"]) == ("/elsewhere", "success")
    assert (failure.path, failure.body["data"]["state"]) == ("/own", "fail")
    assert failure.headers["x-webhook-timestamp"] == "1767225600"
    assert (raw.raw, raw.headers["x-odd"], "x-webhook-signature" in raw.headers) == (b"not json", "1", False)
    assert (other.body, "x-webhook-signature" in other.headers) == ({"taskId": "other"}, True)
    assert [one["status"] for one in provider.tasks()[0]["callbacks"]] == [404, 200, 200, 200]
    with pytest.raises(AssertionError, match="no such task"):
        provider.callback("none")


def test_finish_turns_a_failure_into_a_success(kie: Kie, ears: Ears, provider: SandboxProcess) -> None:
    task_id = kie.banana("[[fail]] a cat", ears.url)
    assert kie.ended(task_id)["state"] == "fail"
    ears.wait(1)
    assert provider.finish(task_id)["state"] == "success"
    assert provider.finish(task_id)["credits"] == 18
    ears.wait(2)
    assert [one.body["data"]["state"] for one in ears.heard] == ["fail", "success"]


def test_twenty_creates_in_ten_seconds(kie: Kie, provider: SandboxProcess) -> None:
    provider.settings(enforce_limits=True)
    codes = [kie.market("nano-banana-pro", prompt="[[stuck]] a").json()["code"] for _ in range(23)]
    assert codes == [200] * 20 + [429] * 3
    assert (provider.stats()["tasks"], provider.stats()["creates"]) == (20, 23)
    task_id = provider.tasks()[0]["id"]
    start = time.monotonic()
    reads = [kie.record(task_id)["code"] for _ in range(14)]
    assert time.monotonic() - start > 1 or reads.count(429) == 4
    other = kie.http.post("/api/v1/jobs/createTask", json={}, headers={"Authorization": "Bearer other"})
    assert other.json()["code"] == 422  # another account has a window of its own


def test_an_account_that_runs_empty(kie: Kie, provider: SandboxProcess) -> None:
    provider.settings(balance=100.25)
    assert kie.veo("[[stuck]] one").json()["code"] == 200
    answer = kie.veo("[[stuck]] two").json()
    assert (answer["code"], answer["msg"].startswith("Credits insufficient")) == (402, True)
    assert kie.http.get("/api/v1/chat/credit").json()["data"] == 40.25
    provider.finish(provider.tasks()[0]["id"], "fail")
    assert kie.http.get("/api/v1/chat/credit").json()["data"] == 100.25


def test_a_reset_leaves_no_callback_behind(kie: Kie, ears: Ears, provider: SandboxProcess) -> None:
    ears.delay = 2.0  # the answer is still out when the reset comes
    ears.statuses[:] = [500] * 9
    kie.banana("a", ears.url)
    ears.wait(1)
    assert ears.answered == 0
    provider.reset()
    assert ears.answered == 1
    time.sleep(0.3)
    assert len(ears.heard) == 1


def test_settings_are_checked_and_reset(provider: SandboxProcess) -> None:
    assert provider.settings(speed=7)["speed"] == 7
    with pytest.raises(AssertionError, match="speed"):
        provider.settings(speed=0)
    with pytest.raises(AssertionError, match="sped"):
        provider.settings(sped=3)
    provider.reset()
    assert provider.settings()["enforce_limits"] is True


def test_the_index_and_health(kie: Kie, provider: SandboxProcess) -> None:
    assert kie.http.get("/_control/health").json() == {"ok": True}
    index = kie.http.get("/").text
    assert provider.faults() == FAULTS
    assert all(f"[[{word}]]  {text}" in index for word, text in FAULTS.items())


def test_every_word_has_a_test() -> None:
    folder = Path(__file__).parent
    tests = "".join(path.read_text() for path in folder.glob("test_*.py") if path.name != Path(__file__).name)
    assert [word for word in FAULTS if f'"{word}' not in tests and f"[[{word}" not in tests] == []


def start(*more: str) -> subprocess.Popen[bytes]:
    arguments = ["-m", "generations.sandbox", "--port", "0", "--quiet", *more]
    return subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.parametrize("end", ["SIGTERM", "SIGINT", "EOF"])
def test_it_ends_in_order(end: str, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    process = start("--ready-file", str(ready), "--stop-on-eof")
    try:
        eventually(ready.exists)
        assert process.stdin is not None
        if end == "EOF":
            process.stdin.close()
        else:
            process.send_signal(getattr(signal, end))
        assert process.wait(30) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stderr):
            if pipe is not None:
                pipe.close()


def test_it_starts_in_time() -> None:
    """By the processor's time: what else the machine does is not the sandbox's."""
    before = sum(os.times()[2:4])
    SandboxProcess().stop()
    assert sum(os.times()[2:4]) - before < 5  # half a second where nothing else runs

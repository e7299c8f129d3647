"""Every example that we print is run: the READMEs' blocks and the example programs, against the real server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from PIL import Image
from standardwebhooks.webhooks import Webhook

from generations.models import Generation
from tests.world import World

ROOT = Path(__file__).resolve().parent.parent.parent
CLIENT = ROOT / "clients" / "python"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MADE, OTHER_CALLS, RECEIVED = re.findall(r"```python\n(.*?)```", (CLIENT / "README.md").read_text(), re.DOTALL)
USE = (ROOT / "README.md").read_text().partition("## Use the API")[2].partition("\n## ")[0]
CURL = re.findall(r"```sh\n(.*?)```", USE, re.DOTALL)
IN_README = re.findall(r"```python\n(.*?)```", USE, re.DOTALL)
Run = Callable[..., str]


@pytest.fixture
def environment(site: str, committed_world: World) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(CLIENT / "src"),
        "FRAMEHOUSE_BASE_URL": site,
        "FRAMEHOUSE_API_KEY": committed_world.key,
        "FRAMEHOUSE_WEBHOOK_SECRET": SECRET,
    }


@pytest.fixture
def run(environment: dict[str, str], worker: None, tmp_path: Path) -> Run:
    """Runs a program in an empty folder and gives what it printed."""

    def call(*command: str) -> str:
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return call


def test_the_readmes_curl_and_python_make_videos(run: Run, tmp_path: Path) -> None:
    assert (len(CURL), len(IN_README)) == (1, 1)
    made = json.loads(run("sh", "-euc", CURL[0]))
    assert (made["status"], made["charged"]["usd"]) == ("succeeded", "0.3")
    said = run(sys.executable, "-c", IN_README[0])
    (film,) = (tmp_path / "videos").iterdir()
    assert film.name in said
    assert said.endswith("for $0.30\n")


def test_the_clients_readme_makes_a_video(run: Run, tmp_path: Path) -> None:
    said = run(sys.executable, "-c", MADE)
    (film,) = (tmp_path / "videos").iterdir()
    assert film.name in said
    assert ": queued" in said
    assert ": succeeded" in said


def test_the_clients_readme_makes_other_calls(run: Run, tmp_path: Path) -> None:
    Image.new("RGB", (512, 512), "teal").save(tmp_path / "photo.jpg")
    said = run(sys.executable, "-c", OTHER_CALLS)
    assert "veo-3.1-fast video" in said
    assert "$0.025 $9.975" in said
    assert "2 of 2 for $0.05" in said
    assert "input.prompt" in said
    assert Generation.objects.count() == 5


def signed(event: str) -> tuple[bytes, dict[str, str]]:
    body = json.dumps({"type": event, "sequence": 1, "data": {"id": "gen_1", "status": "succeeded",
                       "charged": {"usd": "0.3", "credits": "60"}}}).encode()  # fmt: skip
    now = datetime.now(UTC)
    signature = Webhook(SECRET).sign("evt_1", now, body.decode())
    stamp = str(int(now.timestamp()))
    return body, {"webhook-id": "evt_1", "webhook-timestamp": stamp, "webhook-signature": signature}


def test_the_clients_readme_receives_webhooks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FRAMEHOUSE_WEBHOOK_SECRET", SECRET)
    names: dict[str, Callable[..., int]] = {}
    exec(RECEIVED, names)
    body, headers = signed("generation.succeeded")
    assert names["receive"](body, headers) == 204
    assert capsys.readouterr().out == "gen_1 $0.30\n"
    assert names["receive"](body + b" ", headers) == 400


def test_the_example_makes_a_video(run: Run, tmp_path: Path) -> None:
    said = run(sys.executable, str(CLIENT / "examples" / "make_a_video.py"), "a dog", "folder")
    (film,) = (tmp_path / "folder").iterdir()
    assert f"folder/{film.name}, charged $0.30" in said


@pytest.fixture
def receiver() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    program = subprocess.Popen(
        [sys.executable, str(CLIENT / "examples" / "receive_webhook.py"), "0"],
        env={"PYTHONPATH": str(CLIENT / "src"), "FRAMEHOUSE_WEBHOOK_SECRET": f"whsec_AAAA,{SECRET}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert program.stdout is not None
    port = program.stdout.readline().split()[-1]
    yield f"http://127.0.0.1:{port}/", program
    program.terminate()
    program.wait(10)
    program.stdout.close()


def test_the_example_receives_each_event_once(receiver: tuple[str, subprocess.Popen[str]]) -> None:
    url, program = receiver
    body, headers = signed("generation.succeeded")
    answers = [httpx.post(url, content=sent, headers=headers, trust_env=False).status_code for sent in
               (body, body, body + b" ")]  # fmt: skip
    assert answers == [204, 204, 400]
    assert program.stdout is not None
    assert program.stdout.readline() == "generation.succeeded 1 gen_1 succeeded\n"
    assert program.stdout.readline().startswith("refused: no signature")

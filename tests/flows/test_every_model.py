"""All 15 models end to end: real HTTP, real job rows, the documented body, real files, the exact charge."""

from __future__ import annotations

from typing import Any

import pytest

from generations import catalog, files
from generations.models import CostVerdict, Status
from tests.flows.asking import again, ask, books_hold, kinds, wallet
from tests.flows.bodies import BODIES, PROMPT
from tests.jobs import Jobs
from tests.sandbox_client import SandboxProcess
from tests.world import FIRST_CREDIT, World

CHARGES = {  # micro-dollars, by hand from catalogue.md
    "kling-2.5-turbo-pro": 210_000,
    "hailuo-2.3-pro": 220_000,
    "wan-2.5-i2v": 500_000,
    "kling-2.1-pro": 250_000,
    "wan-2.2-turbo": 200_000,
    "seedance-v1-pro": 70_000,
    "veo-3.1-fast": 300_000,
    "nano-banana-edit": 20_000,
    "nano-banana-pro": 120_000,
    "seedream-v4-edit": 70_000,
    "flux-kontext-pro": 25_000,
    "flux-kontext-max": 50_000,
    "qwen-image-edit-plus": 120_000,
}
COSTS = CHARGES | {"hailuo-2.3-pro": 225_000, "nano-banana-pro": 90_000}
FORMATS = {"nano-banana-edit": "image/png", "nano-banana-pro": "image/png", "qwen-image-edit-plus": "image/png"}


@pytest.mark.parametrize("slug", list(catalog.ENTRIES))
def test_a_request_becomes_a_delivered_exactly_charged_result(
    slug: str, committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    generation = ask(committed_world, slug, PROMPT)
    held = generation.hold_amount
    assert wallet(committed_world) == (FIRST_CREDIT - held, held)

    (generation,) = jobs.until(generation.pk)

    assert (generation.status, generation.reason) == (Status.SUCCEEDED, "")
    (task,) = sandbox.tasks()
    path, documented = BODIES[slug]
    assert_body(task, path, documented, site, generation.provider)
    if slug in CHARGES:
        assert generation.charged == CHARGES[slug]
    else:  # the tokens used, as the provider said
        assert generation.actual_cost is not None
        assert 0 < generation.charged == generation.actual_cost <= held
    assert wallet(committed_world) == (FIRST_CREDIT - generation.charged, 0)
    assert books_hold()
    assert_cost(slug, generation)
    assert_delivered(slug, generation)
    assert kinds(generation)[:3] == ["accepted", "claimed", "submitted"]
    assert kinds(generation)[-1] == "succeeded"
    receipt = again(generation.pk).receipt
    assert receipt is not None
    assert receipt["charged"]["usd"] == f"{generation.charged / 1_000_000:.6f}".rstrip("0").rstrip(".")


def assert_body(task: dict[str, Any], path: str, documented: dict[str, Any], site: str, provider: str) -> None:
    """Field by field; the callback is ours and carries a token that is stored nowhere."""
    body = dict(task["body"])
    if provider == "kie":
        assert body.pop("callBackUrl") == task["callback_url"]
    assert body == documented
    assert f"/{task['endpoint'].lstrip('/')}" == path
    assert task["callback_url"].startswith(f"{site}/callbacks/{provider}/")


def assert_cost(slug: str, generation: Any) -> None:
    """The provider's charge is booked beside the expected one."""
    if slug in COSTS and generation.provider == "kie":
        assert (generation.expected_cost, generation.actual_cost) == (COSTS[slug], COSTS[slug])
        assert generation.cost_verdict == CostVerdict.MATCHED
    elif slug == "qwen-image-edit-plus":  # billed by the megapixel: a little above the dollar rate
        assert generation.cost_verdict == CostVerdict.OVER


def assert_delivered(slug: str, generation: Any) -> None:
    """Real files with true facts, or a text."""
    if generation.kind == "text":
        assert len(generation.text) > 20
        return
    outputs = list(generation.outputs.order_by("index"))
    assert len(outputs) == generation.requested_outputs == generation.output_count
    for output in outputs:
        assert output.width >= 16
        assert output.height >= 16
        with files.open(output.name) as stored:
            assert len(stored.read()) == output.bytes
        assert output.preview
        if generation.kind == "video":
            assert output.content_type == "video/mp4"
            assert output.duration_ms is not None
            assert output.duration_ms >= 4_000
        else:
            assert output.content_type == FORMATS.get(slug, "image/jpeg") or slug == "seedream-v4-edit"

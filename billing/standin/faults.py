"""What goes wrong with the next calls, on demand."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from billing.standin.world import World

FAULTS = {
    "refused": "the connection is closed before anything is done",
    "lost": "done, and the connection is closed before the answer",
    "500": "Stripe's 500, nothing done; its idempotency key replays the 500",
    "500_after": "done, and answered with Stripe's 500",
    "429": "rate limit, nothing done",
    "bad_gateway": "a proxy's HTML page under 502, nothing done",
    "slow": "`seconds` before it is done; its idempotency key is in use meanwhile",
}


def plan(world: World, given: dict[str, Any]) -> None:
    """Plans a fault {kind, method "*", path "*" (a glob), times 1, seconds 1}. Raises ValueError."""
    if given.get("kind") not in FAULTS:
        raise ValueError(f"kind is one of {', '.join(FAULTS)}")
    planned = {
        "kind": given["kind"],
        "method": str(given.get("method", "*")),
        "path": str(given.get("path", "*")),
        "times": int(given.get("times", 1)),
        "seconds": float(given.get("seconds", 1)),
    }
    with world.lock:
        world.faults.append(planned)


def take(world: World, method: str, path: str) -> dict[str, Any] | None:
    """The fault of this call, used up by it."""
    with world.lock:
        for planned in world.faults:
            if planned["method"] in ("*", method) and fnmatchcase(path, planned["path"]):
                planned["times"] -= 1
                if planned["times"] <= 0:
                    world.faults.remove(planned)
                return planned
    return None

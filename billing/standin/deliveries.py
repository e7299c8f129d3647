"""Webhooks on their way: one after another, again after a pause until a 2xx, then given up."""

from __future__ import annotations

import time
from typing import Any

from billing.standin import letters, wire
from billing.standin.letters import Letter
from billing.standin.world import Post, World

PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 120.0, 300.0)  # seconds at speed 1; then failed
LOOK = 0.5  # seconds, the longest that a change of the settings stays unseen


def deliver_for_ever(world: World) -> None:
    """The body of the thread that posts."""
    while not world.closed:
        with world.lock:
            post = _next(world)
            if post is None:
                world.changed.wait(_pause(world))
                continue
            url = world.settings.webhook_url
            letter = letters.write(world, world.objects[post.event])
            world.sending += 1
        try:
            tried = send(letter, url)
        finally:
            with world.lock:
                world.sending -= 1
                world.changed.notify_all()
        with world.lock:
            if world.posts.get(post.event) is post:
                note(world, post, tried)
                world.save()


def _next(world: World) -> Post | None:
    if world.settings.held or not world.settings.webhook_url:
        return None
    waiting = [post for post in world.posts.values() if post.state == "pending" and post.due <= time.time()]
    return min(waiting, key=lambda post: post.due, default=None)


def _pause(world: World) -> float:
    dues = [post.due for post in world.posts.values() if post.state == "pending"]
    return max(0.005, min([LOOK, *(due - time.time() for due in dues)])) if not world.settings.held else LOOK


def note(world: World, post: Post, tried: dict[str, Any]) -> None:
    """Keeps what came of a try. A 2xx ends it, whenever it comes."""
    post.tries.append(tried)
    world.dirty = True
    if 200 <= tried["status"] < 300:
        post.state = "delivered"
        world.objects[post.event]["pending_webhooks"] = 0
    elif post.state != "pending":
        return
    elif len(post.tries) > len(PAUSES):
        post.state = "failed"
    else:
        post.due = time.time() + PAUSES[len(post.tries) - 1] / world.settings.speed


def send(letter: Letter, url: str) -> dict[str, Any]:
    """One POST and what came of it: {status (0: no answer), body, at}."""
    status, text = wire.post(url, letter.body.encode(), letter.headers)
    return {"status": status, "body": text, "at": time.time()}

"""What the router's language model answers: the prompt, expanded by rule, and what that used.

A real text about this prompt and these images, the same each time at temperature 0.
"""

from __future__ import annotations

import hashlib
import secrets
from decimal import Decimal
from typing import Any

from generations.sandbox.pictures import Facts

INPUT_RATE, OUTPUT_RATE = Decimal("0.30"), Decimal("2.50")  # dollars a million tokens
IMAGE_TOKENS = 258

CAMERA = (
    "a slow dolly-in from a low angle",
    "a locked wide shot with deep focus",
    "a handheld close-up with shallow depth of field",
    "an aerial orbit that settles into a medium shot",
)
LIGHT = (
    "soft morning light with long shadows",
    "overcast light that keeps every texture readable",
    "warm backlight with a thin rim on each edge",
    "cool blue dusk broken by small practical lamps",
)
MOOD = ("calm and observant", "playful and quick", "grand and quiet", "intimate and a little nostalgic")
DETAIL = (
    "Dust and fine fabric catch the light; nothing in the background competes with the subject.",
    "Surfaces show honest wear; reflections stay physically plausible as the view moves.",
    "Foreground elements pass slightly out of focus and give the frame depth.",
    "Motion begins after a held beat and comes to rest before the end.",
)


def tokens(text: str) -> int:
    """About four bytes a token."""
    return -(-len(text.encode("utf-8", "replace")) // 4)


def expand(prompt: str, images: list[Facts], temperature: float, max_tokens: int | None) -> tuple[str, bool]:
    """The expanded prompt, and whether it was cut at `max_tokens`."""
    salt = secrets.token_hex(8) if temperature > 0 else ""
    pick = hashlib.sha256(f"{salt}{prompt}".encode("utf-8", "replace")).digest()
    subject = " ".join(prompt.split()).rstrip(".!?") or "The scene"
    parts = [f"{subject}, seen in {CAMERA[pick[0] % 4]}, under {LIGHT[pick[1] % 4]}."]
    parts += [_about(number, image) for number, image in enumerate(images, start=1)]
    parts += [f"The mood is {MOOD[pick[2] % 4]}.", DETAIL[pick[3] % 4], "No text, logos or watermarks in the frame."]
    text = " ".join(parts)
    if max_tokens is None or tokens(text) <= max_tokens:
        return text, False
    return text.encode("utf-8", "replace")[: max_tokens * 4].decode("utf-8", "ignore"), True


def _about(number: int, image: Facts) -> str:
    shape = "landscape" if image.width > image.height else "portrait" if image.width < image.height else "square"
    warm = "warm" if image.red > image.blue + 8 else "cool" if image.blue > image.red + 8 else "neutral"
    brightness = (image.red + image.green + image.blue) / 3
    tone = "bright" if brightness > 170 else "dark" if brightness < 85 else "mid-toned"
    return (
        f"Reference image {number} is a {shape} frame of {image.width} by {image.height} pixels, {tone} and {warm}; "
        "keep its subject and palette."
    )


def usage(prompt: str, system_prompt: str, images: int, output: str) -> dict[str, Any]:
    """Tokens and dollars, in the documented names (fal.md 7.2). The cost has seven decimals at most."""
    asked, said = tokens(prompt) + tokens(system_prompt) + images * IMAGE_TOKENS, tokens(output)
    cost = (asked * INPUT_RATE + said * OUTPUT_RATE) / 1_000_000
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said, "cost": float(cost)}

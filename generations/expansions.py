"""Prompt expansion: a short idea becomes the input of a language model that writes a better prompt. Pure.

The instructions are ours unless the caller brings their own; what is sent is kept and shown as the generation's input,
and the rest of the way is that of any generation of kind `text` (catalogue.md, Prompt expansion).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from generations import catalog
from generations.catalog.base import Entry
from project.errors import FieldError, Invalid

TEXT, VISION = "prompt-expansion-text", "prompt-expansion-vision"
KINDS = {"video": "a video", "image": "an image"}
LONGEST_STYLE = 200
LONGEST_PROMPT = 1500  # characters to ask for, where no target says less
SENT = ("prompt", "image_urls", "system_prompt", "temperature", "max_tokens")  # fields that have the same name there


def writers() -> dict[str, Entry]:
    """The models that can write a prompt, by slug."""
    return {slug: entry for slug, entry in catalog.ENTRIES.items() if entry.kind == "text"}


def targets() -> list[str]:
    """What a prompt can be written for: a kind, or a model."""
    return [*KINDS, *(slug for slug, entry in catalog.ENTRIES.items() if entry.kind in KINDS)]


def ask(given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The model's slug and its input for the fields of a call that were given.

    `model` is a writer (by default the one that sees images when there are any), `language_model` what it runs,
    `target` and `style` what our instructions say. Raises Invalid."""
    slug = given.get("model", VISION if "image_urls" in given else TEXT)
    if not isinstance(slug, str) or slug not in writers():
        raise _wrong("model", f"must be {' or '.join(writers())}")
    target = given.get("target")
    if target is not None and target not in targets():
        raise _wrong("target", "must be video, image or the slug of a model that makes one of these")
    data = {name: given[name] for name in SENT if name in given}
    if "language_model" in given:
        data["model"] = given["language_model"]
    if "system_prompt" in given:
        own = [name for name in ("target", "style") if name in given]
        if own:
            raise _wrong(own[0], "is part of our instructions; it cannot stand beside a system_prompt", "conflict")
    else:
        data["system_prompt"] = instructions(target=target, style=given.get("style", ""))
    return slug, data


def instructions(*, target: str | None, style: str) -> str:
    """What the language model is told to do; `target` a kind or a slug, `style` the caller's words."""
    entry = catalog.ENTRIES.get(target or "")
    kind = entry.kind if entry else target
    most = min(_longest_prompt(entry), LONGEST_PROMPT) if entry else LONGEST_PROMPT
    parts = [
        f"You turn a short idea into one prompt for a model that makes {KINDS.get(kind or '', 'a video or an image')}.",
        "Keep every subject, action and wish of the idea; add what is missing: composition, setting, light, colors,"
        f" mood{', the movement of subject and camera' if kind == 'video' else ''}.",
    ]
    if style:
        parts.append(f"Style: {style.strip()}.")
    parts.append(f"Write at most {most} characters, in the language of the idea.")
    parts.append("Answer with the prompt alone: no title, no quotation marks, no explanation.")
    return "\n".join(parts)


def told(errors: Iterable[FieldError]) -> list[FieldError]:
    """The errors of the model's input with the paths of the call's fields."""
    return [replace(error, path=_path(error.path)) for error in errors]


def _path(path: str) -> str:
    head, _, field = path.partition(".")
    if head != "input":
        return path
    name, dot, rest = field.partition(".")
    return ("language_model" if name == "model" else name) + dot + rest


def _longest_prompt(entry: Entry) -> int:
    return int(entry.json_schema()["properties"]["prompt"]["maxLength"])


def _wrong(path: str, message: str, code: str = "not_allowed") -> Invalid:
    return Invalid("The request has errors.", errors=[FieldError(path, message, code)])

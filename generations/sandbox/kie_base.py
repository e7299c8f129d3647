"""What KIE's models have in common: strict fields, ratios, sizes, the sentence of a refusal."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from generations.sandbox.tasks import Work

Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$", max_length=4096)]
Seconds = Literal["5", "10"]
Ratio = Literal["1:1", "9:16", "16:9", "3:4", "4:3", "3:2", "2:3", "5:4", "4:5", "21:9", "auto"]
Level = Literal["1K", "2K", "4K"]

CLIP_SIDES = {"480p": 400, "580p": 448, "720p": 480, "768P": 480, "1080p": 512, "1080P": 512, "4k": 512}
IMAGE_SIDES = {"1K": 1024, "2K": 1536, "4K": 2048}  # smaller than the real ones: cheap to draw


def _tenths(value: float) -> float:
    if abs(value * 10 - round(value * 10)) > 1e-9:
        raise ValueError("must be a multiple of 0.1")
    return value


Cfg = Annotated[float, Field(ge=0, le=1), AfterValidator(_tenths)]


def ratio_of(text: str) -> tuple[int, int] | None:
    """ "16:9" -> (16, 9); None for "auto"."""
    if text.lower() == "auto":
        return None
    wide, _, high = text.partition(":")
    return int(wide), int(high)


class Model(BaseModel):
    """A model's documented input."""

    model_config = ConfigDict(extra="forbid", strict=True)

    nsfw_checker: bool = False

    @abstractmethod
    def work(self) -> Work:
        """What it asks to be made, credits included."""


def sentence(errors: list[Any]) -> str:
    """KIE's one-line message for pydantic's findings: names the field and what is wrong."""
    first = errors[0]
    place = ".".join(str(part) for part in first["loc"])
    text = "This field is required" if first["type"] == "missing" else first["msg"].removeprefix("Value error, ")
    return f"{place}: {text}" if place else str(text)

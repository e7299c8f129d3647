"""fal's endpoints as fal documents them (fal.md section 7). fal's own apps validate with pydantic; so does this."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from generations.sandbox.tasks import Family, Work

Url = Annotated[str, StringConstraints(pattern=r"^(https?://[^\s]+|data:.*)$")]

PRESETS = {
    "square_hd": (1024, 1024),
    "square": (512, 512),
    "portrait_4_3": (768, 1024),
    "portrait_16_9": (576, 1024),
    "landscape_4_3": (1024, 768),
    "landscape_16_9": (1024, 576),
}
MEGAPIXEL_CENTS = 3  # $0.03 a megapixel of output


class Size(BaseModel):
    width: int = Field(default=512, gt=0, le=14142)
    height: int = Field(default=512, gt=0, le=14142)


class Model(BaseModel):
    """An endpoint's documented input; a field that no document knows is refused, so that a typing error shows."""

    model_config = ConfigDict(extra="forbid", strict=True)

    prompt: str

    @abstractmethod
    def work(self) -> Work:
        """What it asks to be made."""


class QwenImageEditPlus(Model):
    image_urls: list[Url] = Field(min_length=1)
    image_size: (
        Literal["square_hd", "square", "portrait_4_3", "portrait_16_9", "landscape_4_3", "landscape_16_9"] | Size
    ) = "square_hd"
    num_inference_steps: int = Field(default=50, ge=2, le=100)
    seed: int | None = None
    guidance_scale: float = Field(default=4, ge=0, le=20)
    num_images: int = Field(default=1, ge=1, le=4)
    enable_safety_checker: bool = True
    output_format: Literal["png", "jpeg"] = "png"
    negative_prompt: str = " "
    acceleration: Literal["none", "regular"] = "regular"
    sync_mode: bool | None = None

    def work(self) -> Work:
        size = self.image_size
        width, height = (size.width, size.height) if isinstance(size, Size) else PRESETS[size]
        side = min(max(width, height), 2048)
        return Work(
            "image",
            self.prompt,
            self.num_images,
            0.0,
            (width, height),
            side,
            self.output_format,
            0,
            tuple(self.image_urls),
            self.seed,
        )


class Router(Model):
    model: str
    system_prompt: str | None = None
    temperature: float = Field(default=1, ge=0, le=2)
    max_tokens: int | None = Field(default=None, ge=1)
    reasoning: bool = False

    def work(self) -> Work:
        return Work("text", self.prompt)


class RouterVision(Router):
    image_urls: list[Url] = Field(min_length=1)

    def work(self) -> Work:
        return Work("text", self.prompt, sources=tuple(self.image_urls))


ENDPOINTS: dict[str, tuple[Family, type[Model]]] = {
    "fal-ai/qwen-image-edit-plus": ("fal", QwenImageEditPlus),
    "openrouter/router": ("router", Router),
    "openrouter/router/vision": ("router", RouterVision),
}


def details(errors: list[Any]) -> list[dict[str, Any]]:
    """fal's `detail` list for pydantic's findings (fal.md 2.1)."""
    return [
        {"loc": ["body", *error["loc"]], "msg": error["msg"], "type": error["type"], "input": error.get("input")}
        for error in errors
    ]

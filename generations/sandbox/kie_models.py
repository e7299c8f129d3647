"""KIE's market models as KIE documents them: fields, limits, credits (kie.md section 7, catalogue.md).

Written apart from the product's catalogue on purpose. Where the documents of 2025 and of 2026 differ, both are
accepted; a field that neither knows is refused, so that a typing error shows.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from generations.sandbox.kie_base import CLIP_SIDES, IMAGE_SIDES, Cfg, Level, Model, Ratio, Seconds, Url, ratio_of
from generations.sandbox.kie_flat import VeoUnified, VeoUnifiedLite
from generations.sandbox.tasks import Work


class Kling25(Model):
    prompt: str = Field(min_length=1, max_length=2500)
    image_url: Url
    tail_image_url: Url | None = None
    duration: Seconds = "5"
    negative_prompt: str = Field(default="", max_length=2496)
    cfg_scale: Cfg = 0.5

    five: ClassVar[float] = 42

    def work(self) -> Work:
        sources = (self.image_url, self.tail_image_url) if self.tail_image_url else (self.image_url,)
        seconds = int(self.duration)
        return Work("video", self.prompt, 1, self.five * seconds / 5, None, 512, "mp4", seconds, sources)


class Kling21(Kling25):
    prompt: str = Field(min_length=1, max_length=5000)

    five: ClassVar[float] = 50


class Hailuo23(Model):
    prompt: str = Field(min_length=1, max_length=5000)
    image_url: Url
    duration: Literal["6", "10"] = "6"
    resolution: Literal["768P", "1080P"] = "768P"

    @model_validator(mode="after")
    def _no_long_full_hd(self) -> Hailuo23:
        if (self.duration, self.resolution) == ("10", "1080P"):
            raise ValueError("10 seconds videos are not supported for 1080P resolution")
        return self

    def work(self) -> Work:
        credits = {("6", "768P"): 45.0, ("10", "768P"): 90.0, ("6", "1080P"): 80.0}[self.duration, self.resolution]
        side = CLIP_SIDES[self.resolution]
        return Work("video", self.prompt, 1, credits, None, side, "mp4", int(self.duration), (self.image_url,))


class Wan25(Model):
    prompt: str = Field(min_length=1, max_length=800)
    image_url: Url
    duration: Seconds
    resolution: Literal["720p", "1080p"]
    negative_prompt: str = Field(default="", max_length=500)
    enable_prompt_expansion: bool = True
    seed: int | None = None

    def work(self) -> Work:
        seconds, rate = int(self.duration), {"720p": 12, "1080p": 20}[self.resolution]
        side = CLIP_SIDES[self.resolution]
        return Work("video", self.prompt, 1, rate * seconds, None, side, "mp4", seconds, (self.image_url,))


class Wan22(Model):
    prompt: str = Field(min_length=1, max_length=5000)
    image_url: Url
    resolution: Literal["480p", "580p", "720p"] = "720p"
    aspect_ratio: Literal["auto", "16:9", "9:16", "1:1"] = "auto"
    enable_prompt_expansion: bool = False
    seed: int | None = Field(default=None, ge=0, le=2147483647)
    acceleration: Literal["none", "regular"] = "none"

    def work(self) -> Work:
        credits = {"480p": 40.0, "580p": 60.0, "720p": 80.0}[self.resolution]
        ratio, side = ratio_of(self.aspect_ratio), CLIP_SIDES[self.resolution]
        return Work("video", self.prompt, 1, credits, ratio, side, "mp4", 5, (self.image_url,))


class Seedance(Model):
    prompt: str = Field(min_length=1, max_length=10000)
    image_url: Url
    resolution: Literal["480p", "720p", "1080p"] = "720p"
    duration: Seconds = "5"
    camera_fixed: bool = False
    seed: int = Field(default=-1, ge=-1, le=2147483647)
    enable_safety_checker: bool = True

    def work(self) -> Work:
        seconds, tenths = int(self.duration), {"480p": 28, "720p": 60, "1080p": 140}[self.resolution]
        side = CLIP_SIDES[self.resolution]
        return Work("video", self.prompt, 1, tenths * seconds / 10, None, side, "mp4", seconds, (self.image_url,))


class NanoBanana(Model):
    prompt: str = Field(min_length=1, max_length=5000)
    image_urls: list[Url] = Field(min_length=1, max_length=10)
    output_format: Literal["png", "jpeg"] = "png"
    image_size: Ratio | None = None
    aspect_ratio: Ratio | None = None

    def work(self) -> Work:
        ratio = ratio_of(self.aspect_ratio or self.image_size or "1:1")
        return Work("image", self.prompt, 1, 4, ratio, 1024, self.output_format, 0, tuple(self.image_urls))


class NanoBananaPro(Model):
    prompt: str = Field(min_length=1, max_length=10000)
    image_input: list[Url] = Field(default_factory=list, max_length=8)
    aspect_ratio: Ratio = "1:1"
    resolution: Level = "1K"
    output_format: Literal["png", "jpg"] = "png"

    def work(self) -> Work:
        credits, side = 24 if self.resolution == "4K" else 18, IMAGE_SIDES[self.resolution]
        form: Literal["png", "jpeg"] = "png" if self.output_format == "png" else "jpeg"
        return Work(
            "image", self.prompt, 1, credits, ratio_of(self.aspect_ratio), side, form, 0, tuple(self.image_input)
        )


SEEDREAM_RATIOS = {
    "square": (1, 1),
    "square_hd": (1, 1),
    "portrait_4_3": (3, 4),
    "portrait_3_2": (2, 3),
    "portrait_16_9": (9, 16),
    "landscape_4_3": (4, 3),
    "landscape_3_2": (3, 2),
    "landscape_16_9": (16, 9),
    "landscape_21_9": (21, 9),
}


class Seedream(Model):
    prompt: str = Field(min_length=1, max_length=5000)
    image_urls: list[Url] = Field(min_length=1, max_length=10)
    image_size: Literal[
        "square",
        "square_hd",
        "portrait_4_3",
        "portrait_3_2",
        "portrait_16_9",
        "landscape_4_3",
        "landscape_3_2",
        "landscape_16_9",
        "landscape_21_9",
    ] = "square_hd"
    image_resolution: Level = "1K"
    max_images: int = Field(default=1, ge=1, le=6)
    seed: int | None = None

    def work(self) -> Work:
        side = 512 if self.image_size == "square" else IMAGE_SIDES[self.image_resolution]
        ratio, sources = SEEDREAM_RATIOS[self.image_size], tuple(self.image_urls)
        return Work("image", self.prompt, self.max_images, 3.5, ratio, side, "jpeg", 0, sources, per_output=True)


MARKET: dict[str, type[Model]] = {
    "kling/v2-5-turbo-image-to-video-pro": Kling25,
    "hailuo/2-3-image-to-video-pro": Hailuo23,
    "wan/2-5-image-to-video": Wan25,
    "kling/v2-1-pro": Kling21,
    "wan/2-2-a14b-image-to-video-turbo": Wan22,
    "bytedance/v1-pro-image-to-video": Seedance,
    "google/nano-banana-edit": NanoBanana,
    "nano-banana-pro": NanoBananaPro,
    "bytedance/seedream-v4-edit": Seedream,
    "veo-3-1": VeoUnified,
    "veo3_fast": VeoUnified,
    "veo3_lite": VeoUnifiedLite,
}

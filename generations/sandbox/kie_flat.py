"""Veo and Flux Kontext as KIE documents them: flat bodies, and Veo through createTask (kie.md 1.2, 1.3, 7.2, 7.3)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from generations.sandbox.kie_base import CLIP_SIDES, Model, Url, ratio_of
from generations.sandbox.tasks import Work

VEO_CREDITS = {
    "veo3_lite": {"720p": 30, "1080p": 35, "4k": 150},
    "veo3_fast": {"720p": 60, "1080p": 65, "4k": 180},
    "veo3": {"720p": 250, "1080p": 255, "4k": 370},
}
Generation = Literal["TEXT_2_VIDEO", "FIRST_AND_LAST_FRAMES_2_VIDEO", "REFERENCE_2_VIDEO"]


def veo_work(
    *, model: str, prompt: str, images: list[str], mode: str | None, ratio: str, resolution: str, seconds: int
) -> Work:
    """One Veo video. Raises ValueError where images, mode and ratio do not go together (kie.md 7.2)."""
    mode = mode or ("FIRST_AND_LAST_FRAMES_2_VIDEO" if images else "TEXT_2_VIDEO")
    most = {"TEXT_2_VIDEO": 0, "FIRST_AND_LAST_FRAMES_2_VIDEO": 2, "REFERENCE_2_VIDEO": 3}[mode]
    if len(images) > most or (most and not images):
        raise ValueError(f"generationType {mode} does not take {len(images)} images")
    if mode == "REFERENCE_2_VIDEO" and (model == "veo3" or ratio != "16:9" or seconds != 8):
        raise ValueError("REFERENCE_2_VIDEO needs veo3_fast, 16:9 and 8 seconds")
    credits, side = VEO_CREDITS[model][resolution], CLIP_SIDES[resolution]
    shape = (ratio_of(ratio) or (16, 9)) if not images or ratio.lower() != "auto" else None
    return Work("video", prompt, 1, credits, shape, side, "mp4", seconds, tuple(images))


class VeoFlat(Model):
    prompt: str = Field(min_length=1, max_length=5000)
    model: Literal["veo3", "veo3_fast", "veo3_lite"] = "veo3_fast"
    imageUrls: list[Url] = Field(default_factory=list, max_length=3)
    generationType: Generation | None = None
    aspectRatio: Literal["16:9", "9:16", "Auto"] | None = None
    aspect_ratio: Literal["16:9", "9:16", "Auto"] | None = None
    seeds: int | None = Field(default=None, ge=10000, le=99999)
    watermark: str | None = None
    enableFallback: bool = False
    enableTranslation: bool = True
    resolution: Literal["720p", "1080p", "4k"] = "720p"
    duration: Literal[4, 6, 8] = 8

    def work(self) -> Work:
        return veo_work(
            model=self.model,
            prompt=self.prompt,
            images=self.imageUrls,
            mode=self.generationType,
            ratio=self.aspect_ratio or self.aspectRatio or "16:9",
            resolution=self.resolution,
            seconds=self.duration,
        )


class VeoUnified(Model):
    """Veo through createTask: names in snake case (kie.md 1.2)."""

    prompt: str = Field(min_length=1, max_length=5000)
    image_urls: list[Url] = Field(default_factory=list, max_length=3)
    generation_type: Generation | None = None
    aspect_ratio: Literal["16:9", "9:16", "Auto"] = "16:9"
    resolution: Literal["720p", "1080p", "4k"] = "720p"
    duration: Literal[4, 6, 8] = 8
    enable_translation: bool = True
    watermark: str | None = None

    tier: ClassVar[str] = "veo3_fast"

    def work(self) -> Work:
        return veo_work(
            model=self.tier,
            prompt=self.prompt,
            images=self.image_urls,
            mode=self.generation_type,
            ratio=self.aspect_ratio,
            resolution=self.resolution,
            seconds=self.duration,
        )


class VeoUnifiedLite(VeoUnified):
    tier: ClassVar[str] = "veo3_lite"


class FluxFlat(Model):
    prompt: str = Field(min_length=1, max_length=5000)
    model: Literal["flux-kontext-pro", "flux-kontext-max"] = "flux-kontext-pro"
    inputImage: Url | None = None
    aspectRatio: Literal["21:9", "16:9", "4:3", "1:1", "3:4", "9:16"] | None = None
    outputFormat: Literal["jpeg", "png"] = "jpeg"
    promptUpsampling: bool = False
    safetyTolerance: int = 2
    enableTranslation: bool = True
    uploadCn: bool = False
    watermark: str | None = None

    def work(self) -> Work:
        ratio = ratio_of(self.aspectRatio) if self.aspectRatio else (None if self.inputImage else (16, 9))
        credits = 10 if self.model == "flux-kontext-max" else 5
        sources = (self.inputImage,) if self.inputImage else ()
        return Work("image", self.prompt, 1, credits, ratio, 1024, self.outputFormat, 0, sources)

    @property
    def tolerable(self) -> bool:
        """0..6, with an input image 0..2; otherwise KIE answers 500 (kie.md 7.3)."""
        return 0 <= self.safetyTolerance <= (2 if self.inputImage else 6)

"""What the providers document as the request body of each model, typed by hand from catalogue.md and the seeds.

`{prompt}` stands for the prompt, `{image}` for the image; the callback address is checked apart.
"""

from __future__ import annotations

from typing import Any

PROMPT = "a dog in a park"
IMAGE = "https://img.example/a.png"


def market(model: str, **fields: Any) -> dict[str, Any]:
    return {"model": model, "input": {"prompt": PROMPT, **fields}}


BODIES: dict[str, tuple[str, dict[str, Any]]] = {
    "kling-2.5-turbo-pro": (
        "/api/v1/jobs/createTask",
        market(
            "kling/v2-5-turbo-image-to-video-pro", image_url=IMAGE, duration="5", negative_prompt="blur", cfg_scale=0.5
        ),
    ),
    "hailuo-2.3-pro": (
        "/api/v1/jobs/createTask",
        market("hailuo/2-3-image-to-video-pro", image_url=IMAGE, duration="6", resolution="768P"),
    ),
    "wan-2.5-i2v": (
        "/api/v1/jobs/createTask",
        market(
            "wan/2-5-image-to-video", image_url=IMAGE, duration="5", resolution="1080p", enable_prompt_expansion=True
        ),
    ),
    "kling-2.1-pro": (
        "/api/v1/jobs/createTask",
        market(
            "kling/v2-1-pro",
            image_url=IMAGE,
            tail_image_url="https://img.example/b.png",
            duration="5",
            cfg_scale=0.5,
        ),
    ),
    "wan-2.2-turbo": (
        "/api/v1/jobs/createTask",
        market(
            "wan/2-2-a14b-image-to-video-turbo",
            image_url=IMAGE,
            resolution="480p",
            aspect_ratio="auto",
            enable_prompt_expansion=False,
            acceleration="none",
        ),
    ),
    "seedance-v1-pro": (
        "/api/v1/jobs/createTask",
        market(
            "bytedance/v1-pro-image-to-video",
            image_url=IMAGE,
            resolution="480p",
            duration="5",
            camera_fixed=False,
            seed=-1,
            enable_safety_checker=True,
        ),
    ),
    "veo-3.1-fast": (
        "/api/v1/veo/generate",
        {
            "prompt": PROMPT,
            "model": "veo3_fast",
            "imageUrls": [],
            "generationType": "TEXT_2_VIDEO",
            "aspectRatio": "16:9",
            "aspect_ratio": "16:9",
        },
    ),
    "nano-banana-edit": (
        "/api/v1/jobs/createTask",
        market("google/nano-banana-edit", image_urls=[IMAGE], output_format="png", image_size="1:1"),
    ),
    "nano-banana-pro": (
        "/api/v1/jobs/createTask",
        market("nano-banana-pro", image_input=[], aspect_ratio="1:1", resolution="1K", output_format="png"),
    ),
    "seedream-v4-edit": (
        "/api/v1/jobs/createTask",
        market(
            "bytedance/seedream-v4-edit",
            image_urls=[IMAGE],
            image_size="square_hd",
            image_resolution="1K",
            max_images=4,
        ),
    ),
    "flux-kontext-pro": (
        "/api/v1/flux/kontext/generate",
        {
            "prompt": PROMPT,
            "model": "flux-kontext-pro",
            "aspectRatio": "16:9",
            "outputFormat": "jpeg",
            "promptUpsampling": False,
            "safetyTolerance": 2,
            "enableTranslation": True,
        },
    ),
    "flux-kontext-max": (
        "/api/v1/flux/kontext/generate",
        {
            "prompt": PROMPT,
            "model": "flux-kontext-max",
            "inputImage": IMAGE,
            "aspectRatio": "16:9",
            "outputFormat": "jpeg",
            "promptUpsampling": False,
            "safetyTolerance": 2,
            "enableTranslation": True,
        },
    ),
    "qwen-image-edit-plus": (
        "/fal-ai/qwen-image-edit-plus",
        {
            "prompt": PROMPT,
            "image_urls": [IMAGE],
            "image_size": "square_hd",
            "output_format": "png",
            "enable_safety_checker": True,
            "num_images": 4,
        },
    ),
    "prompt-expansion-vision": (
        "/openrouter/router/vision",
        {
            "model": "google/gemini-2.5-flash",
            "prompt": PROMPT,
            "image_urls": [IMAGE],
            "temperature": 1,
            "max_tokens": 1024,
        },
    ),
    "prompt-expansion-text": (
        "/openrouter/router",
        {"model": "google/gemini-2.5-flash", "prompt": PROMPT, "temperature": 1, "max_tokens": 1024},
    ),
}

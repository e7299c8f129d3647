"""The least valid input of each model, typed from catalogue.md: only what it requires."""

from __future__ import annotations

from typing import Any

IMAGE = "https://example.com/a.png"
UPLOAD = "upl_" + "0f" * 16

LEAST: dict[str, dict[str, Any]] = {
    "kling-2.5-turbo-pro": {"prompt": "go", "image_url": IMAGE},
    "hailuo-2.3-pro": {"prompt": "go", "image_url": IMAGE},
    "wan-2.5-i2v": {"prompt": "go", "image_url": IMAGE},
    "kling-2.1-pro": {"prompt": "go", "image_url": IMAGE},
    "wan-2.2-turbo": {"prompt": "go", "image_url": IMAGE},
    "seedance-v1-pro": {"prompt": "go", "image_url": IMAGE},
    "veo-3.1-fast": {"prompt": "go"},
    "nano-banana-edit": {"prompt": "go", "image_urls": [IMAGE]},
    "nano-banana-pro": {"prompt": "go"},
    "seedream-v4-edit": {"prompt": "go", "image_urls": [IMAGE]},
    "flux-kontext-pro": {"prompt": "go"},
    "flux-kontext-max": {"prompt": "go"},
    "qwen-image-edit-plus": {"prompt": "go", "image_urls": [IMAGE]},
    "prompt-expansion-vision": {"prompt": "go", "image_urls": [IMAGE]},
    "prompt-expansion-text": {"prompt": "go"},
}

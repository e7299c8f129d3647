"""Every price variant and every cross-field rule, typed by hand from catalogue.md. Micro-dollars.

PRICES: slug, fields beside the required ones, variant, price, expected cost, all outputs delivered.
RULES: slug, fields beside the required ones, the field at fault ("" when the input is good), words of the message.
"""

from __future__ import annotations

from typing import Any

from tests.catalog.cases import IMAGE

PRICES: list[tuple[str, dict[str, Any], str, int, int]] = [
    ("kling-2.5-turbo-pro", {}, "5", 210_000, 210_000),
    ("kling-2.5-turbo-pro", {"duration": "5"}, "5", 210_000, 210_000),
    ("kling-2.5-turbo-pro", {"duration": "10"}, "10", 420_000, 420_000),
    ("hailuo-2.3-pro", {}, "6-1080P", 390_000, 400_000),
    ("hailuo-2.3-pro", {"duration": "6", "resolution": "768P"}, "6-768P", 220_000, 225_000),
    ("hailuo-2.3-pro", {"duration": "10", "resolution": "768P"}, "10-768P", 450_000, 450_000),
    ("hailuo-2.3-pro", {"duration": "6", "resolution": "1080P"}, "6-1080P", 390_000, 400_000),
    ("wan-2.5-i2v", {}, "1080p", 500_000, 500_000),
    ("wan-2.5-i2v", {"duration": "5", "resolution": "720p"}, "720p", 300_000, 300_000),
    ("wan-2.5-i2v", {"duration": "10", "resolution": "720p"}, "720p", 600_000, 600_000),
    ("wan-2.5-i2v", {"duration": "5", "resolution": "1080p"}, "1080p", 500_000, 500_000),
    ("wan-2.5-i2v", {"duration": "10", "resolution": "1080p"}, "1080p", 1_000_000, 1_000_000),
    ("kling-2.1-pro", {}, "5", 250_000, 250_000),
    ("kling-2.1-pro", {"duration": "10"}, "10", 500_000, 500_000),
    ("wan-2.2-turbo", {}, "720p", 400_000, 400_000),
    ("wan-2.2-turbo", {"resolution": "480p"}, "480p", 200_000, 200_000),
    ("wan-2.2-turbo", {"resolution": "580p"}, "580p", 300_000, 300_000),
    ("wan-2.2-turbo", {"resolution": "720p"}, "720p", 400_000, 400_000),
    ("seedance-v1-pro", {}, "1080p", 350_000, 350_000),
    ("seedance-v1-pro", {"duration": "5", "resolution": "480p"}, "480p", 70_000, 70_000),
    ("seedance-v1-pro", {"duration": "10", "resolution": "480p"}, "480p", 140_000, 140_000),
    ("seedance-v1-pro", {"duration": "5", "resolution": "720p"}, "720p", 150_000, 150_000),
    ("seedance-v1-pro", {"duration": "10", "resolution": "720p"}, "720p", 300_000, 300_000),
    ("seedance-v1-pro", {"duration": "5", "resolution": "1080p"}, "1080p", 350_000, 350_000),
    ("seedance-v1-pro", {"duration": "10", "resolution": "1080p"}, "1080p", 700_000, 700_000),
    ("veo-3.1-fast", {}, "video", 300_000, 300_000),
    ("veo-3.1-fast", {"imageUrls": [IMAGE, IMAGE]}, "video", 300_000, 300_000),
    ("nano-banana-edit", {}, "image", 20_000, 20_000),
    ("nano-banana-pro", {}, "1K", 120_000, 90_000),
    ("nano-banana-pro", {"resolution": "1K"}, "1K", 120_000, 90_000),
    ("nano-banana-pro", {"resolution": "2K"}, "2K", 120_000, 90_000),
    ("nano-banana-pro", {"resolution": "4K"}, "4K", 120_000, 120_000),
    ("seedream-v4-edit", {}, "image", 17_500, 17_500),
    ("seedream-v4-edit", {"max_images": 1}, "image", 17_500, 17_500),
    ("seedream-v4-edit", {"max_images": 2}, "image", 35_000, 35_000),
    ("seedream-v4-edit", {"max_images": 3}, "image", 52_500, 52_500),
    ("seedream-v4-edit", {"max_images": 4}, "image", 70_000, 70_000),
    ("seedream-v4-edit", {"max_images": 5}, "image", 87_500, 87_500),
    ("seedream-v4-edit", {"max_images": 6, "image_resolution": "4K"}, "image", 105_000, 105_000),
    ("flux-kontext-pro", {}, "image", 25_000, 25_000),
    ("flux-kontext-pro", {"inputImage": IMAGE}, "image", 25_000, 25_000),
    ("flux-kontext-max", {}, "image", 50_000, 50_000),
    ("flux-kontext-max", {"inputImage": IMAGE}, "image", 50_000, 50_000),
    ("qwen-image-edit-plus", {}, "image", 30_000, 30_000),
    ("qwen-image-edit-plus", {"num_images": 1}, "image", 30_000, 30_000),
    ("qwen-image-edit-plus", {"num_images": 2}, "image", 60_000, 60_000),
    ("qwen-image-edit-plus", {"num_images": 3}, "image", 90_000, 90_000),
    ("qwen-image-edit-plus", {"num_images": 4}, "image", 120_000, 120_000),
    # Prompt "go" (2 bytes) + 256 for the frame = 258 tokens at 0.30 = 77.4; 1,024 at 2.50 = 2,560; up: 2,638.
    ("prompt-expansion-text", {}, "google/gemini-2.5-flash", 2_638, 2_638),
    ("prompt-expansion-text", {"max_tokens": 1}, "google/gemini-2.5-flash", 80, 80),
    ("prompt-expansion-text", {"max_tokens": 4096}, "google/gemini-2.5-flash", 10_318, 10_318),
    # é is two bytes: 2 + 8 + 256 tokens at 0.30 = 79.8; 2.5 for one token of answer; 82.3 up.
    ("prompt-expansion-text", {"max_tokens": 1, "system_prompt": "éééé"}, "google/gemini-2.5-flash", 83, 83),
    # One image more: 8,192 tokens: 8,450 x 0.30 = 2,535, and 2,560.
    ("prompt-expansion-vision", {}, "google/gemini-2.5-flash", 5_095, 5_095),
    ("prompt-expansion-vision", {"image_urls": [IMAGE] * 2}, "google/gemini-2.5-flash", 7_553, 7_553),
]

RULES: list[tuple[str, dict[str, Any], str, str]] = [
    # hailuo: "10" is refused together with "1080P", the default resolution included
    ("hailuo-2.3-pro", {"duration": "10", "resolution": "1080P"}, "duration", "resolution 1080P"),
    ("hailuo-2.3-pro", {"duration": "10"}, "duration", "resolution 1080P"),
    ("hailuo-2.3-pro", {"duration": "10", "resolution": "768P"}, "", ""),
    ("hailuo-2.3-pro", {"resolution": "1080P"}, "", ""),
    # veo: TEXT_2_VIDEO takes no image
    ("veo-3.1-fast", {"generationType": "TEXT_2_VIDEO"}, "", ""),
    ("veo-3.1-fast", {"generationType": "TEXT_2_VIDEO", "imageUrls": []}, "", ""),
    ("veo-3.1-fast", {"generationType": "TEXT_2_VIDEO", "imageUrls": [IMAGE]}, "imageUrls", "TEXT_2_VIDEO"),
    # veo: FIRST_AND_LAST_FRAMES_2_VIDEO takes 1 or 2, any ratio
    ("veo-3.1-fast", {"generationType": "FIRST_AND_LAST_FRAMES_2_VIDEO"}, "imageUrls", "FIRST_AND_LAST"),
    ("veo-3.1-fast", {"generationType": "FIRST_AND_LAST_FRAMES_2_VIDEO", "imageUrls": [IMAGE]}, "", ""),
    ("veo-3.1-fast", {"generationType": "FIRST_AND_LAST_FRAMES_2_VIDEO", "imageUrls": [IMAGE] * 2}, "", ""),
    (
        "veo-3.1-fast",
        {"generationType": "FIRST_AND_LAST_FRAMES_2_VIDEO", "imageUrls": [IMAGE], "aspectRatio": "9:16"},
        "",
        "",
    ),
    # veo: REFERENCE_2_VIDEO takes 1 or 2 and only 16:9
    ("veo-3.1-fast", {"generationType": "REFERENCE_2_VIDEO"}, "imageUrls", "REFERENCE_2_VIDEO"),
    ("veo-3.1-fast", {"generationType": "REFERENCE_2_VIDEO", "imageUrls": [IMAGE] * 2}, "", ""),
    (
        "veo-3.1-fast",
        {"generationType": "REFERENCE_2_VIDEO", "imageUrls": [IMAGE], "aspectRatio": "16:9"},
        "",
        "",
    ),
    (
        "veo-3.1-fast",
        {"generationType": "REFERENCE_2_VIDEO", "imageUrls": [IMAGE], "aspectRatio": "9:16"},
        "aspectRatio",
        "REFERENCE_2_VIDEO",
    ),
    (
        "veo-3.1-fast",
        {"generationType": "REFERENCE_2_VIDEO", "imageUrls": [IMAGE], "aspectRatio": "Auto"},
        "aspectRatio",
        "REFERENCE_2_VIDEO",
    ),
    # flux: safetyTolerance 0..6, with inputImage 0..2
    *(
        row
        for slug in ("flux-kontext-pro", "flux-kontext-max")
        for row in (
            (slug, {"safetyTolerance": 6}, "", ""),
            (slug, {"safetyTolerance": 6, "inputImage": ""}, "", ""),
            (slug, {"inputImage": IMAGE}, "", ""),
            (slug, {"inputImage": IMAGE, "safetyTolerance": 2}, "", ""),
            (slug, {"inputImage": IMAGE, "safetyTolerance": 0}, "", ""),
            (slug, {"inputImage": IMAGE, "safetyTolerance": 3}, "safetyTolerance", "inputImage"),
            (slug, {"inputImage": IMAGE, "safetyTolerance": 6}, "safetyTolerance", "inputImage"),
        )
    ),
]

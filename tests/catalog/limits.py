"""Every limit of every field, typed by hand from catalogue.md: values that pass, and values that do not with why.

TEXT: longest text by slug and field. OPTIONS: all words by slug and field. WHOLE: range of whole numbers.
IMAGES: least and most of a list. SWITCHES: true-or-false fields with their default.
"""

from __future__ import annotations

TEXT: dict[tuple[str, str], int] = {
    ("kling-2.5-turbo-pro", "prompt"): 2500,
    ("kling-2.5-turbo-pro", "negative_prompt"): 2496,
    ("hailuo-2.3-pro", "prompt"): 5000,
    ("wan-2.5-i2v", "prompt"): 800,
    ("wan-2.5-i2v", "negative_prompt"): 500,
    ("kling-2.1-pro", "prompt"): 5000,
    ("kling-2.1-pro", "negative_prompt"): 500,
    ("wan-2.2-turbo", "prompt"): 5000,
    ("seedance-v1-pro", "prompt"): 10000,
    ("veo-3.1-fast", "prompt"): 5000,
    ("nano-banana-edit", "prompt"): 5000,
    ("nano-banana-pro", "prompt"): 5000,
    ("seedream-v4-edit", "prompt"): 5000,
    ("flux-kontext-pro", "prompt"): 5000,
    ("flux-kontext-max", "prompt"): 5000,
    ("qwen-image-edit-plus", "prompt"): 5000,
    ("prompt-expansion-vision", "prompt"): 10000,
    ("prompt-expansion-vision", "system_prompt"): 4000,
    ("prompt-expansion-text", "prompt"): 10000,
    ("prompt-expansion-text", "system_prompt"): 4000,
}

_FLUX_RATIOS = ["21:9", "16:9", "4:3", "1:1", "3:4", "9:16"]

# words, default
OPTIONS: dict[tuple[str, str], tuple[list[str], str]] = {
    ("kling-2.5-turbo-pro", "duration"): (["5", "10"], "5"),
    ("hailuo-2.3-pro", "duration"): (["6", "10"], "6"),
    ("hailuo-2.3-pro", "resolution"): (["768P", "1080P"], "1080P"),
    ("wan-2.5-i2v", "duration"): (["5", "10"], "5"),
    ("wan-2.5-i2v", "resolution"): (["720p", "1080p"], "1080p"),
    ("kling-2.1-pro", "duration"): (["5", "10"], "5"),
    ("wan-2.2-turbo", "resolution"): (["480p", "580p", "720p"], "720p"),
    ("wan-2.2-turbo", "aspect_ratio"): (["auto", "16:9", "9:16", "1:1"], "auto"),
    ("wan-2.2-turbo", "acceleration"): (["none", "regular"], "none"),
    ("seedance-v1-pro", "resolution"): (["480p", "720p", "1080p"], "1080p"),
    ("seedance-v1-pro", "duration"): (["5", "10"], "5"),
    ("veo-3.1-fast", "generationType"): (
        ["TEXT_2_VIDEO", "FIRST_AND_LAST_FRAMES_2_VIDEO", "REFERENCE_2_VIDEO"],
        "TEXT_2_VIDEO",
    ),
    ("veo-3.1-fast", "aspectRatio"): (["16:9", "9:16", "Auto"], "16:9"),
    ("nano-banana-edit", "output_format"): (["png", "jpeg"], "png"),
    ("nano-banana-edit", "image_size"): (
        ["1:1", "9:16", "16:9", "3:4", "4:3", "3:2", "2:3", "5:4", "4:5", "21:9", "auto"],
        "1:1",
    ),
    ("nano-banana-pro", "aspect_ratio"): (
        ["1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"],
        "1:1",
    ),
    ("nano-banana-pro", "resolution"): (["1K", "2K", "4K"], "1K"),
    ("nano-banana-pro", "output_format"): (["png", "jpg"], "png"),
    ("seedream-v4-edit", "image_size"): (
        [
            "square",
            "square_hd",
            "portrait_4_3",
            "portrait_3_2",
            "portrait_16_9",
            "landscape_4_3",
            "landscape_3_2",
            "landscape_16_9",
            "landscape_21_9",
        ],
        "square_hd",
    ),
    ("seedream-v4-edit", "image_resolution"): (["1K", "2K", "4K"], "1K"),
    ("flux-kontext-pro", "aspectRatio"): (_FLUX_RATIOS, "16:9"),
    ("flux-kontext-pro", "outputFormat"): (["jpeg", "png"], "jpeg"),
    ("flux-kontext-max", "aspectRatio"): (_FLUX_RATIOS, "16:9"),
    ("flux-kontext-max", "outputFormat"): (["jpeg", "png"], "jpeg"),
    ("qwen-image-edit-plus", "image_size"): (
        ["square_hd", "square", "portrait_4_3", "portrait_16_9", "landscape_4_3", "landscape_16_9"],
        "square_hd",
    ),
    ("qwen-image-edit-plus", "output_format"): (["png", "jpeg"], "png"),
    ("prompt-expansion-vision", "model"): (["google/gemini-2.5-flash"], "google/gemini-2.5-flash"),
    ("prompt-expansion-text", "model"): (["google/gemini-2.5-flash"], "google/gemini-2.5-flash"),
}

# least, most, default (None: may be left out)
WHOLE: dict[tuple[str, str], tuple[int | None, int | None, int | None]] = {
    ("wan-2.5-i2v", "seed"): (None, None, None),
    ("wan-2.2-turbo", "seed"): (0, 2147483647, None),
    ("seedance-v1-pro", "seed"): (-1, 2147483647, -1),
    ("veo-3.1-fast", "seeds"): (10000, 99999, None),
    ("seedream-v4-edit", "max_images"): (1, 6, 1),
    ("seedream-v4-edit", "seed"): (None, None, None),
    ("flux-kontext-pro", "safetyTolerance"): (0, 6, 2),
    ("flux-kontext-max", "safetyTolerance"): (0, 6, 2),
    ("qwen-image-edit-plus", "seed"): (None, None, None),
    ("qwen-image-edit-plus", "num_images"): (1, 4, 1),
    ("prompt-expansion-vision", "max_tokens"): (1, 4096, 1024),
    ("prompt-expansion-text", "max_tokens"): (1, 4096, 1024),
}

IMAGES: dict[tuple[str, str], tuple[int, int]] = {
    ("veo-3.1-fast", "imageUrls"): (0, 2),
    ("nano-banana-edit", "image_urls"): (1, 10),
    ("nano-banana-pro", "image_input"): (0, 8),
    ("seedream-v4-edit", "image_urls"): (1, 10),
    ("qwen-image-edit-plus", "image_urls"): (1, 10),
    ("prompt-expansion-vision", "image_urls"): (1, 10),
}

SWITCHES: dict[tuple[str, str], bool] = {
    ("wan-2.5-i2v", "enable_prompt_expansion"): True,
    ("wan-2.2-turbo", "enable_prompt_expansion"): False,
    ("seedance-v1-pro", "camera_fixed"): False,
    ("seedance-v1-pro", "enable_safety_checker"): True,
    ("flux-kontext-pro", "promptUpsampling"): False,
    ("flux-kontext-pro", "enableTranslation"): True,
    ("flux-kontext-max", "promptUpsampling"): False,
    ("flux-kontext-max", "enableTranslation"): True,
    ("qwen-image-edit-plus", "enable_safety_checker"): True,
}

# required one-image fields, and those that may be left out
IMAGE: dict[tuple[str, str], bool] = {
    ("kling-2.5-turbo-pro", "image_url"): True,
    ("kling-2.5-turbo-pro", "tail_image_url"): False,
    ("hailuo-2.3-pro", "image_url"): True,
    ("wan-2.5-i2v", "image_url"): True,
    ("kling-2.1-pro", "image_url"): True,
    ("kling-2.1-pro", "tail_image_url"): False,
    ("wan-2.2-turbo", "image_url"): True,
    ("seedance-v1-pro", "image_url"): True,
    ("flux-kontext-pro", "inputImage"): False,
    ("flux-kontext-max", "inputImage"): False,
}

# 0..1: the step of 0.1 binds guidance only
TENTHS = [("kling-2.5-turbo-pro", "cfg_scale"), ("kling-2.1-pro", "cfg_scale")]
UNIT = [("prompt-expansion-vision", "temperature"), ("prompt-expansion-text", "temperature")]

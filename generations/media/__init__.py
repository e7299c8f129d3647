"""What uploads and results really are: pictures and films by their bytes (faults.md rows 23, 78, 79)."""

from generations.media.errors import BadMedia, UploadRefused
from generations.media.headers import EXTENSIONS, SNIFF_BYTES, ImageFacts, sniff
from generations.media.images import UPLOAD_MAX_BYTES, CleanImage, clean_upload, inspect_image, thumbnail
from generations.media.video import VideoFacts, poster, probe_video

__all__ = [
    "EXTENSIONS",
    "SNIFF_BYTES",
    "UPLOAD_MAX_BYTES",
    "BadMedia",
    "CleanImage",
    "ImageFacts",
    "UploadRefused",
    "VideoFacts",
    "clean_upload",
    "inspect_image",
    "poster",
    "probe_video",
    "sniff",
    "thumbnail",
]

"""Where stored files lie: a folder of ours (MEDIA_ROOT), or a bucket that speaks S3 (STORAGE_URL)."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from project import env


def read() -> tuple[dict[str, Any], list[str]]:
    """Django's storage, and the hosts that pages may show its files from. Raises ImproperlyConfigured."""
    url = env.text("STORAGE_URL")
    if not url:
        return {"BACKEND": "django.core.files.storage.FileSystemStorage"}, []
    bucket = url.removeprefix("s3://").strip("/")
    if not url.startswith("s3://") or not bucket:
        raise ImproperlyConfigured("STORAGE_URL must look like s3://bucket (credentials by the AWS_ variables).")
    endpoint = env.base_url("AWS_ENDPOINT_URL")
    options = {
        "bucket_name": bucket,
        "endpoint_url": endpoint,
        "file_overwrite": True,
        "querystring_auth": True,
        "max_memory_size": 1024 * 1024,  # bytes of an object that is read; the rest of it waits on the disk
    }
    hosts = [endpoint or f"https://{bucket}.s3.amazonaws.com"]
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}, hosts

"""The models that a key may be held to. Which ones there are is the product's to say: settings.MODEL_NAMES names it,
so that this app need not know it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string


def names() -> Mapping[str, str]:
    """Name by slug of every model in the catalogue, in its order."""
    return cast("Mapping[str, str]", import_string(settings.MODEL_NAMES)())

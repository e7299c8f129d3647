"""Rows of the product, one file a subject. Verbs live beside, in states.py, intake.py and so on."""

from generations.models.batches import Batch, BatchMode, BatchQuote
from generations.models.catalogue import Listing, PriceVersion, Quote
from generations.models.generation import (
    Attempt,
    AttemptOutcome,
    CostVerdict,
    Generation,
    GenerationEvent,
    Reason,
    Status,
)
from generations.models.inbox import Callback, CallbackVerdict, IdempotencyRecord
from generations.models.labels import Favourite, Tag, Tagging
from generations.models.providers import Chore, ProviderKeys, ProviderSlot, ProviderState
from generations.models.results import LateResult, Output, Removal
from generations.models.shares import Share
from generations.models.studio import StudioSettings
from generations.models.uploads import ProviderCopy, Upload, UploadQuota, UploadState, UploadUse

__all__ = [
    "Attempt",
    "AttemptOutcome",
    "Batch",
    "BatchMode",
    "BatchQuote",
    "Callback",
    "CallbackVerdict",
    "Chore",
    "CostVerdict",
    "Favourite",
    "Generation",
    "GenerationEvent",
    "IdempotencyRecord",
    "LateResult",
    "Listing",
    "Output",
    "PriceVersion",
    "ProviderCopy",
    "ProviderKeys",
    "ProviderSlot",
    "ProviderState",
    "Quote",
    "Reason",
    "Removal",
    "Share",
    "Status",
    "StudioSettings",
    "Tag",
    "Tagging",
    "Upload",
    "UploadQuota",
    "UploadState",
    "UploadUse",
]

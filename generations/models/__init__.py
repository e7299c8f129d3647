"""Rows of the product, one file a subject. Verbs live beside, in states.py, intake.py and so on."""

from generations.models.alerts import Alert, AlertKind, AlertNotice, AlertRule
from generations.models.batches import Batch, BatchMode, BatchQuote
from generations.models.catalogue import Listing, PriceVersion, Quote, TeamDiscount
from generations.models.costs import SHARDS, CostDay, ModelDay, TeamDay, TeamMonth
from generations.models.generation import (
    Attempt,
    AttemptOutcome,
    CostVerdict,
    Generation,
    GenerationEvent,
    Reason,
    Status,
)
from generations.models.inbox import Callback, CallbackVerdict, IdempotencyRecord, Refusal, RefusedCallback
from generations.models.labels import Favourite, Tag, Tagging
from generations.models.providers import Chore, Pause, ProviderKeys, ProviderSlot, ProviderState
from generations.models.reconciliation import (
    BalanceDay,
    BalanceReading,
    Case,
    CaseKind,
    CaseNote,
    ProviderTopUp,
    UsageImport,
    UsageRow,
)
from generations.models.results import LateResult, Output, Removal
from generations.models.shares import Share
from generations.models.staff import StaffAct
from generations.models.studio import StudioSettings
from generations.models.uploads import ProviderCopy, Upload, UploadQuota, UploadState, UploadUse

__all__ = [
    "Alert",
    "AlertKind",
    "AlertNotice",
    "AlertRule",
    "Attempt",
    "AttemptOutcome",
    "BalanceDay",
    "BalanceReading",
    "Batch",
    "BatchMode",
    "BatchQuote",
    "Callback",
    "CallbackVerdict",
    "Case",
    "CaseKind",
    "CaseNote",
    "Chore",
    "CostDay",
    "CostVerdict",
    "Favourite",
    "Generation",
    "GenerationEvent",
    "IdempotencyRecord",
    "LateResult",
    "Listing",
    "ModelDay",
    "Output",
    "Pause",
    "PriceVersion",
    "ProviderCopy",
    "ProviderKeys",
    "ProviderSlot",
    "ProviderState",
    "ProviderTopUp",
    "Quote",
    "Reason",
    "Refusal",
    "RefusedCallback",
    "Removal",
    "SHARDS",
    "Share",
    "StaffAct",
    "Status",
    "StudioSettings",
    "Tag",
    "Tagging",
    "TeamDay",
    "TeamDiscount",
    "TeamMonth",
    "Upload",
    "UploadQuota",
    "UploadState",
    "UploadUse",
    "UsageImport",
    "UsageRow",
]

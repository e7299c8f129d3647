"""Why a generation failed, in words, and whether it may be tried again."""

from __future__ import annotations

from generations.models import Reason

# What a person reads. Never the provider's own words (faults.md E19).
SENTENCES: dict[str, str] = {
    Reason.PROVIDER_REJECTED: "The provider did not accept this input. Nothing was charged.",
    Reason.PROVIDER_FAILED: "The provider could not finish this. Nothing was charged.",
    Reason.PROVIDER_UNAVAILABLE: "The provider could not be reached or does not take work now. Nothing was charged.",
    Reason.NO_OUTPUT: "The provider ended without a result. Nothing was charged.",
    Reason.RESULT_LOST: "The result could not be fetched from the provider. Nothing was charged.",
    Reason.TIMED_OUT: "This took longer than its deadline. Nothing was charged.",
    Reason.OUTCOME_UNKNOWN: "The provider never confirmed this request. Nothing was charged.",
    Reason.CONTENT_REFUSED: "The provider's content policy refused this input. Nothing was charged.",
    Reason.MODEL_WITHDRAWN: "This model was withdrawn before the work began. Nothing was charged.",
}
# The same in a few words, for lists.
SHORT: dict[str, str] = {
    Reason.PROVIDER_REJECTED: "input not accepted",
    Reason.PROVIDER_FAILED: "the provider failed",
    Reason.PROVIDER_UNAVAILABLE: "provider not reached",
    Reason.NO_OUTPUT: "no result",
    Reason.RESULT_LOST: "result lost",
    Reason.TIMED_OUT: "took too long",
    Reason.OUTCOME_UNKNOWN: "never confirmed",
    Reason.CONTENT_REFUSED: "refused by content policy",
    Reason.MODEL_WITHDRAWN: "model withdrawn",
}
RETRYABLE = frozenset(
    {
        Reason.PROVIDER_FAILED,
        Reason.PROVIDER_UNAVAILABLE,
        Reason.NO_OUTPUT,
        Reason.RESULT_LOST,
        Reason.TIMED_OUT,
        Reason.OUTCOME_UNKNOWN,
    }
)

"""Client of the Framehouse API. Start with `Framehouse`; received webhooks are for `framehouse.webhooks.verify`."""

from framehouse import webhooks
from framehouse.client import Framehouse
from framehouse.errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    Conflict,
    DownloadError,
    FieldError,
    Forbidden,
    FramehouseError,
    GenerationFailed,
    Invalid,
    NotFound,
    PaymentRequired,
    RateLimited,
    ServerError,
    Unauthenticated,
    UnreadableAnswer,
    WaitTimeout,
)
from framehouse.generations import Progress
from framehouse.money import Money
from framehouse.shapes import Generation, Output

__all__ = [
    "APIConnectionError",
    "APIError",
    "APITimeoutError",
    "Conflict",
    "DownloadError",
    "FieldError",
    "Forbidden",
    "Framehouse",
    "FramehouseError",
    "Generation",
    "GenerationFailed",
    "Invalid",
    "Money",
    "NotFound",
    "Output",
    "PaymentRequired",
    "Progress",
    "RateLimited",
    "ServerError",
    "Unauthenticated",
    "UnreadableAnswer",
    "WaitTimeout",
    "webhooks",
]

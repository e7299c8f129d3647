"""An API key as the API shows it (design section 6). Its limits are billing's and added there."""

from __future__ import annotations

from typing import Any

from accounts.models import ApiKey
from project.times import stamp


def key(row: ApiKey) -> dict[str, Any]:
    """Who a key is and what its scopes are; never the key itself."""
    return {
        "id": row.public_id,
        "name": row.name,
        "scopes": sorted(row.scopes),
        "allowed_ips": list(row.allowed_ips),
        "allowed_models": list(row.allowed_models),
        "created_at": stamp(row.created_at),
        "expires_at": stamp(row.expires_at),
        "last_used_at": stamp(row.last_used_at) if row.last_used_at else None,
    }

"""What the API shows of keys, for the OpenAPI document (see project.schemas)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from project.schemas import Answer, Time, answer_id


class KeyFacts(Answer):
    """Who a key is; billing adds what it may spend."""

    id: Annotated[str, answer_id("key")]
    name: Annotated[str, Field(examples=["render farm"])]
    scopes: list[Literal["billing", "generate", "manage", "read"]]
    allowed_ips: Annotated[list[str], Field(description="Networks it works from; empty: all.", examples=[[]])]
    allowed_models: Annotated[list[str], Field(description="Slugs it may use; empty: all.", examples=[[]])]
    created_at: Time
    expires_at: Time
    last_used_at: Time | None

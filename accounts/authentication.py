"""Bearer keys for Django REST framework (design section 6)."""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts import access, key_proof
from accounts.actors import Actor
from project.errors import Unauthenticated


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer fh_live_...`; request.auth becomes the Actor."""

    def authenticate(self, request: Request) -> tuple[Any, Actor] | None:
        header = request.headers.get("Authorization", "")
        if not header:
            return None
        scheme, _, text = header.partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthenticated("Send the key as “Authorization: Bearer fh_live_...”.")
        actor = key_proof.find(text.strip())
        return actor.user, actor

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="framehouse"'


class HasScope(BasePermission):
    """The view says what it needs: `permission = roles.SEE`; None is open to everybody."""

    def has_permission(self, request: Request, view: Any) -> bool:
        needed = view.permission_of(request) if hasattr(view, "permission_of") else view.permission
        if needed is None:
            return True
        actor_of(request, needed)
        return True


def actor_of(request: Request, permission: str) -> Actor:
    """The key's actor. Raises Unauthenticated without a key, Forbidden when its scopes do not reach."""
    actor = request.auth
    if not isinstance(actor, Actor):
        raise Unauthenticated("Send an API key as “Authorization: Bearer fh_live_...”.")
    return access.require(actor, permission)

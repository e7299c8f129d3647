"""A real hasher that counts how often it hashes: the one cost of signing in that a clock could tell from outside."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.hashers import MD5PasswordHasher


class CountingHasher(MD5PasswordHasher):
    """Checking a password hashes it once, as making one does."""

    count: ClassVar[int] = 0

    def encode(self, password: str, salt: str) -> Any:
        CountingHasher.count += 1
        return super().encode(password, salt)

"""Argon2id outside of tests, old hashes made new at sign-in, and what a password may be (faults.md E5)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client

from accounts.models import User
from tests.accounts.identity.conftest import SIGN_UP, SignIn
from tests.pages.parsing import read
from tests.project.test_settings import GOOD, ROOT
from tests.world import World

ARGON2 = "django.contrib.auth.hashers.Argon2PasswordHasher"
PBKDF2 = "django.contrib.auth.hashers.PBKDF2PasswordHasher"


def test_production_hashes_with_argon2id(tmp_path: Path) -> None:
    program = (
        "import django; django.setup()\n"
        "from django.contrib.auth.hashers import make_password\n"
        "print(make_password('correct horse'))"
    )
    environment = {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "project.settings",
        **GOOD,
    }
    ended = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.stdout.startswith("argon2$argon2id$v=19$m=102400,t=2,p=8$"), ended.stderr


def test_a_sign_in_makes_an_old_hash_new(world: World, settings: Any, sign_in: SignIn) -> None:
    settings.PASSWORD_HASHERS = [ARGON2, PBKDF2]
    User.objects.filter(pk=world.alice.pk).update(password=make_password("correct horse", hasher="pbkdf2_sha256"))
    sign_in(world.alice, password="correct horse")
    world.alice.refresh_from_db()
    assert world.alice.password.startswith("argon2$argon2id$")
    sign_in(world.alice, password="correct horse")


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("short one", "too short"),
        ("1234567890", "too common"),
        ("x" * 1025, "too long"),
        ("dora.example", "too similar"),
    ],
)
def test_a_password_that_is_refused_says_why(db: None, password: str, reason: str) -> None:
    form = {"email": "dora.example@example.com", "password1": password, "password2": password}
    page = read(Client().post(SIGN_UP, form))
    assert reason in " ".join(page.texts("p", klass="error-text"))
    assert page.named("email")[0].attrs["value"] == "dora.example@example.com"
    assert not User.objects.exists()


@pytest.mark.parametrize("password", ["nur Kleinbuchstaben", "пароль из слов", "🐎🔋📎✅🐎🔋📎✅🐎🔋", "x9" * 512])
def test_a_long_password_of_any_characters_is_good(db: None, password: str) -> None:
    form = {"email": "dora@example.com", "password1": password, "password2": password}
    assert Client().post(SIGN_UP, form).status_code == 302
    assert User.objects.get().check_password(password)

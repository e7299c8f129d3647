"""What staff find of accounts. Pages of libraries are taken out: they change addresses, second factors and sessions
past our verbs, and nothing of it would stand in the audit log (faults.md E10)."""

from __future__ import annotations

from allauth.account import admin as _addresses  # noqa: F401 - registers, so that there is something to take out
from allauth.account.models import EmailAddress
from allauth.mfa import admin as _factors  # noqa: F401
from allauth.mfa.models import Authenticator
from allauth.usersessions import admin as _sessions  # noqa: F401
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth import admin as _groups  # noqa: F401
from django.contrib.auth.models import Group

from accounts import audit_admin, webhooks_admin  # noqa: F401 - they register

for _model in (EmailAddress, Authenticator, UserSession, Group):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)

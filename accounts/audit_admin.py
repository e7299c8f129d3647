"""Staff's view of the audit log, whole and with names, and of teams: to look at, to suspend and to reinstate."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts import duties, standing
from accounts.models import AuditEvent, Team
from accounts.staff_log import ReadOnly
from project import db, ids
from project.errors import Problem


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnly):
    """Every event of every team and of none."""

    list_display = ("created_at", "action", "team", "actor_name", "actor", "target_name", "data", "ip", "request_id")
    list_filter = ("action",)
    list_select_related = ("team",)
    ordering = ("-id",)
    search_fields = ("actor",)  # see get_search_results
    search_help_text = "An address of a person, user:7, staff:7, key_…, team_…, an IP address or a request id: exact."
    show_full_result_count = False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Exact words only: the log is long, and its indexes know no parts of words."""
        for word in search_term.split():
            queryset = queryset.filter(_meant(word))
        return queryset, False


@admin.register(Team)
class TeamAdmin(ReadOnly):
    """Teams to look at. Their standing is changed by actions, which ask first."""

    list_display = ("name", "public_id", "status", "requires_mfa", "created_at", "closed_at", "log")
    list_filter = ("status",)
    search_fields = ("name",)  # and public ids: see get_search_results
    ordering = ("-id",)
    show_full_result_count = False
    actions = ("suspend", "reinstate")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        uuid = ids.parse("team", search_term.strip())
        if uuid is not None:
            return queryset.filter(uuid=uuid), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description="audit log")
    def log(self, team: Team) -> SafeString:
        address = reverse("admin:accounts_auditevent_changelist")
        return format_html('<a href="{}?{}">its log</a>', address, urlencode({"q": team.public_id}))

    def has_turn_permission(self, request: HttpRequest) -> bool:
        """Whether this person may suspend and reinstate."""
        return duties.may(request.user, standing.ACT)

    @admin.action(description="Suspend the selected teams", permissions=["turn"])
    def suspend(self, request: HttpRequest, queryset: QuerySet[Team]) -> HttpResponse | None:
        return self._turn(request, queryset, "suspend", standing.suspend)

    @admin.action(description="Reinstate the selected teams", permissions=["turn"])
    def reinstate(self, request: HttpRequest, queryset: QuerySet[Team]) -> HttpResponse | None:
        return self._turn(request, queryset, "reinstate", standing.reinstate)

    def _turn(
        self, request: HttpRequest, queryset: QuerySet[Team], word: str, verb: Callable[..., Team]
    ) -> HttpResponse | None:
        """Asks, and after a yes turns each team in a transaction of its own and says how it went."""
        if request.POST.get("confirmed") != "yes":
            context = {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": f"{word.capitalize()} teams",
                "word": word,
                "teams": queryset,
                "checkbox": ACTION_CHECKBOX_NAME,
            }
            return render(request, "admin/accounts/team/standing.html", context)
        for team in queryset:
            try:
                turned = db.in_transaction(lambda team=team: verb(team=team, by=request.user))  # type: ignore[misc]
            except Problem as problem:
                self.message_user(request, problem.detail, messages.ERROR)
            else:
                self.message_user(request, f"{turned.name} is {turned.status}.", messages.SUCCESS)
        return None


def _meant(word: str) -> Q:
    """The events that one word of a search names."""
    team = ids.parse("team", word)
    if isinstance(team, UUID):
        return Q(team__uuid=team)
    try:
        return Q(ip=str(ipaddress.ip_address(word)))
    except ValueError:
        return Q(actor=word) | Q(actor_name=word) | Q(target=word) | Q(target_name=word) | Q(request_id=word)

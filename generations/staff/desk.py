"""What every desk has in common: the admin's gate, a permission an act, the frame around the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_cache_control

from accounts import audit
from accounts.duties import CODE
from accounts.duties import may as may
from accounts.models import User
from generations.staff.names import Names
from project.errors import Forbidden

P = ParamSpec("P")


class StaffRequest(HttpRequest):
    """A request of one of the operator's people who has passed the gate. `staff` is who the audit log names."""

    user: User
    staff: audit.Staff


Page = Callable[Concatenate[StaffRequest, P], HttpResponseBase]


@dataclass(frozen=True)
class Desk:
    """One entry of the staff's navigation: its address, icon, and the permission that shows it."""

    name: str
    label: str
    address: str
    icon: str
    permission: str


DESKS = (
    Desk("costs", "Costs", "/admin/costs", "squares-2x2", "see_costs"),
    Desk("reconciliation", "Reconciliation", "/admin/reconciliation", "clipboard", "see_costs"),
    Desk("prices", "Prices", "/admin/prices", "tag", "see_prices"),
    Desk("operations", "Operations", "/admin/operations", "bolt", "see_operations"),
    Desk("teams", "Teams", "/admin/teams", "user-group", "see_teams"),
    Desk("alerts", "Alerts", "/admin/alerts", "exclamation-triangle", "see_alerts"),
)


EXPORT = "export_costs"  # every file of the desks needs it, beside the act that shows what is in the file


def staff_page(
    *acts: str, superusers: bool = False
) -> Callable[[Page[P]], Callable[Concatenate[HttpRequest, P], HttpResponseBase]]:
    """Lets staff in who have passed the gate (sign-in, second factor) and may do all of `acts`: `request.staff`. With
    `superusers` nobody else. The view says what it asks for: `acts`, `superusers`.

    Others are sent to sign in or to add a factor, or get Forbidden. No shared cache keeps the page."""

    def decorate(view: Page[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            staff = cast(StaffRequest, request)
            for act in acts:
                require(staff, act)
            if superusers and not staff.user.is_superuser:
                raise Forbidden("Only superusers may see and do this.", code=CODE)
            staff.staff = audit.Staff(staff.user)
            response = view(staff, *args, **kwargs)
            patch_cache_control(response, private=True, no_cache=True)
            return response

        vars(guarded).update(acts=acts, superusers=superusers)  # what the test of all addresses asks
        return cast("Callable[Concatenate[HttpRequest, P], HttpResponseBase]", admin.site.admin_view(guarded))

    return decorate


def require(request: StaffRequest, *acts: str) -> None:
    """Raises Forbidden for staff who may do none of the acts: for pages with several."""
    if not any(may(request.user, act) for act in acts):
        raise Forbidden("This is not among your duties. Ask a superuser for it.", code=CODE)


def show(
    request: StaffRequest, template: str, context: Mapping[str, Any] | None = None, *, desk: str, status: int = 200
) -> HttpResponse:
    """A desk's page in the staff's frame. The template gets `desks`, `desk`, and `acts`: what this person may do; and
    `{% who %}` writes people's addresses."""
    names = Names()
    acts = {name.removeprefix("generations.") for name in request.user.get_all_permissions()}
    desks = [item for item in DESKS if item.permission in acts]
    frame: dict[str, Any] = {"desks": desks, "desk": desk, "acts": acts, "staff_names": names}
    answer = render(request, template, {**frame, **(context or {})}, status=status)
    answer.content = names.fill(answer.content)
    return answer

"""What the operator's people do in the administration stands in the audit log (faults.md E10, E11): the bases of every
ModelAdmin of the house. A test walks the site and refuses others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from accounts import audit
from accounts.models import Action, Team, User

if TYPE_CHECKING:
    Rows = admin.ModelAdmin[Any]
else:  # Django's own class takes no parameters
    Rows = admin.ModelAdmin

HIDDEN = frozenset({"password", "secret", "digest", "token"})  # that they changed is told, never to what


class ReadOnly(Rows):
    """Rows to look at."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class Audited(Rows):
    """Rows that staff may change: each change is an event with the fields before and after, in its transaction.
    It knows no inline forms: their rows would go unrecorded, so a class that has some is refused."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.inlines:
            raise TypeError(f"{cls.__name__} has inlines, and Audited does not record their rows")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        before: dict[str, Any] = {}
        if change:
            held = type(obj)._base_manager.select_for_update(no_key=True).get(pk=obj.pk)
            before = {name: _plain(name, _value(held, name)) for name in form.changed_data}
        super().save_model(request, obj, form, change)
        after = {name: _plain(name, form.cleaned_data.get(name)) for name in form.changed_data}
        if form.changed_data or not change:
            _record(request, obj, did="changed" if change else "added", before=before, after=after)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without `delete selected`: Django runs it outside of a transaction. One row at a time is inside one."""
        actions = super().get_actions(request)
        return {name: action for name, action in actions.items() if name != "delete_selected"}

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[LogEntry]:
        """Called before a row goes."""
        for obj in queryset:
            fields = [field.name for field in obj._meta.concrete_fields]
            gone = {name: _plain(name, _value(obj, name)) for name in fields}
            _record(request, obj, did="deleted", before=gone, after={})
        return super().log_deletions(request, queryset)


def staff_of(request: HttpRequest) -> audit.Staff:
    """Who is at work in the administration."""
    return audit.Staff(cast(User, request.user))


def _record(request: HttpRequest, obj: Model, *, did: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    team = obj if isinstance(obj, Team) else getattr(obj, "team", None)
    data: dict[str, Any] = {"did": did}
    if before:
        data["before"] = dict(before)
    if after:
        data["after"] = dict(after)
    audit.record(
        Action.STAFF_CHANGED,
        by=staff_of(request),
        team=team if isinstance(team, Team) else None,
        target=f"{obj._meta.label_lower}:{obj.pk}"[:80],
        target_name=f"{obj._meta.verbose_name} {obj}",
        data=data,
    )


def _value(obj: Model, name: str) -> Any:
    """A field's value; of rows that it points to, by whatever relation, their keys."""
    field = obj._meta.get_field(name)
    if field.many_to_many:
        return [row.pk for row in getattr(obj, name).all()]
    return getattr(obj, getattr(field, "attname", name))


def _plain(name: str, value: Any) -> Any:
    """As JSON can hold it."""
    if name in HIDDEN:
        return "hidden"
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Model):
        return _plain(name, value.pk)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(str(key), item) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, bytes | memoryview):
        return [_plain(name, item) for item in value]
    return str(value)

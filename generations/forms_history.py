"""The filters of the history, as they stand in the address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict

from accounts.forms_audit import Day
from generations.catalog import ENTRIES
from generations.history_choices import Choices
from generations.history_queries import Wanted
from generations.history_search import LONGEST
from generations.models import Status
from project import ids

VIEWS = {"gallery": "Gallery", "table": "Table"}
KINDS = {"video": "video", "image": "images", "text": "text"}
OPEN = "open"


@dataclass(frozen=True)
class Chip:
    """One filter in use: in words, and the query of the address without it."""

    words: str
    without: str


class HistoryForm(forms.Form):
    """All may be empty. `from` and `to` are days in UTC, both included."""

    q = forms.CharField(
        label="Search prompts",
        required=False,
        max_length=LONGEST,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Search prompts", "autocomplete": "off"}),
        error_messages={
            "max_length": f"A search has at most {LONGEST} characters.",
            "null_characters_not_allowed": "This holds characters that no prompt has.",
        },
    )
    status = forms.ChoiceField(
        label="Status",
        required=False,
        choices=[("", "any"), (OPEN, "under way"), *((each, each) for each in Status.values)],
        error_messages={"invalid_choice": "There is no such status. Choose one of the list."},
    )
    kind = forms.ChoiceField(
        label="Kind",
        required=False,
        choices=[("", "any"), *KINDS.items()],
        error_messages={"invalid_choice": "There is no such kind. Choose one of the list."},
    )
    model = forms.ChoiceField(
        label="Model",
        required=False,
        error_messages={"invalid_choice": "There is no such model. Choose one of the list."},
    )
    member = forms.ChoiceField(
        label="Made by",
        required=False,
        error_messages={"invalid_choice": "Nobody of this address belongs or belonged to this team."},
    )
    key = forms.ChoiceField(
        label="API key",
        required=False,
        error_messages={"invalid_choice": "This team has no such API key."},
    )
    tag = forms.ChoiceField(
        label="Tag",
        required=False,
        error_messages={"invalid_choice": "This team has no such tag. Choose one of the list."},
    )
    favourite = forms.ChoiceField(
        label="Only my favourites",
        required=False,
        choices=[("", "all"), ("1", "only my favourites")],
        error_messages={"invalid_choice": "This is 1 or left out."},
    )
    batch = forms.CharField(required=False, widget=forms.HiddenInput)
    view = forms.ChoiceField(
        required=False,
        choices=list(VIEWS.items()),
        widget=forms.HiddenInput,
        error_messages={"invalid_choice": "There is no such view."},
    )

    field_order = ("q", "status", "kind", "model", "member", "key", "from", "to", "tag", "favourite", "batch", "view")

    def __init__(self, data: QueryDict, *, choices: Choices) -> None:
        super().__init__(_told(data, choices), auto_id="filter-%s", use_required_attribute=False)
        self.known = choices
        self.fields["from"] = Day(label="From", required=False, input_formats=["%Y-%m-%d"])
        self.fields["to"] = Day(label="To", required=False, input_formats=["%Y-%m-%d"])
        self.order_fields(self.field_order)
        self._offer("model", "any", [(entry.slug, entry.name) for entry in ENTRIES.values()])
        self._offer("member", "anybody", [(each.value, each.words) for each in choices.members])
        self._offer("key", "any", [(each.value, each.words) for each in choices.keys])
        self._offer("tag", "any", [(name, name) for name in choices.tags])

    def _offer(self, name: str, nothing: str, offered: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", nothing), *offered]

    def clean_batch(self) -> str:
        text: str = self.cleaned_data["batch"]
        if text and ids.parse("bat", text) is None:
            raise forms.ValidationError("This is no batch: a batch's id begins with bat_.", code="invalid")
        return text

    def clean(self) -> dict[str, Any]:
        found = self.cleaned_data
        if found.get("from") and found.get("to") and found["from"] > found["to"]:
            self.add_error("to", "The last day lies before the first one.")
        return found

    @property
    def in_form(self) -> list[forms.BoundField]:
        """The fields behind the summary, in their order; the template draws the others."""
        return [self[name] for name in ("status", "kind", "model", "member", "key", "tag", "from", "to")]

    @property
    def layout(self) -> str:
        """gallery or table."""
        return "table" if self.data.get("view") == "table" else "gallery"

    @property
    def kept(self) -> dict[str, str]:
        """What stands in the address, but for the place in the list: the filters in use and the view."""
        kept = {name: self.data[name].strip() for name in self.fields if self.data.get(name, "").strip()}
        return {name: value for name, value in kept.items() if (name, value) != ("view", "gallery")}

    @property
    def narrowed(self) -> dict[str, str]:
        """The filters in use."""
        return {name: value for name, value in self.kept.items() if name != "view"}

    @property
    def folded(self) -> dict[str, str]:
        """Those that are set behind the summary: all but the search."""
        return {name: value for name, value in self.narrowed.items() if name not in ("q", "batch")}

    def query(self, **change: str) -> str:
        """The address's query with something else in it; an empty value takes it out."""
        return urlencode({name: value for name, value in {**self.kept, **change}.items() if value})

    @property
    def chips(self) -> list[Chip]:
        """Each filter in use, wrong ones too."""
        return [Chip(self._words(name, value), self.query(**{name: ""})) for name, value in self.narrowed.items()]

    def _words(self, name: str, value: str) -> str:
        field = self.fields[name]
        offered: list[Any] = list(field.choices) if isinstance(field, forms.ChoiceField) else []  # type: ignore[arg-type]
        shown = dict(offered).get(value, value)
        match name:
            case "q":
                return f"“{value}”"
            case "batch":
                return "one batch"
            case "favourite":
                return "my favourites"
            case "from" | "to" | "tag" | "status" | "kind":
                return f"{field.label}: {shown}"
            case _:
                return str(shown)

    @property
    def wanted(self) -> Wanted:
        """What a valid form asks for."""
        found = self.cleaned_data
        member, key = self.known.member(found["member"]), self.known.key(found["key"])
        return Wanted(
            words=found["q"],
            status=found["status"],
            kind=found["kind"],
            model=found["model"],
            membership=member.pk if member else None,
            api_key=key.pk if key else None,
            batch=ids.parse("bat", found["batch"]),
            since=_midnight(found["from"]) if found["from"] else None,
            before=_midnight(found["to"] + timedelta(days=1)) if found["to"] else None,
            favourite=bool(found["favourite"]),
            tag=found["tag"],
        )


def _told(data: QueryDict, choices: Choices) -> dict[str, str]:
    """The address's words; a member and a tag in the case in which the list has them."""
    told = {name: str(value) for name, value in data.items()}
    if member := choices.member(told.get("member", "")):
        told["member"] = member.value
    if tag := choices.tag(told.get("tag", "")):
        told["tag"] = tag
    return told


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)

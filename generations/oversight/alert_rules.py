"""The rules of alerts, one a kind: made with the defaults of alert_specs, changed by staff."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.db.models.functions import Now

from accounts import audit
from accounts.models import Action
from generations.models import AlertKind, AlertRule
from generations.oversight import alert_changes
from generations.oversight.alert_specs import DAY, MINUTE, MOST, SPECS, Spec
from project import db
from project.errors import FieldError, Invalid, NotFound

LONGEST_CALM = 7 * DAY


@dataclass(frozen=True)
class Setting:
    """What staff may set of a rule. Thresholds in the kind's unit; `calm_seconds` is how long a figure must be right
    without a break before its alert goes off."""

    enabled: bool
    on_at: int
    off_at: int
    at_least: int
    calm_seconds: int


def ensure() -> list[AlertRule]:
    """The rules of all kinds, in the order of SPECS; those that are missing are made with their defaults. Two queries
    at most; safe beside itself."""
    rules = {rule.kind: rule for rule in AlertRule.objects.all()}
    missing = [spec for kind, spec in SPECS.items() if kind not in rules]
    if missing:
        AlertRule.objects.bulk_create([_default(spec) for spec in missing], ignore_conflicts=True)
        rules = {rule.kind: rule for rule in AlertRule.objects.all()}
    return [rules[kind] for kind in SPECS]


def get(kind: str) -> AlertRule:
    """The rule of a kind. Raises NotFound for what is no kind."""
    if kind not in SPECS:
        raise NotFound("There is no such kind of alert.")
    return next(rule for rule in ensure() if rule.kind == kind)


def setting_of(rule: AlertRule) -> Setting:
    return Setting(rule.enabled, rule.on_at, rule.off_at, rule.at_least, rule.calm_seconds)


def set_rule(*, by: audit.Staff, kind: str, setting: Setting) -> bool:
    """Changes a rule; a rule that is turned off ends its alerts, and that is told. Returns whether anything changed.

    Raises Invalid (fields on_at, off_at, at_least, calm_seconds), NotFound for what is no kind."""
    spec = SPECS[get(kind).kind]
    setting = setting if spec.cases else replace(setting, at_least=0)
    check(spec, setting)
    return db.in_transaction(lambda: _set(by, spec, setting))


def check(spec: Spec, setting: Setting) -> None:
    """Raises Invalid for a setting that cannot be."""
    errors = []
    least, most = spec.least, MOST[spec.unit]
    for name in ("on_at", "off_at"):
        if not least <= getattr(setting, name) <= most:
            errors.append(FieldError(name, f"Set {spec.shown(least)} to {spec.shown(most)}.", "out_of_range"))
    if not errors and (setting.off_at < setting.on_at if spec.below else setting.off_at > setting.on_at):
        side = "below" if spec.below else "above"
        errors.append(FieldError("off_at", f"Set no value {side} the one at which the alert goes on.", "beyond_on"))
    if not 0 <= setting.at_least <= MOST["count"]:
        errors.append(FieldError("at_least", f"Set 0 to {MOST['count']:,}.", "out_of_range"))
    if not 0 <= setting.calm_seconds <= LONGEST_CALM:
        errors.append(FieldError("calm_seconds", f"Set 0 to {LONGEST_CALM // MINUTE:,} minutes.", "out_of_range"))
    if errors:
        raise Invalid("The rule has errors.", errors=errors)


def _set(by: audit.Staff, spec: Spec, setting: Setting) -> bool:
    rule = AlertRule.objects.select_for_update(no_key=True).get(kind=spec.kind)
    before, after = _in_words(spec, setting_of(rule)), _in_words(spec, setting)
    if setting_of(rule) == setting:
        return False
    changed = [name for name in before if before[name] != after[name]]
    afresh = {"measured_since": None, "measured_at": None, "failing_since": None, "failure": ""}
    AlertRule.objects.filter(pk=rule.pk).update(
        enabled=setting.enabled,
        on_at=setting.on_at,
        off_at=setting.off_at,
        at_least=setting.at_least,
        calm_seconds=setting.calm_seconds,
        changed_by=audit.actor_of(by),
        changed_at=Now(),
        **(afresh if setting.enabled != rule.enabled else {}),
    )
    if not setting.enabled:
        alert_changes.end_all_of(spec.kind)
    audit.record(
        Action.ALERT_RULE_SET,
        by=by,
        team=None,
        target=f"alert_rule:{spec.kind}",
        target_name=AlertKind(spec.kind).label,
        data={"before": {name: before[name] for name in changed}, "after": {name: after[name] for name in changed}},
    )
    return True


def _in_words(spec: Spec, setting: Setting) -> dict[str, str]:
    words = {
        "enabled": "yes" if setting.enabled else "no",
        "on": spec.threshold(setting.on_at),
        "off": spec.shown(setting.off_at),
        "calm_seconds": str(setting.calm_seconds),
    }
    return {**words, "at_least": str(setting.at_least)} if spec.cases else words


def _default(spec: Spec) -> AlertRule:
    return AlertRule(
        kind=spec.kind,
        on_at=spec.on_at,
        off_at=spec.off_at,
        at_least=spec.at_least,
        calm_seconds=spec.calm_seconds,
    )

"""The guard of the edges: views, API, admin, tasks and forms get a team's rows through access.py and queries, which
check the team and the permission, and by no other way that Django has (invariants.md T1, faults.md row 65)."""

from __future__ import annotations

import ast
import fnmatch
from collections.abc import Iterator
from dataclasses import dataclass

EDGES = (
    "views*.py",
    "*_views.py",
    "api*.py",
    "pages.py",
    "admin*.py",
    "*_admin.py",
    "forms*.py",
    "*_forms.py",
    "tasks.py",
    "urls*.py",
    "*_urls.py",
    "context.py",
    "middleware.py",
)
# What a queryset or a manager is asked for; the rest of an attribute's names is no question to the database.
ASKED = {
    *("all", "get", "filter", "exclude", "first", "last", "latest", "earliest", "count", "exists", "in_bulk"),
    *("values", "values_list", "order_by", "select_related", "prefetch_related", "annotate", "aggregate", "iterator"),
    *("create", "get_or_create", "update_or_create", "bulk_create", "update", "delete", "select_for_update"),
    *("only", "defer", "none", "using", "raw", "extra", "union", "distinct", "add", "set", "remove", "clear"),
}
OF_ANY_MODEL = frozenset({"objects", "_default_manager", "_base_manager"})
SHORTCUTS = {"get_object_or_404", "get_list_or_404", "aget_object_or_404", "aget_list_or_404"}
SQL = {"cursor", "raw", "extra", "RawSQL"}
Finding = tuple[int, str]


@dataclass(frozen=True)
class Rows:
    """What belongs to teams: the names of the models, of their managers, and of the ways from a team or a person to
    its rows (`team.api_keys`)."""

    models: frozenset[str]
    managers: frozenset[str] = OF_ANY_MODEL
    ways: frozenset[str] = frozenset()


def is_edge(name: str) -> bool:
    """Whether a path is of a file that translates between people and services. The stand-in has no tenants."""
    folder, _, base = name.rpartition("/")
    if folder == "billing/standin":
        return False
    return folder.endswith("templatetags") or any(fnmatch.fnmatch(base, pattern) for pattern in EDGES)


def finds(rows: Rows, tree: ast.Module) -> Iterator[Finding]:
    """Every way past access.py in one file."""
    called = _names(rows, tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield from _attribute(rows, called, node)
        elif isinstance(node, ast.Call):
            yield from _call(called, node)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.keyword):
            yield from _given(called, node)


def _names(rows: Rows, tree: ast.Module) -> dict[str, str]:
    """What the models are called in this file: imported under another name, or given one."""
    called = {name: name for name in rows.models}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            called |= {alias.asname: alias.name for alias in node.names if alias.asname and alias.name in rows.models}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id in called:
            called |= {target.id: called[node.value.id] for target in node.targets if isinstance(target, ast.Name)}
    return called


def _model(called: dict[str, str], node: ast.expr) -> str | None:
    """The model that an expression names: `ApiKey`, `models.ApiKey`."""
    if isinstance(node, ast.Name):
        return called.get(node.id)
    return node.attr if isinstance(node, ast.Attribute) and node.attr in called.values() else None


def _is_a_class(node: ast.expr) -> bool:
    """Whether it is the name of a class: a model that is not a team's, for `_model` did not know it."""
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name[:1].isupper()


def _attribute(rows: Rows, called: dict[str, str], node: ast.Attribute) -> Iterator[Finding]:
    if node.attr in rows.managers:
        model = _model(called, node.value)
        if model:
            yield node.lineno, f"{model}.{node.attr} instead of access.py"
        elif node.attr in OF_ANY_MODEL and not _is_a_class(node.value):
            yield node.lineno, f"{node.attr} of a model that cannot be told"
    elif node.attr in ASKED and isinstance(node.value, ast.Attribute) and node.value.attr in rows.ways:
        yield node.lineno, f".{node.value.attr}.{node.attr} instead of access.py"


def _call(called: dict[str, str], node: ast.Call) -> Iterator[Finding]:
    what = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if what in SHORTCUTS:
        yield node.lineno, f"{what} instead of access.py"
    elif what in SQL:
        yield node.lineno, f"SQL by {what} instead of access.py"
    elif what == "get_model":
        yield node.lineno, "get_model: a model that cannot be told"
    elif what in ("QuerySet", "getattr") and node.args and _model(called, node.args[0]):
        yield node.lineno, f"{what} of {_model(called, node.args[0])} instead of access.py"


def _given(called: dict[str, str], node: ast.Assign | ast.AnnAssign | ast.keyword) -> Iterator[Finding]:
    """`model = ApiKey` makes a generic view or a form of all rows."""
    if isinstance(node, ast.keyword):
        names = {node.arg}
    else:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = {target.id for target in targets if isinstance(target, ast.Name)}
    if "model" in names and node.value is not None and isinstance(node.value, ast.Name | ast.Attribute):
        model = _model(called, node.value)
        if model:
            yield node.value.lineno, f"model = {model}: a view or form of all rows"

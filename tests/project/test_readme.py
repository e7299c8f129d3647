"""What the README names is there: settings, commands with their options, calls of the API, the desks' pages; and why a
library is there stands in ARCHITECTURE.md."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.urls import resolve

from project import limit_settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
READ = re.compile(r'(?:env\.[a-z_]+|_secret|os\.environ\.get)\(\s*"([A-Z][A-Z_0-9]+)"')
NOT_SET = {"FAILPOINT", "PATH", "Q_CLUSTER_NAME"}  # not the operator's: tests, the shell's, the supervisor's


def part(head: str) -> str:
    return README.partition(f"\n## {head}\n")[2].partition("\n## ")[0]


def first_cells(text: str) -> list[str]:
    return [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]


def test_the_settings_are_those_that_are_read() -> None:
    told = {name for cell in first_cells(part("Settings")) for name in re.findall(r"`([A-Z_0-9]+)`", cell)}
    read = {name for path in (ROOT / "project").glob("*.py") for name in READ.findall(path.read_text())}
    read |= {name for name, _ in limit_settings.SETTINGS.values()}
    assert told == {name for name in read - NOT_SET if not name.startswith("AWS_")}


def test_the_commands_and_their_options_are_there() -> None:
    named = re.findall(r"`manage\.py ([a-z_]+)([^`]*)`", README)
    assert len(named) > 10
    for name, rest in named:
        parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
        known = {option for action in parser._actions for option in action.option_strings}
        assert set(re.findall(r"--[a-z-]+", rest)) <= known, name


def test_the_calls_are_those_of_the_document() -> None:
    """`.../events` goes on from the first of its line."""
    paths = set(json.loads((ROOT / "docs" / "openapi.released.json").read_text())["paths"])
    for cell in first_cells(part("Use the API")):
        first, *more = re.findall(r"`(?:[A-Z]+ )?([/.][^`?]*)", cell)
        assert first in paths
        for path in more:
            head, dots, tail = path.partition("...")
            assert any(one.startswith(first) and one.endswith(tail) for one in paths) if dots else head in paths, path


@pytest.mark.parametrize("address", sorted(set(re.findall(r"`(/(?:admin|health)[a-z/]*)`", README))))
def test_the_pages_are_there(address: str) -> None:
    assert "url" not in resolve(address).kwargs  # else the admin's page for what is not there


def test_its_links_lead_to_files() -> None:
    links = re.findall(r"\]\(([^):]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).is_file()] == []


def test_the_architecture_names_every_library() -> None:
    told = (ROOT / "ARCHITECTURE.md").read_text().partition("\n## Libraries\n")[2].partition("\n## ")[0]
    lines = (ROOT / "requirements.in").read_text().splitlines()
    needed = [found[0] for line in lines if (found := re.match(r"[a-z0-9-]+", line))]
    assert len(needed) > 20
    assert [name for name in needed if not re.search(rf"\b{name}\b", told)] == []

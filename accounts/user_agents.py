"""What a User-Agent says in short, for people who look whether it was them. Anybody can say anything in it."""

from __future__ import annotations

import re

# The order matters: Edge calls itself Chrome too, and Chrome Safari.
_BROWSERS = (
    ("Edge", r"Edg(?:e|A|iOS)?/(\d+)"),
    ("Opera", r"OPR/(\d+)"),
    ("Samsung Internet", r"SamsungBrowser/(\d+)"),
    ("Firefox", r"(?:Firefox|FxiOS)/(\d+)"),
    ("Chrome", r"(?:HeadlessChrome|Chrome|CriOS)/(\d+)"),
    ("Safari", r"Version/(\d+)\S* .*Safari/"),
)
_SYSTEMS = (
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Android", r"Android"),
    ("Windows", r"Windows NT"),
    ("ChromeOS", r"CrOS"),
    ("macOS", r"Mac OS X|Macintosh"),
    ("Linux", r"Linux"),
)


def in_short(user_agent: str) -> str:
    """`Firefox 128 on Linux`, or the first word of what a program calls itself; nothing of nothing."""
    if not user_agent.startswith("Mozilla/"):
        return user_agent.partition(" ")[0][:40]
    name = next((f"{name} {m[1]}" for name, rule in _BROWSERS if (m := re.search(rule, user_agent))), "A browser")
    system = next((f" on {name}" for name, rule in _SYSTEMS if re.search(rule, user_agent)), "")
    return name + system

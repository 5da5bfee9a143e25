"""Contrast, and that the pages ask nobody else for anything."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

_STATIC = files("bot.console").joinpath("static")
_CSS = _STATIC.joinpath("console.css").read_text(encoding="utf-8")

PAIRS = [
    ("text", "ground"), ("text", "surface"), ("text", "sunken"), ("text", "debtor"),
    ("text", "bot"), ("text", "person"), ("text", "bad-soft"),
    ("muted", "ground"), ("muted", "surface"), ("muted", "sunken"), ("muted", "debtor"),
    ("muted", "bot"), ("accent-strong", "surface"), ("accent-strong", "sunken"),
    ("accent-strong", "ground"), ("on-accent", "accent"), ("on-accent", "accent-strong"),
    ("on-accent-soft", "accent-soft"), ("on-accent-soft", "person"), ("bad", "surface"),
    ("bad", "sunken"), ("bad", "ground"), ("surface", "bad"), ("on-bad-soft", "bad-soft"),
    ("warn", "surface"), ("warn", "sunken"), ("on-warn-soft", "warn-soft"),
    ("on-good-soft", "good-soft"),
]  # fmt: skip


def _palette(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_on_its_ground(scheme: str) -> None:
    light, dark = _CSS.split("@media (prefers-color-scheme: dark)")[:2]
    colours = _palette(light) | (_palette(dark[: dark.index("*,")]) if scheme == "dark" else {})
    poor = {
        pair: round(_contrast(colours[pair[0]], colours[pair[1]]), 2)
        for pair in PAIRS
        if _contrast(colours[pair[0]], colours[pair[1]]) < 4.5
    }
    assert poor == {}
    for control in ("control-line", "accent"):
        assert _contrast(colours[control], colours["surface"]) >= 3


def test_nothing_comes_from_another_host() -> None:
    for folder in (_STATIC, files("bot.console").joinpath("templates")):
        for item in folder.iterdir():
            text = item.read_text(encoding="utf-8")
            hosts = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+", text))
            assert hosts <= {"http://www.w3.org"}, item.name
            assert "style=" not in text and "onclick" not in text, item.name


def test_templates_never_switch_escaping_off() -> None:
    for item in files("bot.console").joinpath("templates").iterdir():
        text = item.read_text(encoding="utf-8")
        assert "|safe" not in text.replace(" ", "") and "autoescape" not in text, item.name
    script = _STATIC.joinpath("console.js").read_text(encoding="utf-8")
    assert not re.search(r"\.innerHTML\s*=[^=]|insertAdjacentHTML|document\.write|\beval\(", script)

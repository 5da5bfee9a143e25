"""What can be said of the widget without a browser: its size, its manners, its words."""

from __future__ import annotations

import gzip
import re

import pytest
from counterpart import WIDGET

SOURCE = WIDGET.read_text(encoding="utf-8")
CODE = re.sub(r"/\*.*?\*/|^\s*//[^\n]*$", "", SOURCE, flags=re.DOTALL | re.MULTILINE)


def words(language: str) -> str:
    found = re.search(rf"^    {language}: {{\n(.*?)^    }},$", SOURCE, re.DOTALL | re.MULTILINE)
    assert found, f"no words in {language}"
    return found.group(1)


def test_it_is_small() -> None:
    assert len(gzip.compress(SOURCE.encode(), 6)) <= 22 * 1024


@pytest.mark.parametrize(
    "forbidden",
    [
        r"\b(inner|outer)HTML\b",
        r"insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|setHTML",
        r"\beval\b|new Function|setTimeout\(\s*[\"'`]",
        r"[\"']style[\"']",  # neither a style element nor a style attribute
        r"cssText",
        r"setAttribute\(\s*[\"'`]on",
        r"\bonclick\b|\bonload\b",
        r"url\(|@import|@font-face",
        r"document\.cookie|sessionStorage",
        r"\bimport\b|\brequire\(",
        r"debugger|console\.(log|debug|info)",
    ],
)
def test_it_never_uses(forbidden: str) -> None:
    found = re.search(forbidden, CODE)
    assert not found, found


def test_it_asks_no_one_but_its_own_host() -> None:
    addresses = set(re.findall(r"\b(?:https?|wss?)://[^\s\"'`)]+", CODE))
    assert addresses <= {"http://www.w3.org/2000/svg"}


def test_it_stands_in_a_shadow_with_a_constructed_sheet() -> None:
    assert 'attachShadow({ mode: "open" })' in CODE
    assert "adoptedStyleSheets" in CODE
    assert "new CSSStyleSheet()" in CODE


def test_links_open_apart() -> None:
    assert 'rel: "noopener noreferrer"' in CODE
    assert 'target: "_blank"' in CODE


def test_every_language_says_everything() -> None:
    keys = {
        language: re.findall(r"^      (\w+):", words(language), re.MULTILINE)
        for language in ("es", "pt", "en")
    }
    assert keys["es"] == keys["pt"] == keys["en"]
    assert len(keys["es"]) == len(set(keys["es"])) > 20


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("es", ["Abrir chat", "Asistente virtual", "Persona", "Enviar", "Escribe", "Reintentar"]),
        ("es", ["Sin conexión. Tu mensaje se enviará al volver."]),
        ("pt", ["Abrir chat", "Assistente virtual", "Pessoa", "Escreva", "Tentar de novo"]),
        ("en", ["Open chat", "Virtual assistant", "person", "Write your message", "Try again"]),
    ],
)
def test_it_speaks_as_people_do(language: str, said: list[str]) -> None:
    for text in said:
        assert text in words(language)


def test_it_minds_how_people_see_and_move() -> None:
    for feature in (
        "prefers-reduced-motion",
        "prefers-color-scheme: dark",
        "forced-colors: active",
        "safe-area-inset-bottom",
        "100dvh",
        "max-width: 480px",
    ):
        assert feature in CODE

"""What keeps the channels honest: one sender, and a purpose for everything that is posted."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import yaml

from bot.app import build, create_app
from bot.conversations.models import Purpose
from bot.runtime.paths import ROOT
from bot.texts.catalogue import LANGUAGES
from tests.test_house_rules import WORDS_OF_DEBT

SOURCES = [p for top in ("bot", "actions") for p in sorted((ROOT / top).rglob("*.py"))]


def _calls(path: Path) -> list[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [n for n in ast.walk(tree) if isinstance(n, ast.Call)]


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def test_nothing_but_the_postman_sends_through_a_channel():
    senders = set()
    for path in SOURCES:
        for call in _calls(path):
            holder = getattr(call.func, "value", None)
            of = ast.unparse(holder) if holder is not None else ""
            if _name(call) == "send" and "channel" in of.lower():
                senders.add(path.relative_to(ROOT).as_posix())
    # The benchmark measures us against a server that answers before it says 200.
    senders.discard("bot/runtime/channel_load/inline.py")
    assert senders == {"bot/channels/postman.py"}


def test_everything_that_is_posted_says_why():
    found = 0
    for path in SOURCES:
        for call in _calls(path):
            of = ast.unparse(getattr(call.func, "value", ast.Constant("")))
            if _name(call) == "post" and of in (
                "service",
                "conversation_service",
                "conversations",
                "conversations_service",
            ):
                found += 1
                assert "purpose" in {k.arg for k in call.keywords}, f"{path}:{call.lineno}"
    assert found >= 9


def test_nobody_writes_to_the_outbox_around_posting():
    for path in SOURCES:
        for call in _calls(path):
            if _name(call) == "Delivery":
                assert path.name == "service.py" and path.parent.name == "conversations", path


def test_without_any_setting_no_platform_is_wired(settings, database):
    parts = build(settings, database=database)
    assert parts.channels == {}
    paths = set(create_app(parts).openapi()["paths"])
    assert not {p for p in paths if p.startswith(("/webhooks/telegram", "/webhooks/whatsapp"))}


def test_a_platform_is_wired_by_its_settings_alone(settings, database):
    wired = settings.model_copy(
        update={
            "telegram_bots": _secret({"girasol": "123:abc"}),
            "whatsapp_numbers": {"girasol": "1055"},
            "smtp_url": _secret("smtp://127.0.0.1:2525"),
            "email_senders": {"girasol": "Girasol <avisos@girasol.example>"},
        }
    )
    parts = build(wired, database=database)
    assert set(parts.channels) == {"telegram", "whatsapp", "email"}
    paths = set(create_app(parts).openapi()["paths"])
    assert {"/webhooks/telegram/{creditor}", "/webhooks/whatsapp"} <= paths
    for channel in parts.channels.values():
        assert channel.capabilities.text_length > 0


def _secret(value):
    from pydantic import SecretStr

    if isinstance(value, dict):
        return {k: SecretStr(v) for k, v in value.items()}
    return SecretStr(value)


@pytest.mark.parametrize("purpose", list(Purpose))
def test_the_purposes_are_told_in_the_docs(purpose):
    page = (ROOT / "docs/channels.md").read_text(encoding="utf-8")
    assert f"`{purpose.value}`" in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_channels_say_of_themselves_has_no_word_of_debt(language):
    path = ROOT / f"bot/texts/{language}/channels.yml"
    texts = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert len(texts) > 10
    assert not [key for key, text in texts.items() if WORDS_OF_DEBT.search(str(text))]

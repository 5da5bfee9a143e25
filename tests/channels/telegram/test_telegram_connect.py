"""`acuerdo telegram`: what an operator types to connect a bot and to invite a debtor."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from telegram_updates import EVERY_KIND
from typer.testing import CliRunner, Result

from bot.channels.bindings import open_start_token
from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.cli import telegram_app
from bot.channels.telegram.routes import secret_of
from bot.channels.telegram.setup import NotConnected, connect
from bot.channels.telegram.wire import ALLOWED_UPDATES
from bot.debtors.models import Creditor
from bot.debtors.repository import creditor_by_slug
from bot.kit.clock import SystemClock
from bot.kit.db import Database
from bot.portfolio.sample import CLARO, GIRASOL, sample_people
from bot.runtime.counterparts.telegram import TelegramServer
from bot.settings import Settings
from bot.texts.catalogue import LANGUAGES
from tests.test_house_rules import WORDS_OF_DEBT

Run = Callable[..., Result]
TOKEN = "100200300:AAtest-token_of-the-counterpart"


@pytest.fixture
def environment(monkeypatch, sqlite_template, telegram: TelegramServer) -> dict[str, str]:
    values = {
        "ACUERDO_DEMO": "1",
        "DATABASE_URL": f"sqlite:///{sqlite_template}",
        "ACUERDO_PUBLIC_URL": "http://127.0.0.1:9",
        "ACUERDO_TELEGRAM_BOTS": json.dumps({GIRASOL: TOKEN}),
        "ACUERDO_TELEGRAM_API_BASE": telegram.url,
        "ACUERDO_TELEGRAM_MODE": "webhook",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return values


@pytest.fixture
def run(environment) -> Run:
    return lambda *typed: CliRunner().invoke(telegram_app, list(typed))


def test_connecting_tells_telegram_where_updates_go_and_who_is_speaking(run: Run, telegram):
    result = run("connect")
    assert result.exit_code == 0, result.output
    hook = telegram.bots[GIRASOL].webhook
    assert hook.url == f"http://127.0.0.1:9/webhooks/telegram/{GIRASOL}"
    assert hook.secret == secret_of(Settings(), GIRASOL)
    assert hook.allowed == ALLOWED_UPDATES
    assert "https://t.me/girasol_bot" in result.output
    assert hook.secret not in result.output and TOKEN not in result.output


def test_every_kind_of_update_that_is_read_is_asked_for():
    read = {next(k for k in update if k != "update_id") for update in EVERY_KIND.values()}
    assert set(ALLOWED_UPDATES) == read


def test_the_menu_and_the_descriptions_are_there_in_every_language(run: Run, telegram):
    run("connect")
    bot = telegram.bots[GIRASOL]
    menus = {code: bot.commands["all_private_chats", code] for code in ("", *LANGUAGES)}
    words = {code: [line["command"] for line in menu] for code, menu in menus.items()}
    assert words["es"] == ["cuenta", "opciones", "persona", "baja", "ayuda"]
    assert words["pt"] == ["conta", "opcoes", "pessoa", "sair", "ajuda"]
    assert words["en"] == ["account", "options", "person", "stop", "help"]
    assert menus[""] == menus["es"]
    for name in ("description", "short_description"):
        said = [bot.descriptions[name, code] for code in ("", *LANGUAGES)]
        assert len(set(said)) == 3 and said[0] == said[1]
        assert all("Girasol" in text for text in said)


def test_nothing_that_anybody_sees_has_a_word_of_debt(run: Run, telegram):
    run("connect")
    bot = telegram.bots[GIRASOL]
    shown = [line[key] for menu in bot.commands.values() for line in menu for key in line]
    shown += bot.descriptions.values()
    assert len(shown) > 40
    for text in shown:
        assert not WORDS_OF_DEBT.search(text), text


def test_connecting_again_loses_nothing_that_waits(run: Run, telegram):
    telegram.person(GIRASOL).says("hola")
    for _ in range(2):
        assert run("connect").exit_code == 0
    assert len(telegram.bots[GIRASOL].waiting) == 1
    data = json.loads(run("connect", "--json").output)
    assert [(one["creditor"], one["waiting"]) for one in data] == [(GIRASOL, 1)]


def test_in_polling_mode_the_webhook_is_removed(run: Run, telegram, monkeypatch):
    run("connect")
    monkeypatch.setenv("ACUERDO_TELEGRAM_MODE", "polling")
    result = run("connect")
    assert result.exit_code == 0 and "polling" in result.output
    assert telegram.bots[GIRASOL].webhook.url == ""


def test_without_https_the_operator_is_told_what_to_do(run: Run, telegram):
    telegram.bots[GIRASOL].is_local = False
    result = run("connect")
    assert result.exit_code == 1
    words = " ".join(result.output.split())
    assert "ACUERDO_PUBLIC_URL must be an https address" in words
    assert "ACUERDO_TELEGRAM_MODE=polling" in words


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("ACUERDO_TELEGRAM_BOTS", "{}", "no bot is set"),
        ("ACUERDO_TELEGRAM_BOTS", '{"girasol": "100200300:BBold"}', "@BotFather"),
        ("ACUERDO_TELEGRAM_BOTS", '{"nobody": "1:a"}', "no creditor with the slug nobody"),
        ("ACUERDO_TELEGRAM_API_BASE", "http://127.0.0.1:1", "cannot be reached"),
    ],
)
def test_what_is_wrong_is_said_in_words_without_the_token(
    run: Run, monkeypatch, variable, value, words
):
    monkeypatch.setenv(variable, value)
    result = run("connect")
    assert result.exit_code == 1
    assert words in " ".join(result.output.split())
    assert "AAtest" not in result.output and "BBold" not in result.output


def test_one_bot_that_fails_does_not_keep_another_from_being_connected(
    run: Run, telegram, monkeypatch
):
    bots = {CLARO: "100200300:BBold", GIRASOL: TOKEN}
    monkeypatch.setenv("ACUERDO_TELEGRAM_BOTS", json.dumps(bots))
    result = run("connect")
    assert result.exit_code == 1
    assert telegram.bots[GIRASOL].webhook.url


def test_a_link_opens_the_chat_for_one_debtor(run: Run):
    ref = next(p.ref for p in sample_people() if p.creditor == GIRASOL)
    result = run("link", "--debtor", ref)
    assert result.exit_code == 0, result.output
    address = urlsplit(result.output.strip())
    assert (address.netloc, address.path) == ("t.me", "/girasol_bot")
    (token,) = parse_qs(address.query)["start"]
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", token) and ref not in token
    opened = open_start_token(Settings(), GIRASOL, token, SystemClock().now())
    assert opened and opened.debtor_ref == ref


def test_a_link_for_nobody_is_not_made(run: Run):
    result = run("link", "--debtor", "NOBODY-1")
    assert result.exit_code == 1 and "no debtor with that reference" in result.output


def test_where_several_have_a_bot_the_link_has_to_say_whose(run: Run, monkeypatch):
    monkeypatch.setenv("ACUERDO_TELEGRAM_BOTS", json.dumps({GIRASOL: TOKEN, CLARO: "2:b"}))
    result = run("link", "--debtor", "X")
    assert result.exit_code == 1 and "--creditor" in result.output


@pytest.fixture
def creditor(sqlite_template) -> Creditor:
    database = Database(f"sqlite:///{sqlite_template}")
    with database.reading() as session:
        found = creditor_by_slug(session, GIRASOL)
        assert found
        session.expunge(found)
    database.dispose()
    return found


async def test_a_brand_that_is_too_long_is_cut_to_what_telegram_takes(
    telegram: TelegramServer, channel: TelegramChannel, creditor: Creditor, settings: Settings
):
    creditor.brand = "Sol 👋 " * 120
    await connect(channel.bot(GIRASOL), creditor, settings)
    said = telegram.bots[GIRASOL].descriptions
    for (name, _), text in said.items():
        longest = 120 if name == "short_description" else 512
        assert longest - 8 < len(text.encode("utf-16-le")) // 2 <= longest
        assert text.endswith("…")


async def test_a_refusal_of_telegrams_is_passed_on_in_its_words(
    telegram: TelegramServer, channel: TelegramChannel, creditor: Creditor, settings: Settings
):
    telegram.goes_wrong("setMyCommands", code=400, description="Bad Request: BOT_COMMAND_INVALID")
    with pytest.raises(NotConnected, match=r"(?i)command_invalid"):
        await connect(channel.bot(GIRASOL), creditor, settings)

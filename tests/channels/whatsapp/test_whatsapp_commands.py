"""`acuerdo whatsapp`: clearing, looking, submitting templates, from a terminal."""

from __future__ import annotations

import asyncio
import json

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from bot.channels.whatsapp.channel import whatsapp
from bot.channels.whatsapp.cli import whatsapp_app
from bot.channels.whatsapp.templates import push, standings
from bot.platforms.models import ChannelClearance, WhatsAppTemplate
from bot.policies.whatsapp import whatsapp_policy
from bot.texts.catalogue import LANGUAGES
from tests.test_house_rules import WORDS_OF_DEBT

NAME = "acuerdo_message_waiting"
WORDING = "Meta answered that account service messages of a first-party lender are allowed."


@pytest.fixture(params=["sqlite"])
def database(database):
    """One kind of database is enough where a terminal is looked at."""
    return database


@pytest.fixture
def environment(monkeypatch, database, whatsapp_settings, tmp_path, creditor):
    """The settings of a process of its own."""
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "ACUERDO_DEMO": "1",
        "DATABASE_URL": database.engine.url.render_as_string(hide_password=False),
        "ACUERDO_DATA_DIR": str(tmp_path / "var"),
        "ACUERDO_WHATSAPP_NUMBERS": json.dumps(whatsapp_settings.whatsapp_numbers),
        "ACUERDO_WHATSAPP_TOKEN": whatsapp_settings.whatsapp_token.get_secret_value(),
        "ACUERDO_WHATSAPP_BUSINESS_ACCOUNT": whatsapp_settings.whatsapp_business_account,
        "ACUERDO_WHATSAPP_API_BASE": whatsapp_settings.whatsapp_api_base,
        "COLUMNS": "200",
    }.items():
        monkeypatch.setenv(name, value)
    return creditor


def run(*arguments, code=0):
    result = CliRunner().invoke(whatsapp_app, arguments)
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def paper(tmp_path):
    path = tmp_path / "answer.pdf"
    path.write_bytes(b"%PDF-1.4 yes")
    return str(path)


def clear(creditor, paper, **more):
    given = {"--by": "Lucía Ramos", "--wording": WORDING, "--document": paper, **more}
    return ["clear", "--creditor", creditor, *(x for pair in given.items() for x in pair)]


def test_clearing_opens_the_channel_and_revoking_shuts_it(environment, paper, database):
    told = json.loads(run(*clear(environment, paper), "--json"))
    assert (told["cleared_by"], told["document"]) == ("Lucía Ramos", "answer.pdf")
    assert _open_now() == {environment: True}
    told = json.loads(run("revoke", "--creditor", environment, "--by", "Lucía", "--json"))
    assert told == {"creditor": environment, "was_open": True}
    assert _open_now() == {environment: False}
    with database.reading() as session:
        row = session.exec(select(ChannelClearance)).one()
    assert (row.wording, row.revoked_by) == (WORDING, "Lucía")


def _open_now():
    return {
        row["creditor"]: row["open"] for row in json.loads(run("status", "--json"))["creditors"]
    }


@pytest.mark.parametrize(
    "wrong", [{"--by": ""}, {"--wording": "ok"}, {"--document": "missing.pdf"}]
)
def test_a_clearance_without_a_name_words_or_paper_is_refused(environment, paper, database, wrong):
    run(*clear(environment, paper, **wrong), code=2)
    with database.reading() as session:
        assert session.exec(select(ChannelClearance)).all() == []


def test_clearing_a_creditor_that_does_not_exist_is_refused(environment, paper):
    assert "there is no creditor called nobody" in run(*clear("nobody", paper), code=2)


def test_the_status_explains_the_prohibition_and_shows_metas_rating(environment, server):
    server.quality, server.tier = "RED", "TIER_2K"
    told = json.loads(run("status", "--json"))
    assert told["numbers"] == [{"id": "106540352242922", "quality": "RED"}]
    assert told["people_a_day"] == 200
    assert "debt collection" in " ".join(run("status").split())


def test_a_token_that_meta_refuses_is_said_in_words(environment, server, monkeypatch):
    server.token = "another"
    assert "Meta refuses the access token" in json.loads(run("status", "--json"))["problem"]
    assert "ACUERDO_WHATSAPP_TOKEN" in run("templates", code=2)


def test_templates_are_submitted_once_and_checked_until_they_are_approved(
    environment, server, database
):
    assert {t["status"] for t in json.loads(run("templates", "--json"))} == {"MISSING"}
    assert {t["status"] for t in json.loads(run("templates", "--push", "--json"))} == {"PENDING"}
    run("templates", "--push")
    assert len([call for call in server.calls if call[0] == "templates"]) == 3
    run("templates", "--check", code=1)
    for language in ("es", "pt_BR", "en"):
        server.approves(NAME, language)
    run("templates", "--check")
    with database.reading() as session:
        rows = session.exec(select(WhatsAppTemplate)).all()
    assert {(row.language, row.status) for row in rows} == {
        ("es", "APPROVED"),
        ("pt_BR", "APPROVED"),
        ("en", "APPROVED"),
    }


def test_rejected_paused_and_altered_templates_are_shown(environment, server):
    run("templates", "--push")
    server.rejects(NAME, "es", "TAG_CONTENT_MISMATCH")
    server.pauses(NAME, "pt_BR")
    server.approves(NAME, "en")
    server.templates[NAME, "en"]["components"][0]["text"] = "You owe {{1}}. Pay now."
    told = {
        t["language"]: (t["status"], t["reason"]) for t in json.loads(run("templates", "--json"))
    }
    assert told == {
        "es": ("REJECTED", "TAG_CONTENT_MISMATCH"),
        "pt_BR": ("PAUSED", ""),
        "en": ("DIFFERENT", ""),
    }


def test_the_templates_say_nothing_to_whoever_looks_over_a_shoulder(clock):
    template = whatsapp_policy(clock.now().date()).waiting
    assert set(template.languages) == set(LANGUAGES)
    for wording in template.languages.values():
        assert not WORDS_OF_DEBT.search(wording.body + " ".join(wording.titles))


def test_what_is_submitted_is_what_is_sent(whatsapp_settings, database, clock, server):
    async def both():
        channel = whatsapp(whatsapp_settings, database, clock)
        await push(channel.client, server.account, channel.policy)
        for one in await standings(channel.client, server.account, channel.policy):
            server.approves(one.name, one.language)
        found = await standings(channel.client, server.account, channel.policy)
        await channel.close()
        return found

    assert all(one.is_usable for one in asyncio.run(both()))
    assert {t["category"] for t in server.templates.values()} == {"UTILITY"}

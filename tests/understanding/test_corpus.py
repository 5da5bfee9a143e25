"""The examples are sound, and what people label finds its way among them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from bot.cli import app
from bot.conversations import service
from bot.conversations.models import Conversation, Message
from bot.debtors.models import Debtor
from bot.runtime.paths import ROOT
from bot.runtime.rasa_side import in_rasas_environment
from bot.runtime.review import anonymous, export
from nlu.evaluation.examples import NotACorpus, read_corpus, read_voices
from nlu.evaluation.labelled import add_labelled
from nlu.evaluation.messages import BadFile

CORPUS = """# Topic: plan.
version: "3.1"
nlu:
- intent: request_plan
  metadata:
    language: es
    voice: es-01
  examples: |
    - quiero pagar en cuotas
    - ¿se puede en partes?
- intent: promise_to_pay
  metadata:
    language: es
    voice: es-01
  examples: |
    - el viernes le pago
"""
VOICES = 'voice,language,country,examples,about\nes-01,es,MX,3,"a seller of flowers"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small corpus of its own."""
    made = tmp_path / "nlu"
    made.mkdir()
    (made / "plan.yml").write_text(CORPUS, encoding="utf-8")
    (made / "voices.csv").write_text(VOICES, encoding="utf-8")
    return made


def checked(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = in_rasas_environment("check", "--folder", str(folder))
    return found


def kinds(found: list[dict[str, str]]) -> set[str]:
    return {one["kind"] for one in found}


# --- the corpus -----------------------------------------------------------------------------------


def test_the_corpus_has_no_errors_and_is_checked_quickly() -> None:
    begun = os.times()
    found = checked(ROOT / "nlu")
    ended = os.times()
    assert found["errors"] == []
    spent = ended.children_user + ended.children_system
    assert spent - begun.children_user - begun.children_system < 20


def test_every_example_has_its_place() -> None:
    for example in read_corpus()[::997]:
        line = example.file.read_text(encoding="utf-8").splitlines()[example.line - 1]
        assert line.strip() == f"- {example.text}"


def test_every_voice_is_introduced_and_speaks() -> None:
    assert {example.voice for example in read_corpus()} == set(read_voices())


def test_the_check_sees_what_is_wrong(folder: Path) -> None:
    with (folder / "plan.yml").open("a", encoding="utf-8") as file:
        file.write(
            "- intent: request_pie\n  metadata:\n    language: es\n    voice: es-99\n  examples: |\n"
            "    - QUIERO pagar en cuótas\n"
            "    - el viernes le pagoo sin falta ninguna\n"
            "    - el viernes le pago sin falta ninguna\n"
            "- intent: promise_to_pay\n  metadata:\n    language: pt\n    voice: es-01\n"
            "  examples: |\n    - el viernes le pago, sin falta ninguna!!!\n"
        )
    found = checked(folder)
    assert kinds(found["errors"]) >= {
        "unknown intent",
        "unknown voice",
        "two intents",
        "thin intent",
        "one kind of spelling",
        "unbalanced",
    }
    assert kinds(found["warnings"]) == {"near twins"}
    twin = next(one for one in found["errors"] if one["kind"] == "two intents")
    assert twin["where"].endswith("plan.yml:22")
    assert "plan.yml:9" in twin["what"]


def test_the_check_sees_messages_that_measure(folder: Path) -> None:
    messages = (ROOT / "tests/understanding/heldout/intents.tsv").read_text("utf-8").splitlines()
    leak = next(t for line in messages if len((t := line.split("\t")[3]).split()) > 7)
    with (folder / "plan.yml").open("a", encoding="utf-8") as file:
        file.write(f"    - {leak}\n    - stop\n")
    found = checked(folder)
    assert [one["what"] for one in found["errors"] if one["kind"] == "held-out text"] == [
        repr(leak)
    ]
    assert "held-out text" in kinds(found["warnings"])


def test_a_line_that_is_no_example_is_named(folder: Path) -> None:
    with (folder / "plan.yml").open("a", encoding="utf-8") as file:
        file.write("  - out of place\n")
    with pytest.raises(NotACorpus, match=r"plan\.yml:17"):
        read_corpus(folder)


# --- labelled messages come back ------------------------------------------------------------------


def labelled(folder: Path, *rows: str) -> Path:
    file = folder.parent / "labelled.tsv"
    file.write_text("\n".join(["lang\ttext\tlabel\tguess", *rows]) + "\n", encoding="utf-8")
    return file


def test_labelled_messages_become_examples_once(folder: Path) -> None:
    file = labelled(
        folder,
        "es\tme aguanta hasta el 00\tpromise_to_pay\tgreet",
        "es\tpuedo en 0 pagos\trequest_plan\tgreet",
        "es\tqué es esto\t\tgreet",
        "es\tQuiero pagar en cuotas\trequest_plan\tgreet",
    )
    first = add_labelled(file, folder)
    written = (folder / "plan.yml").read_text("utf-8")
    assert (first["added"], first["there_already"]) == (2, 1)
    assert {e.text: e.intent for e in read_corpus(folder) if e.voice == "real-es"} == {
        "me aguanta hasta el 00": "promise_to_pay",
        "puedo en 0 pagos": "request_plan",
    }
    assert read_voices(folder)["real-es"].language == "es"

    again = add_labelled(file, folder)
    assert (again["added"], again["there_already"]) == (0, 3)
    assert (folder / "plan.yml").read_text("utf-8") == written


def test_more_of_the_same_go_into_the_same_block(folder: Path) -> None:
    add_labelled(labelled(folder, "es\ten 0 pagos\trequest_plan"), folder)
    add_labelled(labelled(folder, "es\ten 00 pagos\trequest_plan"), folder)
    assert (folder / "plan.yml").read_text("utf-8").count("real-es") == 1
    assert (folder / "voices.csv").read_text("utf-8").count("real-es") == 1


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("es\thola\tgreeting", "line 2: no such label: 'greeting'"),
        ("fr\tbonjour\tgreet", "line 2: no such language: 'fr'"),
        ("es\tel viernes le pago\trequest_plan", "is promise_to_pay already, at"),
        ("es\tson 1500\trequest_plan", "line 2: a number, an address or a link is not masked"),
        ("es\tana@example.com\trequest_plan", "line 2: a number, an address"),
        ("es\thola\tgreet", "line 2: no file of nlu/ has examples of greet"),
        ("es\thola\trequest_plan|promise_to_pay", "line 2: one label, please"),
    ],
)
def test_what_is_wrong_with_a_labelled_row_is_said(folder: Path, row: str, why: str) -> None:
    good = "es\tmañana en la tarde\tpromise_to_pay"
    with pytest.raises(BadFile) as refused:
        add_labelled(labelled(folder, row, good), folder)
    assert why in str(refused.value)
    assert (folder / "plan.yml").read_text("utf-8") == CORPUS


def test_the_command_says_what_is_wrong(folder: Path) -> None:
    words = ["nlu", "review", "import", "--folder", str(folder)]
    refused = CliRunner().invoke(app, [*words, str(labelled(folder, "xx\thola\tgreet"))])
    assert refused.exit_code == 2
    assert "line 2: no such language" in refused.output
    done = CliRunner().invoke(
        app, [*words, "--json", str(labelled(folder, "es\ten partes\trequest_plan"))]
    )
    assert json.loads(done.stdout)["added"] == 1


# --- real messages go out -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("debo 1.500 desde el 03/04", "debo 0.000 desde el 00/00"),
        ("escríbame a ana.ruiz@example.com", "escríbame a mail"),
        ("mire https://example.com/a?b=1 y dígame", "mire link y dígame"),
        ("soy Lupe Sánchez", "soy •"),
        ("Soy la señora Marta de la Cruz y no debo", "Soy la señora • y no debo"),
        ("me llamo pedro gómez ruiz", "me llamo •"),
        ("sou a Joana", "sou a •"),
        ("my name is Tom Archer, hello", "my name is •, hello"),
        ("I am John", "I am •"),
        ("soy su hermana", "soy su hermana"),
        ("aquí Guadalupe otra vez", "aquí • otra vez"),
        ("aqui guadalupe SANCHEZ", "aqui •"),
        ("hola\nbuenas\ttardes", "hola buenas tardes"),
    ],
)
def test_what_says_who_somebody_is_goes(text: str, masked: str) -> None:
    assert anonymous(text, name="Guadalupe Sánchez Núñez") == masked


def test_doubtful_messages_are_exported_for_labelling(database, clock, tmp_path) -> None:
    with database.transaction() as session:
        debtor = session.exec(select(Debtor)).first()
        conversation = Conversation(
            creditor_id=debtor.creditor_id,
            debtor_id=debtor.id,
            channel="web",
            address="a",
            language="pt",
            created_at=clock.now(),
        )
        session.add(conversation)
        session.flush()
        said = {
            f"fala com {debtor.name.split()[0]}, são 200": 0.3,
            "quanto eu devo": 0.95,
            "12345": 0.2,
            "ééé": None,
        }
        for number, (text, confidence) in enumerate(said.items()):
            message, _ = service.receive(
                session, conversation.id, provider_id=str(number), text=text, now=clock.now()
            )
            message.intent, message.confidence = "ask_balance", confidence
        pressed = session.exec(select(Message).where(Message.text == "quanto eu devo")).one()
        pressed.name = ""
    file = tmp_path / "out.tsv"
    with database.reading() as session:
        assert export(session, file, below=0.6, limit=10) == 1
    assert file.read_text("utf-8").splitlines() == [
        "lang\ttext\tlabel\tguess\tconfidence",
        "pt\tfala com •, são 000\t\task_balance\t0.30",
    ]

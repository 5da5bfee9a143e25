"""`acuerdo agent` and `acuerdo handoff`."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bot.console.cli import agent_app, handoff_app
from bot.conversations.models import Author, Owner
from bot.handoff import accounts

from .office import PASSWORD, Office, announce


@pytest.fixture(autouse=True)
def installation(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands find the office's database and its texts."""
    monkeypatch.setenv("DATABASE_URL", office.database.url)
    monkeypatch.setenv("ACUERDO_DEMO", "1")
    monkeypatch.setattr("bot.console.cli.announce", announce)


def run(app: Any, *words: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, words, input=typed)


def data(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_an_agent_is_added_by_prompt_and_can_sign_in(office: Office) -> None:
    secret = "a long enough phrase"
    made = run(
        agent_app, "add", "Ines@acuerdo.example", "--name", "Inés", "--creditor", "luz",
        typed=f"{secret}\n{secret}\n",
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    assert secret not in made.output
    with office.database.reading() as session:
        agent = accounts.check(session, "ines@acuerdo.example", secret)
        assert agent and (agent.creditor_id, agent.role.value) == (office.luz.id, "agent")
    assert office.events("agent.added")[-1].actor == "system"


def test_a_password_comes_from_standard_input(office: Office) -> None:
    words = ("add", "b@acuerdo.example", "--name", "B", "--role", "admin", "--password-stdin")
    made = data(run(agent_app, *words, "--json", typed="twelve chars and more\n"))
    assert (made["role"], made["creditor"], made["disabled_at"]) == ("admin", None, None)
    again = run(agent_app, *words, typed="twelve chars and more\n")
    assert again.exit_code == 1 and "already" in again.stderr


@pytest.mark.parametrize(
    ("words", "typed", "told"),
    [
        (("c@acuerdo.example", "--name", "C"), "short\n", "12 characters"),
        (("c@acuerdo.example", "--name", "C", "--creditor", "x"), PASSWORD, "no creditor"),
        (("c", "--name", "C"), PASSWORD, "not an e-mail"),
    ],
)
def test_what_cannot_be_added_says_why(words: tuple[str, ...], typed: str, told: str) -> None:
    refused = run(agent_app, "add", *words, "--password-stdin", typed=typed)
    assert refused.exit_code == 1 and told in refused.stderr and refused.stdout == ""


def test_agents_are_listed_without_their_hashes_and_disabled(office: Office) -> None:
    listed = data(run(agent_app, "list", "--json"))
    assert [agent["name"] for agent in listed] == ["Ana Ruiz", "Eva Ruiz", "Leo Ruiz", "Sol Ruiz"]
    assert "argon2" not in json.dumps(listed)
    assert data(run(agent_app, "disable", "leo@acuerdo.example", "--json"))["disabled_at"]
    table = run(agent_app, "list").stdout
    assert "disabled" in table and "supervisor" in table
    assert run(agent_app, "disable", "who@acuerdo.example").exit_code == 1


def test_the_queue_in_a_terminal(office: Office) -> None:
    assert "Nobody is waiting" in run(handoff_app, "list").stdout
    office.waiting()
    crisis = office.waiting(reason="crisis", red=True)
    listed = data(run(handoff_app, "list", "--json"))
    assert listed[0]["conversation"] == crisis and listed[0]["crisis"]
    assert "Asked for a person" in run(handoff_app, "list").stdout


def test_showing_masks_and_is_written_down(office: Office) -> None:
    made = office.waiting(summary={"level": 0, "case": "C-7QF3K9XA"})
    office.says(made, "hola \x1b[2J\x07")
    shown = data(run(handoff_app, "show", str(made), "--json"))
    assert shown["debtor"] is None and shown["reason"] == "asked"
    assert shown["summary"] == [{"label": "Case", "value": "C-7QF3K9XA"}]
    assert [m["author"] for m in shown["messages"]] == ["debtor", "debtor"]
    text = run(handoff_app, "show", str(made)).stdout
    assert "María" not in text and "\x1b[2J" not in text and "\x07" not in text
    assert [e.actor for e in office.events("conversation.opened")] == ["system"] * 2
    assert run(handoff_app, "show", "4242").exit_code == 1


def test_replying_and_returning_as_an_agent(office: Office) -> None:
    made = office.waiting()
    leo = ("--as", "leo@acuerdo.example")
    sent = data(run(handoff_app, "reply", str(made), "Hola, soy Leo", *leo, "--json"))
    assert sent["conversation"] == made
    assert office.texts(made, Author.PERSON) == ["Hola, soy Leo"]
    assert data(run(handoff_app, "return", str(made), *leo, "--json"))["owner"] == "bot"
    assert office.read(made).owner is Owner.BOT
    actors = {e.actor for e in office.events() if e.name.startswith("handoff.re")}
    assert f"agent:{office.leo.id}" in actors


@pytest.mark.parametrize("who", ["sol", "nobody"])
def test_an_agent_does_no_more_here_than_on_the_page(office: Office, who: str) -> None:
    made = office.waiting()
    refused = run(handoff_app, "reply", str(made), "Hola", "--as", f"{who}@acuerdo.example")
    assert refused.exit_code == 1 and refused.stdout == ""
    assert office.texts(made, Author.PERSON) == []


def test_a_crisis_is_not_returned_in_passing(office: Office) -> None:
    made = office.waiting(reason="crisis", red=True)
    words = ("return", str(made), "--as", "ana@acuerdo.example")
    refused = run(handoff_app, *words)
    assert refused.exit_code == 1 and "--crisis-closed" in refused.stderr
    assert run(handoff_app, *words, "--crisis-closed").exit_code == 0


def test_the_true_announcements_name_the_agent(office: Office) -> None:
    """The catalogue's own texts, not the stand-ins of these tests."""
    from bot.console.service import JOINED, RETURNED
    from bot.conversations.announce import announce as true

    made = office.read(office.waiting())
    with office.database.reading() as session:
        assert "Ana" in true(session, made, JOINED, agent="Ana").text
        assert true(session, made, RETURNED).name == RETURNED

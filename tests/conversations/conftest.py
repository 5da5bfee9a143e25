"""Conversations through the real trained model, as a debtor has them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.portfolio.sample import sample_json
from bot.runtime.chat import talk_with
from bot.runtime.rehearsal import Stage, Talk

People = dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def people(stage: Stage) -> People:
    """The sample debtors by reference."""
    found = sample_json(stage.parts.database, today=datetime.now(UTC).date())["debtors"]
    return {person["ref"]: person for person in found}


@pytest.fixture
def talk(stage: Stage, people: People) -> Callable[..., Talk]:
    """`talk(ref)` opens the chat on the page of the creditor whom that person owes."""

    def begin(ref: str, language: str = "") -> Talk:
        conversation = talk_with(stage, people[ref], language)
        conversation.open()
        return conversation

    return begin


def texts(turn: dict[str, Any]) -> str:
    """All that was answered in a turn."""
    return "\n".join(reply["text"] for reply in turn["replies"])

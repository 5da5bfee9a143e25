"""What somebody can spare a month: asked once, in a range or in five lines, and never required."""

from __future__ import annotations

from typing import Any

from rasa_sdk.events import EventType
from rasa_sdk.interfaces import Tracker

from actions.base import Ask, button_reference
from bot.arrangements import affordability, budgets, offers, repository
from bot.arrangements.affordability import Means
from bot.arrangements.facts import Proposal
from bot.arrangements.models import Budget
from bot.conversations.service import Button
from bot.dialogue.turn import Turn
from bot.kit.money import Money
from bot.understanding.budget import Household, read_budget

_RANGE = "most-"


def means_of(turn: Turn) -> Budget | None:
    """What this debtor told us and confirmed, in the currency of the account talked about."""
    statement, debtor = turn.statement, turn.debtor
    if statement is None or debtor is None or debtor.id is None:
        return None
    return budgets.confirmed(turn.session, debtor.id, statement.currency, now=turn.now)


def _policy(turn: Turn) -> Means | None:
    statement = turn.statement
    return offers.means_of(turn.limits, statement.currency) if statement else None


def wants_budget(turn: Turn, proposal: Proposal | None = None) -> bool:
    """Whether to ask what somebody can spare: before they choose, or of what they have chosen.

    Before they choose it is asked only of who told of a hardship, or comes back for another plan;
    of a longer plan it is offered beside the yes.
    """
    means, statement = _policy(turn), turn.statement
    if means is None or statement is None or means_of(turn) is not None:
        return False
    hardship = turn.gentle
    replans = repository.count_plans(turn.session, statement.account_id)
    if proposal is None:
        return (hardship or replans >= 2) and len(_ranges(turn)) > 1
    return affordability.should_ask(
        proposal, means, hardship=hardship, replans=replans, income=None
    )


def _ranges(turn: Turn) -> list[Money]:
    statement = turn.statement
    assert statement is not None
    settings = {"country": turn.country, "today": turn.today}
    wide, usual = (
        offers.terms_of(turn.creditor, statement, gentle=gentle, **settings)  # type: ignore[arg-type]
        for gentle in (True, False)
    )
    return affordability.ranges(statement.balance, usual, wide)


class ActionAskBudgetGiven(Ask):
    """Asks in three ranges; says a budget back that was told in lines."""

    needs_balance = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        told = _unconfirmed(turn)
        if told is not None:
            turn.say("utter_budget_recap", **_recap(turn, told), buttons=("right", "no_say"))
            return []
        ranges = tuple(
            Button(
                turn.text("button_most", amount=amount),
                f'/request_plan{{"reference":"{_RANGE}{amount.minor}"}}',
            )
            for amount in _ranges(turn)
        )
        turn.say("utter_ask_budget", extra_buttons=ranges, buttons=("no_say", "ask_human"))
        return []


def _unconfirmed(turn: Turn) -> Budget | None:
    if turn.debtor is None or turn.debtor.id is None:
        return None
    told = repository.budget_of(turn.session, turn.debtor.id)
    return told if told and told.confirmed_at is None else None


def _recap(turn: Turn, told: Budget) -> dict[str, Any]:
    lines = budgets.lines_of(told)
    left = affordability.available(lines, told.currency) or Money(0, told.currency)
    parts = [
        ("line_budget_income", lines.income),
        ("line_budget_housing", lines.housing),
        ("line_budget_essentials", lines.essentials),
        ("line_budget_debts", lines.debts),
    ]
    said = [turn.text(key, amount=amount) for key, amount in parts if amount is not None]
    if lines.dependants is not None:
        said.append(turn.text("line_budget_dependants", count=lines.dependants))
    return {"lines": "\n".join(said), "left": left, "most": Money(told.most_minor, told.currency)}


def answer_budget(turn: Turn, tracker: Tracker) -> bool | None:
    """What the answer comes to: known or skipped (True), to be asked again (False), or no answer."""
    means, statement, debtor = _policy(turn), turn.statement, turn.debtor
    if means is None or statement is None or debtor is None or debtor.id is None:
        return True
    reference = button_reference(tracker) or ""
    told = _unconfirmed(turn)
    if reference == "no-say":
        if told:
            turn.session.delete(told)
        return True
    if reference.startswith(_RANGE) and reference.removeprefix(_RANGE).isdecimal():
        most = Money(int(reference.removeprefix(_RANGE)[:15]), statement.currency)
        return _note(turn, most)
    said = _read(turn, statement.currency)
    if said and (said.income is not None or told is not None):
        kept = budgets.keep_lines(
            turn.session,
            debtor.id,
            said,
            currency=statement.currency,
            means=means,
            keep_days=_keep_days(turn),
            now=turn.now,
        )
        return False if kept else None
    if said:
        turn.say("utter_budget_income_missing")
        return False
    return _plain_answer(turn, told)


def _plain_answer(turn: Turn, told: Budget | None) -> bool | None:
    if turn.intent == "affirm":
        if told:
            told.confirmed_at = turn.now
            turn.log("budget.given", lines=True)
            turn.say("utter_budget_noted", **_noted(turn, told), buttons=_KEPT)
        return True
    if turn.intent == "deny":
        if told:
            turn.session.delete(told)
            turn.session.flush()
            return False
        return True
    amount = turn.values().amount
    if amount and told is None:
        return _note(turn, amount)
    return None


_KEPT = ("see_means", "forget_means")


def _note(turn: Turn, most: Money) -> bool:
    assert turn.debtor is not None and turn.debtor.id is not None
    kept = budgets.keep_range(
        turn.session, turn.debtor.id, most, keep_days=_keep_days(turn), now=turn.now
    )
    turn.log("budget.given", lines=False)
    turn.say("utter_budget_noted", **_noted(turn, kept), buttons=_KEPT)
    return True


def _noted(turn: Turn, kept: Budget) -> dict[str, Any]:
    return {
        "most": Money(kept.most_minor, kept.currency),
        "until": turn.day_of(kept.delete_after),
    }


def _keep_days(turn: Turn) -> int:
    found = turn.limits.affordability
    return found.keep_days if found else 1


def _read(turn: Turn, currency: str) -> Household:
    if turn.message.name:
        return Household()
    return read_budget(turn.message.text, country=turn.country, currency=currency, today=turn.today)


def show_means(turn: Turn, *, forget: bool) -> None:
    """Show what is kept of somebody's means, or delete it."""
    assert turn.debtor is not None and turn.debtor.id is not None
    if forget:
        if budgets.forget(turn.session, turn.debtor.id):
            turn.log("budget.deleted")
            turn.say("utter_budget_forgotten", buttons=("request_plan", "ask_human"))
        else:
            turn.say("utter_budget_none_kept", buttons=("request_plan", "ask_human"))
        return
    kept = repository.budget_of(turn.session, turn.debtor.id)
    if kept is None:
        turn.say("utter_budget_none_kept", buttons=("request_plan", "ask_human"))
        return
    recap = _recap(turn, kept)
    if not recap["lines"]:
        recap["lines"] = turn.text("line_budget_most", amount=recap["most"])
    turn.say(
        "utter_budget_shown",
        lines=recap["lines"],
        until=turn.day_of(kept.delete_after),
        buttons=("forget_means", "request_plan", "ask_human"),
    )

"""How much, why, and since when."""

from __future__ import annotations

from decimal import Decimal

from babel.numbers import format_decimal
from rasa_sdk.events import EventType
from rasa_sdk.interfaces import Tracker

from actions.base import Act, button_reference
from actions.links import due_link
from bot.conversations.service import Button
from bot.debts.facts import Movement, Statement
from bot.debts.rules import joined
from bot.dialogue.turn import Turn
from bot.kit.money import Money, total

MOST_ITEMS = 4
"""Movements listed under each part; older ones are added up, so that a message stays readable."""
LONGEST_TITLE = 22


class ActionShowBalance(Act):
    """Says what is owed in all and on each account."""

    needs_identity = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        owing = [s for s in turn.statements if s.balance or s.is_stale(turn.now)]
        turn.log("balance.shown", accounts=len(owing))
        if not owing:
            return nothing_owed(turn)
        stale = any(s.is_stale(turn.now) for s in owing)
        if len(owing) > 1:
            first = turn.statement
            owing.sort(key=lambda s: s is not first)
            turn.say(
                "utter_balance_several_stale" if stale else "utter_balance_several",
                lines="\n".join(_line(turn, s) for s in owing),
                count=len(owing),
                buttons=("ask_balance", "ask_human")
                if stale
                else ("ask_breakdown", "request_plan", "ask_human"),
            )
            if not stale:
                _say_which(turn, owing[0])
            return []
        statement = owing[0]
        if stale:
            return _last_known(turn, statement)
        turn.say(
            _key("utter_balance", statement),
            balance=statement.balance,
            included=_included(turn, statement),
            product=statement.product,
            creditor=statement.original_creditor or turn.creditor.brand,
            due=statement.due_on,
            count=abs(statement.days_overdue),
            buttons=("pay_now", "request_plan", "ask_breakdown"),
            links=(due_link(turn, statement),) if statement.days_overdue < 0 else (),
        )
        return []


def _say_which(turn: Turn, statement: Statement) -> None:
    """Of several accounts, the one that we wrote about: that is what brought them here."""
    if statement.account_id != turn.written_about:
        return
    turn.say(
        "utter_balance_written_about",
        product=statement.product,
        balance=statement.balance,
        due=statement.due_on,
        buttons=("pay_now", "request_plan", "ask_breakdown"),
    )


def _key(stem: str, statement: Statement) -> str:
    if statement.days_overdue > 0:
        return f"{stem}_overdue"
    return f"{stem}_today" if statement.days_overdue == 0 else f"{stem}_not_due"


def _line(turn: Turn, statement: Statement) -> str:
    if statement.is_stale(turn.now):
        return turn.text(
            "line_account_stale",
            product=statement.product,
            balance=statement.balance,
            moment=statement.as_of,
        )
    return turn.text(
        "line_account",
        product=statement.product,
        balance=statement.balance,
        due=statement.due_on,
    )


def _last_known(turn: Turn, statement: Statement) -> list[EventType]:
    """The balance is old and its system is silent: say so, and ask for nothing on it."""
    turn.log("balance.stale", account=statement.account_id)
    turn.say(
        "utter_balance_stale",
        balance=statement.balance,
        moment=statement.as_of,
        product=statement.product,
        due=statement.due_on,
        buttons=("ask_balance", "ask_human"),
    )
    return []


def _included(turn: Turn, statement: Statement) -> str:
    """How much of the balance is interest and fees, where any is: a sentence, or nothing."""
    left = statement.outstanding
    which = ("interest" if left.interest else "") + ("fees" if left.fees else "")
    if not which:
        return ""
    keys = {"interestfees": "line_included", "interest": "line_included_interest"}
    key = keys.get(which, "line_included_fees")
    return " " + turn.text(key, interest=left.interest, fees=left.fees)


def nothing_owed(turn: Turn) -> list[EventType]:
    """Good news: there is nothing to pay."""
    surplus = next((s.surplus for s in turn.statements if s.surplus), None)
    if surplus:
        turn.say("utter_balance_in_favour", surplus=surplus, buttons=("ask_human",))
    else:
        turn.say("utter_balance_zero", buttons=("ask_human",))
    return []


class ActionShowBreakdown(Act):
    """Says why it is this much: capital, interest, fees, payments, in that order.

    The figures add up to the balance as they stand there. With several accounts, the first that
    owes something; the others are a button each.
    """

    needs_identity = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        wanted = button_reference(tracker)
        chosen = [s for s in turn.statements if str(s.account_id) == wanted]
        statement = next(iter(chosen), turn.statement)
        if statement is None:
            return nothing_owed(turn)
        is_stale = statement.is_stale(turn.now)
        turn.say(
            "utter_breakdown",
            product=statement.product,
            reference=statement.ref,
            creditor=statement.original_creditor or turn.creditor.brand,
            opened=statement.opened_on,
            due=statement.due_on,
            lines="\n".join(_parts(turn, statement)),
            total="\n".join(_total(turn, statement)),
            extra_buttons=tuple(_others(turn, statement)),
            buttons=("ask_balance", "objection_wrong_amount", "ask_human")
            if is_stale
            else ("pay_now", "request_plan", "objection_wrong_amount"),
        )
        return []


def _parts(turn: Turn, statement: Statement) -> list[str]:
    """Each part with what it is made of."""
    parts = [
        ("line_capital", statement.capital, ("charge",)),
        ("line_interest", statement.interest, ("interest",)),
        ("line_fees", statement.fees, ("fee",)),
        ("line_adjustments", statement.corrected, ("adjustment",)),
        ("line_given_back", statement.refunded, ("refund",)),
        ("line_waived", statement.waived, ("waiver",)),
        ("line_paid", statement.paid, ("payment",)),
        ("line_credit", statement.credit, ("credit",)),
    ]
    lines: list[str] = []
    for key, amount, kinds in parts:
        found = [m for m in statement.movements if m.kind in kinds]
        if amount or (found and kinds != ("charge",)):
            lines.append(turn.text(key, amount=amount))
            lines += _items(turn, statement, found)
    return lines


def _items(turn: Turn, statement: Statement, movements: list[Movement]) -> list[str]:
    """One line a movement, the newest ones; those before them in one sum."""
    shown = joined(movements)
    told = {"", statement.product}
    if len(shown) == 1 and shown[0].kind == "charge" and shown[0].description in told:
        return []
    older = shown[:-MOST_ITEMS] if len(shown) > MOST_ITEMS + 1 else []
    lines = [_item(turn, m) for m in shown[len(older) :]]
    if older:
        amount = total([_as_read(m) for m in older], statement.currency)
        lines.insert(0, turn.text("line_items_before", count=len(older), amount=amount))
    return lines


def _item(turn: Turn, movement: Movement) -> str:
    amount = _as_read(movement)
    accrued = movement.accrued
    if accrued:
        rate = format_decimal(Decimal(accrued.basis_points) / 100, locale=turn.reader.locale)
        return turn.text(
            "line_item_interest",
            amount=amount,
            rate=rate,
            start=accrued.start,
            end=accrued.end,
            capital=accrued.on,
        )
    if movement.description:
        return turn.text(
            "line_item", description=movement.description, date=movement.on, amount=amount
        )
    if movement.source == "feed":
        key = "line_item_feed"
    elif movement.kind == "fee" and movement.source == "policy":
        key = "line_item_surcharge"
    else:
        key = "line_item_plain"
    return turn.text(key, date=movement.on, amount=amount)


def _as_read(movement: Movement) -> Money:
    """The amount as its heading has it: what lowers a debt is listed under a heading with a minus."""
    lowering = movement.kind in ("payment", "credit", "waiver")
    return -movement.amount if lowering else movement.amount


def _total(turn: Turn, statement: Statement) -> list[str]:
    """The balance, of which day it is, what is left of each part, and what is in favour."""
    if statement.is_stale(turn.now):
        moment = statement.as_of
        lines = [turn.text("line_balance_as_of", amount=statement.balance, moment=moment)]
    else:
        lines = [turn.text("line_balance_today", amount=statement.balance)]
    left = statement.outstanding
    parts = [
        turn.text(key, amount=amount)
        for key, amount in (
            ("line_left_capital", left.capital),
            ("line_left_interest", left.interest),
            ("line_left_fees", left.fees),
        )
        if amount
    ]
    if len(parts) > 1 and any(item.applied for item in statement.items):
        lines.append(turn.text("line_left", parts=", ".join(parts)))
    if statement.surplus:
        lines.append(turn.text("line_surplus", amount=statement.surplus))
    return lines


def _others(turn: Turn, shown: Statement) -> list[Button]:
    """A button for each other account with a balance, two at most."""
    others = [s for s in turn.statements if s.balance and s.account_id != shown.account_id]
    names = [s.product for s in (shown, *others)]
    return [
        Button(
            _short(s.product if names.count(s.product) == 1 else s.ref),
            f'/ask_breakdown{{"reference":"{s.account_id}"}}',
        )
        for s in others[:2]
    ]


def _short(title: str) -> str:
    return title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1].rstrip() + "…"


class ActionShowDueDate(Act):
    """Says when it is, or was, due."""

    needs_identity = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        statement = turn.statement
        if statement is None or not (statement.balance or statement.is_stale(turn.now)):
            return nothing_owed(turn)
        if statement.is_stale(turn.now):
            return _last_known(turn, statement)
        turn.say(
            _key("utter_due", statement),
            due=statement.due_on,
            balance=statement.balance,
            product=statement.product,
            count=abs(statement.days_overdue),
            buttons=("pay_now", "request_extension", "request_plan"),
        )
        return []

"""One turn of a conversation, as the actions see it."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from sqlmodel import Session

from bot.arrangements import repository as arrangements
from bot.arrangements.offers import limits_for
from bot.cases import repository as cases
from bot.cases import service as case_service
from bot.cases.models import Case
from bot.conversations.models import Conversation, IdentityLevel, Message
from bot.conversations.service import Button, Link, Outgoing, identity_level
from bot.debtors.events import log_event
from bot.debtors.facts import COUNTRIES
from bot.debtors.models import Creditor, Debtor
from bot.debts import service as debts
from bot.debts.facts import Statement
from bot.dialogue import kept
from bot.handoff import service as handoff
from bot.kit.clock import local_date
from bot.kit.money import Money
from bot.nudges import written_about
from bot.policies.schema import NegotiationLimits
from bot.settings import Settings
from bot.texts.catalogue import Reader, render, title
from bot.understanding.values import Values, read_values

PAYLOADS = {
    "accept": "/affirm",
    "change": "/deny",
    "no_details": "/deny",
    "pay_total": '/pay_now{"reference":"total"}',
    "autopay": '/pay_now{"reference":"autopay"}',
    "autopay_off": '/pay_now{"reference":"autopay_off"}',
    "pause": '/request_extension{"reference":"pause"}',
    "small_steps": '/request_plan{"reference":"hardship"}',
    "more_offers": '/request_plan{"reference":"more"}',
    "check_means": '/request_plan{"reference":"budget"}',
    "see_means": '/request_plan{"reference":"means"}',
    "forget_means": '/request_plan{"reference":"forget-means"}',
    "no_say": '/request_plan{"reference":"no-say"}',
    "right": "/affirm",
    "already_paid": "/objection_already_paid",
    "read_message": "/ask_plan_status",
    "complicated": "/hardship_cannot_pay",
    "statement": '/ask_invoice_copy{"reference":"statement"}',
    "claim_right": "/affirm",
    "claim_wrong": "/deny",
    "claim_other": "/objection_already_paid",
    "send_details": "/objection_already_paid",
    "send_code": '/give_identity{"reference":"code"}',
}
"""What pressing a button tells the dialogue, where it is not `/` and the button's own name."""


@dataclass
class Turn:
    """What an action has at hand: who speaks, what was said, what is owed, and how to answer.

    It lives inside one transaction; nothing here commits.
    """

    session: Session
    settings: Settings
    conversation: Conversation
    creditor: Creditor
    message: Message
    now: datetime
    intent: str = ""
    confidence: float = 1.0
    replies: list[dict[str, Any]] = field(default_factory=list)

    @cached_property
    def debtor(self) -> Debtor | None:
        """The verified debtor; nobody below identity level 2 (invariant 1)."""
        if self.level < IdentityLevel.VERIFIED:
            return None
        return self.session.get(Debtor, self.conversation.debtor_id)

    @property
    def level(self) -> IdentityLevel:
        """How sure we are who this is."""
        return identity_level(self.conversation)

    @property
    def country(self) -> str:
        """The debtor's country; the creditor's until the debtor is known."""
        return self.debtor.country if self.debtor else self.creditor.country

    @property
    def timezone(self) -> str:
        """The debtor's time zone; that of the creditor's country until the debtor is known."""
        return self.debtor.timezone if self.debtor else COUNTRIES[self.creditor.country].timezone

    @property
    def today(self) -> date:
        """The debtor's calendar day."""
        return local_date(self.now, self.timezone)

    @property
    def reader(self) -> Reader:
        """For whom texts are written."""
        return Reader(self.conversation.language, self.country, self.creditor.formal, self.timezone)

    @cached_property
    def statements(self) -> list[Statement]:
        """What the verified debtor owes, the account due first in front."""
        if self.debtor is None or self.debtor.id is None:
            return []
        return debts.statements_of(self.session, self.debtor.id, today=self.today)

    @property
    def statement(self) -> Statement | None:
        """The account talked about: what we wrote about, else the first that owes something."""
        owing = [s for s in self.statements if s.balance]
        nudged = [s for s in owing if len(owing) > 1 and s.account_id == self.written_about]
        return next(iter(nudged or owing or self.statements), None)

    @cached_property
    def written_about(self) -> int | None:
        """The account of the verified debtor that a message of the last days was about."""
        if self.debtor is None or self.debtor.id is None:
            return None
        return written_about.account_of(self.session, self.debtor.id, now=self.now)

    @property
    def limits(self) -> NegotiationLimits:
        """What the bot may agree today about the account talked about."""
        return limits_for(self.creditor, self.statement, country=self.country, today=self.today)

    @property
    def gentle(self) -> bool:
        """Whether the debtor told us about a hardship, which widens the limits."""
        if self.debtor is None or self.debtor.id is None:
            return False
        open_ = cases.open_cases(self.session, self.debtor.id)
        return any(c.kind.value == "hardship" for c in open_)

    @cached_property
    def topic(self) -> Message:
        """The message that holds the request: an earlier one where identity came in between."""
        pending = self.conversation.pending.get("message_id")
        if pending and (message := self.session.get(Message, pending)):
            return message
        return self.message

    def values(self, message: Message | None = None, *, past: bool = False) -> Values:
        """Amounts, dates and the like in what was typed; nothing for a pressed button."""
        source = message or self.message
        currency = self.statement.currency if self.statement else COUNTRIES[self.country].currency
        pending = self.conversation.pending
        if (
            source is not self.message
            and source.id == pending.get("message_id")
            and "said" in pending
        ):
            meant = COUNTRIES[self.creditor.country].currency
            said = pending["said"]["past" if past else "future"]
            return kept.restore(said, meant=meant, currency=currency)
        return read_values(
            "" if source.name else source.text,
            country=self.country,
            currency=currency,
            today=self.today,
            past=past,
        )

    def say(
        self,
        key: str,
        *,
        buttons: tuple[str, ...] = (),
        extra_buttons: tuple[Button, ...] = (),
        links: tuple[Link, ...] = (),
        yes_means: str = "",
        **values: Any,
    ) -> None:
        """Answer with the text `key`. `yes_means`: the intent that a bare "yes" would stand for."""
        values = {"brand": self.creditor.brand, **values}
        if self.debtor:
            values.setdefault("name", self.debtor.name.split()[0])
        outgoing = Outgoing(
            name=key,
            text=render(key, self.reader, **values),
            buttons=[
                *extra_buttons,
                *(Button(title(b, self.reader), PAYLOADS.get(b, f"/{b}")) for b in buttons),
            ],
            links=list(links),
        )
        self.replies.append(asdict(outgoing))
        self.conversation.yes_means = yes_means

    def text(self, key: str, **values: Any) -> str:
        """A piece of text to put inside another."""
        return render(key, self.reader, **values)

    def log(self, name: str, **data: object) -> None:
        """Write to the event log."""
        log_event(
            self.session,
            name,
            at=self.now,
            actor="bot",
            creditor_id=self.creditor.id,
            conversation_id=self.conversation.id,
            debtor_id=self.conversation.debtor_id if self.debtor else None,
            **data,
        )

    def day_of(self, moment: datetime) -> date:
        """The debtor's calendar day of a moment."""
        return local_date(moment, self.timezone)

    def open_case(self, reason: str, *, about: Statement | None = None) -> Case:
        """Open (or find) the case for what the debtor has just told us; `about` which account.

        Whom a bound channel says this is gets the hold without proving it: it discloses nothing.
        """
        assert self.creditor.id is not None and self.conversation.id is not None
        statement = about or self.statement
        return case_service.open_case(
            self.session,
            reason=reason,
            creditor_id=self.creditor.id,
            debtor_id=self.debtor.id if self.debtor else self.conversation.claimed_debtor_id,
            account_id=statement.account_id if statement else None,
            conversation_id=self.conversation.id,
            timezone=self.timezone,
            now=self.now,
        )

    def hand_over(self, reason: str, *, red: bool = False) -> None:
        """Give the conversation to a person, with what they need at a glance."""
        assert self.conversation.id is not None
        case = cases.latest_of(self.session, self.conversation.id)
        summary: dict[str, Any] = {"level": int(self.level), "intent": self.intent}
        if case:
            summary |= {"case": case.number, "case_reason": case.reason}
        if self.statement:
            summary |= {
                "account": self.statement.ref,
                "balance": _amount(self.statement.balance),
                "days_overdue": self.statement.days_overdue,
                **self._arranged(self.statement),
            }
        handoff.hand_over(
            self.session,
            self.conversation,
            reason=reason,
            summary=summary,
            now=self.now,
            red=red,
        )

    def _arranged(self, statement: Statement) -> dict[str, Any]:
        """The offers, the plan and the promise on an account, for whoever takes over."""
        found: dict[str, Any] = {}
        offers = arrangements.open_offers(self.session, self.conversation.id or 0)
        if offers:
            found["offers"] = [len(offer.instalments) for offer in offers]
        plan = arrangements.active_plan(self.session, statement.account_id)
        if plan:
            found["plan"] = _amount(Money(plan.total_minor, plan.currency))
        promise = arrangements.active_promise(self.session, statement.account_id)
        if promise:
            found["promise"] = _amount(Money(promise.minor, promise.currency))
            found["promise_date"] = promise.due_on.isoformat()
        return found


def _amount(money: Money) -> dict[str, Any]:
    return {"minor": money.minor, "currency": money.currency}


_current: ContextVar[Turn] = ContextVar("current_turn")


def current_turn() -> Turn:
    """The turn the running action belongs to."""
    return _current.get()


class active:
    """`with active(turn):` makes `turn` the current one for the actions run inside."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn

    def __enter__(self) -> Turn:
        self._token = _current.set(self._turn)
        return self._turn

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)

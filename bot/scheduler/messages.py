"""How a reminder reads: in full to somebody verified, without a word of it to anybody else."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date as calendar_date
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.conversations.announce import announce, reader_of
from bot.conversations.models import Conversation
from bot.conversations.service import Button, Link, Outgoing
from bot.debts.models import Account
from bot.dialogue.turn import PAYLOADS
from bot.kit.money import Money
from bot.nudges import disclosures
from bot.payments import service as payments
from bot.payments.models import Purpose
from bot.texts.catalogue import render, title

PRIVATE = "utter_message_waiting"
"""What is said where nobody is verified: that there is a message, and that it asks who reads it."""


@dataclass(frozen=True, slots=True)
class Wording:
    """A text of the catalogue, what goes into it, and which payment it gives a link for."""

    key: str
    amount: Money | None = None
    values: dict[str, Any] = field(default_factory=dict)
    promise: bool = False
    instalment_id: int | None = None
    buttons: tuple[str, ...] = ("already_paid", "request_extension", "complicated")

    @property
    def purpose(self) -> Purpose | None:
        """What the link is for, if there is one."""
        if self.promise:
            return Purpose.PROMISE
        return Purpose.INSTALMENT if self.instalment_id else None


def compose(
    session: Session,
    conversation: Conversation,
    wording: Wording,
    *,
    account: Account,
    date: calendar_date,
    is_verified: bool,
    public_url: str,
    now: datetime,
) -> Outgoing:
    """The message, ready to be posted. `date` is the one it reminds of."""
    reader = reader_of(session, conversation)

    def buttons(names: tuple[str, ...]) -> list[Button]:
        return [Button(title(name, reader), PAYLOADS.get(name, f"/{name}")) for name in names]

    if not is_verified:
        outgoing = announce(session, conversation, PRIVATE)
        return replace(outgoing, buttons=buttons(("read_message", "opt_out")))
    values = {"amount": wording.amount, "date": date, **wording.values}
    outgoing = announce(session, conversation, wording.key, **values)
    outgoing = disclosures.carried_by(session, conversation, outgoing, now=now)
    links: list[Link] = []
    if wording.amount and wording.purpose and account.id is not None:
        request = payments.request_payment(
            session,
            account_id=account.id,
            conversation_id=conversation.id,
            amount=wording.amount,
            purpose=wording.purpose,
            instalment_id=wording.instalment_id,
            now=now,
        )
        text = render("link_pay", reader, amount=wording.amount)
        links.append(Link(text, f"{public_url}/pay/{request.token}"))
    return replace(outgoing, buttons=buttons(wording.buttons), links=links)

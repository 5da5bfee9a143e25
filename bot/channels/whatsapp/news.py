"""What Meta tells beside messages: numbers, limits, templates, and people who changed their number.

None of it is anybody's message, so it does not go through the inbound ledger's conversations; it
is written down as the webhook comes in, before it is acknowledged. Telling it twice changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from bot.channels.whatsapp.numbers import PHONE, USER, names_of, phone_of
from bot.channels.whatsapp.wire import changes
from bot.conversations.addresses import address_of, learn
from bot.conversations.models import ChannelAddress, Conversation
from bot.conversations.service import forget_verification
from bot.debtors.events import log_event
from bot.platforms.models import WhatsAppAccount, WhatsAppNumber, WhatsAppTemplate

_FALLEN = {"FLAGGED": "RED", "UNFLAGGED": "YELLOW"}
_WORD = re.compile(r"[A-Za-z0-9_]{1,64}")
_NAME = re.compile(r"[a-z0-9_]{1,512}")


@dataclass(frozen=True, slots=True)
class NumberNews:
    """The quality of one of our numbers changed."""

    phone: str
    event: str
    quality: str = ""


@dataclass(frozen=True, slots=True)
class AccountNews:
    """The business account was given another limit, or something was done to it."""

    account: str
    tier: str = ""
    event: str = ""


@dataclass(frozen=True, slots=True)
class TemplateNews:
    """A template was approved, rejected, paused or put in another category."""

    name: str
    language: str
    status: str = ""
    category: str = ""
    quality: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Renamed:
    """A person changed their number, or Meta their id: the old names are theirs no more."""

    account: str
    old: tuple[tuple[str, str], ...]
    new: tuple[tuple[str, str], ...]


News = NumberNews | AccountNews | TemplateNews | Renamed


def read_news(body: bytes) -> list[News]:
    """What a webhook tells beside messages and receipts; what is not understood is left out.

    Raises:
        Unreadable: it is no webhook of a WhatsApp Business account.
    """
    found: list[News] = []
    for field, value, entry in changes(body):
        match field:
            case "messages":
                found.extend(_renamed_in_messages(value))
            case "user_id_update":
                found.extend(_renamed(value, value))
            case "phone_number_quality_update":
                found.extend(_number(value, entry))
            case "business_capability_update":
                tier = _tier(
                    value.get("max_daily_conversations_per_business")
                    or value.get("max_daily_conversation_per_phone")
                )
                found.extend(_account(entry, tier=tier))
            case "account_update" | "account_alerts" | "account_review_update":
                event = _word(value, "event") or _word(value, "decision")
                found.extend(_account(entry, event=event))
            case _ if field.startswith(("message_template_", "template_")):
                found.extend(_template(value, field))
    return found


def _number(value: dict[str, Any], entry: dict[str, Any]) -> list[News]:
    event = _word(value, "event")
    phone = phone_of(str(value.get("display_phone_number", "")))
    found: list[News] = []
    if phone and event:
        found.append(NumberNews(phone, event, _FALLEN.get(event, "")))
    limit = value.get("current_limit") or value.get("max_daily_conversations_per_business")
    return found + _account(entry, tier=_tier(limit))


def _account(entry: dict[str, Any], *, tier: str = "", event: str = "") -> list[News]:
    account = _word(entry, "id")
    return [AccountNews(account, tier, event)] if account and (tier or event) else []


def _template(value: dict[str, Any], field: str) -> list[News]:
    name, language = value.get("message_template_name"), _word(value, "message_template_language")
    if not (isinstance(name, str) and _NAME.fullmatch(name) and language):
        return []
    is_status = field == "message_template_status_update"
    return [
        TemplateNews(
            name,
            language,
            status=_word(value, "event") if is_status else "",
            category=_word(value, "new_category") or _word(value, "message_template_category"),
            quality=_word(value, "new_quality_score"),
            reason=_word(value, "reason") if is_status else "",
        )
    ]


def _renamed_in_messages(value: dict[str, Any]) -> list[News]:
    messages = value.get("messages")
    found: list[News] = []
    for message in messages if isinstance(messages, list) else []:
        system = message.get("system") if isinstance(message, dict) else None
        if not isinstance(system, dict) or message.get("type") != "system":
            continue
        kind = system.get("type")
        if kind in ("user_changed_number", "user_changed_user_id"):
            found.extend(_renamed(value, {**system, "from": message.get("from")}, message))
    return found


def _renamed(
    value: dict[str, Any], told: dict[str, Any], message: dict[str, Any] | None = None
) -> list[News]:
    metadata = value.get("metadata")
    account = _word(metadata, "phone_number_id") if isinstance(metadata, dict) else ""
    ids = told.get("user_id")
    if isinstance(ids, dict):  # as in `user_id_update`
        old_id, new_id = str(ids.get("previous", "")), str(ids.get("current", ""))
    else:
        old_id = str(told.get("previous_user_id") or (message or {}).get("from_user_id") or "")
        new_id = str(ids or "")
        if not old_id and (between := re.search(r"from (\S+) to (\S+)", str(told.get("body", "")))):
            old_id = between.group(1)
    old_phone = str(told.get("from") or "")
    new_phone = str(told.get("wa_id") or "")
    old = names_of(old_id, old_phone)
    new = tuple(name for name in names_of(new_id, new_phone) if name not in old)
    return [Renamed(account, tuple(n for n in old), new)] if account and old and new else []


def _tier(given: object) -> str:
    text = str(given) if isinstance(given, str | int) and not isinstance(given, bool) else ""
    if text.isascii() and text.isdecimal() and len(text) < 9:
        return f"TIER_{text}"
    if text == "-1":
        return "TIER_UNLIMITED"
    return text if re.fullmatch(r"TIER_[A-Z0-9_]{1,20}", text) else ""


def _word(inside: dict[str, Any], key: str) -> str:
    given = inside.get(key)
    return given if isinstance(given, str) and _WORD.fullmatch(given) else ""


def record(
    session: Session, news: Iterable[News], *, creditors: dict[str, int], now: datetime
) -> None:
    """Write down what was told. `creditors`: our numbers' ids to the creditors that own them."""
    for told in news:
        match told:
            case NumberNews():
                note_number(session, told, now=now)
            case AccountNews():
                note_account(session, told, now=now)
            case TemplateNews():
                note_template(session, told, now=now)
            case Renamed() if told.account in creditors:
                _rename(session, told, creditors[told.account], now=now)
            case _:
                pass


def note_number(session: Session, told: NumberNews, *, now: datetime) -> None:
    """Keep the newest word on a number."""
    row = session.exec(select(WhatsAppNumber).where(WhatsAppNumber.phone == told.phone)).first()
    row = row or WhatsAppNumber(phone=told.phone, updated_at=now)
    row.event, row.quality = told.event or row.event, told.quality or row.quality
    row.updated_at = now
    session.add(row)
    session.flush()


def note_account(session: Session, told: AccountNews, *, now: datetime) -> None:
    """Keep the newest word on a business account."""
    row = session.exec(
        select(WhatsAppAccount).where(WhatsAppAccount.account == told.account)
    ).first()
    row = row or WhatsAppAccount(account=told.account, updated_at=now)
    row.tier, row.event = told.tier or row.tier, told.event or row.event
    row.updated_at = now
    session.add(row)
    session.flush()


def note_template(session: Session, told: TemplateNews, *, now: datetime) -> None:
    """Keep the newest word on a template."""
    row = session.exec(
        select(WhatsAppTemplate).where(
            WhatsAppTemplate.name == told.name, WhatsAppTemplate.language == told.language
        )
    ).first()
    row = row or WhatsAppTemplate(name=told.name, language=told.language, updated_at=now)
    row.status = told.status or row.status
    row.category = told.category or row.category
    row.quality = told.quality or row.quality
    row.reason = told.reason if told.status else row.reason
    row.updated_at = now
    session.add(row)
    session.flush()


def _rename(session: Session, told: Renamed, creditor_id: int, *, now: datetime) -> None:
    """Lead the new names to the same conversation and forget the old ones.

    Another number comes with another id, so none of the old names stays: a given-up number soon
    belongs to somebody else, who must not find this conversation. Whoever writes under the new ones
    proves again who they are.
    """
    old = [row for name in told.old if (row := address_of(session, creditor_id, "whatsapp", name))]
    if not old:
        return
    conversation_id = old[0].conversation_id
    for row in session.exec(
        select(ChannelAddress).where(
            ChannelAddress.conversation_id == conversation_id,
            col(ChannelAddress.kind).in_([USER, PHONE]),
        )
    ).all():
        session.delete(row)
    session.flush()
    conversation = session.get(Conversation, conversation_id)
    assert conversation is not None
    learn(session, conversation, told.new)
    forget_verification(conversation)
    session.add(conversation)
    log_event(
        session,
        "address.changed",
        at=now,
        actor="system",
        creditor_id=creditor_id,
        conversation_id=conversation_id,
        debtor_id=conversation.debtor_id,
        channel="whatsapp",
    )
    session.flush()

"""What Meta's webhooks tell: people's messages, receipts, and news of numbers and templates.

Tolerant on purpose: Meta adds fields and kinds at will, so an unknown kind of message is one that
we cannot read yet, never one that is lost. Only where it is not known who wrote, or in which
conversation, is the whole webhook kept as unreadable.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from bot.channels.port import (
    FileRef,
    Inbound,
    Kind,
    Receipt,
    ReceiptState,
    Unreadable,
    Who,
)
from bot.channels.whatsapp.codes import LATE, problem_of
from bot.channels.whatsapp.numbers import names_of

Json = dict[str, Any]

ACTS = {"act:read": "/ask_plan_status", "act:stop": "/opt_out"}
"""Payloads of a template's buttons, by which the bot tells what pressing them does."""

_MOST_ID = 512
_MOST_TEXT = 8192
_LAST_SECOND = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
_STATES = {
    "sent": ReceiptState.SENT,
    "delivered": ReceiptState.DELIVERED,
    "read": ReceiptState.READ,
    "played": ReceiptState.READ,
    "failed": ReceiptState.FAILED,
}


def read(body: bytes) -> list[Inbound | Receipt]:
    """The messages and receipts of a webhook, in its order.

    Raises:
        Unreadable: it is not what Meta's documentation describes.
    """
    found: list[Inbound | Receipt] = []
    for field, value, _ in changes(body):
        if field != "messages":
            continue
        messages, statuses = _objects(value, "messages"), _objects(value, "statuses")
        if not messages and not statuses:
            continue
        account = _text(_object(value, "metadata"), "phone_number_id", _MOST_ID)
        if not account:
            raise Unreadable("no number's id")
        contacts = _objects(value, "contacts")
        for message in messages:
            inbound = _inbound(message, contacts, account)
            if inbound:
                found.append(inbound)
        found.extend(
            receipt for status in statuses if (receipt := _receipt(status, account)) is not None
        )
    return found


def changes(body: bytes) -> Iterator[tuple[str, Json, Json]]:
    """`(field, value, entry)` of everything in a webhook.

    Raises:
        Unreadable: it is not a webhook of a WhatsApp Business account.
    """
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable("not JSON") from None
    if not isinstance(told, dict) or told.get("object") != "whatsapp_business_account":
        raise Unreadable("not of a WhatsApp Business account")
    for entry in _objects(told, "entry", strict=True):
        for change in _objects(entry, "changes", strict=True):
            value = change.get("value")
            if not isinstance(value, dict):
                raise Unreadable("a change without a value")
            yield _text(change, "field"), value, entry


def _inbound(message: Json, contacts: list[Json], account: str) -> Inbound | None:
    kind = _text(message, "type")
    if kind == "system":  # a change of number: see `bot.channels.whatsapp.news`
        return None
    event_id = _text(message, "id", _MOST_ID)
    if not event_id:
        raise Unreadable("a message without an id")
    who = _who(message, contacts)
    sent_at = moment(message.get("timestamp"))
    if sent_at is None:
        raise Unreadable("a message without a time")

    def made(kind: Kind, **more: Any) -> Inbound:
        return Inbound(
            kind=kind, event_id=event_id, account=account, who=who, sent_at=sent_at, **more
        )

    if message.get("group_id"):
        return made(Kind.GROUP)
    inner = _object(message, kind)
    match kind:
        case "text":
            text = _text(inner, "body", _MOST_TEXT)
            return made(Kind.TEXT, text=text) if text else made(Kind.UNSUPPORTED)
        case "button":
            return _pressed(made, _text(inner, "payload"), _text(inner, "text"))
        case "interactive":
            reply = _object(inner, "button_reply") or _object(inner, "list_reply")
            return _pressed(made, _text(reply, "id"), _text(reply, "title"))
        case "image" | "document" if _text(inner, "id", _MOST_ID):
            file = FileRef(
                id=_text(inner, "id", _MOST_ID),
                name=_text(inner, "filename", 255),
                mime=_text(inner, "mime_type", 255),
            )
            return made(Kind.FILE, file=file, text=_text(inner, "caption", _MOST_TEXT))
        case "request_welcome":
            return made(Kind.START)
        case "edit":
            replaces = _text(inner, "original_message_id", _MOST_ID)
            text = _text(_object(_object(inner, "message"), "text"), "body", _MOST_TEXT)
            if replaces and text:
                return made(Kind.EDIT, text=text, replaces=replaces)
        case "reaction" if not _text(inner, "emoji"):
            return None  # taken back
        case "revoke":
            return None  # deleted on the telephone; what was said was read
        case _:
            pass
    # A voice note, a sticker, a place, somebody else's card, an order, what Meta adds next year.
    return made(Kind.UNSUPPORTED)


def _pressed(made: Any, payload: str, title: str) -> Inbound:
    if payload in ACTS:
        pressed = made(Kind.ACT, act=ACTS[payload], text=title)
    elif payload and payload != title:
        pressed = made(Kind.BUTTON, button=payload, text=title)
    elif title:  # a template's button without a payload of ours gives its own words
        pressed = made(Kind.TEXT, text=title)
    else:
        pressed = made(Kind.UNSUPPORTED)
    assert isinstance(pressed, Inbound)
    return pressed


def _who(message: Json, contacts: list[Json]) -> Who:
    user_id, wa_id = _text(message, "from_user_id"), _text(message, "from")
    contact = _contact_of(user_id, wa_id, contacts)
    names = names_of(user_id or _text(contact, "user_id"), wa_id or _text(contact, "wa_id"))
    if not names:
        raise Unreadable("a message from nobody")
    return Who(names=names)


def _contact_of(user_id: str, wa_id: str, contacts: list[Json]) -> Json:
    """The card that came along for the sender; a batch has one for each."""
    for contact in contacts:
        ids = {_text(contact, "user_id"), _text(contact, "wa_id")} - {""}
        if ids & {user_id, wa_id}:
            return contact
    unnamed = not user_id and not wa_id
    return contacts[0] if unnamed and len(contacts) == 1 else {}


def _receipt(status: Json, account: str) -> Receipt | None:
    state = _STATES.get(_text(status, "status"))
    if state is None:
        return None  # `deleted`, `warning`, what comes next: nothing of it changes a delivery
    external_id, at = _text(status, "id", _MOST_ID), moment(status.get("timestamp"))
    if not external_id or at is None:
        raise Unreadable("a receipt without an id or a time")
    problem, again = "", None
    if state is ReceiptState.FAILED:
        codes = [e.get("code") for e in _objects(status, "errors")]
        known = [code for code in codes if isinstance(code, int)]
        problem = problem_of(known[0]) if known else "rejected"
        late = LATE.get(known[0]) if known else None
        again = (late.seconds or 0.0) if late else None
    return Receipt(
        account=account,
        external_id=external_id,
        state=state,
        at=at,
        problem=problem,
        about=_text(status, "biz_opaque_callback_data", _MOST_ID),
        again_after=again,
    )


def moment(given: object) -> datetime | None:
    """Seconds since 1970, as text or a number; nothing where it is no such thing."""
    if isinstance(given, bool) or not isinstance(given, str | int):
        return None
    text = str(given)
    if not (text.isascii() and text.isdecimal() and len(text) <= 12):
        return None
    seconds = int(text)
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < _LAST_SECOND else None


def _objects(inside: Json, key: str, *, strict: bool = False) -> list[Json]:
    """The objects of a list; `strict` where nothing else may be there.

    Raises:
        Unreadable: it is no list of objects.
    """
    given = inside.get(key)
    if given is None and not strict:
        return []
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise Unreadable(f"{key} is no list of objects")
    return given


def _object(inside: Json, key: str) -> Json:
    given = inside.get(key)
    return given if isinstance(given, dict) else {}


def _text(inside: Json, key: str, most: int = _MOST_ID) -> str:
    """A text, at most so long; empty where it is something else. NUL cannot be stored anywhere."""
    given = inside.get(key)
    if isinstance(given, int) and not isinstance(given, bool):
        given = str(given) if abs(given) < 10**30 else ""
    if not isinstance(given, str):
        return ""
    clean = given.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")
    return clean.strip()[:most]

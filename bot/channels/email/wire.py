"""What comes in: reports of mail servers about e-mails of ours (RFC 3464, RFC 5965), and replies.

Whoever can write to the sender's address can send us such a report, so it counts only where it
names a `Message-ID` that we alone could have made. Whose address it is about, the report does not
decide: that is the delivery's own.
"""

from __future__ import annotations

import email
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.message import Message as Mail
from email.policy import compat32
from enum import StrEnum

from bot.channels.email import tokens
from bot.channels.email.rules import Failure, enhanced_code, failure_of
from bot.channels.port import Inbound, Receipt, ReceiptState, Unreadable
from bot.settings import Settings

LARGEST = 2 * 1024 * 1024
"""Bytes of one report; with the e-mail it is about, ours are smaller."""
_MOST_PARTS = 100
_LONGEST_REPLY = 2_000
_QUOTES = re.compile(r"(?:escribi[óo]|escreveu|wrote)\s*:\s*$", re.IGNORECASE)
"""The line that mail programs put above what they quote."""


class News(StrEnum):
    """What a report says."""

    DELIVERED = "delivered"
    DELAYED = "delayed"
    FAILED = "failed"
    COMPLAINT = "complaint"
    """Its reader called it unwanted."""


@dataclass(frozen=True, slots=True)
class Report:
    """A report about one of our e-mails."""

    news: News
    delivery_id: int
    message_id: str
    status: str = ""
    """The enhanced status code, such as `5.1.1`."""
    failure: Failure | None = None


def read_report(body: bytes, *, settings: Settings) -> Report:
    """The report in an e-mail.

    Raises:
        Unreadable: it is none, or is about no e-mail of ours; the message says which.
    """
    if len(body) > LARGEST:
        raise Unreadable("too large")
    try:
        mail = email.message_from_bytes(body, policy=compat32)
        parts = _parts(mail)
        fields, original = _halves(parts)
        found = _ours(settings, original, mail)
        if fields is None:
            raise Unreadable("no report")
        if found is None:
            raise Unreadable("about no e-mail of ours")
        return _understood(fields, *found)
    except Unreadable:
        raise
    except (LookupError, ValueError, TypeError, AttributeError, RecursionError):
        raise Unreadable("malformed") from None


@dataclass(frozen=True, slots=True)
class Reply:
    """What somebody answered to one of our e-mails, although nobody reads there."""

    delivery_id: int
    text: str
    number: str
    """The same each time this reply is given to us."""


def read_reply(body: bytes, *, settings: Settings) -> Reply:
    """What a person wrote in answer to an e-mail of ours, without what they quote.

    Raises:
        Unreadable: it is a machine's answer, or no answer to an e-mail of ours.
    """
    if len(body) > LARGEST:
        raise Unreadable("too large")
    try:
        mail = email.message_from_bytes(body, policy=compat32)
        if str(mail.get("Auto-Submitted", "no")).strip().lower() != "no":
            raise Unreadable("written by a machine")
        found = _ours(settings, None, mail)
        if found is None:
            raise Unreadable("about no e-mail of ours")
        text = _written(mail)
    except Unreadable:
        raise
    except (LookupError, ValueError, TypeError, AttributeError, RecursionError):
        raise Unreadable("malformed") from None
    if not text:
        raise Unreadable("empty")
    return Reply(found[0], text, f"mail:{hashlib.sha256(body).hexdigest()[:32]}")


def _written(mail: Mail) -> str:
    for part in mail.walk():
        raw = part.get_payload(decode=True)
        if part.get_content_type() == "text/plain" and isinstance(raw, bytes):
            text = raw.decode(part.get_content_charset() or "utf-8", "replace")
            own: list[str] = []
            for line in text.splitlines():
                if line.startswith((">", "-- ", "-----", "_____")) or _QUOTES.search(line):
                    break
                own.append(line)
            return "\n".join(own).strip()[:_LONGEST_REPLY]
    return ""


def receipts(
    body: bytes, account: str, *, settings: Settings, now: datetime
) -> list[Inbound | Receipt]:
    """The same as the news that every channel gives; nothing where it was only delayed.

    Raises:
        Unreadable: see `read_report`.
    """
    report = read_report(body, settings=settings)
    if report.news is News.DELAYED:
        return []
    state = ReceiptState.FAILED
    problem = report.failure.value if report.failure else ""
    if report.news is News.DELIVERED:
        state = ReceiptState.DELIVERED
    elif report.news is News.COMPLAINT:
        problem = "opted_out"
    return [
        Receipt(
            account=account,
            external_id=report.message_id,
            state=state,
            at=now,
            problem=problem,
            about=str(report.delivery_id),
        )
    ]


def _parts(mail: Mail) -> list[Mail]:
    if mail.get_content_type() != "multipart/report" or not mail.is_multipart():
        raise Unreadable("no report")
    parts = [part for part in mail.get_payload() if isinstance(part, Mail)]
    if len(parts) > _MOST_PARTS:
        raise Unreadable("too many parts")
    return parts


@dataclass(frozen=True, slots=True)
class _Fields:
    kind: str
    groups: list[Mail]


def _halves(parts: list[Mail]) -> tuple[_Fields | None, Mail | None]:
    """The part for machines, and the headers of the e-mail it is about."""
    fields, original = None, None
    for part in parts:
        kind = part.get_content_type()
        inner = part.get_payload()
        groups = [g for g in inner if isinstance(g, Mail)] if isinstance(inner, list) else []
        if kind in ("message/delivery-status", "message/global-delivery-status"):
            fields = fields or _Fields("delivery", groups)
        elif kind == "message/feedback-report":
            fields = fields or _Fields("feedback", groups)
        elif kind in ("message/rfc822", "message/global") and groups:
            original = original or groups[0]
        elif kind in ("text/rfc822-headers", "message/global-headers"):
            raw = part.get_payload(decode=True)
            if groups:
                original = original or groups[0]
            elif isinstance(raw, bytes):
                original = original or email.message_from_bytes(raw, policy=compat32)
    return fields, original


def _ours(settings: Settings, original: Mail | None, report: Mail) -> tuple[int, str] | None:
    """The delivery a report is about, by the `Message-ID` of what it sends back or answers."""
    named = [str(original.get("Message-ID", ""))] if original is not None else []
    named += str(report.get("In-Reply-To", "")).split()
    named += str(report.get("References", "")).split()
    for found in named[:20]:
        delivery_id = tokens.delivery_of(settings, found)
        if delivery_id is not None:
            return delivery_id, found.strip()
    return None


def _understood(fields: _Fields, delivery_id: int, message_id: str) -> Report:
    if fields.kind == "feedback":
        kind = next(_values(fields.groups, "Feedback-Type"), "")
        if kind in ("", "not-spam"):
            raise Unreadable("no complaint")
        return Report(News.COMPLAINT, delivery_id, message_id)
    action = next(_values(fields.groups, "Action"), "")
    status = enhanced_code(next(_values(fields.groups, "Status"), ""))
    diagnostic = next(_values(fields.groups, "Diagnostic-Code"), "")
    match action:
        case "failed":
            # "5.0.0" says nothing; the server's own words often hold a better code.
            better = enhanced_code(diagnostic)
            if better and (not status or status.endswith(".0.0")):
                status = better
            told = "" if status.endswith(".0.0") else status
            failure = failure_of(told, diagnostic)
            return Report(News.FAILED, delivery_id, message_id, status, failure)
        case "delayed":
            return Report(News.DELAYED, delivery_id, message_id, status)
        case "delivered" | "relayed" | "expanded":
            return Report(News.DELIVERED, delivery_id, message_id, status)
    raise Unreadable("no action")


def _values(groups: list[Mail], name: str) -> Iterator[str]:
    for group in groups:
        value = group.get(name)
        if value:
            yield str(value).strip().lower()

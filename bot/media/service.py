"""Taking files in, saying whose they are, deleting them when their time is over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from bot.conversations import repository as conversations
from bot.conversations import service as conversation_service
from bot.conversations.models import Message
from bot.debtors.events import log_event
from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.kit.ids import token
from bot.media import pdfs, photos, repository, rules
from bot.media.models import Attachment, FileKind
from bot.media.store import Store
from bot.policies.loader import receipt_policy

ACT = "/objection_already_paid"
"""What sending a file tells the dialogue: here is my receipt."""

_LEFT_OVER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Examined:
    """A file that may be kept, as it will be kept."""

    kind: FileKind
    data: bytes
    thumbnail: bytes | None = None
    text: str = ""


def examine(data: bytes) -> Examined:
    """Check and clean what somebody sent. It takes up to some seconds; hold no transaction.

    Raises:
        FileRefused: with the reason, see `rules.sniff`, `photos.clean` and `pdfs.examine`.
    """
    if rules.sniff(data) == "pdf":
        return Examined(FileKind.PDF, data, text=pdfs.examine(data).text)
    photo = photos.clean(data)
    return Examined(photo.kind, photo.data, photo.thumbnail)


def known(session: Session, conversation_id: int, client_id: str) -> Message | None:
    """The message of a file that was received before under the same `client_id`."""
    return conversations.by_provider_id(session, conversation_id, client_id)


def receive(
    session: Session,
    conversation_id: int,
    *,
    client_id: str,
    title: str,
    examined: Examined,
    sha256: str,
    now: datetime,
) -> tuple[Message, bool]:
    """Write down that a file came, as a message called `title`; the bytes are in the store already.

    Answers the message and whether it is new: a repetition (same `client_id`) changes nothing.
    """
    name, size = token(18), len(examined.data)
    shown = "photo" if examined.kind.is_photo else "pdf"
    message, is_new = conversation_service.receive(
        session,
        conversation_id,
        provider_id=client_id,
        text=title,
        act=ACT,
        files=[{"id": name, "kind": shown, "size": size}],
        now=now,
    )
    if not is_new:
        return message, False
    assert message.id is not None
    conversation = conversations.locked(session, conversation_id)
    policy = receipt_policy(now.date())
    session.add(
        Attachment(
            token=name,
            creditor_id=conversation.creditor_id,
            conversation_id=conversation_id,
            message_id=message.id,
            client_id=client_id,
            kind=examined.kind,
            size=size,
            sha256=sha256,
            text=examined.text,
            received_at=now,
            delete_after=now + timedelta(days=policy.keep_unidentified_days),
        )
    )
    log_event(
        session,
        "file.received",
        at=now,
        actor="debtor",
        creditor_id=conversation.creditor_id,
        conversation_id=conversation_id,
        kind=examined.kind.value,
        size=size,
    )
    return message, True


def adopt(session: Session, *, conversation_id: int, debtor_id: int, now: datetime) -> list[int]:
    """What came before the sender proved who they are is theirs from now on; answers the ids."""
    policy = receipt_policy(now.date())
    found = repository.of_nobody(session, conversation_id)
    for attachment in found:
        attachment.debtor_id = debtor_id
        attachment.delete_after = now + timedelta(days=policy.keep_days)
    return [attachment.id for attachment in found if attachment.id is not None]


def texts_of(session: Session, ids: Iterable[int]) -> list[str]:
    """The text layers of attachments, of those that have one."""
    return [a.text for a in repository.by_ids(session, ids) if a.text.strip()]


class Cleaner:
    """The job that deletes files whose time is over."""

    def __init__(self, database: Database, clock: Clock, store: Store) -> None:
        self._db, self._clock, self._store = database, clock, store

    def run(self) -> int:
        """Delete what is due, and bytes that no row knows of; answers how many rows were due."""
        deleted = 0
        while batch := self._delete_some():
            deleted += batch
        self._delete_left_over()
        return deleted

    def _delete_some(self) -> int:
        now = self._clock.now()
        with self._db.transaction() as session:
            due = repository.due_for_deletion(session, now)
            for attachment in due:
                attachment.deleted_at = now
                attachment.text = ""
                session.flush()
                # The row first: were the bytes gone and the row not, it would promise a file.
                if not repository.is_still_needed(session, attachment.sha256):
                    self._store.delete(attachment.sha256)
                log_event(
                    session,
                    "file.deleted",
                    at=now,
                    actor="system",
                    creditor_id=attachment.creditor_id,
                    conversation_id=attachment.conversation_id,
                    debtor_id=attachment.debtor_id,
                    attachment=attachment.id,
                )
            return len(due)

    def _delete_left_over(self) -> None:
        """Bytes whose row was never written: the app died in between, a day ago or more."""
        before = datetime.now(UTC) - _LEFT_OVER  # files carry the machine's own time
        for sha in self._store.kept_since_before(before):
            with self._db.reading() as session:
                needed = repository.is_still_needed(session, sha)
            if not needed:
                self._store.delete(sha)

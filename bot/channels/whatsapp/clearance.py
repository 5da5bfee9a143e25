"""Clearance: the written decision without which a creditor does not use WhatsApp.

Why: Meta's policy prohibits debt collection on WhatsApp whatever licence the business holds
(`bot/policies/data/whatsapp.yml`), and a breach may shut the creditor out for good. So the channel is
shut until somebody with a name records what Meta or counsel answered, word by word, with the paper.
"""

from __future__ import annotations

import hashlib
import os
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from bot.channels.whatsapp import repository
from bot.debtors.events import log_event
from bot.platforms.models import ChannelClearance

CHANNEL = "whatsapp"
FOLDER = "clearances"
_LEAST_WORDING = 20
_LARGEST = 20 * 1024 * 1024


class ClearanceRefused(ValueError):
    """A clearance that is none; the message says what is missing."""


def keep_document(data_dir: Path, source: Path) -> tuple[str, str]:
    """Copy the paper to `data_dir/clearances`, readable by this user only; its name and SHA-256.

    Raises:
        ClearanceRefused: it cannot be read, or is empty or larger than 20 MB.
    """
    try:
        size = source.stat().st_size
        if not 0 < size <= _LARGEST:
            raise ClearanceRefused("the document is empty or larger than 20 MB")
        data = source.read_bytes()
    except OSError as problem:
        raise ClearanceRefused(f"the document cannot be read: {problem.strerror}") from None
    digest = hashlib.sha256(data).hexdigest()
    folder = data_dir / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    kept = folder / f"{digest}{source.suffix.lower()[:8]}"
    if not kept.exists():
        part = kept.with_suffix(".part")
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.rename(kept)
    return source.name, digest


def record_clearance(
    session: Session,
    creditor_id: int,
    *,
    wording: str,
    cleared_by: str,
    document_name: str,
    document_sha256: str,
    now: datetime,
) -> ChannelClearance:
    """Open the channel to a creditor. The same decision recorded twice is one.

    Raises:
        ClearanceRefused: nobody's name is given, or no wording that says anything.
    """
    if not cleared_by.strip():
        raise ClearanceRefused("say who cleared it")
    if len(wording.strip()) < _LEAST_WORDING:
        raise ClearanceRefused("quote what was cleared, in a sentence at least")
    known = repository.clearance_in_force(session, creditor_id, CHANNEL)
    same = (wording.strip(), cleared_by.strip(), document_sha256)
    if known and (known.wording, known.cleared_by, known.document_sha256) == same:
        return known
    row = ChannelClearance(
        creditor_id=creditor_id,
        channel=CHANNEL,
        wording=wording.strip(),
        cleared_by=cleared_by.strip(),
        cleared_at=now,
        document_name=document_name,
        document_sha256=document_sha256,
    )
    if known:
        known.revoked_at, known.revoked_by = now, "replaced"
        session.add(known)
    session.add(row)
    session.flush()
    log_event(
        session,
        "channel.cleared",
        at=now,
        actor="system",
        creditor_id=creditor_id,
        channel=CHANNEL,
        clearance=row.id,
    )
    return row


def revoke(session: Session, creditor_id: int, *, by: str, now: datetime) -> bool:
    """Shut the channel again, at once; whether it was open."""
    row = repository.clearance_in_force(session, creditor_id, CHANNEL)
    if row is None:
        return False
    row.revoked_at, row.revoked_by = now, by.strip()
    session.add(row)
    log_event(
        session,
        "channel.shut",
        at=now,
        actor="system",
        creditor_id=creditor_id,
        channel=CHANNEL,
        clearance=row.id,
    )
    session.flush()
    return True


def clearance_of(session: Session, creditor_id: int) -> ChannelClearance | None:
    """The clearance in force, if there is one."""
    return repository.clearance_in_force(session, creditor_id, CHANNEL)

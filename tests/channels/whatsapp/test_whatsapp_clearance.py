"""Without a written clearance nothing is sent; with one it is, until it is taken back."""

from __future__ import annotations

import hashlib
import stat
from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlmodel import select

from bot.channels.port import Parcel, Refused
from bot.channels.whatsapp import repository
from bot.channels.whatsapp.channel import REMEMBERED
from bot.channels.whatsapp.clearance import (
    ClearanceRefused,
    clearance_of,
    keep_document,
    record_clearance,
    revoke,
)
from bot.debtors.models import Creditor, EventLog

GIVEN = {
    "wording": "Meta answered: account service messages of a first-party lender are allowed.",
    "cleared_by": "Lucía Ramos, counsel",
    "document_name": "answer.pdf",
    "document_sha256": "a" * 64,
}


@pytest.fixture
def creditor_id(database, creditor):
    with database.reading() as session:
        return session.exec(select(Creditor.id).where(Creditor.slug == creditor)).one()


def one_part(channel, clock):
    now = clock.now()
    parcel = Parcel(7, "k", "Hola", "es", "Sol", last_inbound_at=now, now=now)
    return channel.render(parcel)[0]


async def test_nothing_is_sent_without_a_clearance(channel, clock, to, server):
    assert not channel.is_open_to(to.creditor)
    with pytest.raises(Refused) as caught:
        await channel.send(one_part(channel, clock), to)
    await channel.busy(to, "wamid.A")
    assert caught.value.reason == Refused.NOT_CLEARED
    assert server.calls == []


async def test_with_a_clearance_it_is_until_it_is_taken_back(
    channel, clock, to, server, database, creditor_id
):
    with database.transaction() as session:
        record_clearance(session, creditor_id, **GIVEN, now=clock.now())
    server.person(to.creditor, phone="525500000001", user_id="MX.9000000000001").says("hola")
    assert channel.is_open_to(to.creditor)
    await channel.send(one_part(channel, clock), to)
    with database.transaction() as session:
        assert revoke(session, creditor_id, by="Lucía Ramos", now=clock.now())
    clock.advance(REMEMBERED)
    assert not channel.is_open_to(to.creditor)
    with pytest.raises(Refused):
        await channel.send(one_part(channel, clock), to)


def test_a_clearance_in_force_is_looked_up_once_in_five_seconds(channel, cleared, clock, database):
    asked = []
    event.listen(database.engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
    for _ in range(25):
        assert channel.is_open_to(cleared)
        clock.advance(timedelta(seconds=1))
    assert sum("channel_clearance" in s for s in asked) == 5


def test_a_clock_that_is_set_back_keeps_nothing_open(channel, cleared, clock, database):
    assert channel.is_open_to(cleared)
    with database.transaction() as session:
        owner = session.exec(select(Creditor.id).where(Creditor.slug == cleared)).one()
        assert revoke(session, owner, by="Lucía Ramos", now=clock.now())
    clock.advance(timedelta(hours=-1))
    assert not channel.is_open_to(cleared)


def test_a_new_clearance_opens_the_channel_at_once(channel, database, creditor, creditor_id, clock):
    assert not channel.is_open_to(creditor)
    with database.transaction() as session:
        record_clearance(session, creditor_id, **GIVEN, now=clock.now())
    assert channel.is_open_to(creditor)


def test_a_clearance_is_the_creditors_own(channel, cleared, database):
    with database.reading() as session:
        slugs = session.exec(select(Creditor.slug)).all()
    assert [slug for slug in slugs if channel.is_open_to(slug)] == [cleared]
    assert not channel.is_open_to("nobody")


def test_a_number_is_needed_beside_the_clearance(channel, cleared):
    channel._numbers.clear()
    assert not channel.is_open_to(cleared)


def test_recording_the_same_decision_twice_records_it_once(database, creditor_id, clock):
    with database.transaction() as session:
        first = record_clearance(session, creditor_id, **GIVEN, now=clock.now()).id
        assert record_clearance(session, creditor_id, **GIVEN, now=clock.now()).id == first
        assert len(repository.clearances(session, "whatsapp")) == 1


def test_a_new_decision_takes_the_place_of_the_old_one_which_stays_on_record(
    database, creditor_id, clock
):
    with database.transaction() as session:
        old = record_clearance(session, creditor_id, **GIVEN, now=clock.now())
        new = record_clearance(
            session, creditor_id, **(GIVEN | {"document_sha256": "b" * 64}), now=clock.now()
        )
        assert clearance_of(session, creditor_id).id == new.id
        assert (old.revoked_at, old.revoked_by) == (clock.now(), "replaced")


@pytest.mark.parametrize("missing", [{"cleared_by": " "}, {"wording": "ok"}])
def test_a_decision_needs_a_name_and_its_words(database, creditor_id, clock, missing):
    with database.transaction() as session, pytest.raises(ClearanceRefused):
        record_clearance(session, creditor_id, **(GIVEN | missing), now=clock.now())


def test_who_opened_and_shut_the_channel_is_in_the_log(database, creditor_id, clock):
    with database.transaction() as session:
        record_clearance(session, creditor_id, **GIVEN, now=clock.now())
        revoke(session, creditor_id, by="x", now=clock.now())
        assert not revoke(session, creditor_id, by="x", now=clock.now())
        names = session.exec(select(EventLog.name).where(EventLog.name.like("channel.%"))).all()
    assert sorted(names) == ["channel.cleared", "channel.shut"]


def test_the_paper_is_kept_for_its_owner_only_and_can_be_recognised(tmp_path):
    paper = tmp_path / "Answer of Meta.PDF"
    paper.write_bytes(b"%PDF-1.4 yes")
    name, digest = keep_document(tmp_path / "var", paper)
    assert keep_document(tmp_path / "var", paper) == (name, digest)
    assert digest == hashlib.sha256(b"%PDF-1.4 yes").hexdigest()
    (kept,) = (tmp_path / "var/clearances").iterdir()
    assert (kept.name, kept.read_bytes()) == (f"{digest}.pdf", b"%PDF-1.4 yes")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


@pytest.mark.parametrize("made", [None, b""])
def test_a_paper_that_is_none_is_refused(tmp_path, made):
    if made is not None:
        (tmp_path / "x.pdf").write_bytes(made)
    with pytest.raises(ClearanceRefused):
        keep_document(tmp_path / "var", tmp_path / "x.pdf")

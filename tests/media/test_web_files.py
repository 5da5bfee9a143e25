"""Files over HTTP: in from the chat, out to its owner, gone when their time is over."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlmodel import col, select

from bot.channels.web import sessions
from bot.channels.web.routes import web_router
from bot.conversations.models import Conversation, Message, MessageState
from bot.conversations.service import verify
from bot.debtors.models import Creditor, Debtor, EventLog
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.kit.hub import Hub
from bot.media.models import Attachment
from bot.media.service import Cleaner
from bot.media.store import Store
from bot.settings import Settings

from . import samples

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

SITE = "https://tienda.example"


class Web:
    """A debtor's browser on a creditor's page."""

    def __init__(self, database: Database, clock: FixedClock, settings: Settings) -> None:
        self.database, self.clock, self.settings = database, clock, settings
        app = FastAPI()
        app.include_router(web_router(database, clock, settings, Hub()))
        self.client = TestClient(app, headers={"Origin": SITE})
        with database.transaction() as session:
            creditor = session.exec(select(Creditor).where(Creditor.slug == "girasol")).one()
            creditor.allowed_origins = [SITE]
            self.creditor_id = creditor.id
        self.secret = self.begin()

    def begin(self) -> str:
        answer = self.client.post("/chat/v1/sessions", json={"creditor": "demo-girasol"})
        assert answer.status_code == 200
        return str(answer.json()["session"])

    def send(self, data: bytes, client_id: str = "client-0001", **headers: str) -> Any:
        given = {"Authorization": f"Bearer {self.secret}", "Content-Type": "image/jpeg", **headers}
        return self.client.post(
            f"/chat/v1/files?client_id={client_id}", content=data, headers=given
        )

    def get(self, token: str, *, secret: str = "", thumb: bool = False) -> Any:
        return self.client.get(
            f"/chat/v1/files/{token}?thumb={int(thumb)}",
            headers={"Authorization": f"Bearer {secret or self.secret}"},
        )

    def messages(self) -> list[dict[str, Any]]:
        answer = self.client.get(
            "/chat/v1/messages", headers={"Authorization": f"Bearer {self.secret}"}
        )
        return list(answer.json()["messages"])

    def verify(self, place: int = 0) -> int:
        """The person in the chat proves to be one of the creditor's debtors."""
        with self.database.transaction() as session:
            conversation = sessions.find(session, self.secret)
            assert conversation is not None
            debtor = session.exec(
                select(Debtor)
                .where(Debtor.creditor_id == self.creditor_id)
                .order_by(col(Debtor.id))
                .offset(place)
            ).first()
            assert debtor and debtor.id
            verify(session.get_one(Conversation, conversation.id), debtor.id, self.clock.now())
            return debtor.id

    def attachments(self) -> list[Attachment]:
        with self.database.reading() as session:
            return list(session.exec(select(Attachment).order_by(col(Attachment.id))).all())


@pytest.fixture
def web(database: Database, clock: FixedClock, settings: Settings) -> Iterator[Web]:
    return Web(database, clock, settings)


def test_a_photo_becomes_a_message_that_waits_for_an_answer(web: Web) -> None:
    answer = web.send(samples.photo())
    assert answer.status_code == 202
    assert answer.headers["access-control-allow-origin"] == SITE
    *_, shown = web.messages()
    assert shown["seq"] == answer.json()["seq"] and shown["text"] == "Foto"
    (file,) = shown["files"]
    assert file["kind"] == "photo" and file["size"] > 0 and len(file) == 3
    with web.database.reading() as session:
        message = session.exec(select(Message).where(Message.seq == shown["seq"])).one()
        assert message.name == "/objection_already_paid"
        assert message.state is MessageState.RECEIVED
        logged = session.exec(select(EventLog).where(EventLog.name == "file.received")).one()
        assert logged.data["kind"] == "jpeg"


def test_the_same_file_sent_again_changes_nothing(web: Web) -> None:
    first, second = web.send(samples.photo()), web.send(samples.photo())
    assert first.json() == second.json()
    assert len(web.attachments()) == 1 and len(web.messages()) == 2


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"MZ nothing of ours", 415, "file_not_image_or_pdf"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 40, 415, "file_heic"),
        (b"\xff\xd8\xff" + b"0" * (10 * 1024 * 1024), 413, "file_too_large"),
        (b"", 422, "file_empty"),
        (samples.pdf_with("javascript"), 422, "file_unsafe"),
        (samples.png_bomb(), 422, "file_too_many_pixels"),
    ],
    ids=["program", "heic", "large", "empty", "script", "bomb"],
)
def test_what_is_refused_leaves_nothing_behind(
    web: Web, data: bytes, status: int, code: str
) -> None:
    answer = web.send(data)
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert web.attachments() == []
    assert list((web.settings.data_dir / "receipts").rglob("*")) == []


def test_a_body_without_a_length_is_read_no_further_than_allowed(web: Web) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(400):
            yield b"\xff\xd8\xff" + b"0" * 65_536

    answer = web.send(endless())  # type: ignore[arg-type]
    assert answer.status_code == 413


def test_whoever_has_no_session_sends_nothing(web: Web) -> None:
    assert web.send(samples.photo(), Authorization="Bearer nonsense").status_code == 401
    assert web.send(samples.photo(), Origin="https://evil.example").status_code == 403
    assert web.send(samples.photo(), client_id="short").status_code == 422
    assert web.attachments() == []


def test_many_files_in_a_row_are_told_to_wait(
    database: Database, clock: FixedClock, settings: Settings
) -> None:
    web = Web(database, clock, settings.model_copy(update={"files_per_hour": 2}))
    small = samples.photo(size=(20, 20))
    assert [web.send(small, f"client-000{n}").status_code for n in range(3)] == [202, 202, 429]
    refused = web.send(small, "client-0009")
    assert refused.json()["error"] == "too_many_files"
    assert int(refused.headers["retry-after"]) > 0
    assert web.send(small, "client-0000").status_code == 202  # known already: it costs nothing


def test_a_file_opens_only_for_its_verified_owner(web: Web) -> None:
    web.send(samples.photo())
    (kept,) = web.attachments()
    assert web.get(kept.token).status_code == 404  # nobody has proved who they are
    owner = web.verify()
    answer = web.get(kept.token)
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert len(web.get(kept.token, thumb=True).content) < len(answer.content)
    with web.database.transaction() as session:
        session.get_one(Attachment, kept.id).debtor_id = owner
    assert web.get(kept.token).status_code == 200
    web.verify(1)  # the telephone changes hands
    assert web.get(kept.token).status_code == 404


def test_it_closes_again_when_the_verification_lapses(web: Web) -> None:
    web.send(samples.photo())
    web.verify()
    (kept,) = web.attachments()
    assert web.get(kept.token).status_code == 200
    web.clock.advance(timedelta(minutes=16))
    assert web.get(kept.token).status_code == 404


def test_another_conversation_and_a_guess_find_nothing(web: Web) -> None:
    web.send(samples.photo())
    (kept,) = web.attachments()
    web.secret, first = web.begin(), web.secret
    web.messages()
    web.verify()
    assert web.get(kept.token).status_code == 404
    assert web.get("no-such-token", secret=first).status_code == 404
    assert web.get(kept.sha256, secret=first).status_code == 404


def test_files_are_deleted_when_their_time_is_over(web: Web) -> None:
    web.send(samples.photo())
    web.send(samples.photo(), "client-0002")  # the same bytes twice
    web.send(samples.pdf(), "client-0003")
    store = Store(web.settings.data_dir)
    cleaner = Cleaner(web.database, web.clock, store)
    assert cleaner.run() == 0
    first, second, paper = web.attachments()
    with web.database.transaction() as session:
        session.get_one(Attachment, second.id).delete_after += timedelta(days=100)
    web.clock.advance(timedelta(days=30))
    assert cleaner.run() == 2 and cleaner.run() == 0
    assert store.read(first.sha256) is not None  # somebody else's row needs the same bytes
    assert store.read(paper.sha256) is None
    gone = web.attachments()[2]
    assert gone.deleted_at == web.clock.now() and gone.text == ""
    web.clock.advance(timedelta(days=100))
    assert cleaner.run() == 1
    assert store.read(first.sha256) is None and store.read(first.sha256, thumbnail=True) is None
    web.verify()
    assert web.get(first.token).status_code == 404


def test_bytes_without_a_row_are_deleted_after_a_day(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(web.settings.data_dir)
    lost = store.put(b"the app died before the row was written")
    web.send(samples.photo())
    (kept,) = web.attachments()
    Cleaner(web.database, web.clock, store).run()
    assert store.read(lost) is not None
    monkeypatch.setattr("bot.media.service._LEFT_OVER", timedelta(seconds=-60))
    Cleaner(web.database, web.clock, store).run()
    assert store.read(lost) is None and store.read(kept.sha256) is not None

"""Settings, database, Rasa, clock and disk: each sound, and each broken in its way."""

from __future__ import annotations

import shutil
from collections import namedtuple
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.runtime.checks import database as database_checks
from bot.runtime.checks import machine, rasa
from bot.runtime.checks.configuration import configuration_checks, read_settings
from bot.runtime.checks.finding import Finding, Scene, State
from bot.runtime.doctor import looked_at
from bot.runtime.training import model_path

from .conftest import Peer, look, named

MakeScene = Callable[..., Scene]
Usage = namedtuple("Usage", "total used free")


def setting(name: str, where: Scene | None = None) -> Finding:
    read = read_settings()
    return look(configuration_checks(read), name, where or Scene(read.settings))


# ---- settings


def test_a_setting_that_cannot_be_read_is_named_without_its_value(monkeypatch):
    monkeypatch.setenv("ACUERDO_DEMO", "1")
    monkeypatch.setenv("ACUERDO_PORT", "eighty-thousand")
    monkeypatch.setenv("ACUERDO_TELEGRAM_BOTS", '{"girasol": 100:AAA')
    read = read_settings()
    assert set(read.wrong) == {"ACUERDO_PORT", "ACUERDO_TELEGRAM_BOTS"}
    assert read.settings.port == 8000 and read.settings.telegram_bots == {}
    said = looked_at(named(configuration_checks(read), "readable"), Scene(read.settings))
    assert [f.state for f in said] == [State.BROKEN] * 2
    words = " ".join(f.found + f.todo for f in said)
    assert "ACUERDO_PORT" in words and "not the JSON" in words and "docs/settings.md" in words
    assert "eighty" not in words and "100:AAA" not in words


def test_settings_in_a_file_are_read_as_the_app_reads_them(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("ACUERDO_PORT=9999\nDATABASE_URL=sqlite:///other.db\n")
    settings = read_settings().settings
    assert (settings.port, settings.database_url) == (9999, "sqlite:///other.db")


def test_sound_settings(scene: MakeScene):
    assert setting("readable").state is State.OK
    for name in ("secrets", "public address", "mode"):
        assert setting(name, scene()).state is State.OK


def test_demo_secrets_outside_the_demo(scene: MakeScene):
    found = setting("secrets", scene(secret_key="demo-only-secret", rasa_token="short"))
    assert found.state is State.BROKEN and "openssl rand" in found.todo
    assert "ACUERDO_SECRET_KEY, ACUERDO_RASA_TOKEN" in found.found
    assert setting("secrets", scene(demo=True, secret_key="demo-only-secret")).state is State.OK


def test_one_secret_used_twice(scene: MakeScene):
    same = "0123456789abcdefghijklmnopqrstuv"
    found = setting("secrets", scene(secret_key=same, action_token=same))
    assert found.state is State.WARNING and "each its own" in found.todo
    assert same not in found.found + found.todo


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8000", "https://localhost", "http://chat.example", "chat.example"]
)
def test_an_address_nobody_can_open_safely(scene: MakeScene, address: str):
    found = setting("public address", scene(public_url=address))
    assert found.state is State.BROKEN and "ACUERDO_PUBLIC_URL" in found.todo


def test_a_demo_with_a_live_key_would_charge_people(scene: MakeScene):
    found = setting("mode", scene(demo=True, stripe_api_key="sk_live_123"))
    assert found.state is State.BROKEN and "sk_test_" in found.todo


# ---- database


def test_a_sound_database(database: Database, scene: MakeScene):
    where = scene(database_url=database.url)
    for check in database_checks.CHECKS:
        assert look(database_checks.CHECKS, check.name, where).state is State.OK, check.name


def at(database: Database, revision: str | None) -> None:
    with database.transaction() as session:
        if revision is None:
            session.connection().execute(text("DELETE FROM alembic_version"))
        else:
            session.connection().execute(
                text("UPDATE alembic_version SET version_num = :r"), {"r": revision}
            )


@pytest.mark.parametrize(
    ("revision", "todo"),
    [("0003", "acuerdo serve"), (None, "acuerdo serve"), ("9999", "restore the back-up")],
)
def test_a_schema_of_another_release(
    database: Database, scene: MakeScene, revision: str | None, todo: str
):
    at(database, revision)
    found = look(database_checks.CHECKS, "schema", scene(database_url=database.url))
    assert found.state is State.BROKEN and todo in found.todo


def test_a_file_that_is_not_there_is_not_made_by_looking(scene: MakeScene, tmp_path: Path):
    where = scene(database_url=f"sqlite:///{tmp_path}/nowhere/acuerdo.db")
    found = look(database_checks.CHECKS, "reachable", where)
    assert found.state is State.BROKEN and "DATABASE_URL" in found.todo
    assert not (tmp_path / "nowhere").exists()
    for name in ("schema", "sound"):
        assert look(database_checks.CHECKS, name, where).state is State.OFF


@pytest.mark.parametrize(
    "url",
    ["postgresql://acuerdo:pa55word@127.0.0.1:9/acuerdo", "nonsense", "oracle://a:pa55word@b/c"],
)
def test_a_database_that_does_not_answer(scene: MakeScene, url: str):
    found = look(database_checks.CHECKS, "reachable", scene(database_url=url))
    assert found.state is State.BROKEN and "DATABASE_URL" in found.todo
    assert "pa55word" not in found.found + found.todo


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_damaged_file(database: Database, scene: MakeScene):
    with database.transaction() as session:
        page = session.connection().execute(text("PRAGMA page_size")).scalar_one()
        session.connection().execute(text("SELECT 1"))
    database.dispose()
    path = Path(database.url.removeprefix("sqlite:///"))
    with path.open("r+b") as file:
        file.seek(page * 3)
        file.write(b"\xff" * page * 6)
    found = look(database_checks.CHECKS, "sound", scene(database_url=database.url))
    assert found.state is State.BROKEN and "restore the last back-up" in found.todo


def test_a_server_with_no_connections_left(
    database: Database, scene: MakeScene, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(database_checks, "_POOL", 100_000)
    found = look(database_checks.CHECKS, "sound", scene(database_url=database.url))
    if database.is_sqlite:
        assert found.state is State.OK
    else:
        assert found.state is State.WARNING and "max_connections" in found.todo


# ---- Rasa


def test_rasa_with_the_model_of_the_present_inputs(peer: Peer, scene: MakeScene):
    peer.answers["/status"] = (200, {"model_file": f"models/{model_path().name}"})
    where = scene(rasa_url=peer.url)
    assert look(rasa.CHECKS, "reachable", where).state is State.OK
    # The model may not be on this disk; what Rasa has loaded counts.
    assert look(rasa.CHECKS, "model", where).state is State.OK
    assert peer.asked[0][1].startswith("/status?token=")


def test_rasa_that_is_not_there(scene: MakeScene):
    where = scene()
    found = look(rasa.CHECKS, "reachable", where)
    assert found.state is State.BROKEN and "ACUERDO_RASA_URL" in found.todo
    assert look(rasa.CHECKS, "model", where).state is State.OFF


def test_rasa_with_another_token(peer: Peer, scene: MakeScene):
    peer.answers["/status"] = (401, {"status": "failure"})
    found = look(rasa.CHECKS, "reachable", scene(rasa_url=peer.url))
    assert found.state is State.BROKEN and "ACUERDO_RASA_TOKEN" in found.todo


def test_rasa_without_a_model(peer: Peer, scene: MakeScene):
    peer.answers["/status"] = (200, {"model_file": None})
    found = look(rasa.CHECKS, "model", scene(rasa_url=peer.url))
    assert found.state is State.BROKEN and "acuerdo train" in found.todo


@pytest.mark.parametrize(("is_trained", "todo"), [(True, "restart Rasa"), (False, "acuerdo train")])
def test_a_model_made_from_other_inputs(
    peer: Peer,
    scene: MakeScene,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    is_trained: bool,
    todo: str,
):
    wanted = tmp_path / "acuerdo-wanted.tar.gz"
    if is_trained:
        wanted.touch()
    monkeypatch.setattr(rasa, "model_path", lambda: wanted)
    peer.answers["/status"] = (200, {"model_file": "models/acuerdo-older.tar.gz"})
    found = look(rasa.CHECKS, "model", scene(rasa_url=peer.url))
    assert found.state is State.BROKEN and todo in found.todo


@pytest.mark.parametrize(
    ("status", "state"), [(405, State.OK), (200, State.BROKEN), (404, State.BROKEN)]
)
def test_where_rasa_calls_the_actions(peer: Peer, scene: MakeScene, status: int, state: State):
    peer.answers["/rasa/actions"] = (status, {})
    found = look(rasa.CHECKS, "actions", scene(port=peer.port, host="0.0.0.0"))
    assert found.state is state
    if state is State.BROKEN:
        assert "ACUERDO_PORT" in found.todo


def test_an_app_that_does_not_run(scene: MakeScene):
    found = look(rasa.CHECKS, "actions", scene(port=9))
    assert found.state is State.BROKEN and "acuerdo serve" in found.todo


# ---- disk


@pytest.mark.parametrize(
    ("free", "state"),
    [(50_000_000, State.BROKEN), (500_000_000, State.WARNING), (5_000_000_000, State.OK)],
)
def test_room_on_the_disk(scene: MakeScene, monkeypatch, free: int, state: State):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 0, free))
    found = look(machine.CHECKS, "room", scene())
    assert found.state is state
    assert ("ACUERDO_DATA_DIR" in found.todo) is (state is not State.OK)


def test_a_folder_nobody_can_write_in(scene: MakeScene, tmp_path: Path):
    (tmp_path / "file").write_text("not a folder")
    found = look(machine.CHECKS, "writable", scene(data_dir=tmp_path / "file"))
    assert found.state is State.BROKEN and "chown" in found.todo
    missing = look(machine.CHECKS, "writable", scene(data_dir=tmp_path / "missing"))
    assert missing.state is State.WARNING and "install -d -m 700" in missing.todo
    assert look(machine.CHECKS, "writable", scene()).state is State.OK
    assert list((tmp_path / "var").iterdir()) == []


def test_files_that_others_may_read(scene: MakeScene, tmp_path: Path):
    where = scene()
    database = tmp_path / "var" / "acuerdo.db"
    database.write_bytes(b"")
    database.chmod(0o644)
    assert look(machine.CHECKS, "file modes", where).state is State.OK  # the folder is shut
    database.parent.chmod(0o755)
    found = look(machine.CHECKS, "file modes", where)
    assert found.state is State.WARNING and "chmod 700" in found.todo
    database.chmod(0o600)
    assert look(machine.CHECKS, "file modes", where).state is State.OK
    (tmp_path / ".env").write_text("ACUERDO_SECRET_KEY=…")
    (tmp_path / ".env").chmod(0o644)
    found = look(machine.CHECKS, "file modes", where)
    assert found.state is State.WARNING and found.todo == "chmod 600 .env"


# ---- clock


def test_the_clock_against_the_database(database: Database, scene: MakeScene):
    where = scene(database_url=database.url)
    wrong = scene(
        database_url=database.url, clock=FixedClock(datetime.now(UTC) + timedelta(minutes=2))
    )
    if database.is_sqlite:
        assert look(machine.CHECKS, "against the database", where).state is State.OFF
        return
    assert look(machine.CHECKS, "against the database", where).state is State.OK
    found = look(machine.CHECKS, "against the database", wrong)
    assert found.state is State.BROKEN and "timedatectl" in found.todo
    assert "ahead of" in found.found


def test_the_clock_against_what_is_set_up(peer: Peer, scene: MakeScene):
    name = "against the outside"
    where = scene(telegram_bots={"girasol": "100:AA"}, telegram_api_base=peer.url)
    assert look(machine.CHECKS, name, where).state is State.OK
    peer.says_it_is = lambda: datetime.now(UTC) + timedelta(minutes=5)
    found = look(machine.CHECKS, name, where)
    assert found.state is State.BROKEN and "behind 127.0.0.1" in found.found
    assert "timedatectl" in found.todo
    silent = scene(telegram_bots={"girasol": "100:AA"}, telegram_api_base="http://127.0.0.1:9")
    assert look(machine.CHECKS, name, silent).state is State.WARNING
    assert look(machine.CHECKS, name, scene()).state is State.OFF

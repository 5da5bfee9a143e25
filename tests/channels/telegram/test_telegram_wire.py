"""What an update of Telegram's means to us."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telegram_updates import (
    CHAT,
    DOCUMENT,
    EVERY_KIND,
    GROUP,
    SIZES,
    WHEN,
    body,
    membership,
    message,
    press,
)

from bot.channels.port import FileRef, Inbound, Kind, Unreadable
from bot.channels.telegram.commands import ACTS, MENU
from bot.channels.telegram.wire import read
from bot.dialogue.turn import PAYLOADS
from bot.runtime.paths import ROOT


def one(kind: str, content: dict[str, Any]) -> Inbound:
    (found,) = read(body(kind, content), "sol")
    return found


def said(**content: Any) -> Inbound:
    return one("message", message(**content))


# ---- messages


def test_a_text_is_read_with_who_when_and_which_bot():
    found = said(text="hola, ¿qué tal?")
    assert (found.kind, found.text, found.account) == (Kind.TEXT, "hola, ¿qué tal?", "sol")
    assert found.who.names == (("chat", str(CHAT)),)
    assert found.who.language == "es-MX"
    assert found.sent_at == datetime.fromtimestamp(WHEN, UTC)
    assert found.event_id == "tg:41"


def test_the_same_message_has_the_same_number_and_the_next_one_another():
    assert said(text="a").event_id == said(text="a").event_id
    assert one("message", message(text="a") | {"message_id": 42}).event_id == "tg:42"


def test_somebody_without_a_user_name_a_language_or_a_surname_is_understood():
    bare = {"id": CHAT, "is_bot": False, "first_name": "A"}
    found = one("message", message(text="hola") | {"from": bare})
    assert found.who.names == (("chat", str(CHAT)),) and found.who.language == ""


@pytest.mark.parametrize(
    ("typed", "act"),
    [
        ("/saldo", "/ask_balance"),
        ("/cuenta", "/ask_balance"),
        ("/plan", "/request_plan"),
        ("/pague", "/objection_already_paid"),
        ("/paguei", "/objection_already_paid"),
        ("/persona", "/ask_human"),
        ("/PERSON", "/ask_human"),
        ("/baja", "/opt_out"),
        ("/sair", "/opt_out"),
        ("/stop", "/opt_out"),
        ("/ayuda@sol_bot", "/ask_how_it_works"),
        (" /help ", "/ask_how_it_works"),
    ],
)
def test_a_command_of_the_menu_is_the_button_of_the_same_meaning(typed, act):
    found = said(text=typed)
    assert (found.kind, found.act) == (Kind.ACT, act)


def test_every_command_tells_the_dialogue_something_it_knows():
    intents = (ROOT / "domain.yml").read_text(encoding="utf-8")
    for act in ACTS.values():
        assert f"  - {act.removeprefix('/')}\n" in intents
    assert ACTS["pague"] == PAYLOADS["already_paid"]
    assert {word for entry in MENU for word in entry.words.values()} <= ACTS.keys()


@pytest.mark.parametrize(
    "typed", ["/restart", "/ask_balance", "/inventado", "/", "//", "/intent{}"]
)
def test_a_slash_that_is_no_command_of_ours_is_only_text(typed):
    found = said(text=typed)
    assert (found.kind, found.text, found.act) == (Kind.TEXT, typed, "")


def test_words_after_a_command_are_read_as_words():
    found = said(text="/plan en 3 cuotas")
    assert (found.kind, found.text) == (Kind.TEXT, "plan en 3 cuotas")
    assert said(text="/start quiero hablar").text == "quiero hablar"


def test_start_brings_the_token_of_the_link():
    assert (said(text="/start").kind, said(text="/start").token) == (Kind.START, "")
    assert said(text="/start AbC_9-x").token == "AbC_9-x"
    assert said(text="/start " + "a" * 65).kind is Kind.TEXT


def test_a_photo_is_the_largest_of_its_sizes_with_what_was_written_under_it():
    found = said(photo=SIZES, caption="ya pagué")
    assert found.file == FileRef("large", mime="image/jpeg", size=99000)
    assert (found.kind, found.text) == (Kind.FILE, "ya pagué")


def test_a_document_keeps_its_name_type_and_size():
    found = said(document=DOCUMENT, caption="comprobante")
    assert found.file == FileRef(DOCUMENT["file_id"], "recibo.pdf", "application/pdf", 4000)
    assert (found.kind, found.text) == (Kind.FILE, "comprobante")
    bare = {"file_id": "x", "file_unique_id": "y"}
    assert said(document=bare).file == FileRef("x")


def test_ones_own_telephone_is_a_contact_and_somebody_elses_is_not():
    contact = {"phone_number": "52 (55) 1234-5678", "first_name": "Ana"}
    own = said(contact=contact | {"user_id": CHAT})
    assert (own.kind, own.phone) == (Kind.CONTACT, "+525512345678")
    other = said(contact=contact | {"user_id": CHAT + 1})
    unknown = said(contact=contact)
    assert (other.kind, other.phone) == (unknown.kind, unknown.phone) == (Kind.UNSUPPORTED, "")


@pytest.mark.parametrize("kind", ["voice", "sticker", "location", "animation"])
def test_what_cannot_be_read_is_said_to_be_so(kind):
    (found,) = read(json.dumps(EVERY_KIND[kind]).encode(), "sol")
    assert found.kind is Kind.UNSUPPORTED


def test_a_new_kind_of_content_that_nobody_knows_yet_is_answered_too():
    assert said(hologram={"file_id": "x"}).kind is Kind.UNSUPPORTED


@pytest.mark.parametrize(
    "content",
    [
        {"pinned_message": message(text="x")},
        {"message_auto_delete_timer_changed": {"message_auto_delete_time": 86400}},
        {"write_access_allowed": {}},
    ],
)
def test_what_telegram_itself_writes_into_the_chat_asks_for_nothing(content):
    assert read(body("message", message(**content)), "sol") == []


def test_another_bot_gets_no_answer():
    loop = message(text="hola") | {"from": {"id": CHAT, "is_bot": True, "first_name": "B"}}
    assert read(body("message", loop), "sol") == []


# ---- edits, buttons, blocks, groups


def test_an_edit_says_which_message_it_replaces():
    found = one("edited_message", message(text="no, 200", edit_date=WHEN + 60))
    assert (found.kind, found.text, found.replaces) == (Kind.EDIT, "no, 200", "tg:41")
    assert found.sent_at == datetime.fromtimestamp(WHEN + 60, UTC)


def test_two_edits_within_a_second_are_two():
    first = one("edited_message", message(text="no, 200", edit_date=WHEN))
    second = one("edited_message", message(text="no, 300", edit_date=WHEN))
    assert len({first.event_id, second.event_id, "tg:41"}) == 3


def test_a_changed_place_on_the_map_is_no_edit():
    moved = message(location={"latitude": 1.0, "longitude": 2.0}, edit_date=WHEN)
    assert read(body("edited_message", moved), "sol") == []


def test_a_pressed_button_is_its_number_and_wants_an_answer():
    found = one("callback_query", press())
    assert (found.kind, found.button) == (Kind.BUTTON, "7-1")
    assert found.callback == "4382bfdwdsb323b2d9"
    assert found.who.names == (("chat", str(CHAT)),)


def test_a_button_under_a_message_too_old_to_be_shown_still_counts():
    old = {"message_id": 40, "date": 0, "chat": message()["chat"]}
    found = one("callback_query", press(message=old))
    assert found.button == "7-1" and found.sent_at.tzinfo is not None
    bare = press()
    del bare["message"]
    assert one("callback_query", bare).button == "7-1"


def test_blocking_and_unblocking_are_told():
    assert one("my_chat_member", membership("member", "kicked")).kind is Kind.BLOCKED
    assert one("my_chat_member", membership("kicked", "member")).kind is Kind.UNBLOCKED


def test_in_a_group_nothing_is_read_but_where_it_is():
    added = one("my_chat_member", membership("left", "member", GROUP))
    wrote = one("message", message(text="mi saldo", chat=GROUP))
    assert added.kind is wrote.kind is Kind.GROUP
    assert added.who.names == wrote.who.names == (("chat", "-1001"),)
    assert wrote.text == ""


@pytest.mark.parametrize(("before", "after"), [("member", "administrator"), ("member", "left")])
def test_other_changes_in_a_group_ask_for_nothing(before, after):
    assert read(body("my_chat_member", membership(before, after, GROUP)), "sol") == []


@pytest.mark.parametrize("kind", ["poll", "message_reaction", "inline_query", "something_new"])
def test_an_update_of_a_kind_we_do_not_read_is_nothing(kind):
    content: dict[str, Any] = {
        "poll": {"id": "1", "question": "?", "options": [], "total_voter_count": 0,
            "is_closed": False, "is_anonymous": True, "type": "regular",
            "allows_multiple_answers": False, "allows_revoting": False,
            "members_only": False},
        "message_reaction": {"chat": message()["chat"], "message_id": 1, "date": WHEN,
            "old_reaction": [], "new_reaction": []},
        "inline_query": {"id": "1", "from": message()["from"], "query": "x", "offset": ""},
    }.get(kind, {"a": 1})  # fmt: skip
    assert read(body(kind, content), "sol") == []


# ---- whatever else may come


@pytest.mark.parametrize(
    "raw",
    [b"", b"x", b"[]", b"1", b"null", b'"x"', b"{}", b"\xff\xfe", b"[" * 100_000,
     b'{"update_id": "1", "message": {}}', b'{"update_id": 1, "message": {}}'],
)  # fmt: skip
def test_what_is_no_update_is_unreadable(raw):
    with pytest.raises(Unreadable):
        read(raw, "sol")


def test_what_no_database_keeps_is_taken_out_of_a_text():
    found = said(text="ho\x00la \ud83d fin")
    assert found.text == "hola � fin"
    found.text.encode()


def test_a_problem_never_quotes_what_was_written():
    secret = body("message", message(text=["mi clave es 4455"]))
    with pytest.raises(Unreadable) as problem:
        read(secret, "sol")
    assert "4455" not in str(problem.value)


_ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
    st.lists(st.integers(), max_size=2), st.dictionaries(st.text(max_size=3), st.integers()),
)  # fmt: skip


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, child in inside:
        found.append((*path, key))
        if isinstance(child, dict | list):
            found += _places(child, (*path, key))
    return found


@settings(max_examples=600, deadline=timedelta(seconds=2))
@given(st.data())
def test_a_wrong_type_anywhere_is_unreadable_and_never_anything_else(data):
    changed = copy.deepcopy(EVERY_KIND[data.draw(st.sampled_from(sorted(EVERY_KIND)))])
    *way, last = data.draw(st.sampled_from(_places(changed)))
    inside: Any = changed
    for step in way:
        inside = inside[step]
    if data.draw(st.booleans()) and isinstance(inside, dict):
        del inside[last]
    else:
        inside[last] = data.draw(_ANYTHING)
    try:
        found = read(json.dumps(changed).encode(), "sol")
    except Unreadable:
        return
    for event in found:
        texts = (event.event_id, event.text, event.button, event.act, event.token, event.phone)
        assert all(isinstance(text, str) for text in texts)
        assert event.sent_at.tzinfo is not None
        assert int(event.who.names[0][1])
        assert event.file is None or isinstance(event.file.id, str)

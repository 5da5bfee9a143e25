"""What Meta's webhooks tell: its own samples, four ways to name a person, and nonsense."""

from __future__ import annotations

import contextlib
import copy
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.channels.port import Inbound, Kind, Receipt, ReceiptState, Unreadable
from bot.channels.whatsapp.codes import LATE, Fate, fate_of
from bot.channels.whatsapp.news import Renamed, read_news
from bot.channels.whatsapp.numbers import phone_of
from bot.channels.whatsapp.wire import read

SAMPLES = json.loads(
    (Path(__file__).parent / "samples/meta_webhooks_v23.json").read_text(encoding="utf-8")
)
NUMBER = "106540352242922"
SHEENA = (("phone", "16505551234"),)

READ_AS = {
    "Text Message": Kind.TEXT,
    "Text Message with Context (Product Inquiry)": Kind.TEXT,
    "Text Message from Click to WhatsApp Ad": Kind.TEXT,
    "Reaction Message": Kind.UNSUPPORTED,
    "Image Message": Kind.FILE,
    "Location Message": Kind.UNSUPPORTED,
    "Contact Sharing Message": Kind.UNSUPPORTED,
    "Unsupported Message": Kind.UNSUPPORTED,
    "Button Message": Kind.TEXT,
    "Interactive List Reply Message": Kind.BUTTON,
    "Interactive Button Reply Message": Kind.BUTTON,
    "Order Message": Kind.UNSUPPORTED,
}
NOT_MESSAGES = {
    "System Message",
    "Group Create Message",
    "Group Settings Update",
    "Group Remove Participants",
}


def body_of(*messages, contacts=(), statuses=(), field="messages"):
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": NUMBER},
        "contacts": list(contacts),
    }
    if messages:
        value["messages"] = list(messages)
    if statuses:
        value["statuses"] = list(statuses)
    change = {"field": field, "value": value}
    told = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
    return json.dumps(told).encode()


def message(**content):
    return {"id": "wamid.A", "timestamp": "1749416383", "from": "16505551234", **content}


def text(body="Hola", **more):
    return message(type="text", text={"body": body}, **more)


def test_every_sample_of_metas_is_accounted_for():
    assert set(SAMPLES) == {*READ_AS, *NOT_MESSAGES}
    assert len(SAMPLES) == 16


@pytest.mark.parametrize("name", READ_AS)
def test_no_message_in_metas_samples_is_lost(name):
    (found,) = read(json.dumps(SAMPLES[name]).encode())
    sample = SAMPLES[name]["entry"][0]["changes"][0]["value"]["messages"][0]
    assert isinstance(found, Inbound)
    assert (found.kind, found.who.names) == (READ_AS[name], SHEENA)
    assert (found.account, found.event_id) == (NUMBER, sample["id"])
    assert found.sent_at == datetime.fromtimestamp(int(sample["timestamp"]), UTC)


@pytest.mark.parametrize("name", sorted(NOT_MESSAGES))
def test_what_is_nobodys_message_is_read_without_complaint(name):
    assert read(json.dumps(SAMPLES[name]).encode()) == []


def test_a_photo_keeps_its_number_and_its_caption():
    (found,) = read(json.dumps(SAMPLES["Image Message"]).encode())
    assert (found.file.id, found.file.mime) == ("1003383421387256", "image/jpeg")
    assert found.text == "Taj Mahal"


def test_pressing_a_button_tells_our_id_and_its_words():
    (found,) = read(json.dumps(SAMPLES["Interactive Button Reply Message"]).encode())
    assert (found.button, found.text) == ("cancel-button", "Cancel")
    (found,) = read(json.dumps(SAMPLES["Interactive List Reply Message"]).encode())
    assert found.button == "priority_express"


@pytest.mark.parametrize(
    ("names", "card", "expected"),
    [
        ({"from": "16505551234"}, {"wa_id": "16505551234"}, SHEENA),
        (
            {"from": "16505551234", "from_user_id": "US.134"},
            {"wa_id": "16505551234", "user_id": "US.134"},
            (("user", "US.134"), *SHEENA),
        ),
        ({"from_user_id": "US.134"}, {"user_id": "US.134"}, (("user", "US.134"),)),
        ({}, {"user_id": "US.134"}, (("user", "US.134"),)),
        ({"from": "16505551234"}, {"user_id": "US.134", "wa_id": "16505551234"},
            (("user", "US.134"), *SHEENA)),
    ],
    ids=["telephone only", "both", "user id only", "on the card only", "user id on the card"],
)  # fmt: skip
def test_a_person_is_known_by_whatever_names_meta_gives(names, card, expected):
    given = text()
    del given["from"]
    contact = {"profile": {"name": "Ana"}, **card}
    (found,) = read(body_of(given | names, contacts=[contact]))
    assert found.who.names == expected


def test_the_fourth_shape_a_failed_status_names_the_telephone_alone():
    status = {
        "id": "wamid.S",
        "status": "failed",
        "timestamp": "1750030073",
        "recipient_id": "16505551234",
        "errors": [{"code": 131026, "title": "Message undeliverable"}],
    }
    (found,) = read(body_of(statuses=[status]))
    assert found == Receipt(
        account=NUMBER,
        external_id="wamid.S",
        state=ReceiptState.FAILED,
        at=datetime.fromtimestamp(1750030073, UTC),
        problem="unreachable",
    )


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        (131047, "window_closed"),
        (131026, "unreachable"),
        (131050, "opted_out"),
        (131051, "rejected"),
        (999999, "rejected"),
    ],
)
def test_why_a_message_failed_is_told_in_our_words(code, problem):
    status = {"id": "w", "status": "failed", "timestamp": 1750030073, "errors": [{"code": code}]}
    (found,) = read(body_of(statuses=[status]))
    assert found.problem == problem


@pytest.mark.parametrize(
    ("code", "seconds"),
    [(131056, 10.0), (131016, 0.0), (131000, 0.0), (131053, 0.0), (130429, 5.0),
     (131026, None), (131047, None), (131048, None), (131049, None), (131050, None),
     (130472, None), (999999, None)],
)  # fmt: skip
def test_a_late_failure_says_whether_it_passes(code, seconds):
    status = {"id": "w", "status": "failed", "timestamp": 1750030073, "errors": [{"code": code}]}
    (told,) = read(body_of(statuses=[status]))
    assert told.again_after == seconds


def test_every_fault_that_passes_has_a_reason_and_says_how_sure_it_is():
    for code, fault in LATE.items():
        assert fault.why
        assert fault.confidence in ("high", "medium", "low")
        assert fate_of(code) is Fate.LATER


def test_a_status_gives_our_own_number_back():
    status = {"id": "w", "status": "read", "timestamp": "1750030073"}
    (found,) = read(body_of(statuses=[status | {"biz_opaque_callback_data": "41"}]))
    assert (found.state, found.about) == (ReceiptState.READ, "41")


def test_a_batch_gives_each_message_to_its_own_sender():
    one = text("uno", id="wamid.1")
    other = {**text("dos", id="wamid.2"), "from": "16505550000"}
    cards = [
        {"wa_id": "16505551234", "user_id": "US.1"},
        {"wa_id": "16505550000", "user_id": "US.2"},
    ]
    first, second = read(body_of(one, other, contacts=cards))
    assert first.who.names == (("user", "US.1"), ("phone", "16505551234"))
    assert second.who.names == (("user", "US.2"), ("phone", "16505550000"))


@pytest.mark.parametrize("kind", ["audio", "video", "sticker", "location", "contacts", "new_kind"])
def test_what_cannot_be_read_yet_is_still_an_answerable_message(kind):
    (found,) = read(body_of(message(type=kind, **{kind: {"id": "1"}})))
    assert found.kind is Kind.UNSUPPORTED


def test_a_message_in_a_group_is_marked_as_one():
    (found,) = read(body_of(text("¿cuánto debo?", group_id="Y2Fw")))
    assert (found.kind, found.text) == (Kind.GROUP, "")


def test_a_reaction_taken_back_is_nothing():
    assert read(body_of(message(type="reaction", reaction={"message_id": "wamid.B"}))) == []


def test_an_edit_names_what_it_replaces():
    edit = {
        "original_message_id": "wamid.O",
        "message": {"type": "text", "text": {"body": "200, no 2000"}},
    }
    (found,) = read(body_of(message(type="edit", edit=edit)))
    assert (found.kind, found.replaces, found.text) == (Kind.EDIT, "wamid.O", "200, no 2000")


def test_the_waiting_templates_buttons_do_what_they_say():
    def pressed(payload, words):
        return message(type="button", button={"payload": payload, "text": words})

    asked, stopped = read(
        body_of(pressed("act:read", "Leer el mensaje"), pressed("act:stop", "No escribir más"))
    )
    assert (asked.kind, asked.act) == (Kind.ACT, "/ask_plan_status")
    assert (stopped.kind, stopped.act) == (Kind.ACT, "/opt_out")


def test_typing_a_buttons_payload_is_only_text():
    (found,) = read(body_of(text("act:stop")))
    assert (found.kind, found.text, found.act) == (Kind.TEXT, "act:stop", "")


@pytest.mark.parametrize(
    ("wa_id", "phone"),
    [
        ("5215500000001", "5215500000001"),
        ("+1 (555) 078-3881", "15550783881"),
        ("", ""),
        ("¹²³⁴⁵⁶⁷⁸", ""),
        ("1" * 16, ""),
    ],
)
def test_telephones_are_kept_as_meta_writes_them_in_digits(wa_id, phone):
    assert phone_of(wa_id) == phone


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"\xff\xfe",
        b'{"object": "page", "entry": []}',
        b'{"object": "whatsapp_business_account"}',
        b'{"object": "whatsapp_business_account", "entry": [1]}',
        b"[" * 100_000,
        b'{"a":' + b"1" * 5000 + b"}",
        body_of({**text(), "id": ""}),
        body_of({**text(), "timestamp": "soon"}),
        body_of({k: v for k, v in text().items() if k != "from"}),
    ],
)
def test_nonsense_is_unreadable_and_never_anything_worse(body):
    with pytest.raises(Unreadable):
        read(body)


def test_why_it_is_unreadable_does_not_quote_what_is_in_it():
    secret = {**text("mi clave es 1234"), "id": None, "from": "525512345678"}
    with pytest.raises(Unreadable) as caught:
        read(body_of(secret))
    assert "1234" not in str(caught.value)


FULL = json.loads(
    body_of(
        text(from_user_id="US.1", context={"id": "wamid.0"}),
        message(type="interactive", interactive={"type": "button_reply", "button_reply":
            {"id": "7-1", "title": "Sí"}}),
        message(type="document", document={"id": "5", "filename": "a.pdf", "caption": "x"}),
        message(type="system", system={"type": "user_changed_user_id", "user_id": "US.2"}),
        contacts=[{"wa_id": "16505551234", "user_id": "US.1", "profile": {"name": "A"}}],
        statuses=[{"id": "w", "status": "failed", "timestamp": "1750030073", "errors":
            [{"code": 131026}], "biz_opaque_callback_data": "3"}],
    )
)  # fmt: skip


def paths(inside, here=()):
    yield here
    if isinstance(inside, dict):
        for key, value in inside.items():
            yield from paths(value, (*here, key))
    elif isinstance(inside, list):
        for place, value in enumerate(inside):
            yield from paths(value, (*here, place))


PATHS = [path for path in paths(FULL) if path]
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=30),
    st.just("\ud800\x00"),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=5), st.none(), max_size=2),
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(path=st.sampled_from(PATHS), wrong=ANYTHING, gone=st.booleans())
def test_a_wrong_type_anywhere_is_read_or_unreadable_and_loses_no_message(path, wrong, gone):
    body = copy.deepcopy(FULL)
    inside = body
    for step in path[:-1]:
        inside = inside[step]
    if gone:
        del inside[path[-1]]
    else:
        inside[path[-1]] = wrong
    raw = json.dumps(body).encode()
    try:
        found = read(raw)
        read_news(raw)
    except Unreadable:
        return
    told = body["entry"][0]["changes"][0] if body["entry"] and body["entry"][0]["changes"] else {}
    if told.get("field") != "messages":
        return
    written = [m for m in told["value"].get("messages") or [] if m.get("type") != "system"]
    messages = [one for one in found if isinstance(one, Inbound)]
    assert len(messages) == len(written)
    assert all(one.who.names and one.event_id and one.account for one in messages)
    assert all("\x00" not in one.text for one in messages)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_unreadable(raw):
    with contextlib.suppress(Unreadable):
        assert read(raw) == []


def test_metas_sample_of_a_changed_number_is_read_as_one():
    (told,) = read_news(json.dumps(SAMPLES["System Message"]).encode())
    assert told == Renamed(NUMBER, (("phone", "16505551234"),), (("phone", "12195555358"),))

"""A message as Meta takes it: cut well, nothing lost, nothing said outside the window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.port import Document, Parcel, Refused
from bot.channels.whatsapp.render import (
    render_parcel,
    shortened,
    split,
    units,
    window_is_open,
)
from bot.conversations.models import Purpose
from bot.policies.whatsapp import whatsapp_policy
from bot.runtime.counterparts.whatsapp_checks import check_message

NOW = datetime(2026, 11, 21, 16, 0, tzinfo=UTC)
POLICY = whatsapp_policy(NOW.date())
PAY = ("Pagar ahora", "https://pay.example/pay/abc", "pay")
PAPER = Document("acuerdo.pdf", "application/pdf", b"%PDF-1.4")


def rendered(text="Hola", *, last=NOW, now=NOW, language="es", brand="Sol", **more):
    parcel = Parcel(
        delivery_id=7,
        key="utter_x",
        text=text,
        language=language,
        brand=brand,
        last_inbound_at=last,
        now=now,
        **more,
    )
    parts = render_parcel(parcel, POLICY)
    for part in parts:
        body = {**part.body, "to": "525500000001"}
        if part.document:
            body[body["type"]] = {**body[body["type"]], "id": "1"}
        check_message(body)
    return parts


def content(part):
    return part.body[part.body["type"]]


def test_a_plain_message_is_a_text_that_carries_our_number():
    (part,) = rendered("Hola **Ana**, son **$1,200.00**.")
    assert content(part) == {"body": "Hola *Ana*, son *$1,200.00*.", "preview_url": False}
    assert part.body["biz_opaque_callback_data"] == "7"


def test_up_to_three_quick_replies_are_buttons_under_the_text():
    (part,) = rendered("¿Qué prefieres?", buttons=[("7-1", "Sí"), ("7-2", "No")])
    assert content(part)["body"]["text"] == "¿Qué prefieres?"
    replies = [b["reply"] for b in content(part)["action"]["buttons"]]
    assert replies == [{"id": "7-1", "title": "Sí"}, {"id": "7-2", "title": "No"}]


def test_more_than_three_become_a_list_that_shows_whole_titles():
    long = "Pagar una parte hoy y el resto en enero"
    (part,) = rendered("Elige", buttons=[(f"7-{n}", f"{long} {n}") for n in range(4)])
    rows = content(part)["action"]["sections"][0]["rows"]
    assert [row["id"] for row in rows] == ["7-0", "7-1", "7-2", "7-3"]
    assert rows[0]["description"] == f"{long} 0"
    assert units(rows[0]["title"]) <= 24


def test_more_than_a_list_holds_is_written_in_words():
    (part,) = rendered("Elige", buttons=[(f"7-{n}", f"Opción {n}") for n in range(11)])
    assert part.body["type"] == "text"
    assert "• Opción 10" in content(part)["body"]


def test_two_titles_that_would_look_the_same_become_a_list():
    same = "Hablar con una persona del equipo"
    (part,) = rendered("Elige", buttons=[("1", f"{same} A"), ("2", f"{same} B")])
    assert content(part)["type"] == "list"
    assert content(part)["action"]["sections"][0]["rows"][1]["description"] == f"{same} B"


def test_one_secure_link_is_a_button():
    (part,) = rendered("Aquí está", links=[PAY])
    assert content(part)["action"]["parameters"] == {
        "display_text": "Pagar ahora",
        "url": PAY[1],
    }


@pytest.mark.parametrize(
    "links",
    [[PAY, ("Plan", "https://a.example/plan", "page")], [("Pagar", "http://127.0.0.1/p", "pay")]],
    ids=["two", "not secure"],
)
def test_other_links_are_written_out(links):
    (part,) = rendered("Aquí", links=links)
    assert all(url in content(part)["body"] for _, url, _ in links)


def test_a_link_and_quick_replies_go_in_two_messages_the_choice_last():
    link, choice = rendered("Aquí está", links=[PAY], buttons=[("7-1", "Ya pagué")])
    assert content(link)["type"] == "cta_url"
    assert content(choice)["body"]["text"] == "Elige una opción 👇"


def test_a_document_comes_before_the_choice_and_in_place_of_its_link():
    parts = rendered(
        "Tu acuerdo",
        links=[("Acuerdo", "https://a.example/p", "document")],
        documents=[PAPER],
        buttons=[("7-1", "Listo")],
    )
    assert [part.body["type"] for part in parts] == ["text", "document", "interactive"]
    assert parts[1].document is PAPER
    assert content(parts[1])["filename"] == "acuerdo.pdf"
    assert "a.example" not in str([part.body for part in parts])


def test_a_file_that_whatsapp_does_not_take_stays_a_link():
    calendar = Document("fechas.ics", "text/calendar", b"BEGIN:VCALENDAR")
    link = ("Agregar al calendario", "https://a.example/c", "document")
    (part,) = rendered("Fechas", links=[link], documents=[calendar])
    assert part.document is None
    assert content(part)["action"]["parameters"]["url"] == "https://a.example/c"


@pytest.mark.parametrize("purpose", [Purpose.SERVICE, Purpose.REMINDER, Purpose.NUDGE])
@pytest.mark.parametrize("last", [None, NOW - timedelta(days=1), NOW - timedelta(days=9)])
def test_outside_the_window_only_the_waiting_template_goes_out(purpose, last):
    (part,) = rendered(
        "Tu cuota de $500 vence hoy",
        last=last,
        purpose=purpose,
        links=[PAY],
        buttons=[("7-1", "Ya pagué")],
        documents=[PAPER],
    )
    assert content(part)["name"] == "acuerdo_message_waiting"
    assert part.document is None
    assert not any(word in str(part.body) for word in ("cuota", "500", "pagué", "pay.example"))


def test_a_reply_outside_the_window_is_refused():
    with pytest.raises(Refused) as caught:
        rendered(last=NOW - timedelta(days=2))
    assert caught.value.reason == Refused.WINDOW_CLOSED


@pytest.mark.parametrize(
    ("language", "code"),
    [("es", "es"), ("pt", "pt_BR"), ("pt-BR", "pt_BR"), ("en", "en"), ("", "es")],
)
def test_the_template_is_in_the_persons_language(language, code):
    (part,) = rendered(last=None, purpose=Purpose.NUDGE, language=language)
    assert content(part)["language"]["code"] == code


def test_a_brand_with_line_breaks_still_fits_the_template():
    (part,) = rendered(last=None, purpose=Purpose.NUDGE, brand="Sol\n\t  y     Cía")
    assert content(part)["components"][0]["parameters"][0]["text"] == "Sol y Cía"


def test_the_window_shuts_a_little_before_meta_shuts_it():
    assert window_is_open(NOW, NOW + timedelta(hours=23, minutes=57), 24)
    assert not window_is_open(NOW, NOW + timedelta(hours=23, minutes=59), 24)
    assert not window_is_open(None, NOW, 24)


def test_a_title_is_never_cut_inside_a_number():
    assert shortened("Pagar $123,456,789.00 hoy", 20) == "Pagar…"
    assert shortened("Comprobante de $1,200.00, 3 de nov", 20) == "Comprobante de…"
    assert shortened("Hablar con una persona", 20) == "Hablar con una…"
    assert shortened("Sí", 20) == "Sí"


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00*"), min_size=1, max_size=300
).filter(str.strip)


@settings(max_examples=150, deadline=None)
@given(
    text=st.builds(lambda t, n: t * n, TEXTS, st.integers(1, 60)),
    buttons=st.lists(TEXTS, max_size=12),
    links=st.lists(TEXTS, max_size=3),
    documents=st.integers(0, 2),
)
def test_whatever_is_said_is_within_every_limit(text, buttons, links, documents):
    parts = rendered(
        text,
        buttons=[(f"7-{n}", title) for n, title in enumerate(buttons, start=1)],
        links=[(title, f"https://a.example/{n}", "page") for n, title in enumerate(links)],
        documents=[PAPER] * documents,
    )
    said = "".join(str(part.body) for part in parts)
    assert sum(part.document is not None for part in parts) == documents
    assert all(f"https://a.example/{n}" in said for n in range(len(links)))


@settings(max_examples=200, deadline=None)
@given(
    text=st.builds(lambda t, n: t * n, TEXTS, st.integers(1, 80)),
    limits=st.tuples(st.integers(40, 200), st.integers(10, 40)),
)
def test_cutting_loses_only_blanks(text, limits):
    most, last = limits
    pieces = split(text, most, last=last)
    assert all(0 < units(piece) <= most for piece in pieces)
    assert not pieces or units(pieces[-1]) <= last
    assert "".join("".join(pieces).split()) == "".join(text.split())


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.integers(4, 80))
def test_a_shortened_title_fits(text, most):
    assert 0 < units(shortened(text, most)) <= most

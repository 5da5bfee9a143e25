"""How a message of ours looks in Telegram."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.port import Document, Parcel, Part, Refused
from bot.channels.telegram.render import LONGEST_TEXT, is_public, render, utf16

PDF = Document("estado.pdf", "application/pdf", b"%PDF-1.7")


def parcel(text: str = "Hola", **more: Any) -> Parcel:
    return Parcel(1, "utter_x", text, "es", "Sol", **more)


def bold(part: Part) -> list[str]:
    """What stands out, by the places that Telegram is told."""
    text = part.body.get("text", part.body.get("caption", "")).encode("utf-16-le")
    marks = part.body.get("entities", part.body.get("caption_entities", []))
    return [
        text[2 * m["offset"] : 2 * (m["offset"] + m["length"])].decode("utf-16-le") for m in marks
    ]


def rows(part: Part) -> list[list[str]]:
    keyboard = part.body.get("reply_markup", {}).get("inline_keyboard", [])
    return [[key["text"] for key in row] for row in keyboard]


def test_a_text_is_one_plain_message_without_previews():
    (part,) = render(parcel("Hola 👋 ¿qué tal?"))
    assert part == Part(
        "sendMessage",
        {"text": "Hola 👋 ¿qué tal?", "link_preview_options": {"is_disabled": True}},
    )


def test_what_the_catalogue_marks_stands_out_at_the_right_place_after_an_emoji():
    (part,) = render(parcel("👋👋 Son **1.200,50 €** hasta el **3 de mayo**."))
    assert part.body["text"] == "👋👋 Son 1.200,50 € hasta el 3 de mayo."
    assert bold(part) == ["1.200,50 €", "3 de mayo"]


@pytest.mark.parametrize(
    "typed", ["<b>x</b> & <script>", "_a_ [x](http://y) `z` *w*", "a ** b", "**"]
)
def test_mark_up_that_somebody_typed_stays_what_it_is(typed):
    (part,) = render(parcel(typed))
    assert part.body["text"] == typed
    assert "parse_mode" not in part.body and "entities" not in part.body


def test_short_buttons_stand_in_pairs_and_long_ones_alone():
    titles = ["Sí", "No", "Hablar con una persona", "Ver"]
    (part,) = render(parcel(buttons=[(f"4-{n}", t) for n, t in enumerate(titles, 1)]))
    assert rows(part) == [["Sí", "No"], ["Hablar con una persona"], ["Ver"]]
    keys = [key for row in part.body["reply_markup"]["inline_keyboard"] for key in row]
    assert [key["callback_data"] for key in keys] == ["4-1", "4-2", "4-3", "4-4"]


def test_a_waiting_short_button_keeps_its_place_before_a_long_one():
    (part,) = render(parcel(buttons=[("1-1", "Sí"), ("1-2", "Una pregunta muy larga")]))
    assert rows(part) == [["Sí"], ["Una pregunta muy larga"]]


@pytest.mark.parametrize("number", ["", "x" * 65, "ñ" * 33])
def test_a_button_that_telegram_could_not_bring_back_is_refused(number):
    with pytest.raises(Refused, match="rejected"):
        render(parcel(buttons=[(number, "Sí")]))


def test_a_public_link_is_a_button_above_the_replies():
    link = ("Pagar", "https://pagos.example/pay/abc", "pay")
    (part,) = render(parcel(links=[link], buttons=[("1-1", "Sí")]))
    assert rows(part) == [["Pagar"], ["Sí"]]
    assert part.body["reply_markup"]["inline_keyboard"][0][0]["url"] == link[1]
    assert link[1] not in part.body["text"]


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:8000/pay/x", "http://localhost:8000/pay/x", "http://192.168.1.9/x",
     "http://[::1]/x", "http://intranet/x", "https://app.local/x"],
)  # fmt: skip
def test_a_link_that_telegram_allows_no_button_for_stands_in_the_text(address):
    (part,) = render(parcel("Listo.", links=[("Pagar", address, "pay")]))
    assert part.body["text"] == f"Listo.\n\nPagar: {address}"
    assert "reply_markup" not in part.body


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "ftp://a.example/x", "tg://x", "https://"]
)
def test_only_web_pages_are_links(address):
    assert not is_public(address)


def test_one_document_goes_with_its_text_and_the_link_is_not_shown_twice():
    link = ("Ver", "https://a.example/d", "document")
    pieces = parcel("Tu **estado**.", links=[link], documents=[PDF], buttons=[("1-1", "Sí")])
    (part,) = render(pieces)
    assert (part.method, part.document) == ("sendDocument", PDF)
    assert part.body["caption"] == "Tu estado." and bold(part) == ["estado"]
    assert rows(part) == [["Sí"]]


def test_a_document_that_is_not_at_hand_stays_a_link():
    links = [("A", "https://a.example/1", "document"), ("B", "https://a.example/2", "document")]
    (part,) = render(parcel(links=links, documents=[PDF]))
    assert rows(part) == [["A"], ["B"]]


def test_a_long_text_and_several_documents_go_apart_with_the_buttons_at_the_end():
    parts = render(parcel("x" * 1025, documents=[PDF, PDF], buttons=[("1-1", "Sí")]))
    assert [p.method for p in parts] == ["sendMessage", "sendDocument", "sendDocument"]
    assert [rows(p) for p in parts] == [[], [], [["Sí"]]]


def test_a_long_text_is_cut_where_a_paragraph_ends():
    first, second = "a" * 3000, "b" * 3000
    parts = render(parcel(f"{first}\n\n{second}", buttons=[("1-1", "Sí")]))
    assert [p.body["text"] for p in parts] == [first, second]
    assert [rows(p) for p in parts] == [[], [["Sí"]]]


def test_what_stands_out_across_a_cut_stands_out_in_both_pieces():
    parts = render(parcel("a" * 4000 + " **" + "b" * 200 + "**"))
    assert [utf16(p.body["text"]) for p in parts] == [4000, 200]
    assert [bold(p) for p in parts] == [[], ["b" * 200]]
    parts = render(parcel("**" + "b" * 5000 + "**"))
    assert [len(b) for p in parts for b in bold(p)] == [4096, 904]
    marks = [m for p in parts for m in p.body["entities"]]
    assert [(m["offset"], m["length"]) for m in marks] == [(0, 4096), (0, 904)]


def test_no_receipt_or_offer_is_kept_from_being_saved_or_shown():
    for part in render(parcel("Acuerdo", documents=[PDF, PDF])):
        assert "protect_content" not in part.body


@given(st.lists(st.text(alphabet="a ñ👋\n.*", max_size=700), max_size=14))
def test_no_piece_is_too_long_nothing_is_lost_and_marks_stay_inside(pieces):
    text = "".join(pieces)
    parts = render(parcel(text))
    for part in parts:
        shown = part.body["text"]
        assert 0 < utf16(shown) <= LONGEST_TEXT and shown == shown.strip()
        for mark in part.body.get("entities", []):
            assert 0 <= mark["offset"] < mark["offset"] + mark["length"] <= utf16(shown)
    wanted = "".join(text.replace("*", "").split())
    assert "".join("".join(p.body["text"].replace("*", "").split()) for p in parts) == wanted


@given(st.text(alphabet="ab👋ñ ", max_size=80), st.text(alphabet="cd👋é", min_size=1, max_size=40))
def test_marks_are_counted_as_telegram_counts(before, inside):
    (part,) = render(parcel(f"x{before}**{inside}**"))
    assert bold(part) == [inside]

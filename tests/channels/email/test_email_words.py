"""What an e-mail may say, whatever names go into it; and how strangers' reports are read."""

from __future__ import annotations

import email
import email.policy
import re
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from reports import EXCHANGE, complaint, dsn, reply

from bot.channels.email import tokens, wire
from bot.channels.email.render import BadAddress, Letter, Sender, compose, mailbox
from bot.channels.email.rules import (
    MAY_BE_MAILED,
    Failure,
    colour_of,
    enhanced_code,
    failure_of,
    ink_on,
    one_line,
)
from bot.channels.email.wire import News
from bot.channels.port import Receipt, ReceiptState, Unreadable
from bot.settings import Settings
from bot.texts.catalogue import LANGUAGES, Reader, load

NOW = datetime(2026, 11, 21, 16, 0, tzinfo=UTC)
SETTINGS = Settings(demo=True, public_url="https://chat.example")
NUMBER = tokens.message_id(SETTINGS, 7, "girasol.example")
DEBT = re.compile(
    r"\b(deud\w*|deb[eo]\b|adeud\w*|saldo|moros\w*|cobran\w*|cuota\w*|pag(?:o|os|ar|ues?)\b|"
    r"vencid\w*|dívida|devo\b|boleto|pagamento\w*|debt\w*|owe\w*|overdue|balance|instal\w*|"
    r"collect\w*|payments?\b)",
    re.IGNORECASE,
)
HEADERS = {
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "Content-Language",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "MIME-Version",
    "Content-Type",
}


def written(brand: str, text: str = "Hola", legal: str = "Girasol S.A.", **more: object) -> bytes:
    sender = Sender(
        mailbox=Address("Girasol", addr_spec="avisos@girasol.example"),
        brand=brand,
        legal_name=legal,
        address="Calle 1",
        phone="555",
        colour="#0f766e",
    )
    letter = Letter(
        to=Address(addr_spec="ana@buzon.example"),
        message_id=NUMBER,
        key="utter_message_waiting",
        text=text,
        reader=Reader("es", "MX", False, "UTC"),
        chat_url="https://chat.example/email/open/x/y",
        verify_url="https://chat.example/verify-us",
        stop_url="https://chat.example/email/stop/t",
        at=NOW,
        **more,  # type: ignore[arg-type]
    )
    return compose(letter, sender).as_bytes()


def read(raw: bytes) -> EmailMessage:
    found = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


@given(st.text(max_size=120), st.text(max_size=120))
@effort(max_examples=80, deadline=None)
def test_no_name_can_add_a_header_or_mark_up(brand, legal):
    mail = read(written(brand, legal=legal + "<script>x</script>"))
    assert set(mail.keys()) == HEADERS
    assert len(mail.keys()) == len(HEADERS)
    html = mail.get_body(("html",)).get_content()
    assert "<script" not in html


@pytest.mark.parametrize(
    "brand",
    [
        "Girasol\r\nBcc: everybody@x.example",
        "Girasol\nSubject: pay now",
        "Girasol\r\n\r\n<html>",
        "=?utf-8?q?Girasol=0D=0ABcc=3A_x=40y=2Eexample?=",
        "Girasol\u2028Bcc: x@y.example",
    ],
)
def test_a_brand_with_line_breaks_stays_in_the_subject(brand):
    mail = read(written(brand))
    assert mail["Bcc"] is None
    assert len(mail.get_all("Subject")) == 1


def test_the_language_stands_in_front_of_both_versions():
    mail = read(written("G"))
    assert mail["Content-Language"] == "es-MX"
    assert [p.get_content_type() for p in mail.iter_parts()] == ["text/plain", "text/html"]


def test_bold_words_are_bold_in_mark_up_and_plain_in_plain_words():
    mail = read(written("G", text="Antes del **viernes 3** <hoy>\n\notra"))
    assert "Antes del viernes 3 <hoy>" in mail.get_body(("plain",)).get_content()
    html = mail.get_body(("html",)).get_content()
    assert "Antes del <strong>viernes 3</strong> &lt;hoy&gt;" in html


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_that_is_mailed_by_itself_has_a_word_of_debt(language):
    texts = load(language)
    said = [key for key in texts if key.startswith(("mail_", "page_stop_", "page_open_"))]
    assert {*MAY_BE_MAILED} <= set(texts)
    assert len(said) > 20
    lines = {
        key for key in texts if key.startswith(("line_how_", "line_wish_when", "line_channel"))
    }
    for key in {*said, *lines, *MAY_BE_MAILED} - {"utter_payment_noted"}:
        assert not DEBT.search(str(texts[key])), key
        assert "{name}" not in str(texts[key])
        assert "{amount}" not in str(texts[key])


def test_the_news_of_a_claim_names_no_amount_and_no_debt():
    for language in LANGUAGES:
        entry = str(load(language)["utter_payment_noted"])
        assert "{" not in entry.replace("{'", "").replace("{brand}", "")


# ---- status codes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        ("5.1.1", Failure.UNREACHABLE),
        ("5.1.2", Failure.UNREACHABLE),
        ("5.1.3", Failure.UNREACHABLE),
        ("5.1.6", Failure.UNREACHABLE),
        ("5.1.10", Failure.UNREACHABLE),
        ("5.2.1", Failure.UNREACHABLE),
        ("5.2.2", Failure.FULL),
        ("4.4.7", Failure.FULL),
        ("4.2.2", Failure.FULL),
        ("5.7.1", Failure.REJECTED),
        ("5.7.26", Failure.REJECTED),
        ("5.3.4", Failure.REJECTED),
        ("5.1.8", Failure.REJECTED),
        ("5.0.0", Failure.REJECTED),
        ("", Failure.REJECTED),
    ],
)
def test_only_a_missing_mailbox_costs_an_address(status, failure):
    assert failure_of(status) is failure


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("5.1.1 user unknown", "5.1.1"),
        ("550-5.7.26 unauthenticated\n550 5.7.26 see", "5.7.26"),
        ("host 10.5.1.1 said no", ""),
        ("mail from 192.5.1.7 refused", ""),
        ("", ""),
    ],
)
def test_a_number_that_is_an_address_is_no_status(answer, code):
    assert enhanced_code(answer) == code


@pytest.mark.parametrize(
    "text",
    [
        "Girasol\r\nBcc: x@y.example <a@b.example>",
        "=?utf-8?q?G=0D=0ABcc=3A_x=40y=2Eexample?= <a@b.example>",
        "a@b.example, c@d.example",
        "a b@c.example",
        "@b.example",
        "a@",
    ],
)
def test_a_sender_that_could_break_a_header_is_none(text):
    with pytest.raises(BadAddress):
        mailbox(text)


@given(st.text(max_size=60))
def test_a_line_is_a_line(text):
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert line.isprintable()


@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255))
def test_a_button_can_be_read_on_any_colour(red, green, blue):
    colour = f"#{red:02x}{green:02x}{blue:02x}"

    def luminance(text: str) -> float:
        parts = [int(text[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    one, other = sorted((luminance(colour), luminance(ink_on(colour))), reverse=True)
    assert (one + 0.05) / (other + 0.05) >= 4.5


def test_a_colour_that_is_none_does_not_reach_the_mark_up():
    assert colour_of("red;background:url(x)") == "#0f766e"


# ---- numbers and tokens -----------------------------------------------------------------------


@given(st.integers(0, 10**12))
def test_our_number_leads_back_to_its_delivery(delivery_id):
    number = tokens.message_id(SETTINGS, delivery_id, "x.example")
    assert tokens.delivery_of(SETTINGS, number) == delivery_id


@given(st.text(max_size=80))
def test_nobody_else_makes_our_numbers(text):
    assert tokens.delivery_of(SETTINGS, text) is None
    assert tokens.stopped_by(SETTINGS, text) is None


def test_a_number_of_another_delivery_or_key_does_not_pass():
    assert tokens.delivery_of(SETTINGS, NUMBER.replace("<7.", "<8.")) is None
    other = Settings(demo=True, secret_key="x" * 30)
    assert tokens.delivery_of(other, NUMBER) is None
    assert tokens.stopped_by(other, tokens.stop_token(SETTINGS, 7)) is None


# ---- reports ----------------------------------------------------------------------------------


def test_a_bounce_names_the_delivery_and_why():
    report = wire.read_report(dsn(NUMBER, "5.1.1"), settings=SETTINGS)
    assert (report.news, report.delivery_id, report.status) == (News.FAILED, 7, "5.1.1")
    assert report.failure is Failure.UNREACHABLE


def test_a_bounce_is_read_in_another_servers_words():
    raw = dsn(NUMBER, "5.2.2", form=EXCHANGE)
    assert wire.read_report(raw, settings=SETTINGS).failure is Failure.FULL


def test_a_status_that_says_nothing_is_made_up_for_by_the_servers_words():
    raw = dsn(NUMBER, "5.0.0", diagnostic="550 5.1.1 no such user")
    assert wire.read_report(raw, settings=SETTINGS).failure is Failure.UNREACHABLE
    raw = dsn(NUMBER, "5.0.0", diagnostic="550 user unknown")
    assert wire.read_report(raw, settings=SETTINGS).failure is Failure.UNREACHABLE
    raw = dsn(NUMBER, "5.0.0", diagnostic="550 go away")
    assert wire.read_report(raw, settings=SETTINGS).failure is Failure.REJECTED


@pytest.mark.parametrize(
    ("action", "news"), [("delayed", News.DELAYED), ("delivered", News.DELIVERED)]
)
def test_a_delay_is_no_failure(action, news):
    report = wire.read_report(dsn(NUMBER, "4.4.1", action=action), settings=SETTINGS)
    assert (report.news, report.failure) == (news, None)


def test_a_forged_bounce_is_refused():
    forged = NUMBER.replace("<7.", "<8.")
    with pytest.raises(Unreadable, match="no e-mail of ours"):
        wire.read_report(dsn(forged), settings=SETTINGS)
    with pytest.raises(Unreadable, match="no e-mail of ours"):
        wire.read_report(dsn("<abc@girasol.example>"), settings=SETTINGS)


def test_a_complaint_is_read_and_its_opposite_is_not():
    assert wire.read_report(complaint(NUMBER), settings=SETTINGS).news is News.COMPLAINT
    with pytest.raises(Unreadable):
        wire.read_report(complaint(NUMBER, "not-spam"), settings=SETTINGS)


def test_reports_become_the_news_that_every_channel_gives():
    (failed,) = wire.receipts(dsn(NUMBER, "5.1.1"), "girasol", settings=SETTINGS, now=NOW)
    assert failed == Receipt("girasol", NUMBER, ReceiptState.FAILED, NOW, "unreachable", "7")
    (unwanted,) = wire.receipts(complaint(NUMBER), "girasol", settings=SETTINGS, now=NOW)
    assert isinstance(unwanted, Receipt)
    assert unwanted.problem == "opted_out"
    late = dsn(NUMBER, "4.4.1", action="delayed")
    assert wire.receipts(late, "girasol", settings=SETTINGS, now=NOW) == []


def test_a_reply_is_read_without_what_it_quotes():
    found = wire.read_reply(reply(NUMBER, "Gracias, mañana lo veo"), settings=SETTINGS)
    assert (found.delivery_id, found.text) == (7, "Gracias, mañana lo veo")


def test_a_machines_answer_is_no_reply():
    raw = reply(NUMBER, "Estoy de vacaciones", more="Auto-Submitted: auto-replied\n")
    with pytest.raises(Unreadable):
        wire.read_reply(raw, settings=SETTINGS)


@given(st.binary(max_size=400))
@effort(max_examples=100, deadline=None)
def test_whatever_comes_in_is_read_or_refused_in_our_words(raw):
    for reader in (wire.read_report, wire.read_reply):
        with pytest.raises(Unreadable):
            reader(raw, settings=SETTINGS)


@given(st.integers(0, 1900), st.binary(min_size=1, max_size=30))
@effort(max_examples=150, deadline=None)
def test_a_damaged_report_breaks_nothing(at, rubbish):
    raw = dsn(NUMBER)
    damaged = raw[:at] + rubbish + raw[at + len(rubbish) :]
    try:
        report = wire.read_report(damaged, settings=SETTINGS)
    except Unreadable:
        return
    assert report.delivery_id == 7


def test_a_report_too_large_is_not_read():
    with pytest.raises(Unreadable):
        wire.read_report(dsn(NUMBER) + b"x" * wire.LARGEST, settings=SETTINGS)

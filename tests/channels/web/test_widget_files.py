"""Sending a receipt from the chat, in a real browser, under a page's strict policy."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from counterpart import Counterpart
from PIL import Image
from playwright.sync_api import FilePayload, Locator, expect
from test_widget_browser import (  # noqa: F401  (fixtures)
    PHONE,
    Chat,
    browser,
    chat,
    served,
    server,
    shared_page,
)


def photo(width: int = 900, height: int = 1400, colour: str = "#b45309") -> FilePayload:
    out = BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "PNG")
    return {"name": "recibo.png", "mimeType": "image/png", "buffer": out.getvalue()}


PDF: FilePayload = {
    "name": "comprobante con un nombre muy largo que no cabe en una línea.pdf",
    "mimeType": "application/pdf",
    "buffer": b"%PDF-1.4\n" + b"0" * 30_000,
}


class Tray:
    """What is chosen and not sent yet."""

    def __init__(self, chat: Chat) -> None:  # noqa: F811
        self.chat = chat
        self.box = chat.page.locator("acuerdo-chat .tray")
        self.doing = self.box.locator(".doing")
        self.bar = self.box.locator("progress")
        self.remove = chat.page.get_by_role("button", name="Quitar el archivo")
        self.send = chat.page.get_by_role("button", name="Enviar", exact=True)

    def choose(self, file: FilePayload) -> None:
        self.chat.page.locator("acuerdo-chat input[type=file]").set_input_files(file)

    @property
    def bubble(self) -> Locator:
        return self.chat.page.locator("acuerdo-chat .row.me .file")


@pytest.fixture
def tray(chat: Chat) -> Tray:  # noqa: F811
    return Tray(chat.open().linked())


def test_the_clip_opens_a_file_chooser(tray: Tray) -> None:
    clip = tray.chat.page.get_by_role("button", name="Adjuntar foto o PDF")
    with tray.chat.page.expect_file_chooser() as chooser:
        clip.click()
    assert not chooser.value.is_multiple()


def test_a_photo_is_shown_sent_and_drawn(tray: Tray, server: Counterpart) -> None:  # noqa: F811
    sent = photo()
    tray.choose(sent)
    expect(tray.box).to_be_visible()
    expect(tray.box).to_contain_text("recibo.png")
    assert tray.box.locator("canvas").evaluate("c => c.width > 100 && c.height > c.width")
    tray.send.click()
    expect(tray.box).to_be_hidden()
    expect(tray.bubble).to_contain_text("Foto")
    canvas = tray.bubble.locator("canvas")
    expect(canvas).to_be_visible()
    painted = canvas.evaluate("c => [...c.getContext('2d').getImageData(5, 5, 1, 1).data]")
    assert painted == [0xB4, 0x53, 0x09, 255]
    assert list(server.files.values()) == [sent["buffer"]]


def test_it_can_be_taken_back_before_and_while_sending(
    tray: Tray,
    server: Counterpart,  # noqa: F811
) -> None:
    tray.choose(photo())
    tray.remove.click()
    expect(tray.box).to_be_hidden()
    server.file_delay = 1.5
    tray.choose(PDF)
    tray.send.click()
    expect(tray.bar).to_be_visible()
    tray.remove.click()
    expect(tray.box).to_be_hidden()
    tray.chat.page.wait_for_timeout(300)
    expect(tray.box).to_be_hidden()
    assert tray.chat.focused() == "icon clip"


def test_progress_is_told(tray: Tray, server: Counterpart) -> None:  # noqa: F811
    server.file_delay = 1.0
    tray.choose(PDF)
    tray.send.click()
    expect(tray.doing).to_have_text(re.compile(r"Subiendo: \d+ %|Revisando el archivo…"))
    expect(tray.doing).to_have_text("Revisando el archivo…")
    assert tray.bar.get_attribute("aria-label") == "Subiendo: 100 %"
    expect(tray.bubble).to_contain_text("PDF · 30 kB")


def test_what_is_too_large_or_no_receipt_is_never_sent(
    tray: Tray,
    server: Counterpart,  # noqa: F811
) -> None:
    heavy: FilePayload = {**PDF, "buffer": b"%PDF-" + b"0" * (10 * 1024 * 1024)}
    tray.choose(heavy)
    expect(tray.doing).to_have_text("Pesa más de 10 MB. Prueba con una foto más pequeña.")
    expect(tray.send).to_have_attribute("aria-disabled", "true")
    tray.choose({"name": "a.exe", "mimeType": "application/x-msdownload", "buffer": b"MZ"})
    expect(tray.doing).to_have_text("Solo puedo recibir fotos (JPG, PNG, WebP) y PDF.")
    tray.choose(photo())
    expect(tray.doing).to_have_text("")
    expect(tray.send).to_have_attribute("aria-disabled", "false")
    assert server.files == {}


@pytest.mark.parametrize(
    ("status", "code", "text"),
    [
        (422, "file_locked", "Este PDF tiene contraseña. Envíalo sin ella, o una foto."),
        (422, "file_unreadable", "No pude leer este archivo. Prueba con otra foto o con el PDF."),
        (
            429,
            "too_many_files",
            "Recibí muchos archivos seguidos. Espera un rato y prueba otra vez.",
        ),
    ],
)
def test_a_refusal_says_what_to_do(
    tray: Tray,
    server: Counterpart,  # noqa: F811
    status: int,
    code: str,
    text: str,
) -> None:
    server.file_refusals.append((status, code))
    tray.choose(PDF)
    tray.send.click()
    expect(tray.doing).to_have_text(text)
    expect(tray.chat.page.locator("acuerdo-chat .sr[role=status]")).to_have_text(text)


def test_a_lost_answer_does_not_send_it_twice(
    tray: Tray,
    server: Counterpart,  # noqa: F811
) -> None:
    server.lose_file_acks = 1
    tray.choose(PDF)
    tray.send.click()
    expect(tray.doing).to_have_text("No se pudo subir. Revisa la conexión y prueba otra vez.")
    tray.send.click()
    expect(tray.box).to_be_hidden()
    expect(tray.bubble).to_have_count(1)
    assert len(server.files) == 1


def test_without_a_socket_it_arrives_too(chat: Chat, server: Counterpart) -> None:  # noqa: F811
    server.socket_mood = "refuse"
    chat.open()
    tray = Tray(chat)
    tray.choose(PDF)
    tray.send.click()
    expect(tray.bubble).to_contain_text("PDF")


def test_after_a_reload_it_opens_only_for_who_is_verified(
    tray: Tray,
    server: Counterpart,  # noqa: F811
) -> None:
    tray.choose(photo())
    tray.send.click()
    expect(tray.bubble).to_be_visible()
    tray.chat.page.reload()
    tray.chat.launcher.click()
    expect(tray.bubble.locator("canvas")).to_be_visible()
    with tray.chat.page.expect_download() as loading:
        tray.bubble.get_by_role("button").click()
    assert loading.value.suggested_filename == "Foto.png"
    server.files_open = False
    tray.chat.page.reload()
    tray.chat.launcher.click()
    expect(tray.bubble).to_contain_text("Foto")
    expect(tray.bubble.locator("canvas")).to_have_count(0)
    tray.bubble.get_by_role("button").click()
    expect(tray.chat.notice).to_have_text("Para abrirlo, confirma antes quién eres en el chat.")


def test_it_fits_a_telephone(tray: Tray) -> None:
    tray.chat.page.set_viewport_size(PHONE)
    tray.choose(PDF)
    wide = tray.chat.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert wide
    box = tray.chat.box(tray.box)
    assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"]
    assert tray.chat.box(tray.remove)["width"] >= 44

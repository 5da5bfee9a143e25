"""The widget in a real Chromium, on a creditor's page with a strict policy, cross-origin."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pytest
from counterpart import GREETING, Counterpart
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Error,
    Locator,
    Page,
    ViewportSize,
    expect,
    sync_playwright,
)

CHROMIUM = "/usr/bin/chromium"
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WATCH = """
window.seen = [];
document.addEventListener("securitypolicyviolation", (e) =>
  window.seen.push(`${e.violatedDirective} ${e.blockedURI}`));
"""
DESKTOP: ViewportSize = {"width": 1200, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
PARTS = (
    ".brand",
    ".state",
    ".lang span",
    ".me .text",
    ".them .text",
    ".link",
    ".site",
    ".me time",
    ".day",
    ".quick button",
    "textarea",
    ".go",
)
CONTRAST = """([root, parts]) => parts.map((part) => {
  const parse = (c) => c.match(/[\\d.]+/g).map(Number);
  const light = (c) => {
    const [r, g, b] = c.slice(0, 3).map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const node = [...root.querySelectorAll(part)].pop();
  let behind = node;
  let back = parse(getComputedStyle(behind).backgroundColor);
  while (back.length === 4 && back[3] === 0) {
    behind = behind.parentNode;
    back = parse(getComputedStyle(behind).backgroundColor);
  }
  const [low, high] = [light(parse(getComputedStyle(node).color)), light(back)]
    .sort((x, y) => x - y);
  return [part, (high + 0.05) / (low + 0.05)];
})"""

if not Path(CHROMIUM).exists() and not os.environ.get("CI"):
    pytest.skip("chromium is not installed", allow_module_level=True)

expect.set_options(timeout=8000)


# ------------------------------------------------------------------------------------ fixtures


@pytest.fixture(scope="module")
def served() -> Iterator[Counterpart]:
    counterpart = Counterpart().start()
    yield counterpart
    counterpart.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


class Chat:
    """The widget as its user meets it."""

    def __init__(self, page: Page, server: Counterpart) -> None:
        self.page = page
        self.server = server
        self.launcher = page.locator("acuerdo-chat .launcher")
        self.panel = page.get_by_role("dialog")
        self.log = page.get_by_role("log")
        self.input = page.get_by_role("textbox")
        self.quick = page.locator("acuerdo-chat .quick button")
        self.bubbles = page.locator("acuerdo-chat .bubble .text")
        self.mine = page.locator("acuerdo-chat .row.me")
        self.notice = page.locator("acuerdo-chat .notice")
        self.badge = page.locator("acuerdo-chat .badge")

    def visit(self, path: str = "/", site: str | None = None, tail: str = "", **data: str) -> Chat:
        data.setdefault("lang", "es")
        address = self.server.page(path, **data)
        self.page.goto(address.replace(self.server.site, site or self.server.site) + tail)
        return self

    def open(self, path: str = "/", **data: str) -> Chat:
        self.visit(path, **data)
        self.launcher.click()
        if self.server.greeting:
            expect(self.bubbles.first).to_have_text(self.shown(GREETING))
        return self

    def linked(self) -> Chat:
        """Wait until the socket is up."""
        self.until(lambda: self.server.only.sockets)
        return self

    def say(self, text: str) -> None:
        self.input.fill(text)
        self.input.press("Enter")

    def texts(self) -> list[str]:
        return [text.replace("\n", " ") for text in self.bubbles.all_inner_texts()]

    @staticmethod
    def shown(text: str) -> str:
        return text.replace("**", "")

    def until(self, true: Callable[[], Any], seconds: float = 8) -> None:
        limit = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < limit, "waited in vain"
            self.page.wait_for_timeout(40)

    def state(self, row: Locator) -> Locator:
        return row.get_by_role("img")

    def focused(self) -> str:
        found: str = self.page.evaluate(
            """() => { const at = document.querySelector("acuerdo-chat")?.shadowRoot.activeElement
               ?? document.activeElement; return at.className || at.tagName.toLowerCase(); }"""
        )
        return found

    def box(self, locator: Locator) -> dict[str, float]:
        found = locator.bounding_box()
        assert found
        return {side: float(value) for side, value in found.items()}  # type: ignore[arg-type]


def new_context(browser: Browser) -> BrowserContext:
    context = browser.new_context(locale="es-ES", viewport=DESKTOP, reduced_motion="reduce")
    context.add_init_script(WATCH)
    return context


@pytest.fixture(scope="module")
def shared_page(browser: Browser) -> Iterator[Page]:
    """One page for most tests, which is a good deal faster."""
    context = new_context(browser)
    yield context.new_page()
    context.close()


@pytest.fixture
def server(served: Counterpart) -> Iterator[Counterpart]:
    served.reset()
    yield served
    assert served.faults == []


def watched(page: Page, server: Counterpart) -> Iterator[Chat]:
    """A policy violation or an error in the page fails the test."""
    errors: list[str] = []

    def note(error: Error) -> None:
        errors.append(str(error))

    page.on("pageerror", note)
    yield Chat(page, server)
    page.remove_listener("pageerror", note)
    assert errors == []
    if "/no-sockets" not in page.url:
        assert page.evaluate("window.seen") == []
        assert server.csp_reports == []


@pytest.fixture
def chat(shared_page: Page, served: Counterpart, server: Counterpart) -> Iterator[Chat]:
    """A chat in a page that remembers nothing."""
    shared_page.goto(served.site + "/blank")
    shared_page.evaluate("localStorage.clear()")
    shared_page.set_viewport_size(DESKTOP)
    shared_page.emulate_media(color_scheme="light", forced_colors="none", reduced_motion="reduce")
    served.reset()  # the page left behind may have said a last word
    yield from watched(shared_page, server)


@pytest.fixture
def own_chat(browser: Browser, server: Counterpart) -> Iterator[Chat]:
    """A chat in a browser profile of its own, for tests that meddle with it."""
    context = new_context(browser)
    yield from watched(context.new_page(), server)
    context.close()


# ------------------------------------------------------------------------- opening and closing


def test_opens_and_greets(chat: Chat, server: Counterpart) -> None:
    chat.visit()
    expect(chat.launcher).to_have_text("Abrir chat")
    expect(chat.panel).to_be_hidden()
    assert server.count("GET", "/chat/v1/messages") == 0  # who only passes by is left in peace
    chat.launcher.click()
    expect(chat.panel).to_be_visible()
    expect(chat.launcher).to_be_hidden()
    expect(chat.bubbles).to_have_text([chat.shown(GREETING)])
    expect(chat.bubbles.locator("strong")).to_have_text("Banco Sol")
    assert "\n" in chat.bubbles.inner_text()
    assert chat.page.locator("acuerdo-chat .head").inner_text().split("\n")[:3] == [
        "B",
        "Banco Sol",
        "Asistente virtual",
    ]
    assert chat.focused() == "textarea"
    expect(chat.page.locator(".day")).to_have_text("Hoy")


def test_closes_by_button_and_remembers_the_way_back(chat: Chat) -> None:
    chat.open()
    chat.page.get_by_role("button", name="Minimizar chat").click()
    expect(chat.panel).to_be_hidden()
    expect(chat.launcher).to_be_focused()
    chat.launcher.click()
    expect(chat.bubbles).to_have_count(1)
    assert len(chat.server.conversations) == 1


def test_keyboard_only(chat: Chat, server: Counterpart) -> None:
    chat.visit()
    expect(chat.launcher).to_be_visible()
    keyboard = chat.page.keyboard
    for _ in range(2):
        keyboard.press("Tab")
    expect(chat.launcher).to_be_focused()
    keyboard.press("Enter")
    expect(chat.quick).to_have_count(2)
    keyboard.type("Hola")
    keyboard.press("Shift+Enter")
    keyboard.type("debo algo")
    keyboard.press("Enter")
    chat.until(lambda: server.heard() == ["Hola\ndebo algo"])
    expect(chat.input).to_have_value("")
    server.say("¿Pagamos?", buttons=[{"id": "yes", "title": "Sí"}, {"id": "no", "title": "No"}])
    expect(chat.quick).to_have_count(2)
    for _ in range(3):  # the paper-clip, the last reply, the first
        keyboard.press("Shift+Tab")
    assert (
        chat.page.evaluate(
            "document.querySelector('acuerdo-chat').shadowRoot.activeElement.textContent"
        )
        == "Sí"
    )
    keyboard.press("Enter")
    chat.until(lambda: server.heard()[-1] == "[yes]")
    assert chat.focused() == "textarea"  # the pressed button is gone; the focus is not lost
    keyboard.press("Tab")
    assert chat.focused() == "go"
    keyboard.press("Escape")
    expect(chat.panel).to_be_hidden()
    expect(chat.launcher).to_be_focused()


def test_page_can_open_and_close_it(chat: Chat) -> None:
    chat.visit(tail="#acuerdo")
    expect(chat.panel).to_be_visible()
    chat.page.evaluate("window.Acuerdo.close()")
    expect(chat.panel).to_be_hidden()
    chat.page.evaluate("window.Acuerdo.open()")
    expect(chat.panel).to_be_visible()
    chat.visit(open="true")
    expect(chat.panel).to_be_visible()


def test_asked_to_open_before_it_is_ready(chat: Chat, server: Counterpart) -> None:
    server.down = True
    chat.visit()
    chat.page.evaluate("window.Acuerdo.open()")
    expect(chat.launcher).to_be_hidden()
    server.down = False
    expect(chat.panel).to_be_visible()


def test_script_twice_makes_one_widget(chat: Chat, server: Counterpart) -> None:
    chat.visit("/twice")
    expect(chat.launcher).to_be_visible()
    expect(chat.page.locator("acuerdo-chat")).to_have_count(1)
    assert server.count("POST", "/chat/v1/sessions") == 1


@pytest.mark.parametrize("readable", [True, False])
def test_forbidden_origin_shows_nothing(chat: Chat, server: Counterpart, readable: bool) -> None:
    server.refuse_readable = readable
    warnings: list[str] = []
    chat.page.on(
        "console",
        lambda message: warnings.append(message.text) if message.type == "warning" else None,
    )
    chat.visit(site=server.foreign, open="true")
    if readable:
        chat.until(lambda: server.count("POST", "/chat/v1/sessions"))
        expect(chat.page.locator("acuerdo-chat")).to_have_count(0)
        assert len(warnings) == 1
        assert server.foreign in warnings[0]
    chat.page.wait_for_timeout(400)
    expect(chat.launcher).to_be_hidden()
    expect(chat.panel).to_be_hidden()
    assert server.count("GET", "/chat/v1/messages") == 0


# ------------------------------------------------------------------------ saying and hearing


def test_send_and_receive(chat: Chat, server: Counterpart) -> None:
    chat.open().linked()
    server.ack_delay = 0.4
    chat.say("Quiero pagar **hoy**")
    expect(chat.state(chat.mine)).to_have_attribute("aria-label", "Enviando…")
    expect(chat.state(chat.mine)).to_have_attribute("aria-label", "Enviado")
    expect(chat.mine.locator(".text")).to_have_text("Quiero pagar **hoy**")  # as it was typed
    server.frame({"type": "receipt", "delivered": 2, "read": 2})
    expect(chat.state(chat.mine)).to_have_attribute("aria-label", "Leído")
    server.typing(True)
    expect(chat.page.locator(".typing")).to_be_visible()
    expect(chat.page.locator(".sr[role=status]")).to_have_text("Escribiendo…")
    server.typing(False)
    expect(chat.page.locator(".typing")).to_be_hidden()
    server.say("Son **$ 120**.\nGracias.")
    expect(chat.bubbles.last.locator("strong")).to_have_text("$ 120")
    assert server.heard() == ["Quiero pagar **hoy**"]
    assert [f["text"] for f in server.frames if f["type"] == "send"] == ["Quiero pagar **hoy**"]
    assert server.count("POST", "/chat/v1/messages") == 0  # the socket was enough


def test_buttons_press_and_vanish(chat: Chat, server: Counterpart) -> None:
    chat.open().linked()
    expect(chat.quick).to_have_text(["Quiero pagar", "Tengo una duda"])
    server.say(
        "Mejor así:", buttons=[{"id": "now", "title": "Hoy"}, {"id": "15", "title": "El 15"}]
    )
    expect(chat.quick).to_have_text(["Hoy", "El 15"])  # the older ones are gone
    server.say("Un aviso", who="system")
    expect(chat.bubbles).to_have_count(3)
    expect(chat.quick).to_have_text(["Hoy", "El 15"])
    chat.quick.last.click()
    expect(chat.quick).to_have_count(0)
    expect(chat.mine).to_have_count(1)
    expect(chat.mine.locator(".text")).to_have_text("El 15")
    chat.until(lambda: server.heard() == ["[15]"])
    assert chat.focused() == "log"  # a finger pressed: the screen keyboard stays down
    server.say("Anotado.")
    expect(chat.bubbles).to_have_count(5)
    expect(chat.quick).to_have_count(0)


def test_history_after_reload(chat: Chat, server: Counterpart) -> None:
    chat.open().linked()
    yesterday = datetime.now(UTC) - timedelta(days=1)
    server.do(lambda: server.only.messages[0].update(at=yesterday.isoformat()))
    for text in ("uno", "dos"):
        chat.say(text)
        chat.until(partial(server.has_heard, text))
    server.say("tres")
    expect(chat.bubbles).to_have_count(4)
    chat.page.reload()
    chat.launcher.click()
    expect(chat.bubbles).to_have_text([chat.shown(GREETING), "uno", "dos", "tres"])
    expect(chat.page.locator(".day")).to_have_text(["Ayer", "Hoy"])
    expect(chat.state(chat.mine.last)).to_have_attribute("aria-label", "Leído")
    assert len(server.conversations) == 1
    asked = [body for _, _, path, body in server.requests if path.endswith("sessions")]
    assert asked[-1]["session"] == server.only.session
    stored = chat.page.evaluate("localStorage.getItem('acuerdo:pk_sol')")
    assert stored == server.only.session


def test_person_takes_over(chat: Chat, server: Counterpart) -> None:
    chat.open().linked()
    server.give_to("person")
    state = chat.page.locator(".state")
    expect(state).to_have_text("Persona del equipo")
    server.say("Hola, soy yo.", who="person", name="Lucía")
    expect(state).to_have_text("Lucía · Persona del equipo")
    expect(chat.page.locator(".who:visible")).to_have_text("Lucía")
    server.give_to("bot")
    expect(state).to_have_text("Asistente virtual")


def test_unread_badge_and_receipts(chat: Chat, server: Counterpart) -> None:
    chat.open().linked()
    chat.until(lambda: (server.only.delivered, server.only.read) == (1, 1))
    chat.page.keyboard.press("Escape")
    expect(chat.badge).to_be_hidden()
    server.say("¿Sigues ahí?")
    server.say("Sin prisa.")
    expect(chat.badge).to_have_text("2")
    expect(chat.page.get_by_role("button", name="Abrir chat (2 mensajes nuevos)")).to_be_visible()
    chat.until(lambda: (server.only.delivered, server.only.read) == (3, 1))
    chat.page.reload()
    expect(chat.badge).to_have_text("2")  # known without opening
    chat.launcher.click()
    chat.until(lambda: (server.only.delivered, server.only.read) == (3, 3))
    chat.page.keyboard.press("Escape")
    expect(chat.badge).to_be_hidden()


def test_scrolled_up_is_left_alone(chat: Chat, server: Counterpart) -> None:
    chat.open().linked()
    for i in range(12):
        server.say(f"línea {i}\n" * 3)
    expect(chat.bubbles).to_have_count(13)
    bottom = "(n) => n.scrollHeight - n.scrollTop - n.clientHeight"
    chat.until(lambda: chat.log.evaluate(bottom) < 3)
    chat.log.evaluate("(n) => { n.scrollTop = 0; }")
    chat.page.wait_for_timeout(100)
    server.say("nuevo")
    newer = chat.page.get_by_role("button", name="Mensajes nuevos")
    expect(newer).to_be_visible()
    assert chat.log.evaluate("(n) => n.scrollTop") == 0
    newer.click()
    expect(newer).to_be_hidden()
    assert chat.log.evaluate(bottom) < 3


def test_long_text_is_counted_not_cut(chat: Chat, server: Counterpart) -> None:
    chat.open()
    count = chat.page.locator(".count")
    chat.input.fill("a" * 3000)
    expect(count).to_be_hidden()
    chat.input.fill("ñ" * 3990)
    expect(count).to_have_text("Te quedan 10")
    chat.input.fill("😀" * 4002)
    expect(count).to_have_text("Es un poco largo: sobran 2")
    chat.input.press("Enter")
    expect(chat.page.get_by_role("button", name="Enviar")).to_have_attribute(
        "aria-disabled", "true"
    )
    expect(chat.mine).to_have_count(0)
    chat.input.fill("a" * 4000)
    chat.input.press("Enter")
    chat.until(lambda: server.heard() == ["a" * 4000])
    chat.input.fill("   ")
    chat.input.press("Enter")
    expect(chat.mine).to_have_count(1)


def test_text_area_grows(chat: Chat) -> None:
    chat.open()
    low = chat.box(chat.input)["height"]
    chat.input.fill("una\ndos\ntres")
    grown = chat.box(chat.input)["height"]
    chat.input.fill("\n".join("abcdefghijklmnop"))
    assert low < grown < chat.box(chat.input)["height"] <= 150
    chat.input.fill("")
    assert chat.box(chat.input)["height"] == low


# ------------------------------------------------------------------------------- bad networks


@pytest.mark.parametrize("step", [1, 7])
def test_reconnects_without_loss_or_repetition(chat: Chat, server: Counterpart, step: int) -> None:
    server.step = step
    chat.open().linked()

    def burst() -> None:
        made = [server.make(f"m{i}") for i in range(8)]
        order = [0, 0, 2, 1, 1, 4, 2]  # repeated, shuffled, and 3 and after are not yet said
        for i in order:
            server.tell(server.only, {"type": "message", "message": made[i]})

    server.do(burst)
    server.drop()
    expected = [f"m{i}" for i in range(8)]
    chat.until(lambda: chat.texts()[1:] == expected)
    chat.linked()
    server.say("fin")
    chat.until(lambda: chat.texts()[1:] == [*expected, "fin"])
    for message in list(server.only.messages):
        server.frame({"type": "message", "message": message})
    server.say("de verdad")
    chat.until(lambda: chat.texts()[1:] == [*expected, "fin", "de verdad"])
    hellos = [frame for frame in server.frames if frame.get("type") == "hello"]
    assert len(hellos) >= 2
    assert hellos[-1]["after"] > 0


def test_a_lost_frame_is_asked_for(chat: Chat, server: Counterpart) -> None:
    chat.open().linked()
    server.do(lambda: server.make("perdido"))
    server.say("llegó")
    chat.until(lambda: chat.texts()[1:] == ["perdido", "llegó"], 5)
    assert len([frame for frame in server.frames if frame.get("type") == "hello"]) == 1


@pytest.mark.parametrize("how", ["refused", "policy", "absent", "silent"])
def test_long_poll_when_sockets_are_blocked(own_chat: Chat, server: Counterpart, how: str) -> None:
    chat = own_chat
    if how == "absent":
        chat.page.add_init_script("delete window.WebSocket")
    server.socket_mood = {"refused": "refuse", "silent": "silent"}.get(how, "on")
    chat.open("/no-sockets" if how == "policy" else "/")
    chat.say("por aquí")  # goes at once, whatever becomes of the socket
    chat.until(lambda: server.heard() == ["por aquí"])
    expect(chat.state(chat.mine)).to_have_attribute("aria-label", "Enviado")
    if how == "silent":
        return
    chat.until(lambda: server.count("GET", "/chat/v1/messages") >= 3)
    for i in range(3):
        server.say(f"respuesta {i}")
        expect(chat.bubbles).to_have_count(3 + i)
    expect(chat.state(chat.mine)).to_have_attribute("aria-label", "Leído")
    chat.until(lambda: (server.only.delivered, server.only.read) == (5, 5))
    assert server.count("GET", "/chat/v1/messages") < 14  # it waits, it does not hammer
    expect(chat.notice).to_be_hidden()


def test_unsent_message_survives_reload_and_is_sent_once(chat: Chat, server: Counterpart) -> None:
    chat.open().linked()
    server.down = True
    server.drop()
    chat.say("¿me lees?")
    expect(chat.notice).to_have_text("Sin conexión. Tu mensaje se enviará al volver.")
    expect(chat.state(chat.mine)).to_have_attribute("aria-label", "Enviando…")
    chat.page.reload()
    chat.launcher.click()  # shown though the server is away: this browser was here before
    expect(chat.mine.locator(".text")).to_have_text("¿me lees?")
    assert server.heard() == []
    server.down = False
    chat.page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(chat.state(chat.mine)).to_have_attribute("aria-label", "Enviado")
    expect(chat.notice).to_be_hidden()
    chat.page.reload()
    chat.launcher.click()
    expect(chat.bubbles).to_have_text([chat.shown(GREETING), "¿me lees?"])
    assert server.heard() == ["¿me lees?"]
    assert chat.page.evaluate("localStorage.getItem('acuerdo:pk_sol:unsent')") is None


@pytest.mark.parametrize("named", [True, False])
def test_lost_acknowledgements_do_not_repeat(chat: Chat, server: Counterpart, named: bool) -> None:
    server.echo_client_id = named
    chat.open().linked()
    server.lose_acks = 2
    for text in ("uno", "dos", "tres"):
        chat.say(text)
    chat.until(lambda: server.heard() == ["uno", "dos", "tres"])
    server.say("bien")
    expect(chat.bubbles).to_have_text([chat.shown(GREETING), "uno", "dos", "tres", "bien"])
    expect(chat.mine.locator("[aria-label='Leído']")).to_have_count(3)


def test_a_dumb_socket_is_walked_around(own_chat: Chat, server: Counterpart) -> None:
    chat = own_chat
    chat.page.clock.install()
    chat.open().linked()
    server.mute_socket_sends = True
    chat.say("¿hola?")
    chat.until(lambda: any(frame.get("text") == "¿hola?" for frame in server.frames))
    chat.page.clock.run_for(6500)
    chat.until(lambda: server.heard() == ["¿hola?"])
    expect(chat.state(chat.mine)).to_have_attribute("aria-label", "Enviado")


def test_a_dead_line_is_noticed_and_left(own_chat: Chat, server: Counterpart) -> None:
    chat = own_chat
    chat.page.clock.install()
    chat.open().linked()
    chat.page.clock.run_for(25_500)
    chat.until(lambda: any(frame["type"] == "ping" for frame in server.frames))
    chat.page.wait_for_timeout(100)  # the pong
    chat.page.clock.run_for(10_000)
    assert len([frame for frame in server.frames if frame["type"] == "hello"]) == 1
    server.mute_pongs = True
    chat.page.clock.run_for(25_000)
    chat.page.clock.run_for(9_000)
    chat.until(lambda: len([f for f in server.frames if f["type"] == "hello"]) == 2)


def test_message_taken_but_never_acknowledged_is_not_doubled_by_a_reload(
    chat: Chat, server: Counterpart
) -> None:
    chat.open().linked()
    server.lose_acks = 99
    chat.say("una vez")
    chat.until(lambda: server.heard() == ["una vez"])
    expect(chat.state(chat.mine)).to_have_attribute("aria-label", "Enviando…")
    chat.page.reload()
    server.lose_acks = 0
    chat.launcher.click()
    expect(chat.bubbles).to_have_text([chat.shown(GREETING), "una vez"])
    expect(chat.state(chat.mine)).to_have_attribute("aria-label", "Enviado")
    assert server.heard() == ["una vez"]


def test_what_is_older_than_a_day_waits_for_a_word(chat: Chat, server: Counterpart) -> None:
    old = [
        {
            "client_id": "9b2d8a3e-6c1f-4f0e-9d35-0d6f4d1f2a11",
            "content": {"text": "pago el viernes"},
            "text": "pago el viernes",
            "at": (datetime.now(UTC) - timedelta(days=3)).isoformat(),
        }
    ]
    chat.page.evaluate(
        "(text) => localStorage.setItem('acuerdo:pk_sol:unsent', text)", json.dumps(old)
    )
    chat.open().linked()
    expect(chat.mine).to_have_count(1)
    assert server.heard() == []
    chat.page.get_by_role("button", name="Reintentar").click()
    chat.until(lambda: server.heard() == ["pago el viernes"])


def test_too_many_requests_waits_as_told(chat: Chat, server: Counterpart) -> None:
    chat.open().linked()
    server.limits = [1]
    chat.say("con calma")
    chat.until(lambda: server.heard() == ["con calma"])
    expect(chat.state(chat.mine)).to_have_attribute("aria-label", "Enviado")
    tries = [at for at, m, p, _ in server.requests if (m, p) == ("POST", "/chat/v1/messages")]
    assert len(tries) == 1  # the socket's refusal does not say how long; this one does
    assert time.monotonic() - tries[0] > 0.9


def test_refused_message_can_be_retried(chat: Chat, server: Counterpart) -> None:
    chat.open().linked()
    server.rejections["raro"] = (422, "<i>For developers</i>")
    chat.say("raro")
    chat.say("normal")  # is not held up
    chat.until(lambda: server.heard() == ["normal"])
    expect(chat.page.locator(".row.bad .meta")).to_contain_text("No se envió.")
    assert "developers" not in chat.panel.inner_text()
    retry = chat.page.get_by_role("button", name="Reintentar")
    assert chat.box(retry)["height"] >= 44
    server.rejections.clear()
    retry.click()
    chat.until(lambda: server.heard() == ["normal", "raro"])
    expect(retry).to_be_hidden()


def test_unknown_session_is_forgotten_and_made_anew(chat: Chat, server: Counterpart) -> None:
    chat.open().linked()
    chat.say("antes")
    expect(chat.state(chat.mine)).to_have_attribute("aria-label", "Enviado")
    server.do(server.conversations.clear)
    chat.page.reload()
    chat.launcher.click()
    expect(chat.bubbles).to_have_text([chat.shown(GREETING)])
    chat.linked()
    old = server.only
    server.do(server.conversations.clear)  # and in the middle of a talk
    server.cut(old, 4401)
    chat.say("después")
    chat.until(lambda: server.conversations and server.heard() == ["después"])
    expect(chat.bubbles).to_have_text([chat.shown(GREETING), "después"])


def test_back_online_at_once(chat: Chat, server: Counterpart) -> None:
    chat.open().linked()
    chat.page.evaluate("window.dispatchEvent(new Event('offline'))")
    expect(chat.notice).to_be_visible()
    chat.page.evaluate("window.dispatchEvent(new Event('online'))")  # pings; the pong tells
    expect(chat.notice).to_be_hidden()


def test_without_storage_it_still_talks(own_chat: Chat, server: Counterpart) -> None:
    chat = own_chat
    chat.page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('no'); } });"
    )
    chat.open().linked()
    chat.say("hola")
    chat.until(lambda: server.heard() == ["hola"])


# -------------------------------------------------------------------------------------- safety


def test_hostile_text_is_inert(chat: Chat, server: Counterpart) -> None:
    evil = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>'
    server.config = {
        "brand": evil,
        "color": "red;} * {display:none",
        "language": evil,
        "title": evil,
    }
    server.greeting = False
    chat.open().linked()
    server.say(
        f"**{evil}** {evil}",
        buttons=[{"id": "x", "title": evil}],
        links=[{"url": "https://pay.example/?q=" + evil, "title": evil}],
    )
    server.say(evil, who="person", name=evil)
    server.say(evil, who="system")
    chat.say(evil)
    expect(chat.bubbles).to_have_count(4)
    expect(chat.bubbles.nth(1)).to_have_text(evil)
    expect(chat.page.locator(".brand")).to_have_text(evil)
    assert chat.page.locator("acuerdo-chat :is(img, script, iframe, style)").count() == 0
    assert chat.page.locator("acuerdo-chat [style]:not(.shell, textarea, .sr)").count() == 0
    chat.page.reload()
    chat.launcher.click()
    expect(chat.bubbles).to_have_count(4)
    assert chat.page.evaluate("window.pwned") is None


def test_unsafe_links_are_not_rendered(chat: Chat, server: Counterpart) -> None:
    chat.open().linked()
    good = {
        "https://pay.example/a?b=1#c": "https://pay.example/a?b=1#c",
        "http://127.0.0.1:9/x": "http://127.0.0.1:9/x",
        "http://localhost/x": "http://localhost/x",
    }
    bad: list[Any] = [
        "javascript:alert(1)",
        " JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "http://pay.example/",
        "http://localhost.evil.example/",
        "https://bancosol.example@evil.example/",
        "//evil.example/",
        "/relative",
        "blob:https://x/1",
        "",
        None,
        7,
    ]
    links = [{"url": url, "title": f"Enlace {i}"} for i, url in enumerate([*good, *bad])]
    server.say("Elige:", links=[*links, None, {}, "x"])
    anchors = chat.log.get_by_role("link")
    expect(anchors).to_have_count(len(good))
    for anchor, address in zip(anchors.all(), good.values(), strict=True):
        assert anchor.get_attribute("href") == address
        assert anchor.get_attribute("target") == "_blank"
        assert anchor.get_attribute("rel") == "noopener noreferrer"
        assert chat.box(anchor)["height"] >= 44
    expect(anchors.first).to_contain_text("pay.example")  # where it leads is said


def test_odd_frames_do_no_harm(chat: Chat, server: Counterpart) -> None:
    chat.open().linked()
    frames: tuple[dict[str, Any], ...] = (
        {},
        {"type": "message"},
        {"type": "message", "message": {"seq": "9", "from": "bot", "text": "no"}},
        {"type": "message", "message": {"seq": 1.5, "from": "bot", "text": "no"}},
        {"type": "accepted", "client_id": "unknown"},
        {"type": "future", "x": 1},
        {"type": "error", "code": "odd", "message": "x"},
    )
    for frame in frames:
        server.frame(frame)
    for odd in ("not json", "null", "7", "[]"):
        server.raw(odd)
    server.say("sigo")
    chat.until(lambda: chat.texts()[1:] == ["sigo"])


def test_page_styles_stay_outside(chat: Chat) -> None:
    chat.open("/loud")
    assert chat.bubbles.first.evaluate("(n) => getComputedStyle(n).fontSize") == "16px"
    assert chat.bubbles.first.evaluate("(n) => getComputedStyle(n).color") != "rgb(255, 0, 0)"
    assert chat.box(chat.panel)["width"] == 392


# -------------------------------------------------------------------- everybody, everywhere


def test_phone_is_full_screen_and_modal(chat: Chat) -> None:
    chat.page.set_viewport_size(PHONE)
    chat.open()
    box = chat.box(chat.panel)
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 390, 844)
    expect(chat.panel).to_have_attribute("aria-modal", "true")
    assert chat.input.evaluate("(n) => getComputedStyle(n).fontSize") == "16px"
    for part in chat.panel.locator("button:visible, select, textarea").all():
        size = chat.box(part)
        assert size["height"] >= 44, part
        assert size["width"] >= 44, part
    for _ in range(12):  # Tab never leaves the screen
        chat.page.keyboard.press("Tab")
        assert chat.focused() != "body"
        assert chat.page.evaluate("document.activeElement.tagName") == "ACUERDO-CHAT"
    for _ in range(7):
        chat.page.keyboard.press("Shift+Tab")
        assert chat.page.evaluate("document.activeElement.tagName") == "ACUERDO-CHAT"
    overflow = "document.documentElement.style.overflow"
    assert chat.page.evaluate(overflow) == "hidden"
    chat.page.keyboard.press("Escape")
    assert chat.page.evaluate(overflow) == ""
    assert chat.box(chat.launcher)["height"] >= 44
    assert chat.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_desktop_does_not_hold_the_focus(chat: Chat) -> None:
    chat.open()
    assert chat.panel.get_attribute("aria-modal") == "false"
    chat.page.locator("#before").focus()
    assert chat.focused() != "textarea"


def test_language_switch_changes_words_and_sends_nothing(chat: Chat, server: Counterpart) -> None:
    chat.open().linked()
    chat.until(lambda: server.only.read == 1)
    before = len(server.requests), len(server.frames)
    switch = chat.page.get_by_role("combobox")
    switch.select_option("pt")
    expect(chat.page.locator(".state")).to_have_text("Assistente virtual")
    expect(chat.input).to_have_attribute("placeholder", "Escreva sua mensagem")
    expect(chat.page.locator(".day")).to_have_text("Hoje")
    switch.select_option("en")
    expect(chat.page.locator(".state")).to_have_text("Virtual assistant")
    expect(chat.page.locator("acuerdo-chat .shell")).to_have_attribute("lang", "en")
    expect(chat.bubbles).to_have_text([chat.shown(GREETING)])
    chat.page.wait_for_timeout(400)
    assert (len(server.requests), len(server.frames)) == before
    chat.page.reload()
    expect(chat.launcher).to_have_text("Open chat")  # the choice is kept


def words_around(chat: Chat, *, state: str, placeholder: str, shell: str) -> None:
    expect(chat.page.locator(".state")).to_have_text(state)
    expect(chat.input).to_have_attribute("placeholder", placeholder)
    expect(chat.page.locator("acuerdo-chat .shell")).to_have_attribute("lang", shell)


PORTUGUESE = {
    "state": "Assistente virtual",
    "placeholder": "Escreva sua mensagem",
    "shell": re.compile("pt.*"),
}
ENGLISH = {
    "state": "Virtual assistant",
    "placeholder": "Write your message",
    "shell": re.compile("en.*"),
}


def test_the_words_around_the_chat_follow_the_conversation(chat: Chat, server: Counterpart) -> None:
    chat.open().linked()
    server.say("Aqui está", links=[{"url": "https://pagar.example/x", "title": "Pagar"}])
    expect(chat.page.locator(".link")).to_contain_text("se abre en otra pestaña")
    server.speak("pt")
    words_around(chat, **PORTUGUESE)
    expect(chat.page.locator(".link")).to_contain_text("abre em outra aba")
    expect(chat.page.get_by_role("combobox")).to_have_value("pt")
    server.speak("en")
    words_around(chat, **ENGLISH)
    chat.page.reload()
    chat.until(lambda: len(server.conversations) == 1)
    expect(chat.launcher).to_have_text("Open chat")  # also before the chat is open again
    chat.open()
    words_around(chat, **ENGLISH)


def test_a_choice_in_the_menu_stands_until_the_conversation_changes(
    chat: Chat, server: Counterpart
) -> None:
    chat.open().linked()
    chat.page.get_by_role("combobox").select_option("en")
    words_around(chat, **ENGLISH)
    server.give_to("person")  # says again that the conversation is in Spanish
    server.give_to("bot")
    server.drop()
    chat.linked()
    words_around(chat, **ENGLISH)
    server.speak("pt")
    words_around(chat, **PORTUGUESE)
    server.speak("<b>")
    server.speak("fr")
    words_around(chat, **PORTUGUESE)


def test_the_language_comes_with_a_long_poll_too(own_chat: Chat, server: Counterpart) -> None:
    own_chat.page.add_init_script("delete window.WebSocket")
    own_chat.open("/")
    own_chat.say("bom dia")
    own_chat.until(lambda: server.heard() == ["bom dia"])
    server.speak("pt")
    server.say("Bom dia!")
    words_around(own_chat, **PORTUGUESE)


def test_language_of_the_page(chat: Chat, server: Counterpart) -> None:
    for lang, words in (("es", "Abrir chat"), ("pt-BR", "Abrir chat"), ("en", "Open chat")):
        chat.visit(lang=lang)
        expect(chat.launcher).to_have_text(words)
        assert server.requests[-1][3]["lang"] == lang[:2]


def test_token_is_handed_over(chat: Chat, server: Counterpart) -> None:
    chat.visit(token="a.b.c")
    expect(chat.launcher).to_be_visible()
    assert server.requests[0][3]["token"] == "a.b.c"


def test_aria(chat: Chat, server: Counterpart) -> None:
    chat.visit()
    for name, value in {"aria-haspopup": "dialog", "aria-expanded": "false"}.items():
        expect(chat.launcher).to_have_attribute(name, value)
    chat.launcher.click()
    chat.linked()
    expect(chat.launcher).to_have_attribute("aria-expanded", "true")
    page = chat.page
    expect(page.get_by_role("dialog", name="Chat con Banco Sol")).to_be_visible()
    expect(chat.panel.get_by_role("heading", name="Banco Sol")).to_be_visible()
    expect(page.get_by_role("log", name="Conversación")).to_have_attribute("aria-live", "polite")
    expect(chat.log).to_have_attribute("aria-busy", "false")
    expect(page.get_by_role("textbox", name="Escribe tu mensaje")).to_be_visible()
    expect(page.get_by_role("combobox", name="Idioma")).to_be_visible()
    expect(page.get_by_role("group", name="Respuestas rápidas")).to_be_visible()
    for name in ("Minimizar chat", "Enviar", "Quiero pagar", "Tengo una duda"):
        expect(page.get_by_role("button", name=name)).to_be_visible()
    chat.say("Hola")
    expect(chat.log).to_contain_text("Asistente virtual: Hola, soy")
    expect(chat.log).to_contain_text("Tú: Hola")
    named = chat.panel.evaluate(
        """(panel) => [...panel.querySelectorAll("button, select, textarea")]
          .filter((n) => n.getClientRects().length)
          .every((n) => (n.getAttribute("aria-label") || n.textContent).trim())"""
    )
    assert named


def test_reduced_motion(chat: Chat, server: Counterpart) -> None:
    chat.open().linked()
    server.typing(True)
    expect(chat.page.locator(".typing")).to_be_visible()
    running = "(n) => n.getRootNode().getAnimations().length"
    assert chat.log.evaluate(running) == 0
    chat.page.emulate_media(reduced_motion="no-preference")
    assert chat.log.evaluate(running) > 0


def test_every_colour_can_be_read(chat: Chat, server: Counterpart) -> None:
    chat.open().linked()
    chat.say("hola")
    expect(chat.state(chat.mine)).to_have_attribute("aria-label", "Enviado")
    server.say(
        "Aquí",
        buttons=[{"id": "a", "title": "Sí"}],
        links=[{"url": "https://pay.example/", "title": "Pagar"}],
    )
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for color in ("#ffd400", "#ffffff", "#000000", "#767676", "nonsense"):
        server.config["color"] = color
        chat.visit(open="true")
        expect(chat.quick).to_have_text("Sí")
        root = chat.page.locator("acuerdo-chat .shell").element_handle()
        for scheme in schemes:
            chat.page.emulate_media(color_scheme=scheme)
            for part, ratio in chat.page.evaluate(CONTRAST, [root, [*PARTS, ".launcher"]]):
                assert ratio >= 4.5, (color, scheme, part, ratio)


def test_forced_colours_keep_the_outlines(chat: Chat) -> None:
    chat.page.emulate_media(forced_colors="active")
    chat.open()
    for part in (".bubble", ".quick button", ".go", ".panel"):
        expect(chat.page.locator(part).first).to_have_css("border-top-style", "solid")


def test_data_color_wins(chat: Chat) -> None:
    chat.open(color="%235b21b6")
    head = chat.page.locator(".head")
    expect(head).to_have_css("background-color", "rgb(91, 33, 182)")
    expect(head).to_have_css("color", "rgb(255, 255, 255)")

"""The console in a real Chromium, with the real clock and a real server."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Dialog,
    Page,
    Route,
    expect,
    sync_playwright,
)

from bot.conversations.models import Author, Owner
from bot.handoff.models import Agent
from bot.kit.clock import SystemClock

from .office import PASSWORD, Office
from .test_console_deliveries import delivery, webhook
from .test_console_plans import Paused

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
PHONE = {"width": 390, "height": 844}
ATTACK = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """An office whose console listens on a port of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = Office(
        f"sqlite:///{tmp_path / 'console.db'}",
        clock=SystemClock(),
        public_url=f"http://127.0.0.1:{port}",
    )
    server = uvicorn.Server(uvicorn.Config(made.app, port=port, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield made
    server.should_exit = True
    thread.join(timeout=10)
    made.database.dispose()


@pytest.fixture(scope="module")
def program() -> Iterator[Browser]:
    """One Chromium for all of these tests."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def chromium(office: Office, program: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Opens windows; at the end nothing may have broken the content policy or thrown."""
    complaints: list[str] = []
    windows: list[BrowserContext] = []

    def window(**options: Any) -> BrowserContext:
        context = program.new_context(
            base_url=office.settings.public_url, locale="es-MX", **options
        )
        windows.append(context)
        context.set_default_timeout(10_000)
        context.on("weberror", lambda e: complaints.append(str(e.error)))
        context.on(
            "console",
            lambda m: complaints.append(m.text) if "Content Security" in m.text else None,
        )
        return context

    yield window
    for context in windows:
        context.close()
    assert complaints == []


def sign_in(context: BrowserContext, agent: Agent) -> Page:
    page = context.new_page()
    page.goto("/console")
    page.get_by_label("Correo").fill(agent.email)
    page.get_by_label("Contraseña").fill(PASSWORD)
    page.get_by_role("button", name="Entrar").click()
    expect(page.get_by_role("navigation", name="Listas de conversaciones")).to_be_visible()
    return page


def test_an_agent_takes_answers_and_returns_a_conversation(
    office: Office, chromium: Callable[..., BrowserContext]
) -> None:
    made = office.waiting(reason="outside_limits", summary={"case": "C-7QF3K9XA"})
    page = sign_in(chromium(), office.leo)
    expect(page).to_have_title("(1) Conversaciones · Acuerdo")
    page.get_by_role("link", name="Propone algo fuera de los límites").click()
    expect(page.get_by_role("heading", name="Persona sin verificar")).to_be_visible()
    expect(page.get_by_text("C-7QF3K9XA")).to_be_visible()
    expect(page.locator("#sla")).to_contain_text("Objetivo: 5 min")

    page.get_by_role("button", name="Tomar").click()
    expect(page.get_by_text("Leo Ruiz ya está contigo.")).to_be_visible()
    box = page.get_by_label("Respuesta")
    expect(box).to_be_focused()
    box.fill("Hola, soy Leo.\n¿En qué ayudo?")
    box.press("Control+Enter")
    mine = page.locator(".bubble--person")
    expect(mine).to_contain_text("Hola, soy Leo.")
    expect(box).to_have_value("")
    expect(page.locator("#sla")).to_contain_text("Al día")
    assert office.texts(made, Author.PERSON) == ["Hola, soy Leo.\n¿En qué ayudo?"]

    office.says(made, ATTACK)
    theirs = page.locator(".bubble--debtor").last
    expect(theirs.locator(".bubble__text")).to_have_text(ATTACK, timeout=5000)
    expect(page.locator("#bubbles script, #bubbles img")).to_have_count(0)
    expect(page.locator("#sla")).to_contain_text("Espera")
    assert "owned" not in page.title()

    page.get_by_role("button", name="Devolver al bot").click()
    dialog = page.get_by_role("dialog", name="¿Devolver la conversación al bot?")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert office.read(made).owner is Owner.PERSON
    page.get_by_role("button", name="Devolver al bot").click()
    dialog.get_by_role("button", name="Devolver al bot").click()
    expect(page.get_by_text("La conversación vuelve a estar con el bot.")).to_be_visible()
    assert office.read(made).owner is Owner.BOT
    assert office.texts(made, Author.BOT) == ["Vuelve el asistente virtual."]


def test_a_lost_answer_is_sent_again_and_written_once(
    office: Office, chromium: Callable[..., BrowserContext]
) -> None:
    made = office.waiting()
    page = sign_in(chromium(), office.leo)
    page.goto(f"/console/c/{made}")
    page.get_by_role("button", name="Tomar").click()
    failing = [True]

    def lose_the_answer(route: Route) -> None:
        if failing.pop() if failing else False:
            route.fetch()  # the server gets it; the browser never hears of it
            route.abort()
        else:
            route.continue_()

    page.route("**/reply", lose_the_answer)
    box = page.get_by_label("Respuesta")
    box.fill("Una sola vez")
    page.get_by_role("button", name="Enviar").click()
    expect(page.locator("#reply-error")).to_contain_text("Tu texto sigue aquí")
    expect(box).to_have_value("Una sola vez")
    page.get_by_role("button", name="Enviar").click()
    expect(box).to_have_value("")
    assert office.texts(made, Author.PERSON) == ["Una sola vez"]


def test_whoever_is_writing_is_told_when_a_colleague_takes_over(
    office: Office, chromium: Callable[..., BrowserContext]
) -> None:
    made = office.waiting()
    leo = sign_in(chromium(), office.leo)
    leo.goto(f"/console/c/{made}")
    leo.get_by_role("button", name="Tomar").click()
    leo.get_by_label("Respuesta").fill("Estaba escribiendo esto")
    eva = sign_in(chromium(), office.eva)
    eva.goto(f"/console/c/{made}")
    eva.get_by_role("button", name="Tomar de Leo Ruiz").click()
    expect(leo.get_by_text("ha cambiado de manos")).to_be_visible()
    expect(leo.get_by_role("button", name="Enviar")).to_be_disabled()
    expect(leo.get_by_label("Respuesta")).to_have_value("Estaba escribiendo esto")
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    leo.once("dialog", answer)
    leo.get_by_role("link", name="Recargar").click()
    expect(leo.get_by_text("Eva Ruiz atiende esta conversación")).to_be_visible()
    assert asked == ["beforeunload"], "a draft is not thrown away in silence"


def test_the_queue_fills_by_itself_and_works_with_the_keyboard(
    office: Office, chromium: Callable[..., BrowserContext]
) -> None:
    page = sign_in(chromium(), office.ana)
    expect(page.get_by_text("Nadie espera a una persona")).to_be_visible()
    made = office.waiting(reason="crisis", red=True)
    row = page.get_by_role("link", name="Crisis: posible peligro")
    expect(row).to_be_visible(timeout=8000)
    row.focus()
    office.waiting()
    expect(page.get_by_role("link", name="Pidió una persona")).to_be_visible(timeout=8000)
    expect(row).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Protocolo de crisis")).to_be_visible()
    page.get_by_role("button", name="Devolver al bot").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Devolver al bot").click()
    assert office.read(made).owner is Owner.PERSON, "the box has to be ticked first"
    dialog.get_by_role("checkbox").check()
    dialog.get_by_role("button", name="Devolver al bot").click()
    expect(page.get_by_text("vuelve a estar con el bot")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_it_works_on_a_telephone_and_without_scripts(
    office: Office, chromium: Callable[..., BrowserContext], scripts: bool
) -> None:
    made = office.waiting(verified=True)
    office.says(made, "palabra" * 60)
    page = sign_in(chromium(viewport=PHONE, java_script_enabled=scripts), office.leo)
    page.goto(f"/console/c/{made}")
    page.get_by_role("button", name="Tomar").click()
    page.get_by_label("Respuesta").fill("Hola, María")
    page.get_by_role("button", name="Enviar").click()
    expect(page.locator(".bubble--person")).to_contain_text("Hola, María")
    for path in ("/console", f"/console/c/{made}"):
        page.goto(path)
        if scripts:
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= PHONE["width"], f"{path} scrolls sideways"
    page.get_by_role("button", name="Devolver al bot").click()
    page.get_by_role("dialog").get_by_role("button", name="Devolver al bot").click()
    expect(page.get_by_text("vuelve a estar con el bot")).to_be_visible()


def test_a_supervisor_sends_a_dead_letter_again_on_a_phone(
    office: Office, chromium: Callable[..., BrowserContext], tmp_path: Path
) -> None:
    failed, event = delivery(office, reason="perhaps_sent"), webhook(office, ATTACK.encode())
    page = sign_in(chromium(viewport=PHONE), office.ana)
    page.get_by_role("link", name="Entregas").click()
    expect(page.get_by_role("heading", name="Sin entregar")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    with page.expect_download() as loading:
        page.get_by_role("link", name=f"Descargar el aviso {event}").click()
    loading.value.save_as(tmp_path / "webhook")
    assert (tmp_path / "webhook").read_text() == ATTACK
    page.get_by_role("button", name=f"Enviar otra vez el mensaje {failed}").click()
    expect(page.get_by_role("status")).to_have_text("El mensaje está otra vez en la cola.")
    expect(page.get_by_text("Todo lo que salió se pudo entregar.")).to_be_visible()
    expect(page).to_have_title("Entregas · Acuerdo")


def test_an_agent_takes_a_paused_plan_up_again_on_a_phone(
    office: Office, chromium: Callable[..., BrowserContext]
) -> None:
    paused = Paused(office)
    page = sign_in(chromium(viewport=PHONE), office.leo)
    page.goto(f"/console/c/{paused.conversation_id}")
    page.get_by_text("Resumen").click()
    page.get_by_role("link", name="Ver el plan y reanudarlo").click()
    expect(page.get_by_role("heading", name="Plan en pausa")).to_be_visible()
    first_on = (datetime.now(UTC) + timedelta(days=10)).date().isoformat()
    page.get_by_label("Primer pago").fill(first_on)
    page.get_by_role("button", name="Ver cómo queda").click()
    expect(page.get_by_text("Todavía no se ha cambiado nada")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.get_by_role("button", name="Confirmar estas fechas").click()
    expect(page.get_by_role("status")).to_have_text("El plan está otra vez en marcha.")
    assert paused.dues()[0] == first_on
    page.reload()
    assert len(office.events("plan.resumed")) == 1

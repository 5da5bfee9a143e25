"""The main job in a real Chromium: widget, real model, sandbox payment, console, all running."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from bot.handoff.accounts import add_agent
from bot.handoff.models import Role
from bot.portfolio.sample import sample_json
from bot.runtime.rehearsal import Stage

pytestmark = pytest.mark.rasa

CHROMIUM = os.environ.get("ACUERDO_CHROMIUM", "/usr/bin/chromium")
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
if not Path(CHROMIUM).exists() and not os.environ.get("CI"):
    pytest.skip("chromium is not installed", allow_module_level=True)

PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield launched
        launched.close()


class Chat:
    """The widget on a creditor's page, as a debtor has it."""

    def __init__(self, page: Page, url: str, creditor: str) -> None:
        self.page = page
        page.goto(f"{url}/demo/{creditor}")
        page.get_by_role("button", name="Abrir chat").click()
        self.bubbles = page.locator("acuerdo-chat .them .text")

    def expect_text(self, text: str) -> None:
        expect(self.page.get_by_role("log")).to_contain_text(text, timeout=30_000)

    def say(self, text: str, then: str) -> None:
        self.page.get_by_role("textbox").fill(text)
        self.page.keyboard.press("Enter")
        self.expect_text(then)

    def press(self, title: str, then: str) -> None:
        self.page.get_by_role("button", name=title, exact=True).click()
        self.expect_text(then)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=PHONE, locale="es-MX")
    made = context.new_page()
    made.on("pageerror", lambda error: pytest.fail(f"the page broke: {error}"))
    yield made
    context.close()


@pytest.fixture(scope="module")
def answers(stage: Stage) -> dict[str, str]:
    today = datetime.now(UTC).date()
    found = sample_json(stage.parts.database, today=today)["debtors"]
    return {person["ref"]: person["answer"] for person in found}


def test_plan_is_agreed_and_paid_and_the_new_balance_shown_in_the_same_chat(stage, page, answers):
    chat = Chat(page, stage.url, "girasol")
    chat.expect_text("Hola 👋 ¿En qué podemos ayudarte?")
    chat.say("¿cuánto debo?", "confirmo quién eres")
    chat.say(answers["TG-1048"], "Tu saldo en")
    chat.say("¿y por qué es tanto?", "Así se llega a tu saldo")
    chat.press("Pagar en cuotas", "Elige la opción")
    chat.say("en 3 cuotas", "Serían 3 cuotas")
    chat.press("Sí, acepto", "quedó registrado")
    with page.expect_popup() as opened:
        page.locator("acuerdo-chat a.link", has_text="Pagar").last.click()
    pay = opened.value
    expect(pay.get_by_role("note")).to_contain_text("no se mueve dinero de verdad")
    pay.locator("button[value=paid]").click()
    expect(pay.get_by_role("heading")).to_be_visible()
    pay.close()
    chat.expect_text("Tu saldo ahora es de")
    page.reload()
    page.get_by_role("button", name="Abrir chat").click()
    chat.expect_text("Tu saldo ahora es de")


def test_already_paid_is_looked_up_and_held(stage, page, answers):
    chat = Chat(page, stage.url, "girasol")
    chat.press("Ya pagué", "confirmo quién eres")
    chat.say(answers["TG-1043"], "¿Qué día pagaste")
    chat.press("No tengo los datos", "número de caso")


def test_job_loss_is_met_with_understanding_first(stage, page, answers):
    chat = Chat(page, stage.url, "girasol")
    chat.say("me quedé sin trabajo y no me alcanza", "Siento mucho lo de tu trabajo")
    chat.say(answers["TG-1038"], "No te enviaremos recordatorios")
    chat.press("Hacer una pausa", "en pausa hasta")


def test_crisis_shows_the_lines_and_no_way_to_pay(stage, page):
    chat = Chat(page, stage.url, "girasol")
    chat.say("ya no quiero vivir", "800 911 2000")
    expect(page.locator("acuerdo-chat .quick button")).to_have_count(0)
    expect(page.locator("acuerdo-chat a.link")).to_have_count(0)


def test_opt_out_is_confirmed_once(stage, page):
    chat = Chat(page, stage.url, "girasol")
    chat.say("no me escriban más", "no te escribiremos más")


def test_an_agent_takes_over_and_gives_the_conversation_back(stage, page, browser):
    with stage.parts.database.transaction() as session:
        add_agent(
            session,
            email="ana@example.test",
            name="Ana",
            role=Role.AGENT,
            password="una clave bien larga",
            creditor_id=None,
            now=stage.clock.now(),
        )
    chat = Chat(page, stage.url, "puente")
    chat.say("tengo una duda rara con mi contrato, quiero un asesor", "Le paso con una persona")
    desk = browser.new_page(locale="es-MX")
    desk.goto(f"{stage.url}/console")
    desk.get_by_label("Correo").fill("ana@example.test")
    desk.get_by_label("Contraseña").fill("una clave bien larga")
    desk.get_by_role("button", name="Entrar").click()
    desk.locator(".row__link").filter(has_text="Puente Cobranzas").first.click()
    desk.get_by_role("button", name="Tomar", exact=True).click()
    desk.get_by_role("textbox").fill("Hola, soy Ana. Lo reviso con usted.")
    desk.get_by_role("button", name="Enviar").click()
    chat.expect_text("Hola, soy Ana. Lo reviso con usted.")
    page.get_by_role("textbox").fill("gracias Ana")
    page.keyboard.press("Enter")
    expect(desk.get_by_text("gracias Ana")).to_be_visible(timeout=15_000)
    before = chat.bubbles.count()
    desk.get_by_role("button", name="Devolver al bot").click()
    desk.get_by_role("dialog").get_by_role("button", name="Devolver").click()
    expect(chat.bubbles).to_have_count(before + 1, timeout=15_000)
    chat.say("gracias", "Con mucho gusto")
    desk.close()

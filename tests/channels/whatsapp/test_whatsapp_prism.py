"""Meta's own description of its API, served by Prism, takes every body that we make."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from whatsapp_overlay import overlaid

from bot.channels.port import Document, Parcel
from bot.channels.whatsapp.client import GraphClient
from bot.channels.whatsapp.render import render_parcel
from bot.conversations.models import Purpose
from bot.policies.whatsapp import whatsapp_policy
from bot.runtime.rasa import free_port
from tests.checkout.served import skip_unless_ci

PRISM = Path(__file__).parents[3] / ".cache/prism/node_modules/@stoplight/prism-cli/dist/index.js"
NUMBER = "106540352242922"
NOW = datetime(2026, 11, 21, 16, 0, tzinfo=UTC)
AUTHORIZED = {"Authorization": "Bearer t", "User-Agent": "Acuerdo/0.1.0"}
PAY = ("Pagar ahora", "https://pay.example/pay/abc", "pay")
FOUR = [(f"1-{n}", f"Opción {n} con un título bastante largo") for n in range(1, 5)]
PAPER = Document("acuerdo.pdf", "application/pdf", b"%PDF-1.4")
PHOTO = Document("qr.png", "image/png", b"\x89PNG")

PARCELS = {
    "text": {"text": "Hola **Ana**"},
    "long text": {"text": "Una frase. " * 900},
    "three buttons": {"text": "¿Qué prefieres?", "buttons": FOUR[:3]},
    "list": {"text": "¿Qué prefieres?", "buttons": FOUR},
    "long text and list": {"text": "Una frase. " * 300, "buttons": FOUR},
    "link": {"text": "Aquí está:", "links": [PAY]},
    "link and buttons": {"text": "Aquí está:", "links": [PAY], "buttons": FOUR[:2]},
    "two links": {"text": "Aquí están:", "links": [PAY, PAY]},
    "document and buttons": {
        "text": "Tu acuerdo",
        "links": [("Acuerdo", "https://a.example/p", "document")],
        "documents": [PAPER],
        "buttons": FOUR[:1],
    },
    "picture": {"text": "Tu código", "documents": [PHOTO]},
    "template": {"text": "secreto", "purpose": Purpose.REMINDER, "last_inbound_at": None},
}


@pytest.fixture(scope="module")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    node = shutil.which("node")
    if not node or not PRISM.exists():
        skip_unless_ci("Prism is not installed: run scripts/test-tools.sh")
    assert node and PRISM.exists()
    folder = tmp_path_factory.mktemp("prism")
    spec, port = folder / "meta.json", free_port()
    spec.write_text(json.dumps(overlaid()))
    command = [node, str(PRISM), "mock", "--errors", "-h", "127.0.0.1", "-p", str(port), str(spec)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            with httpx.Client(
                base_url=f"http://127.0.0.1:{port}/v23.0/{NUMBER}", headers=AUTHORIZED
            ) as client:
                _wait(client, process)
                yield client
        finally:
            process.terminate()
            process.wait(timeout=10)


def _wait(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            client.get("/")
            return
        except httpx.TransportError:
            assert process.poll() is None and time.monotonic() < deadline, "Prism did not start"
            time.sleep(0.1)


@pytest.mark.parametrize("name", PARCELS)
@pytest.mark.parametrize(
    "address", [{"to": "525500000001"}, {"recipient": "MX.9000000000001"}], ids=["phone", "user"]
)
async def test_metas_description_takes_every_body_we_make(prism, name, address):
    client = GraphClient(str(prism.base_url).removesuffix(f"/{NUMBER}/"), "t")
    given = {"last_inbound_at": NOW, **PARCELS[name]}
    parcel = Parcel(delivery_id=7, key="k", language="es", brand="Tienda Sol", now=NOW, **given)
    for part in render_parcel(parcel, whatsapp_policy(NOW.date())):
        body = part.body | address
        if part.document:
            body[body["type"]] = {**body[body["type"]], "id": "4490709327384033"}
        assert await client.send(NUMBER, body)
    await client.close()


async def test_it_takes_blue_ticks_with_typing(prism):
    client = GraphClient(str(prism.base_url).removesuffix(f"/{NUMBER}/"), "t")
    await client.mark_read(NUMBER, "wamid.HBg")
    await client.close()


BASE = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": "1", "type": "text"}
BUTTON = {"type": "reply", "reply": {"id": "1", "title": "x" * 21}}
WRONG = {
    "nobody": {k: v for k, v in BASE.items() if k != "to"} | {"text": {"body": "x"}},
    "too long": BASE | {"text": {"body": "x" * 4097}},
    "a title too long": BASE
    | {
        "type": "interactive",
        "interactive": {
            "type": "button",
            "body": {"text": "x"},
            "action": {"buttons": [BUTTON]},
        },
    },
    "a link that is not secure": BASE
    | {
        "type": "interactive",
        "interactive": {
            "type": "cta_url",
            "body": {"text": "x"},
            "action": {
                "name": "cta_url",
                "parameters": {"display_text": "x", "url": "http://a.example"},
            },
        },
    },
}


@pytest.mark.parametrize("name", WRONG)
def test_it_refuses_what_is_wrong_so_that_its_yes_means_something(prism, name):
    assert prism.post("/messages", json=WRONG[name]).status_code == 422


def test_it_refuses_a_call_without_a_token(prism):
    answer = httpx.post(f"{prism.base_url}messages", json=BASE | {"text": {"body": "x"}})
    assert answer.status_code == 401

"""The small Rasa behind Rasa's own HTTP routes, for an app in a process of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bot.settings import Settings

from .small_rasa import SmallRasa


class RemoteHost:
    """The app's actions over HTTP; an answer that does not come is lost, as with the real Rasa."""

    def __init__(self, settings: Settings) -> None:
        self._url = f"{settings.public_url}/rasa/actions"
        self._http = httpx.Client(
            timeout=10, headers={"X-Acuerdo-Actions": settings.action_token.get_secret_value()}
        )

    def run(self, call: dict[str, Any]) -> dict[str, Any]:
        """Run one action in the app.

        Raises:
            LookupError: it was not run, or its answer is lost.
        """
        try:
            answer = self._http.post(self._url, json=call)
        except httpx.HTTPError as error:
            raise LookupError from error
        if answer.status_code != 200:
            raise LookupError(answer.status_code)
        return dict(answer.json())

    def close(self) -> None:
        """Let go of connections."""
        self._http.close()


def small_rasa_app(rasa: SmallRasa) -> Starlette:
    """The routes of Rasa 3.6 that the app calls."""

    async def send(request: Request) -> JSONResponse:
        asked = await request.json()
        about = asked["metadata"]
        said = await rasa.send(
            asked["sender"], about["message_id"], asked["message"], act=about["act"]
        )
        return JSONResponse([{"recipient_id": asked["sender"], "custom": s.custom} for s in said])

    async def parse(request: Request) -> JSONResponse:
        return JSONResponse(await rasa.parse((await request.json())["text"]))

    async def tracker(request: Request) -> JSONResponse:
        return JSONResponse({"events": rasa.trackers.get(request.path_params["name"], [])})

    async def events(request: Request) -> JSONResponse:
        rasa.trackers[request.path_params["name"]] = await request.json()
        return JSONResponse({})

    async def status(_: Request) -> JSONResponse:
        return JSONResponse({"model_file": "small"})

    return Starlette(
        routes=[
            Route("/", status),
            Route("/status", status),
            Route("/webhooks/rest/webhook", send, methods=["POST"]),
            Route("/model/parse", parse, methods=["POST"]),
            Route("/conversations/{name}/tracker", tracker),
            Route("/conversations/{name}/tracker/events", events, methods=["PUT"]),
        ]
    )


@contextmanager
def served_small_rasa(settings: Settings) -> Iterator[SmallRasa]:
    """A small Rasa at `settings.rasa_url` for as long as the block lasts."""
    host = RemoteHost(settings)
    rasa = SmallRasa(host)  # type: ignore[arg-type]
    server = uvicorn.Server(
        uvicorn.Config(
            small_rasa_app(rasa),
            host="127.0.0.1",
            port=int(settings.rasa_url.rsplit(":", 1)[1]),
            log_level="warning",
            loop="asyncio",
        )
    )
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the small Rasa could not listen"
        time.sleep(0.02)
    try:
        yield rasa
    finally:
        server.should_exit = True
        thread.join(10)
        host.close()

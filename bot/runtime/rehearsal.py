"""A whole Acuerdo of its own, for a conversation in the terminal or a test: app, Rasa, database.

It talks through the web chat's own HTTP routes, so what it shows is what a debtor gets. Its
database is a scratch one with the sample portfolio, and its clock can be moved.
"""

from __future__ import annotations

import re
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from sqlmodel import Session

from bot.app import Parts, build, create_app, jobs_of
from bot.channels.web import sessions
from bot.conversations.models import Conversation
from bot.dialogue.state import state_of
from bot.kit.clock import SystemClock
from bot.kit.db import Database
from bot.kit.ids import token
from bot.migrations import upgrade
from bot.portfolio.sample import load_sample
from bot.runtime.platforms import Platforms, clear_whatsapp, platforms
from bot.runtime.rasa import RasaCommand, free_port, running
from bot.runtime.training import train
from bot.settings import Settings

_WAIT = re.compile(r"^(\d+)\s*([dhm])$")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}

_STEP = timedelta(hours=3)
"""How far the clock goes at once while somebody waits: twice into every morning and afternoon."""

_UNHURRIED = 60
"""Jobs that run less often than this many seconds are run at each step of a wait."""


class ScriptError(ValueError):
    """A line of a script cannot be carried out; the message says which and why."""


@dataclass
class Stage:
    """A running Acuerdo."""

    parts: Parts
    clock: SystemClock
    url: str
    platforms: Platforms | None = None
    """The platforms' counterparts, where the rehearsal has them."""


@contextmanager
def served(parts: Parts) -> Iterator[str]:
    """The app on its port, in a thread, for as long as the block lasts."""
    config = uvicorn.Config(
        create_app(parts), host="127.0.0.1", port=parts.settings.port, log_level="warning",
        ws="websockets-sansio", loop="asyncio",
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise OSError(f"the app could not listen on port {parts.settings.port}")
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{parts.settings.port}"
    finally:
        server.should_exit = True
        thread.join(10)


def scratch_settings(folder: Path, **values: Any) -> Settings:
    """Settings for a rehearsal: demo secrets, a database of its own, free ports."""
    port = free_port()
    return Settings(
        demo=True,
        data_dir=folder,
        port=port,
        public_url=f"http://127.0.0.1:{port}",
        rasa_url=f"http://127.0.0.1:{free_port()}",
        **({"database_url": f"sqlite:///{folder / 'acuerdo.db'}"} | values),
    )


def prepare(database: Database, settings: Settings, now: datetime) -> None:
    """The newest schema and the sample portfolio."""
    upgrade(database)
    load_sample(
        database,
        today=now.date(),
        now=now,
        identity_key=settings.identity_key.get_secret_value(),
        origins=[settings.public_url],
    )


@contextmanager
def rehearse(*, on_platforms: bool = False, **values: Any) -> Iterator[Stage]:
    """Train if needed, start everything, take it down afterwards.

    `on_platforms` brings counterparts of Telegram and WhatsApp along, with the app connected.
    """
    model = train()
    clock = SystemClock()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="acuerdo-")))
        both = None
        if on_platforms:
            both = stack.enter_context(platforms(now=lambda: clock.now().timestamp()))
            values = both.settings() | values
        settings = scratch_settings(folder, **values)
        database = Database(settings.database_url)
        stack.callback(database.dispose)
        prepare(database, settings, clock.now())
        parts = build(settings, database=database, clock=clock)
        command = RasaCommand(
            model=model.path,
            port=int(settings.rasa_url.rsplit(":", 1)[1]),
            settings=settings,
            actions_url=f"{settings.public_url}/rasa/actions",
            tracker_db=folder / "rasa.db",
            log=folder / "rasa.log",
        )
        url = stack.enter_context(served(parts))
        stack.enter_context(running(command))
        if both:
            clear_whatsapp(database, settings, clock.now())
            both.connect(settings)
        yield Stage(parts, clock, url, both)


@dataclass
class Talk:
    """One conversation, as a debtor has it."""

    stage: Stage
    creditor_key: str
    language: str = ""
    signed_in_as: str | None = None
    """A token of the creditor's site, for somebody signed in there."""
    turn: int = 0
    seen: int = 0
    _http: httpx.Client = field(init=False, repr=False)
    _secret: str = field(init=False, default="")

    def __post_init__(self) -> None:
        self._http = httpx.Client(base_url=self.stage.url, timeout=60)

    def open(self) -> dict[str, Any]:
        """Press "Abrir chat" and read the greeting."""
        answer = self._http.post(
            "/chat/v1/sessions",
            json={"creditor": self.creditor_key, "lang": self.language, "token": self.signed_in_as},
        )
        answer.raise_for_status()
        self._secret = answer.json()["session"]
        self._http.headers["Authorization"] = f"Bearer {self._secret}"
        return self._result(None, self._new_messages(), time.monotonic())

    def close(self) -> None:
        """Leave the page."""
        self._http.close()

    def line(self, line: str) -> dict[str, Any]:
        """Carry out one line of a script: a text, `/button TITLE`, `/wait 1d` or `/pay`.

        While somebody waits the clock runs, and what runs by itself does: the replies to `/wait`
        are the reminders that came meanwhile.

        Raises:
            ScriptError: there is no such button, no open link, or no such length of time.
        """
        begun = time.monotonic()
        self.turn += 1
        if line.startswith("/wait "):
            self._wait(line.removeprefix("/wait ").strip())
            return self._result(line, self._new_messages(), begun)
        if line == "/pay":
            return self._result(line, self._pay(), begun)
        if line.startswith("/button "):
            self._press(line.removeprefix("/button ").strip())
        else:
            self._send({"text": line})
        return self._result(line, self._new_messages(), begun)

    def _press(self, title: str) -> None:
        """Press a button and wait until that is answered."""
        self._send({"button": self._button(title)})

    def _send(self, body: dict[str, str]) -> None:
        """Send something and wait until it is answered."""
        answer = self._http.post("/chat/v1/messages", json={"client_id": token(12), **body})
        answer.raise_for_status()
        seq = answer.json()["seq"]
        self._until(lambda news: news["read"] >= seq)

    def _news(self, after: int) -> dict[str, Any]:
        answer = self._http.get("/chat/v1/messages", params={"after": after})
        answer.raise_for_status()
        return dict(answer.json())

    def _until(self, done: Any, seconds: float = 90) -> None:
        deadline = time.monotonic() + seconds
        while not done(self._news(10**9)):
            if time.monotonic() > deadline:
                raise TimeoutError("no answer")
            time.sleep(0.01)

    def _new_messages(self) -> list[dict[str, Any]]:
        messages = self._news(self.seen)["messages"]
        self.seen = max([self.seen, *(m["seq"] for m in messages)])
        return [m for m in messages if m["from"] != "debtor"]

    def _button(self, title: str) -> str:
        for message in reversed(self._news(0)["messages"]):
            for button in message["buttons"]:
                if button["title"].casefold() == title.casefold():
                    return str(button["id"])
        raise ScriptError(f"no button is called {title!r}")

    def _wait(self, length: str) -> None:
        match = _WAIT.match(length)
        if not match:
            raise ScriptError(f"{length!r} is not a length of time: write 1d, 12h or 30m")
        left = timedelta(**{_UNITS[match[2]]: int(match[1])})
        jobs = [job for seconds, job in jobs_of(self.stage.parts).values() if seconds >= _UNHURRIED]
        while left:
            step = min(left, _STEP)
            self.stage.clock.advance(step)
            left -= step
            if step == _STEP:
                for job in jobs:
                    job()

    def _pay(self) -> list[dict[str, Any]]:
        link = self._payment_link()
        if not link:
            raise ScriptError("/pay: there is no open payment link")
        page = httpx.get(link, follow_redirects=True, timeout=30)
        page.raise_for_status()
        httpx.post(
            str(page.url), data={"outcome": "paid"}, follow_redirects=True, timeout=30
        ).raise_for_status()
        deadline = time.monotonic() + 30
        while not (new := self._new_messages()):
            if time.monotonic() > deadline:
                raise TimeoutError("the payment was not confirmed in the chat")
            time.sleep(0.02)
        return new

    def _payment_link(self) -> str | None:
        link = self.state()["payment_link"]
        return str(link) if link else None

    def _conversation(self, session: Session) -> Conversation | None:
        return sessions.find(session, self._secret)

    def state(self) -> dict[str, Any]:
        """Where the conversation stands."""
        parts = self.stage.parts
        with parts.database.reading() as session:
            conversation = self._conversation(session)
            if conversation is None:
                return {}
            return state_of(
                session,
                conversation,
                now=parts.clock.now(),
                public_url=parts.settings.public_url,
            )

    def _result(
        self, said: str | None, replies: list[dict[str, Any]], begun: float
    ) -> dict[str, Any]:
        return {
            "turn": self.turn,
            "user": said,
            "replies": [
                {
                    "text": r["text"],
                    "buttons": [b["title"] for b in r["buttons"]],
                    "links": r["links"],
                }
                for r in replies
            ],
            "state": self.state(),
            "latency_ms": round((time.monotonic() - begun) * 1000),
        }


def script_lines(text: str) -> list[str]:
    """The lines of a script; empty ones and those that begin with `#` are left out."""
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]

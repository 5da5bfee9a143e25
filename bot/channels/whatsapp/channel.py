"""WhatsApp as a channel: what it can do, who may use it, and how a message leaves."""

from __future__ import annotations

import contextlib
import logging
from datetime import datetime, timedelta

import httpx
from starlette.concurrency import run_in_threadpool

from bot.channels.port import (
    Capabilities,
    Destination,
    FileRef,
    Inbound,
    Parcel,
    Part,
    Receipt,
    Refused,
    TryLater,
    Uncertain,
)
from bot.channels.whatsapp import limits, render, repository, wire
from bot.channels.whatsapp.client import GraphClient
from bot.channels.whatsapp.codes import NO_USER_IDS
from bot.channels.whatsapp.numbers import PHONE, USER
from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.kit.ids import keyed
from bot.media.rules import LARGEST
from bot.policies.whatsapp import WhatsAppPolicy, whatsapp_policy
from bot.settings import Settings

log = logging.getLogger(__name__)

NAME = "whatsapp"

REMEMBERED = timedelta(seconds=5)
"""For so long a clearance is taken to be in force after it was looked up: a revocation, which
another process may write, takes effect within it. That there is none is never remembered."""


class WhatsAppChannel:
    """The numbers of all creditors, behind one token."""

    name = NAME
    capabilities = Capabilities(
        text_length=render.TEXT,
        buttons=render.BUTTONS,
        button_length=render.TITLE,
        list_rows=render.ROWS,
        list_row_length=render.ROW_TITLE,
        links=True,
        documents=True,
        typing=True,
        read_receipts=True,
        templates=True,
        may_initiate=True,
    )

    def __init__(
        self,
        settings: Settings,
        database: Database,
        clock: Clock,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._numbers = dict(settings.whatsapp_numbers)
        self._account = settings.whatsapp_business_account or "account"
        self._secret = settings.secret_key.get_secret_value()
        self._database, self._clock = database, clock
        self._seen_open: dict[str, datetime] = {}
        self.client = GraphClient(
            settings.whatsapp_api_base,
            settings.whatsapp_token.get_secret_value(),
            transport=transport,
        )

    @property
    def numbers(self) -> dict[str, str]:
        """Our numbers' ids by creditor."""
        return dict(self._numbers)

    def account_of(self, creditor: str) -> str:
        """The number's id by which a creditor's deliveries are known; empty where it has none."""
        return self._numbers.get(creditor, "")

    def creditor_of(self, account: str) -> str:
        """Whose number it is; empty where it is none of ours."""
        return next((slug for slug, number in self._numbers.items() if number == account), "")

    @property
    def policy(self) -> WhatsAppPolicy:
        """What Meta demands today."""
        return whatsapp_policy(self._clock.now().date())

    def read(self, body: bytes, account: str) -> list[Inbound | Receipt]:
        """What a webhook tells, in its order; it names its numbers itself.

        Raises:
            Unreadable: it is not what Meta's documentation describes.
        """
        return wire.read(body)

    def render(self, parcel: Parcel) -> list[Part]:
        """A message as Meta takes it; outside the window, the template that stands for it.

        Raises:
            Refused: `window_closed` for a reply that comes too late.
        """
        return render.render_parcel(parcel, self.policy)

    async def send(self, part: Part, to: Destination) -> str:
        """Send one part; answers Meta's number for it.

        Raises:
            TryLater, Uncertain, Refused: see `bot.channels.port`.
        """
        number = self.account_of(to.creditor)
        if not number or not await self._is_open(to.creditor):
            raise Refused(Refused.NOT_CLEARED)
        addresses = _addresses(to)
        if not addresses:
            raise Refused(Refused.UNREACHABLE)
        kind = part.body.get("type")
        body = dict(part.body)
        if kind == "template" and (wait := await run_in_threadpool(self._take_place, to)):
            raise TryLater(wait)
        if part.document:
            media = await self.client.upload(number, part.document)
            body[str(kind)] = {**body[str(kind)], "id": media}
        try:
            return await self.client.send(number, {**body, **addresses[0]})
        except Refused as refused:
            if len(addresses) > 1 and refused.detail.endswith(f"code {NO_USER_IDS}"):
                return await self.client.send(number, {**body, **addresses[1]})
            raise

    def _take_place(self, to: Destination) -> float | None:
        recipient = to.names.get(PHONE) or to.names.get(USER, "")
        now = self._clock.now()
        with self._database.transaction() as session:
            wait = limits.take_place(
                session,
                keyed(self._secret, NAME, "initiation", recipient),
                account=self._account,
                policy=self.policy,
                now=now,
            )
        if wait is None:
            return None
        log.warning("whatsapp.day_full", extra={"data": {"seconds": int(wait.total_seconds())}})
        return max(60.0, wait.total_seconds())

    async def fetch(self, file: FileRef, to: Destination) -> bytes:
        """The bytes of a file that somebody sent.

        Raises:
            TryLater: Meta does not answer.
            Refused: the file is gone, or larger than we take.
        """
        return await self.client.fetch(self.account_of(to.creditor), file.id, most=LARGEST)

    async def busy(self, to: Destination, event_id: str) -> None:
        """Blue ticks and "writing…"; failures do not matter."""
        number = self.account_of(to.creditor)
        if not number or not await self._is_open(to.creditor):
            return
        with contextlib.suppress(TryLater, Uncertain, Refused):
            await self.client.mark_read(number, event_id)

    async def heard(self, inbound: Inbound, to: Destination, notice: str = "") -> None:
        """Nothing: WhatsApp wants no answer to a press, and in a group nothing may be said."""

    def is_open_to(self, creditor: str) -> bool:
        """Whether a creditor has a number and a clearance in force (`clearance.py` says why).

        A clearance taken back is noticed after `REMEMBERED` at the latest.
        """
        if creditor not in self._numbers:
            return False
        if not self.policy.prohibition.clearance_required or self._was_open(creditor):
            return True
        now = self._clock.now()
        with self._database.reading() as session:
            is_open = repository.is_cleared(session, creditor, NAME)
        if is_open:
            self._seen_open[creditor] = now
        return is_open

    def _was_open(self, creditor: str) -> bool:
        seen = self._seen_open.get(creditor)
        # A clock that was set back must not keep a channel open.
        return seen is not None and timedelta() <= self._clock.now() - seen < REMEMBERED

    async def _is_open(self, creditor: str) -> bool:
        """`is_open_to` for the event loop: in a thread only where the database is asked."""
        if creditor in self._numbers and self._was_open(creditor):
            return True
        return await run_in_threadpool(self.is_open_to, creditor)

    async def close(self) -> None:
        """Let go of connections."""
        await self.client.close()


def _addresses(to: Destination) -> list[dict[str, str]]:
    """How the API is told whom to write, the safest first.

    Meta's id stays with the person; a telephone given up goes to somebody else one day.
    """
    user_id, phone = to.names.get(USER, ""), to.names.get(PHONE, "")
    by_user = [{"recipient": user_id}] if user_id else []
    return by_user + ([{"to": phone}] if phone else [])


def whatsapp(settings: Settings, database: Database, clock: Clock) -> WhatsAppChannel:
    """The channel as the app wires it."""
    return WhatsAppChannel(settings, database, clock)

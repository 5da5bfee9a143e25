"""Calls to Meta's Graph API, and what each answer means. Nothing of a body is ever logged."""

from __future__ import annotations

import logging
from datetime import datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

import httpx

from bot.channels.port import Document, Refused, TryLater, Uncertain
from bot.channels.whatsapp.codes import Fate, fate_of, patience, reason_of

log = logging.getLogger(__name__)

_TIMEOUT = httpx.Timeout(20.0, connect=5.0)
_ACCOUNT_PAUSE = 300.0
_USER_AGENT = f"Acuerdo/{version('acuerdo')}"
_META_HOSTS = (".facebook.com", ".fbsbx.com", ".whatsapp.net", ".fbcdn.net")
"""Where files are fetched from: the token goes nowhere else, whatever an answer says."""


class GraphRefusal(Exception):
    """The API said no; `code` is Meta's, 0 where it gave none."""

    def __init__(self, status: int, code: int, retry_after: float | None = None) -> None:
        super().__init__(f"HTTP {status}, code {code}")
        self.status, self.code, self.retry_after = status, code, retry_after


class GraphClient:
    """One connection pool to the Graph API. `base` is its address with the version."""

    def __init__(
        self, base: str, token: str, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._base = base.rstrip("/")
        self._host = urlsplit(base).hostname or ""
        self._token = token
        # Redirects are not followed: one could carry the token elsewhere.
        self._http = httpx.AsyncClient(timeout=_TIMEOUT, transport=transport, trust_env=False)

    async def send(self, number: str, body: dict[str, Any]) -> str:
        """Send a message from a number of ours; answers its number at Meta.

        Raises:
            TryLater, Uncertain, Refused: see `bot.channels.port`.
        """
        try:
            answer = await self._call("POST", f"{number}/messages", json=body)
        except GraphRefusal as refusal:
            raise _meaning(refusal) from None
        try:
            external_id = answer["messages"][0]["id"]
        except (KeyError, IndexError, TypeError):
            raise Uncertain("no number in the answer") from None
        if not isinstance(external_id, str) or not external_id:
            raise Uncertain("no number in the answer")
        return external_id

    async def upload(self, number: str, document: Document) -> str:
        """Give Meta a file to send; answers its number. Doing it twice harms nothing.

        Raises:
            TryLater, Refused: see `bot.channels.port`.
        """
        data = {"messaging_product": "whatsapp", "type": document.mime}
        files = {"file": (document.name, document.data, document.mime)}
        try:
            answer = await self._call("POST", f"{number}/media", data=data, files=files)
        except GraphRefusal as refusal:
            raise _meaning(refusal) from None
        except Uncertain:
            raise TryLater from None
        media = answer.get("id")
        if not isinstance(media, str) or not media:
            raise TryLater
        return media

    async def fetch(self, number: str, media: str, *, most: int) -> bytes:
        """The bytes of a file that somebody sent, at most `most` of them.

        Raises:
            TryLater: Meta does not answer.
            Refused: the file is gone (kept for 7 days), or larger than that.
        """
        if not media.isascii() or not media.isalnum():
            raise Refused(Refused.REJECTED, "no file's number")
        try:
            told = await self._call("GET", media, params={"phone_number_id": number})
            url, size = str(told.get("url", "")), str(told.get("file_size", ""))
            if size.isascii() and size.isdecimal() and int(size[:15]) > most:
                raise Refused(Refused.REJECTED, "too large")
            return await self._download(url, most)
        except GraphRefusal as refusal:
            if refusal.status in (400, 404, 410) and fate_of(refusal.code) is Fate.REFUSED:
                raise Refused(Refused.REJECTED, "gone") from None
            raise _meaning(refusal) from None
        except Uncertain:
            raise TryLater from None

    async def _download(self, url: str, most: int) -> bytes:
        parts = urlsplit(url)
        host = parts.hostname or ""
        ours = host == self._host and parts.scheme == urlsplit(self._base).scheme
        if not ours and not (parts.scheme == "https" and host.endswith(_META_HOSTS)):
            raise Refused(Refused.REJECTED, "not Meta's address")
        try:
            async with self._http.stream("GET", url, headers=self._headers()) as answer:
                if answer.status_code != 200:
                    raise GraphRefusal(answer.status_code, 0)
                data = bytearray()
                async for chunk in answer.aiter_bytes():
                    data += chunk
                    if len(data) > most:
                        raise Refused(Refused.REJECTED, "too large")
                return bytes(data)
        except httpx.HTTPError:
            raise TryLater from None

    async def mark_read(self, number: str, message_id: str) -> None:
        """Show the blue ticks and that an answer is being written.

        Raises:
            TryLater, Uncertain, Refused: see `bot.channels.port`.
        """
        body = {
            "messaging_product": "whatsapp",
            "status": "read",
            "message_id": message_id,
            "typing_indicator": {"type": "text"},
        }
        try:
            await self._call("POST", f"{number}/messages", json=body)
        except GraphRefusal as refusal:
            raise _meaning(refusal) from None

    async def read(self, path: str, **params: str) -> dict[str, Any]:
        """Look something up: a number, an account, its templates.

        Raises:
            GraphRefusal: the API said no.
            TryLater: it does not answer.
        """
        try:
            return await self._call("GET", path, params=params)
        except Uncertain:
            raise TryLater from None

    async def create(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Create something that is no message.

        Raises:
            GraphRefusal: the API said no.
            TryLater, Uncertain: see `bot.channels.port`.
        """
        return await self._call("POST", path, json=body)

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.aclose()

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}", "User-Agent": _USER_AGENT}

    async def _call(self, method: str, path: str, **how: Any) -> dict[str, Any]:
        try:
            answer = await self._http.request(
                method, f"{self._base}/{path}", headers=self._headers(), **how
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise TryLater from None  # it never left
        except httpx.HTTPError as problem:
            raise Uncertain(type(problem).__name__) from None
        try:
            told = answer.json()
        except (ValueError, RecursionError):
            told = None
        if answer.is_success:
            if not isinstance(told, dict):
                raise Uncertain("the answer is no JSON")
            return told
        raise GraphRefusal(answer.status_code, _code_in(told), _retry_after(answer))


def _code_in(told: Any) -> int:
    error = told.get("error") if isinstance(told, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) and not isinstance(code, bool) else -1


def _retry_after(answer: httpx.Response) -> float | None:
    given = answer.headers.get("retry-after", "")
    if given.isascii() and given.isdecimal() and len(given) < 7:
        return float(given)
    try:
        at = parsedate_to_datetime(given)
        sent = parsedate_to_datetime(answer.headers["date"])
    except (ValueError, KeyError, TypeError):
        return None
    return max(0.0, (at - sent).total_seconds()) if _aware(at) and _aware(sent) else None


def _aware(moment: datetime) -> bool:
    return moment.tzinfo is not None


def _meaning(refusal: GraphRefusal) -> TryLater | Refused:
    """What a refusal means for the message that met it."""
    code = refusal.code
    fate = fate_of(code)
    if refusal.status == 401 or fate is Fate.ACCOUNT:
        log.error(
            "whatsapp.account_stopped",
            extra={"data": {"status": refusal.status, "code": code, "see": "docs/whatsapp.md"}},
        )
        return TryLater(refusal.retry_after or _ACCOUNT_PAUSE, whole_account=True)
    if fate is Fate.LATER or refusal.status == 429 or refusal.status >= 500:
        # 131056 is about one person; the other limits are the account's.
        crowded = refusal.status == 429 or code in (4, 80007, 130429, 131048)
        return TryLater(
            refusal.retry_after or patience(code),
            whole_account=crowded and code != 131056,
        )
    return Refused(reason_of(code), f"HTTP {refusal.status}, code {code}")

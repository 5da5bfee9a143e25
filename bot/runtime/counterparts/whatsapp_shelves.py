"""What Meta keeps for a business: files, templates, its numbers; and what can go wrong with calls."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.runtime.counterparts.whatsapp_checks import GraphError
from bot.runtime.counterparts.whatsapp_posts import Postman, sign

_URL_LIVES = 300.0
_MIMES = {"application/pdf", "text/plain", "image/jpeg", "image/png", "image/webp", "audio/ogg"}


@dataclass
class Fault:
    """Something that goes wrong with the next `times` calls of one kind.

    `what`: `messages`, `status`, `upload`, `media`, `download`, `templates` or `number`.
    """

    what: str
    times: int = 1
    status: int = 400
    code: int = 0
    """Refuse with this code of Meta's."""
    seconds: float = 0.0
    """Be this slow."""
    breaks_off: bool = False
    """Do it, and close the connection in the middle of the answer."""
    fails_later: bool = False
    """Take a message, and report `code` by a failed status."""


@dataclass
class _Media:
    data: bytes
    mime: str
    number: str
    url_until: float = 0.0


class Shelves(Postman):
    """The files and templates of one account, and the calls that reach them."""

    root = ""
    """The counterpart's address without a version."""

    def __init__(self, numbers: dict[str, str], *, token: str, **posting: Any) -> None:
        super().__init__(**posting)
        self.numbers, self.token = numbers, token
        self.calls: list[tuple[str, dict[str, Any]]] = []
        """Every request that reached the API: what, and its JSON."""
        self.faults: list[Fault] = []
        self.templates: dict[tuple[str, str], dict[str, Any]] = {}
        self.media: dict[str, _Media] = {}
        self.quality = "GREEN"
        self.tier = "TIER_250"
        self._count = 0

    def approves(self, name: str, language: str) -> None:
        """Meta approves a template; it is told so by webhook."""
        self._judge(name, language, "APPROVED", "NONE")

    def rejects(self, name: str, language: str, reason: str = "INVALID_FORMAT") -> None:
        """Meta rejects a template."""
        self._judge(name, language, "REJECTED", reason)

    def pauses(self, name: str, language: str) -> None:
        """Meta pauses a template whose readers complain."""
        self._judge(name, language, "PAUSED", "NONE")

    def keep_media(self, data: bytes, mime: str, *, number: str) -> str:
        """Keep a file; answers its number."""
        with self.news:
            self._count += 1
            media = str(4_490_000_000_000_000 + self._count)
            self.media[media] = _Media(data, mime, number)
        return media

    def expires(self, media: str) -> None:
        """A file that somebody sent is no longer kept."""
        del self.media[media]

    def display(self, number: str) -> str:
        """The telephone that people see for a number's id."""
        return f"1555{int(hashlib.sha256(number.encode()).hexdigest(), 16) % 10**7:07d}"

    # ---- files ----------------------------------------------------------------------------

    async def _upload(self, request: Request) -> Response:
        try:
            self._allow(request)
            async with request.form() as form:
                file = form.get("file")
                self.calls.append(("upload", {"mime": getattr(file, "content_type", "")}))
                if form.get("messaging_product") != "whatsapp" or not isinstance(file, UploadFile):
                    raise GraphError(100, "Invalid parameter", details="file, messaging_product")
                mime = (file.content_type or "").split(";")[0]
                if mime not in _MIMES:
                    raise GraphError(100, "Invalid parameter", details="type not supported")
                data = await file.read()
            if fault := self._fault("upload"):
                await self._misbehave(fault)
            media = self.keep_media(data, mime, number=request.path_params["number"])
            return JSONResponse({"id": media})
        except GraphError as error:
            return refusal(error)

    async def _thing(self, request: Request) -> Response:
        thing = request.path_params["thing"]
        try:
            self._allow(request)
            if thing in self.numbers.values():
                return await self._number(thing)
            if thing == self.account:
                shown = {"id": thing, "whatsapp_business_manager_messaging_limit": self.tier}
                return JSONResponse(shown)
            if fault := self._fault("media"):
                await self._misbehave(fault)
            kept = self.media.get(thing)
            wanted = request.query_params.get("phone_number_id", kept.number if kept else "")
            if kept is None or wanted != kept.number:
                raise GraphError(100, "Unsupported get request. Object does not exist")
            kept.url_until = time.monotonic() + _URL_LIVES
            return JSONResponse(
                {
                    "messaging_product": "whatsapp",
                    "url": f"{self.root}/files/{thing}/{sign(self.token, thing.encode())[7:27]}",
                    "mime_type": kept.mime,
                    "sha256": hashlib.sha256(kept.data).hexdigest(),
                    "file_size": str(len(kept.data)),
                    "id": thing,
                }
            )
        except GraphError as error:
            return refusal(error)

    async def _number(self, number: str) -> Response:
        if fault := self._fault("number"):
            await self._misbehave(fault)
        return JSONResponse(
            {
                "id": number,
                "display_phone_number": f"+{self.display(number)}",
                "verified_name": "Tienda",
                "quality_rating": self.quality,
            }
        )

    async def _download(self, request: Request) -> Response:
        try:
            self._allow(request)
            if fault := self._fault("download"):
                await self._misbehave(fault)
            kept = self.media.get(request.path_params["media"])
            if kept is None or time.monotonic() > kept.url_until:
                return Response(status_code=404)
            return Response(kept.data, media_type=kept.mime)
        except GraphError as error:
            return refusal(error)

    # ---- templates ------------------------------------------------------------------------

    async def _templates(self, request: Request) -> Response:
        try:
            self._allow(request)
            if request.path_params["account"] != self.account:
                raise GraphError(100, "Unsupported get request. Object does not exist")
            if fault := self._fault("templates"):
                await self._misbehave(fault)
            name = request.query_params.get("name")
            shown = [t for t in self.templates.values() if name in (None, t["name"])]
            return JSONResponse({"data": shown, "paging": {}})
        except GraphError as error:
            return refusal(error)

    async def _submit(self, request: Request) -> Response:
        try:
            self._allow(request)
            given = await json_of(request)
            self.calls.append(("templates", given))
            key = (given["name"], given["language"])
            body = next(c for c in given["components"] if c["type"] == "BODY")
            if key in self.templates:
                raise GraphError(100, "Invalid parameter", details="already exists")
            if "{{1}}" in body["text"] and not body.get("example", {}).get("body_text"):
                raise GraphError(100, "Invalid parameter", details="example missing")
            self._count += 1
            self.templates[key] = {**given, "id": str(self._count), "status": "PENDING"}
            shown = {"id": str(self._count), "status": "PENDING", "category": given["category"]}
            return JSONResponse(shown)
        except GraphError as error:
            return refusal(error)

    def _judge(self, name: str, language: str, status: str, reason: str) -> None:
        known = self.templates[name, language]
        known["status"], known["rejected_reason"] = status, reason
        value = {"event": status, "message_template_id": int(known["id"]),
            "message_template_name": name, "message_template_language": language,
            "reason": reason}  # fmt: skip
        self.post("message_template_status_update", value, "account")

    # ---- small ----------------------------------------------------------------------------

    def _allow(self, request: Request) -> None:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            raise GraphError(190, "Invalid OAuth access token", status=401)

    def _fault(self, what: str) -> Fault | None:
        for fault in self.faults:
            if fault.what == what and fault.times > 0:
                fault.times -= 1
                return fault
        return None

    async def _misbehave(self, fault: Fault) -> None:
        if fault.seconds:
            await asyncio.sleep(fault.seconds)
        if fault.code or fault.status >= 500:
            raise GraphError(fault.code, "Something went wrong", status=fault.status)


async def json_of(request: Request) -> Any:
    """What a request says.

    Raises:
        GraphError: it is no JSON.
    """
    try:
        return json.loads(await request.body())
    except ValueError:
        raise GraphError(100, "Invalid parameter", details="not JSON") from None


def refusal(error: GraphError) -> Response:
    """An error as the API answers it."""
    return JSONResponse(error.shown(), status_code=error.status)

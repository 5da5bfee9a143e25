"""A small, strict WhatsApp Cloud API over real HTTP, with people who write, press and read.

    with WhatsAppServer({"tienda-sol": "106540352242922"}, webhook=url) as whatsapp:
        ana = whatsapp.person("tienda-sol", shape="both")
        ana.says("hola")                  # a signed webhook goes to the app
        reply = ana.next()                # waits for the app's next message
        ana.presses(reply.buttons[0][0])

It refuses what Meta's documentation refuses, keeps the 24-hour window, and reports every message
as sent, delivered and read by signed webhooks; it can repeat and shuffle them as Meta may. Not
exact where the documentation is silent: which refusals come at once and which by a later `failed`
status (`refuses_at_once` switches), the pace, and the limit of people a day, which is not counted.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable
from typing import Any, Self

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.runtime.counterparts.serving import Served
from bot.runtime.counterparts.whatsapp_checks import (
    GraphError,
    Sent,
    check_message,
    check_status,
)
from bot.runtime.counterparts.whatsapp_person import Person, Received, Shape
from bot.runtime.counterparts.whatsapp_posts import sign
from bot.runtime.counterparts.whatsapp_shelves import Fault, Shelves, json_of, refusal

__all__ = ["Fault", "Person", "Received", "WhatsAppServer", "sign"]

TOKEN, APP_SECRET, VERIFY_TOKEN = "EAAcounterpart", "counterpart-app-secret", "counterpart-verify"
ACCOUNT = "102290129340398"
_WINDOW = 24 * 3600


class WhatsAppServer(Shelves):
    """Serves the Graph API for some numbers from a thread of its own; `url` is its address."""

    def __init__(
        self,
        numbers: dict[str, str],
        *,
        webhook: str = "",
        token: str = TOKEN,
        app_secret: str = APP_SECRET,
        verify_token: str = VERIFY_TOKEN,
        account: str = ACCOUNT,
        now: Callable[[], float] = time.time,
        seed: int = 1,
    ) -> None:
        """`numbers` are the numbers' ids by creditor; `webhook` may be set later."""
        super().__init__(
            numbers,
            token=token,
            webhook=webhook,
            app_secret=app_secret,
            account=account,
            seed=seed,
        )
        self.verify_token = verify_token
        self.refuses_at_once = False
        self.people: list[Person] = []
        self._now = now
        self._served = Served()

    # ---- running it -----------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._served.bind()
        self.root = self._served.url
        version = "/{version}"
        app = Starlette(
            routes=[
                Route(version + "/{number}/messages", self._messages, methods=["POST"]),
                Route(version + "/{number}/media", self._upload, methods=["POST"]),
                Route(version + "/{account}/message_templates", self._templates),
                Route(version + "/{account}/message_templates", self._submit, methods=["POST"]),
                Route(version + "/{thing}", self._thing),
                Route("/files/{media}/{secret}", self._download),
            ],
            lifespan=self._posting,
        )
        self._served.start(app, grace=1)
        return self

    def __exit__(self, *_: object) -> None:
        self._served.stop()

    @property
    def url(self) -> str:
        """What takes the place of `https://graph.facebook.com/v23.0`."""
        return f"{self.root}/v23.0"

    # ---- what a test does -----------------------------------------------------------------

    def person(
        self,
        creditor: str,
        *,
        name: str = "Ana",
        phone: str = "",
        user_id: str = "",
        shape: Shape = "both",
    ) -> Person:
        """Somebody with a telephone, who has not written to the creditor's number yet."""
        count = len(self.people) + 1
        made = Person(
            self,
            self.numbers[creditor],
            phone or f"52155{count:08d}",
            user_id or f"MX.{9_000_000_000_000 + count}",
            name,
            shape,
        )
        self.people.append(made)
        return made

    def goes_wrong(self, what: str, **how: Any) -> None:
        """Let the next call of `what` go wrong: see `Fault`."""
        self.faults.append(Fault(what, **how))

    def rates(self, creditor: str, quality: str) -> None:
        """Meta rates a number `GREEN`, `YELLOW` or `RED`; a webhook tells of the worst and after."""
        before, self.quality = self.quality, quality
        event = "FLAGGED" if quality == "RED" else "UNFLAGGED" if before == "RED" else ""
        if event:
            value = {"display_phone_number": self.display(self.numbers[creditor]), "event": event,
                "current_limit": self.tier}  # fmt: skip
            self.post("phone_number_quality_update", value, "account")

    # ---- the platform's side of a telephone ------------------------------------------------

    def now(self) -> float:
        """The platform's clock."""
        return self._now()

    def new_id(self) -> str:
        """The next message's number."""
        with self.news:
            self._count += 1
            raw = hashlib.sha256(f"{id(self)}:{self._count}".encode()).digest()[:18]
            return f"wamid.HBg{base64.b64encode(raw).decode()}{self._count:X}"

    def tell(self, number: str, field: str, value: dict[str, Any], key: str) -> None:
        """Post news of a number."""
        metadata = {"display_phone_number": self.display(number), "phone_number_id": number}
        told = {"messaging_product": "whatsapp", "metadata": metadata, **value}
        self.post(field, told, key)

    # ---- sending --------------------------------------------------------------------------

    async def _messages(self, request: Request) -> Response:
        try:
            self._allow(request)
            number = request.path_params["number"]
            if number not in self.numbers.values():
                raise GraphError(33, "Object does not exist", status=400)
            body = await json_of(request)
            if isinstance(body, dict) and "status" in body:
                return await self._seen(number, body)
            self.calls.append(("messages", body if isinstance(body, dict) else {}))
            sent = check_message(body)
            fault = self._fault("messages")
            if fault and not fault.breaks_off and not fault.fails_later:
                await self._misbehave(fault)
            answer = self._deliver(number, sent, fault.code if fault and fault.fails_later else 0)
            if fault and fault.breaks_off:
                return Response(b'{"messaging', headers={"content-length": "1000"})
            return JSONResponse(answer)
        except GraphError as error:
            return refusal(error)
        except ClientDisconnect:
            return Response(status_code=499)

    async def _seen(self, number: str, body: dict[str, Any]) -> Response:
        self.calls.append(("status", body))
        message_id, typing = check_status(body)
        if fault := self._fault("status"):
            await self._misbehave(fault)
        for person in self.people:
            if person.number == number:
                with self.news:
                    person.seen_by_business.add(message_id)
                    person.typing += typing
        return JSONResponse({"success": True})

    def _deliver(self, number: str, sent: Sent, late: int) -> dict[str, Any]:
        person = self._person(number, sent)
        self._check_template(sent)
        self._check_media(number, sent)
        code = late or self._refusal_of(person, sent)
        if code and self.refuses_at_once and not late:
            raise GraphError(code, _WORDS.get(code, "Message undeliverable"))
        message_id = self.new_id()
        if person and not code:
            with self.news:
                person.received.append(self._shown(message_id, sent))
                self.news.notify_all()
        states = ["failed"] if code else ["sent", "delivered", "read"]
        if person and not person.reads and not code:
            states = states[:2]
        for state in states:
            self._report(number, person, message_id, sent, state, code)
        contact = {"input": sent.phone or sent.user_id}
        contact |= {"wa_id": sent.phone} if sent.phone else {"user_id": sent.user_id}
        return {
            "messaging_product": "whatsapp",
            "contacts": [contact],
            "messages": [{"id": message_id}],
        }

    def _person(self, number: str, sent: Sent) -> Person | None:
        for person in self.people:
            if person.number != number:
                continue
            same = _plain(person.phone) == _plain(sent.phone) if sent.phone else False
            if same or (not sent.phone and person.user_id == sent.user_id):
                return person
        return None

    def _refusal_of(self, person: Person | None, sent: Sent) -> int:
        if person is None or not person.is_reachable:
            return 131026
        if person.has_stopped and sent.kind == "template":
            return 131050
        is_open = person.wrote_at is not None and self._now() - person.wrote_at < _WINDOW
        return 131047 if sent.kind != "template" and not is_open else 0

    def _check_template(self, sent: Sent) -> None:
        if sent.kind != "template":
            return
        name, language = sent.content["name"], sent.content["language"]["code"]
        known = self.templates.get((name, language))
        if known is None or known["status"] in ("PENDING", "REJECTED"):
            raise GraphError(132001, "Template name does not exist in the translation", status=404)
        if known["status"] != "APPROVED":
            raise GraphError(132015, "Template is Paused")
        given = {c["type"]: len(c["parameters"]) for c in sent.content["components"]}
        body = next(c for c in known["components"] if c["type"] == "BODY")
        if given.get("body", 0) != body["text"].count("{{"):
            raise GraphError(132000, "Number of parameters does not match the expected number")

    def _check_media(self, number: str, sent: Sent) -> None:
        media = sent.content.get("id") if sent.kind in ("document", "image") else None
        if media is not None and (media not in self.media or self.media[media].number != number):
            raise GraphError(131053, "Media upload error", details="no such media")

    def _report(
        self,
        number: str,
        person: Person | None,
        message_id: str,
        sent: Sent,
        state: str,
        code: int,
    ) -> None:
        status: dict[str, Any] = {
            "id": message_id,
            "status": state,
            "timestamp": str(int(self._now())),
        }
        # News of what could not be delivered names the telephone alone, where one was used.
        if sent.phone and (state == "failed" or person is None or person.shape != "user"):
            status["recipient_id"] = sent.phone
        elif person and person.shape == "both" and state != "failed":
            status["recipient_id"] = person.phone
        if person and person.shape != "phone" and (state != "failed" or not sent.phone):
            status["recipient_user_id"] = person.user_id
        if sent.about:
            status["biz_opaque_callback_data"] = sent.about
        if code:
            words = _WORDS.get(code, "Message undeliverable")
            status["errors"] = [{"code": code, "title": words, "message": words}]
        value: dict[str, Any] = {"statuses": [status]}
        if person and state != "failed":
            value["contacts"] = [person.card()]
        self.tell(number, "messages", value, person.key if person else "nobody")

    def _shown(self, message_id: str, sent: Sent) -> Received:
        content = sent.content
        shown = Received(message_id, "", about=sent.about, at=time.monotonic())
        match sent.kind:
            case "text":
                shown.text = content["body"]
            case "template":
                self._fill_in(shown, content)
            case "interactive":
                shown.text = content["body"]["text"]
                _hang(shown, content)
            case _:
                shown.text = content.get("caption", "")
                shown.file_name = content.get("filename", "")
                kept = self.media.get(content.get("id", ""))
                if kept:
                    shown.mime, shown.document = kept.mime, kept.data
                else:
                    shown.links = [(shown.file_name, content["link"])]
        return shown

    def _fill_in(self, shown: Received, content: dict[str, Any]) -> None:
        known = self.templates[content["name"], content["language"]["code"]]
        shown.template = content["name"]
        given = {c["type"]: c["parameters"] for c in content["components"] if c["type"] == "body"}
        shown.text = next(c for c in known["components"] if c["type"] == "BODY")["text"]
        for place, parameter in enumerate(given.get("body", []), start=1):
            shown.text = shown.text.replace(f"{{{{{place}}}}}", parameter["text"])
        payloads = {
            int(c["index"]): c["parameters"][0]["payload"]
            for c in content["components"]
            if c["type"] == "button"
        }
        for component in known["components"]:
            for place, button in enumerate(component.get("buttons", [])):
                shown.buttons.append((button["text"], payloads.get(place, button["text"])))


_WORDS = {131047: "Re-engagement message", 131050: "User has stopped marketing messages"}


def _hang(shown: Received, content: dict[str, Any]) -> None:
    action = content["action"]
    for button in action.get("buttons", []):
        shown.buttons.append((button["reply"]["title"], button["reply"]["id"]))
    for section in action.get("sections", []):
        shown.list_title = action["button"]
        for row in section["rows"]:
            shown.buttons.append((row.get("description") or row["title"], row["id"]))
    if content["type"] == "cta_url":
        link = action["parameters"]
        shown.links.append((link["display_text"], link["url"]))


def _plain(phone: str) -> str:
    """Without the 1 after Mexico's 52: both forms reach the same telephone."""
    return f"52{phone[3:]}" if phone.startswith("521") and len(phone) == 13 else phone

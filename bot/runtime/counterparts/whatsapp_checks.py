"""What the Graph API refuses: every shape and limit of the messages that a business may send.

The limits are those of Meta's own OpenAPI description (business-messaging-api_v23.0.yaml,
facebook/openapi, MIT) and, for what it leaves out (link buttons, user ids), of Meta's pages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

Json = dict[str, Any]

_USER_ID = re.compile(r"[A-Z]{2}(\.ENT)?\.[A-Za-z0-9]{1,128}")
_COMMON = {
    "messaging_product",
    "recipient_type",
    "to",
    "recipient",
    "type",
    "context",
    "biz_opaque_callback_data",
}


class GraphError(Exception):
    """An answer of the API that is no success."""

    def __init__(self, code: int, message: str, *, status: int = 400, details: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.status, self.details = code, message, status, details

    def shown(self) -> Json:
        """As the API words it."""
        error: Json = {
            "message": f"(#{self.code}) {self.message}",
            "type": "OAuthException",
            "code": self.code,
            "fbtrace_id": "AcuerdoCounterpart",
        }
        if self.details:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        return {"error": error}


def _bad(details: str) -> GraphError:
    return GraphError(100, "Invalid parameter", details=details)


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was found in order."""

    kind: str
    content: Json
    phone: str
    user_id: str
    about: str


def check_message(body: Any) -> Sent:
    """What a business wants to send, if the API would take it.

    Raises:
        GraphError: it would not.
    """
    message = _object(body, "the body")
    if message.get("messaging_product") != "whatsapp":
        raise _bad("messaging_product must be whatsapp")
    if message.get("recipient_type", "individual") != "individual":
        raise _bad("recipient_type must be individual")
    phone, user_id = message.get("to", ""), message.get("recipient", "")
    if not phone and not user_id:
        raise GraphError(131009, "Parameter value is not valid", details="to or recipient needed")
    if phone and not (isinstance(phone, str) and re.fullmatch(r"\+?[0-9]{7,15}", phone)):
        raise GraphError(131009, "Parameter value is not valid", details="to is no number")
    if user_id and not (isinstance(user_id, str) and _USER_ID.fullmatch(user_id)):
        raise GraphError(131009, "Parameter value is not valid", details="recipient is no user id")
    kind = message.get("type", "text")
    if kind not in _KINDS:
        raise _bad(f"type {kind!r} is not supported")
    _only(message, {*_COMMON, kind}, "the body")
    about = message.get("biz_opaque_callback_data", "")
    _string(about, "biz_opaque_callback_data", most=512, least=0)
    content = _object(message.get(kind), kind)
    _KINDS[kind](content)
    return Sent(kind, content, str(phone).lstrip("+"), str(user_id), about)


def _text(content: Json) -> None:
    _only(content, {"body", "preview_url"}, "text")
    _string(content.get("body"), "text.body", most=4096)
    if not isinstance(content.get("preview_url", False), bool):
        raise _bad("text.preview_url must be true or false")


def _media(name: str, allowed: set[str]) -> Any:
    def check(content: Json) -> None:
        _only(content, {"id", "link", "caption", *allowed}, name)
        if ("id" in content) == ("link" in content):
            raise _bad(f"{name} takes either an id or a link")
        if "link" in content:
            _address(content["link"], f"{name}.link")
        if "caption" in content:
            _string(content["caption"], f"{name}.caption", most=1024)
        for key in allowed & content.keys():
            _string(content[key], f"{name}.{key}", most=240)

    return check


def _interactive(content: Json) -> None:
    _only(content, {"type", "header", "body", "footer", "action"}, "interactive")
    kind = content.get("type")
    body = _object(content.get("body"), "interactive.body")
    _only(body, {"text"}, "interactive.body")
    _string(body.get("text"), "interactive.body.text", most=1024)
    if "footer" in content:
        _string(_object(content["footer"], "footer").get("text"), "footer.text", most=60)
    action = _object(content.get("action"), "interactive.action")
    match kind:
        case "button":
            _reply_buttons(action)
        case "list":
            _list(action)
        case "cta_url":
            _link_button(action)
        case _:
            raise _bad(f"interactive.type {kind!r} is not supported")


def _reply_buttons(action: Json) -> None:
    _only(action, {"buttons"}, "action")
    buttons = _array(action.get("buttons"), "action.buttons", most=3)
    ids, titles = set(), set()
    for button in buttons:
        _only(button, {"type", "reply"}, "button")
        if button.get("type") != "reply":
            raise _bad("button.type must be reply")
        reply = _object(button.get("reply"), "button.reply")
        _only(reply, {"id", "title"}, "reply")
        ids.add(_string(reply.get("id"), "reply.id", most=256))
        titles.add(_string(reply.get("title"), "reply.title", most=20))
    if len(ids) < len(buttons) or len(titles) < len(buttons):
        raise GraphError(131009, "Parameter value is not valid", details="Duplicated button")


def _list(action: Json) -> None:
    _only(action, {"button", "sections"}, "action")
    _string(action.get("button"), "action.button", most=20)
    sections = _array(action.get("sections"), "action.sections", most=10)
    ids: list[str] = []
    for section in sections:
        _only(section, {"title", "rows"}, "section")
        if len(sections) > 1:
            _string(section.get("title"), "section.title", most=24)
        for row in _array(section.get("rows"), "section.rows", most=10):
            _only(row, {"id", "title", "description"}, "row")
            ids.append(_string(row.get("id"), "row.id", most=200))
            _string(row.get("title"), "row.title", most=24)
            if "description" in row:
                _string(row["description"], "row.description", most=72)
    if len(ids) > 10 or len(set(ids)) < len(ids):
        raise GraphError(131009, "Parameter value is not valid", details="rows: ten, all different")


def _link_button(action: Json) -> None:
    _only(action, {"name", "parameters"}, "action")
    if action.get("name") != "cta_url":
        raise _bad("action.name must be cta_url")
    parameters = _object(action.get("parameters"), "action.parameters")
    _only(parameters, {"display_text", "url"}, "action.parameters")
    _string(parameters.get("display_text"), "display_text", most=20)
    _address(parameters.get("url"), "url", https=True)


def _template(content: Json) -> None:
    _only(content, {"name", "language", "components"}, "template")
    name = _string(content.get("name"), "template.name", most=512)
    if not re.fullmatch(r"[a-z0-9_]+", name):
        raise _bad("template.name: small letters, digits and _ only")
    language = _object(content.get("language"), "template.language")
    _only(language, {"policy", "code"}, "template.language")
    _string(language.get("code"), "template.language.code", most=15)
    if language.get("policy", "deterministic") != "deterministic":
        raise _bad("template.language.policy must be deterministic")
    for component in _array(content.get("components", []), "template.components", least=0):
        _component(component)


def _component(component: Json) -> None:
    _only(component, {"type", "sub_type", "index", "parameters"}, "component")
    kind = component.get("type")
    parameters = _array(component.get("parameters", []), "component.parameters", least=0)
    if kind == "body":
        for parameter in parameters:
            _only(parameter, {"type", "text"}, "parameter")
            text = _string(parameter.get("text"), "parameter.text", most=1024)
            if re.search(r"[\n\t]| {5,}", text):
                raise GraphError(132018, "Template parameter has line breaks or many blanks")
    elif kind == "button":
        if component.get("sub_type") != "quick_reply" or "index" not in component:
            raise _bad("button: sub_type quick_reply and an index")
        for parameter in parameters:
            if parameter.get("type") != "payload":
                raise _bad("button.parameters.type must be payload")
            _string(parameter.get("payload"), "parameter.payload", most=128)
    else:
        raise _bad(f"component.type {kind!r} is not supported")


_KINDS = {
    "text": _text,
    "interactive": _interactive,
    "template": _template,
    "document": _media("document", {"filename"}),
    "image": _media("image", set()),
}


def check_status(body: Json) -> tuple[str, bool]:
    """`(message id, whether to show typing)` of a request that marks a message as read."""
    _only(body, {"messaging_product", "status", "message_id", "typing_indicator"}, "the body")
    if body.get("messaging_product") != "whatsapp" or body.get("status") != "read":
        raise _bad("status must be read")
    typing = body.get("typing_indicator")
    if typing is not None and typing != {"type": "text"}:
        raise _bad("typing_indicator.type must be text")
    return _string(body.get("message_id"), "message_id", most=512), typing is not None


# --- small checks -----------------------------------------------------------------------------


def _only(given: Json, allowed: set[str], where: str) -> None:
    if extra := given.keys() - allowed:
        raise _bad(f"{where}: unexpected {', '.join(sorted(extra))}")


def _object(given: Any, where: str) -> Json:
    if not isinstance(given, dict):
        raise GraphError(131008, "Required parameter is missing", details=f"{where} is missing")
    return given


def _array(given: Any, where: str, *, least: int = 1, most: int = 50) -> list[Json]:
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise _bad(f"{where} must be a list of objects")
    if not least <= len(given) <= most:
        raise _bad(f"{where}: between {least} and {most}")
    return given


def _string(given: Any, where: str, *, most: int, least: int = 1) -> str:
    if not isinstance(given, str):
        raise _bad(f"{where} must be a text")
    length = len(given.encode("utf-16-le")) // 2
    if not least <= length <= most or (least and not given.strip()):
        raise _bad(f"{where}: between {least} and {most} characters")
    return given


def _address(given: Any, where: str, *, https: bool = False) -> None:
    text = _string(given, where, most=2000)
    parts = urlsplit(text)
    if parts.scheme not in (("https",) if https else ("http", "https")) or not parts.hostname:
        raise _bad(f"{where} is no address")

"""Webhooks as the platforms' documentation shows them, one of each kind, to be spoilt by tests."""

from __future__ import annotations

import copy
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

APP_SECRET = "the-app-secret-of-these-tests"
NUMBER = "106540352242922"

_PERSON = {"id": 71, "is_bot": False, "first_name": "Ana", "username": "ana", "language_code": "es"}
_CHAT = {"id": 71, "type": "private", "first_name": "Ana", "username": "ana"}
_HEAD = {"message_id": 5, "from": _PERSON, "chat": _CHAT, "date": 1763740800}
_BOT = {"id": 100, "is_bot": True, "first_name": "Girasol", "username": "girasol_bot"}

TELEGRAM: dict[str, dict[str, Any]] = {
    "text": {"update_id": 1, "message": {**_HEAD, "text": "hola"}},
    "command": {
        "update_id": 2,
        "message": {
            **_HEAD,
            "text": "/start abc",
            "entities": [{"type": "bot_command", "offset": 0, "length": 6}],
        },
    },
    "photo": {
        "update_id": 3,
        "message": {
            **_HEAD,
            "caption": "mi recibo",
            "photo": [
                {
                    "file_id": "AgAC1",
                    "file_unique_id": "u1",
                    "width": 90,
                    "height": 60,
                    "file_size": 900,
                }
            ],
        },
    },
    "document": {
        "update_id": 4,
        "message": {
            **_HEAD,
            "document": {
                "file_id": "BQAC1",
                "file_unique_id": "u2",
                "file_name": "recibo.pdf",
                "mime_type": "application/pdf",
                "file_size": 1200,
            },
        },
    },
    "contact": {
        "update_id": 5,
        "message": {
            **_HEAD,
            "contact": {"phone_number": "+525512345678", "first_name": "Ana", "user_id": 71},
        },
    },
    "voice": {
        "update_id": 6,
        "message": {
            **_HEAD,
            "voice": {"file_id": "AwAC1", "file_unique_id": "u3", "duration": 3},
        },
    },
    "edit": {
        "update_id": 7,
        "edited_message": {**_HEAD, "edit_date": 1763740860, "text": "hola, buenas"},
    },
    "press": {
        "update_id": 8,
        "callback_query": {
            "id": "4382bfdwdsb323b2d9",
            "from": _PERSON,
            "chat_instance": "-71",
            "data": "2-1",
            "message": {
                "message_id": 6,
                "date": 1763740801,
                "chat": _CHAT,
                "from": _BOT,
                "text": "¡Hola!",
            },
        },
    },
    "blocked": {
        "update_id": 9,
        "my_chat_member": {
            "chat": _CHAT,
            "from": _PERSON,
            "date": 1763740900,
            "old_chat_member": {"user": _BOT, "status": "member"},
            "new_chat_member": {"user": _BOT, "status": "kicked", "until_date": 0},
        },
    },
    "group": {
        "update_id": 10,
        "message": {
            **_HEAD,
            "chat": {"id": -1001, "type": "supergroup", "title": "Familia"},
            "text": "hola a todos",
        },
    },
}


def _event(value: dict[str, Any], field: str = "messages") -> dict[str, Any]:
    told = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550783881", "phone_number_id": NUMBER},
        **value,
    }
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "102290129340398", "changes": [{"value": told, "field": field}]}],
    }


def _said(content: dict[str, Any], number: int) -> dict[str, Any]:
    message = {
        "from": "5215512345678",
        "from_user_id": "MX.13491208655302741918",
        "id": f"wamid.HBgLTEST{number}",
        "timestamp": "1763740800",
        **content,
    }
    card = {
        "profile": {"name": "Ana"},
        "wa_id": "5215512345678",
        "user_id": "MX.13491208655302741918",
    }
    return _event({"contacts": [card], "messages": [message]})


WHATSAPP: dict[str, dict[str, Any]] = {
    "text": _said({"type": "text", "text": {"body": "hola"}}, 1),
    "button": _said(
        {
            "type": "interactive",
            "context": {"from": "15550783881", "id": "wamid.OURS"},
            "interactive": {
                "type": "button_reply",
                "button_reply": {"id": "2-1", "title": "Cuánto debo"},
            },
        },
        2,
    ),
    "list": _said(
        {
            "type": "interactive",
            "interactive": {"type": "list_reply", "list_reply": {"id": "2-2", "title": "Un plan"}},
        },
        3,
    ),
    "template button": _said({"type": "button", "button": {"payload": "x", "text": "Leer"}}, 4),
    "image": _said(
        {
            "type": "image",
            "image": {"id": "449", "mime_type": "image/jpeg", "sha256": "x", "caption": "mi pago"},
        },
        5,
    ),
    "audio": _said({"type": "audio", "audio": {"id": "450", "mime_type": "audio/ogg"}}, 6),
    "status": _event(
        {
            "statuses": [
                {
                    "id": "wamid.OURS",
                    "status": "failed",
                    "timestamp": "1763740801",
                    "recipient_id": "5215512345678",
                    "errors": [{"code": 131026, "title": "Message undeliverable"}],
                    "biz_opaque_callback_data": "7",
                }
            ]
        }
    ),
    "quality": _event(
        {"display_phone_number": "15550783881", "event": "FLAGGED", "current_limit": "TIER_250"},
        "phone_number_quality_update",
    ),
    "template": _event(
        {
            "event": "REJECTED",
            "message_template_id": 594425479261596,
            "message_template_name": "aviso",
            "message_template_language": "es_MX",
            "reason": "INVALID_FORMAT",
        },
        "message_template_status_update",
    ),
}

Path = tuple[str | int, ...]


def paths(value: Any, before: Path = ()) -> Iterator[Path]:
    """Every place in a JSON document, the containers too."""
    if before:
        yield before
    if isinstance(value, dict):
        for key in value:
            yield from paths(value[key], (*before, key))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from paths(item, (*before, place))


def spoilt(value: dict[str, Any], path: Path, by: Any) -> dict[str, Any]:
    """A copy with something else at `path`."""
    made = copy.deepcopy(value)
    at: Any = made
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = by
    return made


def without(value: dict[str, Any], path: Path) -> dict[str, Any]:
    """A copy in which `path` is missing."""
    made = copy.deepcopy(value)
    at: Any = made
    for key in path[:-1]:
        at = at[key]
    del at[path[-1]]
    return made


def body_of(value: Any) -> bytes:
    """As it goes over the wire."""
    return json.dumps(value).encode()


def signature(body: bytes, secret: str = APP_SECRET) -> str:
    """Meta's header for a body."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()

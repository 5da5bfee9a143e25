"""Mends the known gaps of Meta's OpenAPI description (v23.0), so that Prism takes what Meta takes.

Each is in Meta's pages and missing in the file: link buttons, read receipts with typing, the user
id as recipient, and the callback data; `to` is then no longer required.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

SPEC = Path(__file__).parent / "samples/meta_openapi_v23.json"


def overlaid() -> dict[str, Any]:
    """The description with its gaps closed, and with the limits that only its prose states."""
    spec: dict[str, Any] = json.loads(SPEC.read_text(encoding="utf-8"))
    schemas = spec["components"]["schemas"]
    schemas["InteractiveObject"]["properties"]["type"]["enum"].append("cta_url")
    schemas["ActionObject"]["oneOf"].append(
        {
            "type": "object",
            "required": ["name", "parameters"],
            "additionalProperties": False,
            "properties": {
                "name": {"type": "string", "enum": ["cta_url"]},
                "parameters": {
                    "type": "object",
                    "required": ["display_text", "url"],
                    "additionalProperties": False,
                    "properties": {
                        "display_text": {"type": "string", "minLength": 1, "maxLength": 20},
                        "url": {"type": "string", "pattern": "^https://", "maxLength": 2000},
                    },
                },
            },
        }
    )
    base = schemas["BaseMessageProperties"]
    base["required"].remove("to")
    base["anyOf"] = [{"required": ["to"]}, {"required": ["recipient"]}]
    base["properties"]["recipient"] = {
        "type": "string",
        "pattern": r"^[A-Z]{2}(\.ENT)?\.[A-Za-z0-9]{1,128}$",
    }
    base["properties"]["biz_opaque_callback_data"] = {"type": "string", "maxLength": 512}
    # The file's pattern for a button's place accepts none of the places 0 and 1.
    for name in ("TemplateComponent", "ButtonComponent"):
        for schema in (schemas[name], *schemas[name].get("allOf", [])):
            if "index" in schema.get("properties", {}):
                schema["properties"]["index"] = {"type": "string", "pattern": "^[0-9]$"}
    text = _properties(schemas["TextMessage"])["text"]
    text["required"] = ["body"]
    text["properties"]["body"] |= {"minLength": 1, "maxLength": 4096}
    status = {
        "type": "object",
        "additionalProperties": False,
        "required": ["messaging_product", "status", "message_id"],
        "properties": {
            "messaging_product": {"type": "string", "enum": ["whatsapp"]},
            "status": {"type": "string", "enum": ["read"]},
            "message_id": {"type": "string"},
            "typing_indicator": {
                "type": "object",
                "required": ["type"],
                "properties": {"type": {"type": "string", "enum": ["text"]}},
            },
        },
    }
    schemas["StatusMessage"] = status
    schemas["Message"]["oneOf"].append({"$ref": "#/components/schemas/StatusMessage"})
    return copy.deepcopy(spec)


def _properties(schema: dict[str, Any]) -> dict[str, Any]:
    return next(part["properties"] for part in schema["allOf"] if "properties" in part)

"""Stripe's own OpenAPI description as the judge of a request, strict at every depth.

Stripe refuses a parameter it does not know, however deep; its description says so at the top only.
The form encoding loses every type (`unit_amount=100` is a text), so values are read back as what
the description expects, and only if they are written exactly as such.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from jsonschema import Draft202012Validator

SPEC = Path(__file__).parents[2] / ".cache" / "stripe" / "spec3.json"

_READERS: dict[str, tuple[str, Any]] = {
    "integer": (r"-?\d+", int),
    "number": (r"-?\d+(\.\d+)?", float),
    "boolean": (r"true|false", lambda text: text == "true"),
}
_FORMATS = {"currency": r"[a-z]{3}", "decimal": r"-?\d+(\.\d{1,12})?"}


class NoSuchRoute(LookupError):
    """Stripe has no such operation."""


class Oracle:
    """Answers what is wrong with a request, by Stripe's description."""

    def __init__(self, path: Path = SPEC) -> None:
        self._paths: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["paths"]

    def faults(self, method: str, path: str, body: str) -> list[str]:
        """What Stripe would object to; nothing where the request is in order.

        Raises:
            NoSuchRoute: there is no such operation at all.
        """
        schema = _strict(self._schema(method, path))
        sent = _typed(_nested(body), schema)
        faults = [
            f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
            for error in Draft202012Validator(schema).iter_errors(sent)
        ]
        return faults + list(_misformed(sent, schema, ""))

    def _schema(self, method: str, path: str) -> dict[str, Any]:
        candidates = sorted(self._paths, key=lambda template: template.count("{"))
        for template in candidates:
            pattern = re.sub(r"\\\{[^/]+?\\\}", "[^/]+", re.escape(template))
            if re.fullmatch(pattern, path) and method.lower() in self._paths[template]:
                content = self._paths[template][method.lower()]["requestBody"]["content"]
                found: dict[str, Any] = content["application/x-www-form-urlencoded"]["schema"]
                return found
        raise NoSuchRoute(f"{method} {path}")


def _strict(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {name: _strict(value) for name, value in schema.items()}
    if strict.get("type") == "object" and "properties" in strict:
        strict["additionalProperties"] = False
    return strict


def _nested(body: str) -> dict[str, Any]:
    """`a[b][0]=x` as nested mappings; the same name twice is a fault of ours, not a list."""
    root: dict[str, Any] = {}
    for name, value in parse_qsl(body, keep_blank_values=True, strict_parsing=bool(body)):
        first, *rest = re.findall(r"^[^\[\]]+|(?<=\[)[^\[\]]*(?=\])", name)
        place, key = root, first
        for deeper in rest:
            place, key = place.setdefault(key, {}), deeper
        if key in place:
            raise ValueError(f"{name} is there twice")
        place[key] = value
    return root


def _typed(value: Any, schema: dict[str, Any]) -> Any:
    if "anyOf" in schema:
        for one in schema["anyOf"]:
            read = _typed(value, one)
            if Draft202012Validator(one).is_valid(read):
                return read
        return value
    kind = schema.get("type")
    if isinstance(value, dict):
        if kind == "array" and [*value] == [str(n) for n in range(len(value))]:
            return [_typed(one, schema["items"]) for one in value.values()]
        known, others = schema.get("properties", {}), schema.get("additionalProperties")
        fallback = others if isinstance(others, dict) else {}
        return {name: _typed(one, known.get(name, fallback)) for name, one in value.items()}
    if kind in _READERS:
        pattern, read = _READERS[kind]
        return read(value) if re.fullmatch(pattern, value) else value
    return value


def _misformed(value: Any, schema: dict[str, Any], where: str) -> Any:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _misformed(
                one, schema.get("properties", {}).get(name, {}), f"{where}/{name}"
            )
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _misformed(one, schema.get("items", {}), f"{where}/{number}")
    elif isinstance(value, str):
        pattern = _FORMATS.get(schema.get("format", ""))
        if pattern and not re.fullmatch(pattern, value):
            yield f"{where}: {value!r} is no {schema['format']}"

"""Tells a sum that a person pays elsewhere, or paid for a thing, from one that is put to us.

"La luz me vino 48 mil" and "compre un refri de 349.990" name no value; "la luz vino 320 pero puedo
100" names 100. Rent said alone may be the very debt, and stays to be asked. The words are in
data/costs.yml.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from bot.kit.yaml_file import parse_yaml

_REACH = 90
_STOP = re.compile(
    r"[.;!?\n](?=\s|$)|\s(?=(?:pero|but|mas(?! (?:de|que|do))|asi que|entonces|entao|so i|so we|porque|because)\b)"
)
_THE = r"(?:(?:el|la|los|las|lo|o|a|os|as|mi|mis|meu|minha|su|my|the|our|his|her|un|una|um|uma|unos|unas) ){0,2}"
_UNIT = (
    r"(?: ?(?:mil|lucas|k|palos|millones|pesos|soles|euros|reais|dolares|dollars?"
    r"|bucks|quid|pounds|conto|contos|pila|mangos)\b){0,2}"
)


@dataclass(frozen=True, slots=True)
class _Costs:
    before: re.Pattern[str]
    after: re.Pattern[str]
    rent_before: re.Pattern[str]
    rent_after: re.Pattern[str]
    bill: re.Pattern[str]
    hopeless: re.Pattern[str]
    put_to_us: re.Pattern[str]


@cache
def _costs() -> _Costs:
    data = parse_yaml(files(__package__).joinpath("data/costs.yml").read_text("utf-8"))
    bills, rent, joins = "|".join(data["bills"]), data["rent"], "".join(data["costs"])
    spent = "|".join(data["spent"])
    # "La luz de la casa me vino", "solo de luz foi", "luz:", "el alquiler se me fue a"
    joined = rf"(?: (?:de|do|da|del|of|for) {_THE}[a-z]+)?(?:\W{{1,2}}{joins}|[ :=]+(?:(?:de|por|a|en|em) )?)\W{{0,2}}$"
    thing = rf"(?:{bills})"
    return _Costs(
        before=re.compile(
            rf"\b{thing}{joined}|\b(?:{data['things']}) {joins}\W{{0,2}}$"
            rf"|\b(?:{data['bought']})\b[^.,;!?\d]{{0,32}}?(?: (?:de|por|for|a|en|em|at|of))?\W{{1,2}}$"
            rf"|\b(?:{spent})(?: (?:la|el|o|a|otros?|unos|uns|como|like|about|casi|quase|mas|mais|de|a|ya"
            rf"|hasta)){{0,2}}\W{{1,2}}$"
            rf"|\b(?:en|em|no|na|con|on) {_THE}(?:{thing}|{data['things']}|{rent}) (?:{spent}|{data['gone']}|gasto|dejo"
            rf"|pago)(?: (?:unos|como|uns))?\W{{1,2}}$"
        ),
        after=re.compile(
            rf"{_UNIT}(?: (?:solo|so|just))?(?: (?:al mes|por mes|a month|mensual\w*|cada mes|todo mes))? (?:de"
            rf"|del|da|do|en|em|no|na|for|on|pra|para|por|of|in) {_THE}{thing}\b"
            r"(?! (?:el|la|on|dia|para|hoy|manana|este|no dia|na|this|mon|tues|wednes|thurs|fri|satur|sun))"
            rf"|{_UNIT} (?:security |rental )?deposit\b"
        ),
        rent_before=re.compile(rf"\b(?:{rent}){joined}"),
        rent_after=re.compile(
            rf"{_UNIT}(?: (?:al mes|por mes|a month))? (?:de|del|da|do|en|for|on|pra|para|por|of"
            rf"|in) {_THE}(?:{rent})\b"
        ),
        bill=re.compile(rf"\b{thing}\b"),
        put_to_us=re.compile(rf"\b(?:{data['put_to_us']})\b[^.;!?\d]{{0,20}}$"),
        hopeless=re.compile(rf"\b(?:{'|'.join(data['nothing_left'])}|{data['income']})\b"),
    )


def is_a_cost(said: str, start: int, end: int) -> bool:
    """Whether the sum from `start` to `end` is what something else costs, or cost."""
    known = _costs()
    before = _STOP.split(said[max(0, start - _REACH) : start])[-1]
    after = said[end : end + 60]
    if known.before.search(before):
        return True
    if known.put_to_us.search(before):
        return False
    if known.after.match(after):
        return True
    if not (known.rent_before.search(before) or known.rent_after.match(after)):
        return False
    elsewhere = f"{said[max(0, start - _REACH) : start]} {said[end : end + _REACH]}"
    return bool(known.hopeless.search(elsewhere) or known.bill.search(elsewhere))

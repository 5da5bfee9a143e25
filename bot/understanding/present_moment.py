"""Reads "now" as today, where one pays on the spot: "te pago 40 ahora mismo", "ahorita le mando 30"."""

from __future__ import annotations

import re

_NOW = (
    r"(?:(?:ahora|ahorita|ya|agora) (?:mismo|mesmo|mismito)|ahoritita|agorinha|right now|right away|right this minute"
    r"|en este (?:mismo )?(?:momento|instante)|neste (?:exato )?momento)"
)
_US = r"(?:os|te|les?|vos|lhes?)"
_GIVES = (
    r"(?:pago|mando|deposito|hago|paso|giro|transfiero|envio|ingreso|abono|faco|passo|dou|doy|transfiro|yapeo|plineo"
    r"|consigno|ofrezco|cancelo)"
)
_PAYING = re.compile(
    rf"\b(?:{_US} {_GIVES}|i(?:'m|m| am) (?:sending|paying)|i(?:'?ll| will| can) (?:send|pay|zelle|venmo"
    rf"|do)|sending|paying"
    r"|(?:puedo|posso|i can do|can do) (?:[a-z]+ )?[$]?\d)"
)
_AT_ONCE = re.compile(rf"\b{_NOW}\b")
_HEAD = re.compile(rf"(?:^|[.,;!?] )(?:\w+ )?(?:ahora|ahorita|agora) {_US} {_GIVES}\b")
_NOT_NOW = re.compile(
    r"\b(?:no|nao|not|n't|can'?t|cannot|solo|nomas|so|apenas|only|just|si|se|if|when|cuando|quando|cuotas?|parcelas"
    r"|(?:al|por|a|per|each|every|cada|ao) (?:mes|month|semana|week|quincena|quinzena)|mensual\w*"
    r"|semanal\w*|monthly|weekly)\b"
)
_STOP = re.compile(r"[.;!?\n](?=\s|$)|\b(?:pero|but|mas)\b")


def pays_now(said: str) -> bool:
    """Whether one pays at this moment; what one can do from now on by the month is something else."""
    for pattern in (_AT_ONCE, _HEAD):
        if match := pattern.search(said):
            before = _STOP.split(said[: match.start()])[-1]
            there = f"{before}{match.group()}{_STOP.split(said[match.end() :])[0]}"
            if _PAYING.search(there) and not _NOT_NOW.search(there):
                return True
    return False

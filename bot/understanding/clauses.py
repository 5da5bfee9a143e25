"""Judges the clause a value stands in: whether it offers to pay, or only tells what befell somebody."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal

from bot.kit.yaml_file import parse_yaml
from bot.understanding.sheet import BLOT

Clause = Literal["offers", "tells", ""]

_BORDER = re.compile(
    r"[.;:!?\n](?=\s|$)|,(?=\s|$)|\s(?=(?:pero|but|porque|pq|because|cos|asi que|asique|por eso"
    r"|entonces|entao|so (?=i |we |can )|and i\b|y yo|e eu|e el[ae]|y ella|e [oa] (?!rest|outr|segund|metade"
    r"|ultim|proxim|quinz)(?=\w{4})|y el (?=\w{4})|(?:e )?ai eu"
    r"|y (?:de )?ahi|y con|e com|and with|cuando|quando|qdo|when|luego|aunque|despues)\b)"
)
_FEW = 3
"""Words below which a clause says nothing by itself: it goes with its neighbours ("y el viernes")."""

_STORY = 12
"""Words above which a message tells more than its values, so that each must show what it is."""

_REACH = 100
"""Characters before and after a value that its clause can take up."""

_ENOUGH = 300
"""Characters in which a story has shown itself as one."""

_WORD = re.compile(r"[a-z']+")

_PAST_ENDING = re.compile(
    r"[a-z]{2,}(?:aron|ieron|eron|aram|eram|iram|abamos|avamos|aban|avam|ou|eu|iu|ed)"
    r"|[a-z]{4,}[ai]ste|[a-z]{3,}(?:aba|ava)|(?![a-z]+[aei]rei$)[a-z]{3,}ei"
)
_PHRASES = re.compile(
    r"\bgot (?:[a-z]{4,}|my|the|an?|in|out)\b|\b(?:han?|he|habeis|hemos) [a-z]+do\b"
    r"|\bse [a-z]{3,}o\b(?<!cuando)(?<!cuanto)(?<!como)(?<!todo)(?<!quero)(?<!caso)"
)
_ASKED = re.compile(r"\b(?:(?:te|les?|os|l[oa]s) (?:llevo|dejo)|eu acerto|get you|put me down)\b")
_REST = re.compile(
    r"\b(?:resto|restante|remainder|the rest|lo demas|lo que falta|otra mitad|outra metade|other half)\b"
)
_FOR_OTHERS = re.compile(
    r"\b(?:pag(?:o|amos)|pay) (?:el |la |mi |o |a |meu |minha |my |the |de )?(?:casa|renta|alquiler"
    r"|arriendo|aluguel|rent|luz|agua|gas|cuarto|colegio|escola|hipoteca|mortgage|guarderia)\b"
)
"""Paying somebody else is no offer to us: "el 15 pago la renta"."""

_THEY_PAY = re.compile(
    r"\b(?:el|la|los|las|o|a|os|as|the) (?!que\b)[a-z]{4,} (?:(?:so|ya|me|nos|nao|no|solo|only) ){0,2}"
    r"(?:pagan?|pagam|pays?)\b"
)
"""Somebody else who pays: "a seguradora paga em 90 dias"."""

_COMES_IN = re.compile(
    r"\b(?:(?:me|nos) (?:entran?|caen?|pagan|depositan|llegan?|sale|dan)|cobro|cobramos|recebo|vou receber"
    r"|cae|cai|caira|lands|hits|get paid|gets? (?:my|the|her|his)|i get)\b"
)
_MEANT_THEN = re.compile(
    r"\b(?:(?:dije|falei|prometi|said|told \w+|promised|thought|pensaba|pensava|combinei|acordei)"
    r"(?: (?:que|q|i|we|it|ia|iba|eu|would|was|were|to|going|'d|yo|te|les?)\b)+"
    r"|(?:tinha|habia|haviamos?|had) (?:combinado|quedado|prometido|dicho|dito|acordado|agreed|said|promised|ficado)"
    r"|(?:quede|quedamos|fiquei|ficamos) (?:(?:en|em|de) (?:que|q)\b|(?:de|en|em)(?: (?:te|les?"
    r"|l[oa]s?))? (?:[a-z]+[aei]r(?:l[aeo]s?|te|me)?\b|el\b|los\b|la\b))|iba a|iban a|ia pagar"
    r"|was (?:going|supposed) to|were going to|(?:was|were) gonna)\b"
)
"""A plan of old: "i said i would pay on the 3rd and i didnt"."""

_SAID_AGAIN = re.compile(
    r"\b(?:(?:ya|ja|como) (?:(?:te|les?|lhes?|os|me) )?(?:dije|falei|disse|avise|avisei|comente|explique)"
    r"|(?:i )?(?:already )?told (?:you|u)|como disse)(?: que| q)?\b"
)
"""What is said once more still holds: "ya te dije que pago el 5"."""


_THEY_DID = re.compile(r"(?:[ae]ron|[aei]ram|[aei]ou|[ei]u)$")
"""The end of a verb of which others are the subject: "depositaron" begins as "deposito" does."""


class Forms:
    """Words of a list, in which "abon*" stands for every word that begins so."""

    def __init__(self, listed: str) -> None:
        words = listed.split()
        self.words = frozenset(word for word in words if word[-1] != "*")
        self.beginnings = tuple(word[:-1] for word in words if word[-1] == "*")

    def match(self, word: str) -> int:
        """2 for a word of the list itself, 1 for one that only begins so, 0 for another."""
        if word in self.words:
            return 2
        return int(word.startswith(self.beginnings) and not _THEY_DID.search(word))


@cache
def _verbs() -> dict[str, Forms]:
    data = parse_yaml(files(__package__).joinpath("data/verbs.yml").read_text("utf-8"))
    return {name: Forms(listed) for name, listed in data.items()}


def _offers(words: set[str]) -> bool:
    known = _verbs()["offering"]
    return any(known.match(word) for word in words)


def _tells(words: set[str]) -> bool:
    known = _verbs()
    if not words.isdisjoint(known["telling"].words):
        return True
    return any(map(_PAST_ENDING.fullmatch, words - known["not_telling"].words))


@lru_cache(maxsize=64)
def span(text: str, start: int, end: int) -> tuple[int, int]:
    """The clause around `start` to `end`; a very short one with the clauses beside it."""
    begin, finish = max(0, start - _REACH), min(len(text), end + _REACH)
    borders = [match.end() for match in _BORDER.finditer(text, begin, start)]
    after = [match.start() for match in _BORDER.finditer(text, end, finish)]
    first, last = borders[-1] if borders else begin, after[0] if after else finish
    if len(_WORD.findall(text[first:start] + text[end:last])) < _FEW:
        first = borders[-2] if len(borders) > 1 else begin
        last = after[1] if len(after) > 1 else finish
    return first, last


@lru_cache(maxsize=8)
def is_story(text: str) -> bool:
    """Whether the message is so long that a number in it may be of anything."""
    return len(_WORD.findall(text[:_ENOUGH])) > _STORY


def around(text: str, start: int, end: int) -> str:
    """The clause around `start` to `end`, without what stands there."""
    first, last = span(text, start, end)
    return f"{text[first:start]} {BLOT} {text[end:last]}"


FULL_STOP = re.compile(r"[.;!?\n](?=\s|$)")


def sentence_offers(text: str, start: int, end: int) -> bool:
    """Whether somewhere in the sentence around `start` to `end` an offer is made."""
    before = FULL_STOP.split(text[max(0, start - 2 * _REACH) : start])[-1]
    after = FULL_STOP.split(text[end : end + 2 * _REACH])[0]
    return _offers(set(_WORD.findall(f"{before} {after}")))


@lru_cache(maxsize=64)
def judge(text: str, start: int, end: int) -> Clause:
    """What the words in the clause around `start` to `end` do; several readers ask of one place."""
    said = _SAID_AGAIN.sub(" ", around(text, start, end))
    if _MEANT_THEN.search(said) or _FOR_OTHERS.search(said):
        return "tells"
    said = _THEY_PAY.sub(" did ", said)
    words = set(_WORD.findall(said))
    if _offers(words) or _ASKED.search(said):
        return "offers"
    if _COMES_IN.search(said):
        return ""
    if _tells(words) or _PHRASES.search(said):
        return "tells"
    return "offers" if _REST.search(said) else ""

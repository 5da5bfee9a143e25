"""Tells which days are given up: refused one after the other, corrected, or exchanged for another."""

from __future__ import annotations

import re
from itertools import pairwise

from bot.understanding.found_days import Found
from bot.understanding.tense import is_refused, said_before

_NOT_THEN = re.compile(
    r"\s*,?\s*(?:(?:pero|but|mas|ya|yo|eu|i|me|a mi|seria|esta|ta|tambien) )*"
    r"(?:tampoco|nem|(?:(?:es|e|is) )?(?:imposible|impossivel|impossible|not possible)|menos(?=\s*(?:$|[,.;!]))"
    r"|menos (?:puedo|llego|alcanzo)|nope\b|no way|neither|doesn'?t work|won'?t work|is out\b|is no good"
    r"|ni (?:pensar|hablar|loc[oa]|en pedo)"
    r"|no (?:abren?|atienden?|trabajan|laburan|(?:me |nos )?sirve|puede ser|va a poder|pude|se pudo|se puede"
    r"|hay (?:bancos?|servicio|atencion|nadie|sistema))\b"
    r"|nao (?:abrem?|atendem?|funciona|rola|serve|deu|consigo|pude|tem (?:banco|expediente))\b"
    r"|tambem nao\b|tampouco\b|cierran?\b|fecham?\b|esta cerrado|ta fechado|(?:is|are|they'?re) closed"
    r"|couldn'?t|didn'?t work"
    r"|no (?:es\b(?! (?:problema|segur))|era|sino)\b|nao (?:e\b(?! problema)|era)\b"
    r"|(?:es|e|is|cae|sera|vai ser) (?:un |um |a |dia )?(?:festivo|feriado|holiday|inhabil|asueto)\b)"
)
"""What is said behind a day that cannot be: "manana tampoco", "el lunes cierran"."""

_OFF_WORK = re.compile(
    r"\s*(?:yo |eu |i )?(?:no|nao|don'?t) (?:trabaj|trabalh|work)\w*,? (?:(?:y|e|and|so|asi que) )?"
    r"(?:passo|paso|vou|voy|pago|puedo|posso|i can|i'?ll)\b"
)
"""A day off on which one pays: "amanha nao trabalho, passo ai pra pagar"."""

_NOR = re.compile(
    r"\b(?:ni|nem|nor|neither|no (?:es|era|seria|va a ser)|nao (?:e|era)|(?:it'?s|is) not"
    r"|isn'?t)(?: (?:para|pra|por|a|en|no|na|on|este|esta|el|la|o|dia|the))*\s+$"
)
_INSTEAD_OF = re.compile(
    r"\b(?:(?:en|em) vez|en lugar|no lugar|ao inves|instead|rather than|(?:y|e) (?:no|nao))\b"
    r"(?: (?:de|do|da|del|of|than))?(?: (?:el|la|o|a|dia|the|para|pra|on))*\s*$"
)
_CHANGES = re.compile(
    r"\b(?:cambi\w+|mud[aeo]\w*|troc\w+|troqu\w+|pas(?:a|ar|ame|alo|arlo|en|emos|enme|em)|mov\w+|muev\w+"
    r"|corr(?:e|er|an|anme|eme|elo|erlo)|adelant\w+|antecip\w+|atras(?:a|ar|en|em)|retras\w+|posterg\w+|aplaz\w+"
    r"|adi(?:a|ar|e|em)|prorrog\w+|alter(?:a|ar)|chang\w+|mov(?:e|ing)|push\w*|switch\w*|shift\w*|swap\w*"
    r"|reschedul\w+|bump\w*|delay\w*)\b[^.;!?]{0,30}$"
)
_FOR_ANOTHER = re.compile(
    r"\s*(?:pel[oa]|pra|pro|para|por|al?|ao|to|for|with|until|till|hasta|ate)"
    r"(?: (?:el|la|o|a|dia|the|no|na))*\s*"
)
_FILLER = (
    r"(?:ay|ah|uy|uh|oh|no|nao|nop|o sea|ou seja|y|e|o|ou|or|mas|pero|but|bueno|bom|que|sea|seria|sera|era|es"
    r"|el|la|a|para|pra|pro|na|on|dia|the|it'?s|that|is|for|al|por favor|please|ya)"
)
_SORRY = (
    r"(?:digo|miento|minto|perdon\w*|disculp\w+|desculp\w+|sorry|opa|ops|oops|epa|uy no|quise decir"
    r"|quiero decir|quis dizer|quero dizer|i mean|i meant|mejor|melhor|mejor dicho|melhor dizendo"
    r"|alias|wait|espera\w*|espere|pera|perai|actually|en realidad|na verdade|na real|scratch that"
    r"|make (?:that|it)|rather|correccion|correcao|corrijo|rectifico|me equivoque|me enganei|errei"
    r"|me confundi|my bad|my mistake|que diga|o sea no|no no|nao nao|no nao)"
)
_CORRECTED = re.compile(rf"(?:\W*{_FILLER}\b)*\W*{_SORRY}\b(?:\W*(?:{_SORRY}|{_FILLER})\b)*\W*")
_NEAR = 45


def is_turned_down(said: str, start: int, end: int) -> bool:
    """Whether the day is refused, by the person or because nobody works then."""
    if _OFF_WORK.match(said, end):
        return False
    return (
        is_refused(said, start, end)
        or bool(_NOT_THEN.match(said, end))
        or said_before(_NOR, said, start)
    )


def is_exchanged(said: str, start: int) -> bool:
    """Whether a verb of changing stands before the day: "pasar del 5 al 10"."""
    return said_before(_CHANGES, said, start)


def standing(found: list[Found], said: str) -> list[Found]:
    """The days that stand once the others are given up; all of them where none would be left."""
    dated = [one for one in found if one.on]
    gone = {
        one.start
        for one in dated
        if is_turned_down(said, one.start, one.end) or said_before(_INSTEAD_OF, said, one.start)
    }
    gone |= {one.start for one, other in pairwise(dated) if _replaced(said, one, other)}
    kept = [one for one in found if one.start not in gone]
    return kept if any(one.on for one in kept) else found


def _replaced(said: str, one: Found, other: Found) -> bool:
    between = said[one.end : other.start]
    if len(between) > _NEAR:
        return False
    if _CORRECTED.fullmatch(between):
        return True
    return bool(_FOR_ANOTHER.fullmatch(between)) and is_exchanged(said, one.start)

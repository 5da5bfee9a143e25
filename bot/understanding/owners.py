"""Judges in a story whose a sum is: offered to us, paid, at hand, or beside the point.

A short message is about its sum; a story names the rent, the wages, what a brother lends and what
was paid in March before it comes to "puedo 500". Here the nearest word that tells decides, within
the clause of the sum; where none does, nobody is judged. The words are in data/owners.yml.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from bot.kit.yaml_file import parse_yaml

Owner = Literal["offered", "paid", "has", "put", "beside", ""]
"""Whose a sum is. `put`: put forward by its time alone ("8 lucas el 15"); `beside`: owed, asked,
earned, spent, or meant once."""

_REACH = 110
_NEAR_AFTER = 45
_BORDER = re.compile(
    r"[.;:!?\n](?=\s|$)|,(?=\s|$)"
    r"|\s(?=(?:pero|but|porque|pq|because|asi que|entonces|entao|aunque|mas(?! (?:de|que|do))|y|e|and|so)\b)"
)
_AND_A_SUM = re.compile(
    r"\s*(?:,|y|e|and)?\s*(?:(?:otr[oa]s?|outr[oa]s?|another|de|a|unos|uns)\s+)*"
    r"[$€£]?[\d.,]*\s*(?:mil|lucas)?\s*$"
)
"""What is no clause of its own in a list of sums: "debo 500, 300 y 200"."""

_UNIT = r"(?:(?:pesos|soles|euros|reais|mil|lucas|dollars?|quid|bucks)\s+)"
_SUM = (
    r"(?P<sum>[$€£]?\d(?:[\d.,]*\d)?(?: ?(?:mil|lucas|k|palos))?"
    r"(?: (?:pesos|soles|euros|reais|dollars?|bucks|quid))?)"
)
_PART = re.compile(r"<(\w+)>")


@cache
def _words() -> dict[str, Any]:
    loaded = parse_yaml(files(__package__).joinpath("data/owners.yml").read_text("utf-8"))
    return dict(loaded)


def _either(lines: str | list[str]) -> str:
    """One expression for the lines of a list, with its parts put in."""
    parts = _words()["parts"]
    joined = lines if isinstance(lines, str) else f"(?:{'|'.join(lines)})"
    return _PART.sub(lambda match: _either(parts[match[1]]), joined)


@cache
def _verbs() -> tuple[tuple[Owner, re.Pattern[str]], ...]:
    owners: tuple[Owner, ...] = ("offered", "paid", "has", "beside")
    verbs = _words()["verbs"]
    return tuple(
        (owner, re.compile(rf"(?<!mercado )\b{_either(verbs[owner])}\b")) for owner in owners
    )


@cache
def _nouns(*kinds: str) -> str:
    return f"(?:{'|'.join(_either(_words()['of'][kind]) for kind in kinds)})"


@cache
def _noun_before() -> re.Pattern[str]:
    """What a sum is of, where hardly a word stands between: "renta son 3800"."""
    return re.compile(rf"\b{_nouns('bill', 'income', 'debt', 'fee')}(?: \w+){{0,3}}\W*$")


@cache
def _noun_after() -> re.Pattern[str]:
    """What the sum is for, whom, or how it comes in: "500 a mi mama", "40 mil diarios"."""
    return re.compile(
        rf"\s*{_UNIT}*(?:(?:de|del|da|do|por|en|em|in|para|pra|for|on|to|a|al|ao|no|na|pro)\s+"
        r"(?:mis? |la |el |los |las |o |a |my |the |meus? |minhas? |una? )?"
        rf"{_nouns('bill', 'income', 'kin', 'fee')}\b|(?:dollar |late )*fee\b"
        r"|(?:diari[oa]s?|bimestral\w*|por dia|al dia|a day|an hour|la hora|por hora|limpios"
        r"|el dia(?! \d)|cada dos meses|(?:pra|para|for) (?:comida|comer|food))\b"
        r"|que (?:me )?(?:debo|debia|piden|pedis|cobran|decis|dicen|quieren|mandaron|pedem|querem"
        r"|devo)\b|(?:you|they|yall) (?:want|ask))"
    )


@cache
def _kept_at_home() -> re.Pattern[str]:
    """ "En la farmacia dejo 60"."""
    return re.compile(rf"\b(?:en|na|no|at) (?:la |el |los |las |the )?{_nouns('bill')} [a-z]+ $")


_OWED_OF = re.compile(
    r"\b(?:deudas?|dividas?|debt|creditos?|prestamos?|emprestimos?|loan|account|adeudo|avance)"
    r" (?:(?:es|is|era|was|e) )?(?:de|of|for|por)\s*$"
)
_A_FEE = re.compile(r"\s*(?:dollar |late )*fee\b")
_I_KNOW = re.compile(rf"\s*{_UNIT}?,? ?(?:ya |si )?(?:lo )?(?:se|i know|eu sei|bem sei)(?: |,|$)")
_NOT_MINE = re.compile(
    rf"\s*{_UNIT}?(?:no (?:es|son|me corresponde)|nao (?:e|sao) (?:me|mi)"
    r"|(?:is|are)(?:n'?t| not) (?:mine|my))"
)
_ONE_OF_MANY = re.compile(
    r"\b(?:una?|otr[oa]|uma|outr[oa]|one|another) (?:de|of|for)\s*$"
    r"|\b(?:si|se|if) (?:es|son|fuera|fueran|for|fosse|it'?s|it is)\s*$"
    r"|\bhasta (?:cubrir|completar|terminar|llegar a|juntar)\b[^.;]{0,12}$"
    r"|\b(?:now|am|i'?m|just|living) on\s*$"
    r"|\b(?:llam\w+|marc\w+|lig\w+|call\w*)\b[^.;]{0,30}\b(?:por|about|for)\s*$"
    r"|\b(?:pague|paguei|pagado|paid|llevo|van|lleve|hice|di|dei)\b[^.;!?]{0,30}?"
    r"\d+ (?:parcelas|cuotas|pagos|payments|mensualidades|quincenas) (?:de|of)\s*$"
    r"|\ben la otra\b[^.;]*$"
    r"|\b(?:otro|outro|other|otra) (?:banco|bank|financiera|loja|tienda|caja)\b[^.;]*$"
)
"""One of several debts or readings, a goal, a living, payments that were."""

_AT_MOST = re.compile(
    r"\b(?:es lo que puedo|is (?:all|what) (?:i|there|we)|e o que (?:eu )?(?:posso|tenho)"
    r"|es (?:mi|el) (?:tope|maximo|limite)|para ustedes|pra voces|for you(?! to)"
    r"|e o (?:meu )?(?:maximo|limite)|is (?:my|the) (?:max|limit|best))\b"
)
_WITH_IT = re.compile(
    rf"\s*{_UNIT}?(?:(?:yo|ya|te|les?|eu|i|we|hoy|si) ){{0,2}}(?:cierr[oa]|cerramos|cerrariamos|quedamos"
    rf"|arregl[oa]\w*|pago|cancelo"
    r"|liquido|saldo|fecho|fechamos|quito|acerto|zeramos|settle|close)\b"
)
"""The verb after "con 70": "con 70 cierro hoy"."""

_BY_THEN = re.compile(
    r"[^\d.;!?]{0,12}\b(?:l[oa]s pongo|(?:les?|te|os|lhes?|vos) doy|(?<!no )puedo(?! (?:recuper|cancel|revers"
    r"|revert|devol))|i can"
    r"|(?<!nao )posso)\b(?! (?:\w+ )?[$]?\d)"
)
"""The verb after the sum: "30 lucas te doy"."""

_FOR_A_DAY = re.compile(r"\s*(?:pesos |soles |euros |reais )?(?:para|pra) (?:el|la|dia|o)\b")
_TURN = re.compile(
    r"\b(?:pero|but|mas|ahora|agora|now|mientras|entonces|entao|then|desde|despues|depois|asi que"
    r"|si no)\b"
)
_WHEN = re.compile(
    rf"\s*{_UNIT}?(?:(?:para |pra |por |on |by )?"
    r"(?:el|la|este|no|na|the|this|dia|cada|toda|every) (?:dia )?(?:\d|lunes|martes|miercoles"
    r"|jueves|viernes|sabado|domingo|proxim|segunda|terca|quarta|quinta|sexta|mes|semana|quincena"
    r"|month|week|mon|tues|wed|thurs|fri|sat|sun|1st|first)|dia \d|manana|amanha|tomorrow|hoy|hoje"
    r"|today|tonight|al mes|por mes|a month|a week|por semana|semanal|mensual|mensais|quincenal"
    r"|por quincena)"
)
_PRICED = re.compile(
    r"\b(?!pas[ae]n?\b|exced|arriba|abajo|encima|antes|despues|dentro|desde|pagos?\b|abonos?\b"
    r"|cuotas?\b|parcelas?\b|entrada\b|anticipo\b|adelanto\b|ofert|propuesta|proposta|transfer"
    r"|deposit|payment|installment|instalment|mensualidad|meses\b|semanas\b|vezes\b|veces\b|mas\b"
    r"|menos\b|cerca\b|algo\b|minimo|maximo)[a-z]{4,} (?:de|of)\s*$"
)
"""What something cost or came to: "una estufa de 6,400"."""

_FOR_LONG = re.compile(
    r"\s*(?:a|per|al|por|cada|every|ao) (?:month|week|mes|semana|quincena)|\s*mensual|\s*mensais"
)
_NOT_BEFORE = re.compile(
    r"\b(?:no|nao|not|can'?t|cannot|won'?t|don'?t|nunca|never)(?: (?:te|les?|os|lhes?|me|se|to|yo|eu))*\s+$"
)
_AT_LEAST_SOME = re.compile(r"\b(?:mas|mais|more|menos|less|sino|solo|so|only|over|above|pero)\b")
_TAKEN_UP = re.compile(
    r"[^\d.;!?,]{0,12},? (?:y |e |and )?(?:eso|isso|that|esos) (?:(?:si|sim|mismo|te|les?|os|yo|eu"
    r"|i) ){0,3}(?:puedo|posso|pago|doy|dou|can)\b"
    r"|[^\d.;!?,]{0,12} (?:and )?i (?:already )?paid (?:it|that)\b|"
    r"[^\d.;!?]{0,25}\. eso mismo (?:(?:te|les?|os) )?(?:paso|doy|pago|mando|ofrezco)"
    r"|[^\d.;!?]{0,60}?\b(?<!no )(?<!nao )(?:(?:se |te |les? )?(?:l[oa]s?|esos|esas|eso) (?:(?:voy a|puedo"
    r"|vou) (?:dar"
    r"|pagar|depositar|consignar|mandar|abonar|llevar)|deposito|pago|llevo|doy|mando|giro|paso"
    r"|transfiero|abono|yapeo|ingreso|consigno)\b"
    r"|(?:con (?:eso|esos|esas|ese dinero|esa plata)|com (?:isso|esse dinheiro)|with (?:that|it))"
    r" (?:(?:te|les?|os|ya|i|can|ill|yo|eu) ){0,3}(?:pag|abon|doy|dou|pay|mand|deposit|cubr|quit)"
    r"|(?:les |te |le )?(?:deposito|pago|mando|doy|transfiero|envio|yapeo|abono)"
    r" (?:eso|esos|isso|ela|esse valor)\b"
    r"|(?:i )?(?:can |will |'ll |ill )?(?:send|pay|give you) (?:it|that)\b)"
)
"""What takes the sum before it up again: "junto 700 y con eso les pago"."""

_SUM_BEFORE = re.compile(
    rf"{_SUM} (?:(?:para|pra|por|on|by|el|la|los|no|na|este|the|this|dia|cada|toda) )*$"
)
_SUM_AFTER = re.compile(rf"(?:(?! y | e | and )[^\d,.;!?]){{0,35}}?{_SUM}(?![\d/%])")
_ANOTHER = re.compile(r"\b(?:otr[oa]s?|outr[oa]s?|another|other|mais)\s+$")


def taken_up(said: str, end: int) -> bool:
    """Whether what follows offers the sum that ends at `end`, with no other sum between."""
    return bool(_TAKEN_UP.match(said, end))


def owner_of(said: str, start: int, end: int) -> Owner:
    """Whose the sum from `start` to `end` is, by the nearest word that tells in its clause."""
    if taken_up(said, end):
        return "offered"
    before, after = _clause(said, start, end)
    if _is_beside(before, after):
        return "beside"
    with_it = _WITH_IT.match(after) and re.search(r"\b(?:con|com|with)(?: l[oa]s)? $", before)
    if with_it or _BY_THEN.match(after) or _AT_MOST.search(after):
        return "offered"
    at, verb = _nearest_verb(before)
    noun = _noun_before().search(before)
    if noun and noun.start() >= at:
        return "beside"
    if verb == "paid" and _FOR_LONG.match(after):
        return "beside"  # "paid 85 a month for 14 months": how it was
    if verb == "has" and _FOR_A_DAY.match(after):
        return "offered"
    if verb:
        return verb
    if _PRICED.search(before):
        return "beside"
    return "put" if _WHEN.match(after) and not _told_before(said, start, before) else ""


def is_of_a_debt(said: str, start: int, end: int) -> bool:
    """Whether the only sum of a story is a debt, a fee, or disowned: "un credito de 500"."""
    before, after = _clause(said, start, end)
    return bool(_OWED_OF.search(before) or _A_FEE.match(after) or _NOT_MINE.match(after))


def owner_before(said: str, start: int) -> Owner:
    """Whose the sum is that a day or a rhythm at `start` belongs to: "le doy 900 el 21"."""
    match = _SUM_BEFORE.search(said, max(0, start - _NEAR_AFTER), start)
    return owner_of(said, *match.span("sum")) if match else ""


def owner_after(said: str, end: int) -> Owner:
    """Whose the sum is that follows a day which ends at `end`: "para el 30 les doy 50"."""
    match = _SUM_AFTER.match(said, end)
    return owner_of(said, *match.span("sum")) if match else ""


def is_second(said: str, start: int) -> bool:
    """Whether the sum before a day at `start` is a second one: "y otros 150 el 20"."""
    match = _SUM_BEFORE.search(said, max(0, start - _NEAR_AFTER), start)
    return bool(match and _ANOTHER.search(said, 0, match.start("sum")))


def _clause(said: str, start: int, end: int) -> tuple[str, str]:
    """What stands before and after a sum in its clause; with what a list of sums hangs on."""
    before, after = said[max(0, start - _REACH) : start], said[end : end + _NEAR_AFTER]
    borders = [0, *(match.end() for match in _BORDER.finditer(before))]
    while len(borders) > 1 and _AND_A_SUM.fullmatch(before, borders[-1]):
        borders.pop()
    last = _BORDER.search(after)
    return before[borders[-1] :], after[: last.start()] if last else after


def _is_beside(before: str, after: str) -> bool:
    return bool(
        _noun_after().match(after)
        or _NOT_MINE.match(after)
        or _I_KNOW.match(after)
        or _ONE_OF_MANY.search(before)
        or _kept_at_home().search(before)
    )


def _nearest_verb(before: str) -> tuple[int, Owner]:
    """Where the verb next to the sum ends, and what it makes of the sum; the longer of two."""
    nearest: tuple[int, int, Owner] = (-1, 0, "")
    for owner, pattern in _verbs():
        for match in pattern.finditer(before):
            judged = owner
            if owner == "offered" and _is_denied(before, match.start(), match.end()):
                judged = "beside"
            nearest = max(nearest, (match.end(), match.end() - match.start(), judged))
    return nearest[0], nearest[2]


def _is_denied(before: str, start: int, end: int) -> bool:
    """ "No te doy 500"; but "no puedo mas de 500" offers them."""
    return bool(_NOT_BEFORE.search(before, 0, start) and not _AT_LEAST_SOME.search(before, end))


def _told_before(said: str, start: int, clause: str) -> bool:
    """Whether a sum without a verb goes on with what was told: "me cobraron 90, otros 90 el 5"."""
    if _TURN.search(clause):
        return False
    return _nearest_verb(said[max(0, start - _REACH) : start])[1] in ("paid", "beside")

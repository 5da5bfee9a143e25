"""Finds the rhythm of an agreement: in how many payments, and how often."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from bot.understanding.clauses import is_story, judge
from bot.understanding.money_words import money_words
from bot.understanding.owners import owner_before
from bot.understanding.sheet import BLOT, Sheet, either
from bot.understanding.standing import EARNS, refused_after

Every = Literal["weekly", "biweekly", "monthly"]

_END = r"(?=\s*(?:$|[.,;:!?)](?!\d)))"
_END_OR_PLEASE = (
    r"(?=\s*(?:$|[.,;:!?)](?!\d)|(?:(?:pra|para|p) mim?|for me|y ya|y listo|nomas|e pronto|por favor|porfa"
    r"|please|pls|se puede|seria|da|pode|because|porque|pq|since)\b))"
)

UNITS = (
    "cuotas?|cuoti\\w+|cotas?|pagos?|pagitos?|pagamentos?|parcelas?|parcelinhas?|prestacoes|prestacion"
    "|contados|armadas|cuotones|checks|cheques|entregas"
    "|prestaciones|prestacao|mensualidad|mensualidades|mensalidades?|plazos?|letras|abonos"
    "|goes(?! (?:out|to|through|up|down|on|by))|exhibiciones|partes|tandas|installments?|instalments?|payments?|msi"
)
"""What people call one of several payments."""

# --- how often ----------------------------------------------------------------------------------

_EACH = (
    r"(?:por|c/|cada|a cada|toda|todo|todos los|todas las|todos os|todas as|per|every|each|x|/)\s*"
    r"(?:el |la |a |1 )?"
)
_COMING = r"(?! (?:que|proxim[oa]|entrante|siguiente))"
_BIWEEKLY = (
    r"\b(?:quincenal(?:es?|mente|it[oa]s?)?(?![a-z])|quinzena(?:l|is|lmente)|catorcenal(?:es)?|bi[- ]?weekly"
    r"|fortnightly|(?<!in )(?<!for )(?<!within )a fortnight\b(?! (?:ago|from|today|tomorrow|or))|twice monthly"
    r"|semi-?monthly|bisemanal(?:es?|mente)?|every (?:other|second) week|(?:una )?semana por medio"
    rf"|(?:{_EACH}|a la |al |(?<=\d )la )\s*(?:(?:pago|dia) de )?(?:quincena|quinzena|fortnight|catorcena)s?\b{_COMING}"
    r"|(?:cada |every |each |c/ ?)(?:1[45] (?:dias?|days)|2 (?:semanas?|weeks?)|quinze dias)"
    r"|una semana si (?:y )?(?:una|otra) no|semana sim semana nao|(?:de |a cada )?15 e[nm] 15(?: dias)?"
    r"|cada 15(?=\s*(?:$|[.,;]|te\b|les?\b|yo\b|puedo\b|pago\b|doy\b))"
    r"|(?:2 (?:veces|vezes|times)|twice) (?:al?|por|ao|per|every|each) (?:mes|month))"
)
_WEEKLY = (
    rf"\b(?:semanal(?:es?|mente|it[oa]s?)?(?![a-z])|semanais|weekly|(?<=\d )pw\b|p/w\b|(?:cada"
    rf"|every) [78] (?:dias|days)"
    rf"|(?:de )?[78] e[nm] [78](?: dias)?"
    rf"|(?:{_EACH})(?:semana|week)s?\b|a la semana\b{_COMING}|semana (?:a|x|con) semana|week by week"
    r"|(?<!in )(?<!for )(?<!me )(?<!need )(?<!back )(?<!wait )"
    r"a week\b(?! (?:ago|later|or|today|tomorrow|on \w+day|\w+day|from (?:now|today|tomorrow|then|\w+day))))"
    r"|/\s?(?:semana|sem|week|wk)\b"
)
_MONTHLY = (
    r"\b(?:mensual(?:es?|mente|it[oa]s?)?(?![a-z])|mensal(?:mente)?(?![a-z])|mensais|monthly"
    r"|(?:a|per) mo\b|pcm\b|p/m\b|mes (?:a|con|x) mes|month (?:by|to) month|cada 30 dias|(?:de )?30 e[nm] 30(?: dias)?"
    r"|\d+ (?P<kept>mensualidad(?:es)?|mensalidades?)"
    rf"|(?:{_EACH})(?:mes|meses|months?)\b(?! (?:y|e) medi[oa])|(?:al|ao) mes\b{_COMING}"
    r"|(?<!in )(?<!for )(?<!half )a month\b(?! (?:ago|later|or|from (?:now|today|tomorrow|then))))"
    r"|/\s?(?:mes|month|mo)\b"
)
_RHYTHMS: tuple[tuple[Every, re.Pattern[str]], ...] = (
    ("biweekly", re.compile(_BIWEEKLY)),
    ("weekly", re.compile(_WEEKLY)),
    ("monthly", re.compile(_MONTHLY)),
)
_OF = re.compile(
    r"\b(?:fin(?:es|al(?:es)?)?|fim|end|ultimo dia|last day|\d{1,2}(?:st|nd|rd|th)?)"
    r" (?:de|do|of)\s+$"
)


_AT_THE_QUINCENA = re.compile(r"(?:a )?la quin")
_A_SUM = re.compile(r"\d\W*(?:[a-z$€]+\W*)?$")
_NOT_THEIRS = re.compile(
    r"\b(?:llam\w+|marca\w*|escrib\w+|lig(?:am|ou|ando|acoes)|calls?|calling|text(?:s|ing)|mandan|cobran"
    r"|molest\w+|ve(?:ces|zes)|times)\b[^.,;!?]{0,30}$"
)
_COUNTED = re.compile(
    rf"(?<![\d.,$€£])\d{{1,4}} (?!(?:{UNITS}|{either(money_words())}|more|mas|mais|every|each|paid)\b)[a-z]{{4,}}s $"
)
"""What is done or sold so often: "15 cartas al mes", "900 portions a week"."""

_PIECES = re.compile(r"(?<![\d.,$€£])[1-9] $")
_OF_A_PAY = re.compile(
    r"\b(?:pension|pensao|renta|rent|alquiler|aluguel|arriendo|guarderia|daycare|pays|gets|getting|makes|paga|gana"
    r"|ganha|recebe|cobra)\b[^.,;!?]{0,30}$"
)
_EARNED = re.compile(
    rf"\b{EARNS}\b(?!.*\b(?:pag(?:o|ar|are|aria|arei)|pay|doy|dou|puedo|posso|abono"
    rf"|so|asi que|entonces|entao|por eso|pero|but)\b)[^.,;!?]{{0,30}}$"
)


def read_every(sheet: Sheet) -> tuple[Every | None, bool]:
    """How often the person means to pay, and whether to ask: two rhythms, or that of their salary.

    How often they are called is no rhythm of theirs, nor are payments they owe ("debo 3
    mensualidades").
    """
    found: list[tuple[Every, bool, bool, bool, bool]] = []
    places: list[int] = []
    for every, pattern in _RHYTHMS:
        for match in sheet.find(pattern):
            before, kept = sheet.before(match.start()), match.groupdict().get("kept")
            if _AT_THE_QUINCENA.match(match.group()) and not _A_SUM.search(before):
                continue
            if (
                _COUNTED.search(before)
                or (match.group() == "a week" and _PIECES.search(before))
                or (is_story(sheet.said) and _OF_A_PAY.search(before))
            ):
                sheet.blot(*match.span())
                continue
            if not _NOT_THEIRS.search(before) and not (kept and _OF_THE_PAST.search(before)):
                story = is_story(sheet.said)
                owner = owner_before(sheet.said, match.start()) if story else ""
                told = story and (_PAID_SO.search(before) or owner == "beside")
                earned = bool(_EARNED.search(before) or told)
                refused = _REFUSED.search(before)
                offers = judge(sheet.said, *match.span()) == "offers"
                found.append((every, earned, bool(refused), offers, owner == "offered"))
                places.append(match.start())
            if not kept and not _OF.search(before):
                sheet.blot(*match.span())
    found = [one for _, one in sorted(zip(places, found, strict=True), key=lambda both: both[0])]
    meant = [one for one in found if not one[1] and not one[2]] or found
    if is_story(sheet.said):
        meant = [one for one in meant if one[4]] or [one for one in meant if one[3]] or meant
    asked = len({one[0] for one in meant}) > 1 or any(one[1] for one in meant)
    return (meant[0][0] if meant else None), asked


# --- in how many payments -----------------------------------------------------------------------

_SMALL = "equal|easy|small|more|iguales|pequen[oa]s|comod[oa]s|mas|mais"
_BETWEEN = rf"[\s{BLOT}]*(?:(?:{_SMALL})\b[\s{BLOT}]*)?"
_FREE = r"(?<![\w.,$€£/:-])"
_COUNT = rf"{_FREE}(?P<count>\d{{1,3}})"
_RANGE = (
    rf"{_FREE}(?P<count>\d{{1,2}})\s*(?:(?:o|ou|or)(?: maybe| tal vez| talvez| quizas?| even)?|u|a|y|e|and"
    rf"|-)\s*(?P<other>\d{{1,2}})"
)
_IN = r"\b(?:en|em|in|a|hasta|ate|up to)(?: hasta| ate| up to)?"
_AN_X = r"(?=\s*(?:$|[^a-z0-9\s]|\d\d|(?:de|sem|sin|s/|no|por|y|e)\b|mensua|mensai))"
_SUM_EACH = (
    r"(?:[$€£]|r\$|s/\.?)?\s?(?!(?:19|20)\d\d\b)(?:[2-9]\d|[1-9]\d\d+|[1-9]\d{0,2}(?:[.,]\d{3})+)\b"
    r"(?! (?:de|of) [a-z]|[/%])"
)
_INSTALMENTS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_COUNT}{_BETWEEN}(?:{UNITS}|meses|months) (?:o|ou|or) (?:en |a |em |in )?(?P<other>\d{{1,2}}){_END}",
        rf"\b(?:la|el|a|o|plan|plano|opcion|opcao) (?:de|a|em|en) {_FREE}(?P<count>\d{{1,2}})"
        rf"(?: (?:meses|months)\b|{_END})",
        rf"{_COUNT} (?:veces|vezes|times) (?:de|of)\b",
        rf"^\W*(?:entre |between )?{_RANGE} (?:veces|vezes|times)\b",
        rf"(?:^\W*|[.;!?,] ){_COUNT} (?:veces|vezes) (?:y|e|eu|yo|i)\b(?! (?:muito|mucho|demais|muy)\b)",
        rf"{_COUNT}[- ]month (?:one|option)\b",
        rf"{_RANGE}{_BETWEEN}(?:{UNITS}|x)\b",
        rf"{_IN} {_RANGE} (?:veces|vezes|meses|quincenas|quinzenas)\b",
        rf"{_COUNT}{_BETWEEN}(?:{UNITS})\b",
        rf"{_COUNT}\s?x{_AN_X}",
        rf"\b(?:en|em|in) {_FREE}(?P<count>\d{{1,2}})\s?x\b",
        rf"{_IN} {_COUNT} (?:veces|vezes|veiz|veis|vez|times|tantos|quincenas|quinzenas|catorcenas)\b",
        rf"\b(?:a|hasta|(?:plazo|plan|plano|prazo) (?:de|of|for|a|por)) {_COUNT} (?:meses|months)\b",
        rf"{_COUNT} (?:meses|months) (?:de plazo|sin intereses|sem juros|s/ ?juros|s/ ?intereses)",
        rf"(?<!\d ){_FREE}(?P<count>\d{{1,2}}) (?:de|of) (?={_SUM_EACH})",
        (
            rf"{_COUNT} (?:veces|vezes|times) (?=(?:sin|sem|s/)\s?(?:intere|juro)|(?:(?:ta|esta|e|es"
            rf"|is) )?(?:bom|bien|ok|good|fine|da|sirve|serve|puedo|posso)\b)"
        ),
        rf"{_COUNT}[- ]month (?:payment )?(?:plan|deal|thing|arrangement|schedule)\b",
        rf"{_COUNT} (?:meses|months) (?:de|at|a|of|por|x) (?={_SUM_EACH})",
        rf"{_COUNT} (?:meses|months),? (?=[$€£]?\d+ ?(?:each|a pop|c/u|cada uno)\b)",
        rf"\b(?:pon|hag)\w+ (?:a |en )?{_COUNT} (?:meses|quincenas)\b",
        r"\b(?:over|across|spread over|durante|por|x|nos|los)(?: the| los| os)?(?: next| proximos)? "
        rf"{_COUNT} (?:meses|months)\b",
    )
)
_CHOICE_OF_COUNTS = re.compile(
    rf"\b(?:a|en|em|in) {_FREE}(?P<count>\d{{1,2}}) (?:o|ou|or) (?:a |en |em )?(?P<other>\d{{1,2}}){_END}"
)
_RATHER = re.compile(
    rf"\b(?:son|sao|faz|hace|hacelo en|haz|make it|ponle|que sean|sean|mejor|melhor|prefiro|prefiero|(?:que"
    rf"|what|how) (?:tal|about)|(?:firmo|acepto|aceito|fecho|topo)(?: por| las| as)?) (?:en |em )?"
    rf"{_FREE}(?P<count>\d{{1,2}})(?:{_END}| (?=(?:si|se|if)\b))"
    rf"|[.,;] {_FREE}(?P<last>\d{{1,2}}) (?=(?:y|e|and) (?:punto|ponto|ya|pronto|listo|that's)\b)"
)
_NOT_SO_MANY = re.compile(
    rf"\b(?:{UNITS}),? (?:y |e |and )?(?:no|nao|not|(?:en|em) vez de|instead of|rather than) (?:en |em "
    rf"|in )?(?P<other>\d{{1,2}}){_END}"
)
_IN_PARTS = re.compile(rf"\b(?:{UNITS}|meses|months|veces|vezes|diferir|parcelar|financiar)\b")
_PAUSE = re.compile(r"\b(?:paus\w+|suspend\w+|congel\w+|skip|descans\w+|gracia|freeze)\b")
_SPLIT = re.compile(
    r"\b(?:divid|divis|part|fracc|parcel|split|difer|repart|spread)\w*(?: \w+){0,3}\s*$"
)
_ONE_OF_AGE = re.compile(r"\bde \d{1,2},? (?:y|e|and) $")  # "la de 16 y el de 11"
_WITH_RHYTHM = re.compile(rf"\b(?:por|for|durante|x) {_COUNT} (?:meses|months)\b")
_QUINCENAS = re.compile(r"(?:quin[cz]|catorc)enas")
_IN_MONTHS = re.compile(r"\b(?:en|em) (?P<count>\d{1,2}) meses?\b")
_SINGLE = re.compile(
    r"\b(?:(?:en|em|in) (?:un|una|um|uma|1|one|a) (?:sol[oa]|unic[oa]|single|so|lump)?\s?"
    r"(?:pago|exhibicion|parcela|pagamento|payment|cuota|vez|sum)|de contado|a vista|lump sum"
    r"|(?:pago|parcela|cota) unic[oa]|single payment|(?:one|1) payment (?=of )|de una (?:sola )?vez"
    r"|de uma (?:so )?vez)\b(?! por (?:favor|todas))"
)
_PAIR = re.compile(
    r"\b(?:un|a|um) (?:par|couple) (?:de|of) (?:pagos|cuotas|parcelas|payments|installments)\b"
)
_ASKED = re.compile(
    r"\b(?:pag|hac|hag|faz|fac|divi|parcel|part|financ|split|plan|pued|pod|dif|cuotas|cancel|fracc|arregl"
    r"|termin(?!a )|dej|liquid|sald|refinan|quit|rest|break)\w*"
    rf"[^.;!?]{{0,30}}?\b(?:en|em|in|into) (?P<count>[1-9]\d?){_END_OR_PLEASE}"
)
_NTH = re.compile(
    r"\b(?:cuota|parcela|installment|instalment|mensualidad)\s*"
    r"(?:(?:numero|nro|no|n)\b[.°]?\s*|#\s*)?\d{1,3}(?:\s*(?:de|/|of)\s*\d{1,3})?\b"
    rf"(?!\s*(?:[.,]\d|[%$€£]|{UNITS}))"
)
_OF_THE_PAST = re.compile(
    r"\b(?:deb\w+|adeud\w+|atras\w+|falt\w+|qued\w+|rest[ao]n|restam|owe\w*|missed|skipped|devo|llev\w+|pague"
    r"|pagado|paguei|paid|venc\w+|late on|behind on|desde|ultim[oa]s|hice|fiz|made|di|dei"
    r"|primer[oa]s)(?: \w+){0,2}\s+$"
)
_AS_LENT = re.compile(
    r"\b(?:saque|pedi|tome|hice un|hicimos un|compre|comprei|peguei|bought|took out|financed|financie"
    r"|financiei|firme|contrate|contratei"
    r"|me prestaron|emprestaram|(?:prestamo|credito|emprestimo|loan|contrato|financiamento) (?:era|fue|foi"
    r"|was))\b(?:[^.,;!?]|(?<=\d)[.,](?=\d)){0,40}$"
)
_OF_OLD = re.compile(
    r"\b(?:hicimos|habiamos (?:hecho|quedado)|tinhamos (?:combinado|acertado)|had a deal"
    r"|teniamos?|tenia|tinha(?:mos)?|quedamos (?:en|de)|acordamos"
    r"|(?:acuerdo|acordo|plan|trato|convenio)"
    r" era|we agreed(?: on| to)?|(?:we|i) had|combinamos|combinei|di|dei)\b[^.,;!?]{0,30}$"
)
"""An agreement that was, in a story: "hicimos un trato de 10 cuotas y pague 4"."""

_PAID_SO = re.compile(
    r"\b(?:paid|pague|paguei|pagaba|pagabamos|pagava|abonaba|was paying|used to pay)\b[^.,;!?]{0,25}$"
)
_INTO = re.compile(r"\b(?:en|em|in|into) $")
_IN_ARREARS = re.compile(
    r"\s*(?:of [$£€]?\d[\d.,]* )?(?:\w+ )?(?:atrasad|vencid|pendient|restant|overdue|missed|behind|en atraso|em atraso"
    r"|impag|pagad|pagas\b|que debo|que me (?:falt|atras)|que devo|que falt|left|remaining|adeudad|en mora"
    r"|de atraso|de mora|late|(?:y|e) (?:ya |ja )?(?:llevo|voy|van|vou|paguei|pague)\b)"
)
_REFUSED = re.compile(
    r"\b(?:no (?:hay (?:forma|manera|modo)|son|eran|fueron|es|puedo|podria|podre|llego|alcanzo|quiero)"
    r"|nao sao|(?:aren'?t|weren'?t)"
    r"|no me vengan con|(?:me |nos )(?:piden|pedem|ofrecen|propusieron|promet\w+)|voces querem"
    r"|nao (?:posso|consigo|da|quero)|can'?t"
    r"|cannot|don'?t want)\b(?!.*\b(?:mas|mais|more|sino|pero|but|son|sao|solo|so|only)\b)"
    r"(?:[^.,;!?\n]|[.,](?=\d)){0,30}$"
)


@dataclass(frozen=True, slots=True)
class Count:
    """In how many payments, and which fields of the message that leaves with two readings."""

    number: int | None = None
    ambiguous: frozenset[str] = frozenset()
    every: Every | None = None


def read_instalments(sheet: Sheet, *, rhythm: bool) -> Count:
    """The number of payments asked for; those owed, paid or missed are no request.

    "En 6 meses" can be six payments or a day half a year from now, so both are asked.
    """
    found: list[tuple[int, int, bool, bool]] = []
    for match in sheet.find(_NTH):
        sheet.blot(*match.span())
    extra = [_WITH_RHYTHM] if rhythm else []
    if _IN_PARTS.search(sheet.text):
        extra += [_CHOICE_OF_COUNTS, _RATHER]
    by_quincena = False
    for match in sheet.find(_NOT_SO_MANY):
        sheet.blot(*match.span("other"))
    for pattern in (*_INSTALMENTS, *extra):
        for match in sheet.find(pattern):
            before = sheet.before(match.start())
            if _ONE_OF_AGE.search(before):
                continue
            single = match.group().endswith((" pago", " abono")) and match["count"] != "1"
            if single and not _INTO.search(before):
                continue  # "el 16 pago", "sexta-feira 13 pago"
            owed = _OF_THE_PAST.search(before) and not _INTO.search(before)
            past = bool(owed or _AS_LENT.search(before))
            past = past or ("month" in match.group() and bool(_PAID_SO.search(before)))
            arrears = _IN_ARREARS.match(sheet.text, match.end())
            number = int(match["count"] or match["last"])
            paused = "mes" in match.group() and _PAUSE.search(before)
            if not past and not arrears and not paused and 1 <= number <= 360:
                refused = _REFUSED.search(
                    sheet.before(match.start("count"))[-60:] if match["count"] else ""
                ) or refused_after(sheet.text, match.end())
                old = is_story(sheet.said) and _OF_OLD.search(before)
                unlikely = bool(refused or old)
                found.append((match.start(), number, "other" in match.groupdict(), unlikely))
                by_quincena = by_quincena or bool(_QUINCENAS.search(match.group()))
            sheet.blot(*match.span())
    for pattern, number in ((_SINGLE, 1), (_PAIR, 2)):
        for match in sheet.find(pattern):
            unlikely = bool(_REFUSED.search(sheet.before(match.start())))
            found.append((match.start(), number, False, unlikely))
            sheet.blot(*match.span())
    if found:
        meant = sorted([one for one in found if not one[3]] or found)
        if is_story(sheet.said):
            meant = [one for one in meant if judge(sheet.said, one[0], one[0]) == "offers"] or meant
        several = len({one[1] for one in meant}) > 1 or any(one[2] or one[3] for one in meant)
        return Count(
            meant[0][1],
            frozenset({"instalments"}) if several else frozenset(),
            "biweekly" if by_quincena else None,
        )
    if (asked := _ASKED.search(sheet.text)) and 2 <= int(asked["count"]) <= 60:
        sheet.blot(*asked.span("count"))
        return Count(int(asked["count"]))
    if (months := _IN_MONTHS.search(sheet.text)) and int(months["count"]) > 1:
        if _SPLIT.search(sheet.before(months.start())):
            sheet.blot(*months.span())
            return Count(int(months["count"]))
        return Count(int(months["count"]), frozenset({"instalments", "on"}))
    return Count()

"""Finds the part of the debt a person names instead of an amount: "la mitad", "50%", "todo"."""

from __future__ import annotations

import re
from fractions import Fraction

from bot.understanding.clauses import around, is_story, judge
from bot.understanding.sheet import Sheet

_OF_THE_DEBT = (
    r"(?:disso\b|de eso\b|of (?:it|that)\b|(?:de|da|do|of)\s+(?:la |lo |el |the |my |mi |minha |meu )?"
    r"(?:deuda|divida|debt|adeudo|total|saldo|balance|monto|importe|valor|what|que|cuota))"
)
_HALF = re.compile(
    r"(?<!grand and a )(?<!million and a )\b(?:mitad|mita|metade|metadinha|half(?! term)|medi[oa](?= (?:deuda"
    r"|total|saldo))"
    r"|meia(?= divida))\b(?!\s+(?:del? (?:mes|semana"
    r"|ano|\w+bre|enero|febrero|marzo"
    r"|abril|mayo|junio|julio|agosto)|do mes|da semana|of (?:the )?(?:month|week)|an? hour"
    r"|hour|day|a day|past|year|a million|million|a grand|a dozen|dozen))"
)
_THIRDS = re.compile(
    r"\b(?:(?P<n>\d)|una?|uma?|one|a|la)\s+(?:tercio|terco|tercer[ao]? parte|terca parte|third)s?\b"
    r"(?!\s+(?:opcion|option|one|part(?:y|ies)|vez|cuota|time))"
)
_QUARTERS = re.compile(
    r"\b(?:(?P<n>\d)|una?|la|a|uma?|one)\s+(?:cuartas? partes?|quartas? partes?"
    rf"|quarters?(?!\s+past)|(?:cuarto|quarto)s?(?=\s+(?:{_OF_THE_DEBT}|de es[aeo]|el (?:lunes|martes|mierc"
    rf"|jueves|vier"
    r"|sabado|domingo)|(?:(?:le|les|te|os|lhe|yo|eu|i)\s+)?(?:puedo|posso|pongo|pago|doy|dou|deposito|can)"
    r"|sabado|amanha|manana|na|no dia|agora|ahora|ahorita|hoy|hoje|now|y"
    rf"|e)\b|\s*$))\b"
)
_FIFTHS = re.compile(
    rf"\b(?:(?P<n>[1-4])|una?|uma?|la|a|one)\s+(?:quintas? partes?|(?<=[2-4] )(?:quintos|fifths)|(?:quint[oa]s?"
    rf"|fifths?)(?=\s+{_OF_THE_DEBT}))\b"
)
_TENTHS = re.compile(
    rf"\b(?:(?P<n>[1-9])|una?|uma?|la|a|one)\s+(?:decimas? partes?|(?:decim[oa]s?|tenths?)(?=\s+{_OF_THE_DEBT}))\b"
)
_RATIO = re.compile(
    rf"(?<![\d/])(?P<n>\d)/(?P<d>[2-9])\s+(?:partes?\b|{_OF_THE_DEBT}|(?:down|upfront|agora|ahora|ahorita|hoy"
    rf"|hoje|now"
    rf"|today|y|e|dps|depois|despues|after|later)\b)"
)
_PERCENT = re.compile(
    r"(?<![\w.,])(?P<n>\d{1,3})(?:[.,](?P<d>\d{1,2}))?\s*"
    r"(?:%|por ?cien(?:to)?\b|por cento\b|per ?cent\b|pct\b|porc\b|(?:cents?|c) (?:on|in|to) (?:the"
    r"|a) (?:dollar|buck|pound)\b"
    r"|centavos? (?:por|de|en|em) (?:cada )?(?:el )?(?:dolar|peso|real)\b|centimos por (?:cada )?euro\b)"
)
_NOT_OF_THE_DEBT = (
    r"(?:(?:all |of )?(?:y'?all|you|u|them|us|those|these|the (?:time|people|world|money i|house|day|night"
    r"|calls|month))\b"
    r"|(?:mi|mis|my|meu|minha|su|nuestr[oa]|our|his|her|el|la|los|las|o|a|the) (?:sueldo|salario|salary"
    r"|quincena|pension|pensao|nomina"
    r"|pay|paycheck|check|cheque|wages?|income|ingresos?|renda|aposentadoria|jubilacion|obra|casa|mail|phone"
    r"|family|familia"
    r"|life|vida|house|gente|tiempo|tempo|town|tips|hours)\b"
    r"|(?:lo|el|o|what|whatever) (?:que|q)? ?(?:me |nos |they |i )?(?:deben|pagan|gano|ganaba|cobro|cobra|entra"
    r"|entran"
    r"|ganho|recebo|pagam|earn|make|owe me|get paid)\b)"
)
"""What one can have a part of that is not the debt: "la mitad de mi sueldo", "half the time"."""

_BESIDE_AFTER = re.compile(
    r"\s*(?:de\s+|of\s+|em\s+)?(?:acuerdo|pay cut|cut\b|descuento|desconto|discount|off\b|interes|juros|interest"
    r"|acordo|segur|sure|rebaja|quita|menos|certeza|anual|mensual|al mes|ao mes|a\.?m\b|mas\b"
    r"|more\b|cierto|real)"
    rf"|\s*(?:(?:de|of) |(?=my|our|his|her|the|yall|y'|all|you|u ))(?:del |do |da )?{_NOT_OF_THE_DEBT}"
    rf"|\s*(?:del|da|do) (?:sueldo|salario|aguinaldo|mes)\b"
    r"|[^.;!?,]{0,40}\b(?:son|es|sao|are|is|e|goes|va|van|vai) (?:\w+ )?(?:interes\w*|juros|interest|mentiras?"
    r"|lies|abusos?|robos?"
    r"|fees?|recargos?|multas?|comision\w*|comer|comida|pa|para|pra|to|en|for)\b|[^.;!?,]{0,30}\bse (?:me|nos"
    r"|le) (?:va|van|fue)\b"
)
_BESIDE_BEFORE = re.compile(
    r"\b(?:descuento|desconto|discount|quita|rebaja|interes(?:es)?|juros|interest|bateria|battery|tasa|taxa"
    r"|rate|recargo"
    r"|multa|mora|aumento|comision|fee"
    r"|abatimento|(?:me|nos|te) (?:pagan|deben|dan|prestan|depositan|pagaron|quitan)|gast\w+|(?:ando|andamos"
    r"|estoy|estamos) a)\s+(?:(?:del?|do|of|a|en|em|at|al)\s+)?(?:(?:un|el|um|o|a)\s+)?$"
)
_PAYING = (
    r"(?:pag(?:o|ar|are|aria|arei|ue|amos|ando|ad[oa])|liquid\w+|cancel(?:ar|o|are)|deposit(?:o|ar|are)"
    r"|sald(?:ar|o|are)|yape(?:o|ar|are)|pline(?:o|ar|are)|neque(?:o|ar|are)|transfier\w|transferir|transfiro"
    r"|consign(?:o|ar|are)"
    r"|abon(?:ar|o|are)|cubrir|quit(?:[oae]|ar|arei)|(?<!do )acert(?:o|ar)|pay|paying|paid|settled?"
    r"|clear(?:ed)?|cover(?:ed)?)(?:los?|las?"
    r"|te|les?|me|nos)?"
)
_THE_DEBT = (
    r"(?:cuenta|deuda|adeudo|saldo|monto|divida|debito|conta|credito|importe|fatura|factura|boleta)"
)
_ALL = (
    r"(?:todo|tudo|td|to(?=\W*$)|todit[oa]|tudim|tudinho|todinh[oa]|el completo|the lot|toda(?: (?:la"
    r"|a) (?:deuda|divida))?|total"
    r"|totalidad|complet[oa]|enter[oa]|enterit[oa]|inteir[oa]|inteirinh[oa]|integral|integr[oa]|all"
    r"|everything|full|whole|entire|in full)"
)
_WHOLE = re.compile(
    r"\bpay (?:it |this |that |them |everything )?(?:all )?off\b"
    rf"|\b{_PAYING}\s+(?:(?:ya|it|them|this|that|de una vez|hoy|logo|la deuda|mi deuda|a divida"
    rf"|la factura|la cuenta|el recibo|la boleta|a fatura|a conta|the bill"
    rf"|el monto|el adeudo|el importe|el saldo|o valor|the debt|my debt|off)\s+){{0,3}}(?:el |o |the |a "
    rf"|la )?{_ALL}\b(?!\s*[$€£]?\d)"
    rf"|\b{_PAYING}\b[^.,;!?]{{1,25}}\b(?:todo|tudo|todito|tudinho|everything|it all|the lot)(?=\s*(?:$|[.,;!]))"
    rf"|\b(?:todo|tudo|complet[oa]|enter[oa]) (?:(?:te|se|les?|lo|la|eu|yo|i) ){{0,2}}(?:{_PAYING}|paga|salda"
    rf"|cancela)\b"
    r"|\b(?:the )?(?:full|whole|entire) (?:amount|balance|debt|payment|thing|total)\b"
    r"|\b(?:pago|pagamento) (?:total|completo|integral)\b|\ben su totalidad\b|\bla totalidad\b"
    r"|\b(?:the )?(?:full whack|whole lot(?! of))\b|\beverything i owe\b|\b(?:todo|tudo) (?:lo|o) que (?:les |te "
    r"|lhes )?(?:debo|devo)\b"
    r"|\b(?:todo|tudo) (?:junto|de una|de una vez|de uma vez|de uma so vez|de golpe"
    r"|de un (?:jalon|tiro|saque|solo)|de uma tacada)\b"
    r"|\b(?:(?:le|les|te|os|lhe) )(?:tengo|tenho|llevo|levo|dejo|junto) (?:todo|tudo)\b"
    rf"|\b(?:{_PAYING}|pagamento|pago|quitacao|liquidacion|cancelacion|liquidacao"
    rf"|settlement)\b[^.;!?]{{0,30}}?\b(?:por completo|na integra|en su integridad"
    r"|integralmente|totalmente|completamente|enteramente|por entero|por inteiro|in full)\b"
    r"|\b(?:quitacao|liquidacion|cancelacion|liquidacao|acerto|abono|deposito) (?:total|integral|complet[oa])\b"
    rf"|\btod[oa] (?:la|el|o|a|mi|minha|meu) {_THE_DEBT}\b(?! (?:no|nao|esta|ta|es|e) )|\btodos? (?:meu"
    rf"|mis?) {_THE_DEBT}\b"
    rf"|\b(?:{_THE_DEBT}|lo que debo|o que devo) (?:complet|enter|enterit|inteir|inteirinh|tod|todinh"
    rf"|integr)[oa](?:l|s)?\b"
    r"|\b(?:el|o) total(?= ?•| (?:en|em) \d| (?:lo|l[ao]s|o|te|les?|se lo) | de (?:una|contado)| (?:el|no|na) )"
    r"|\ball (?:of it|at once)\b|\b(?:a|la) (?:divida toda|deuda (?:completa|entera))\b"
)
_AT_ONCE = re.compile(
    r"^\W*(?:todo|tudo|everything|all)(?= (?:ate|hasta|antes de|by|until|hoy|hoje|hj|amanha|manana|today"
    r"|tomorrow|tmrw|junto|de contado|al contado|a vista|el (?:lunes|martes|miercoles|jueves|viernes|sabado"
    r"|domingo|dia \d|\d)"
    r"|na (?:segunda|terca|quarta|quinta|sexta)|no (?:sabado|domingo|dia)|on|en (?:una|un|\d)|em \d)\b| •"
    r"|, (?:de golpe|de una|junto)\b)"
)
_ALONE = re.compile(
    r"^\W*(?:si |sim |yes |ok )?(?:quiero |puedo |el |o |la |the |it |por el )?"
    rf"{_ALL}(?: por favor| please| ya)?\W*$"
)
_CANNOT = re.compile(
    r"\b(?:no (?:puedo|podria|podre|llego|alcanzo|me alcanza|tengo|voy a|quiero)"
    r"|nao (?:posso|consigo|tenho|da|vou|quero)|can'?t|cannot|can not|couldn'?t|won'?t|not able"
    r"|unable|don'?t|not|instead of|rather than|en (?:vez|lugar) de|em vez de|ao inves de)\b"
    r"(?:(?!\b(?:pero|but|mas|solo|so|only|si)\b)[^,.;!?]){0,30}$"
)
_NOT_SO = re.compile(
    r"\s*,?\s*(?:no|nao|not|n)(?=\s*(?:$|[,.;!])| (?:puedo|posso|podria|tengo|tenho|llego|alcanzo|me alcanza"
    r"|consigo|da)\b)"
)
"""Turning the whole down after it: "todo de golpe no, en 3 pagos"."""


_TODAY = re.compile(r"\b(?:hoy|hoje|hj|today)\b")
_OR_ALL = re.compile(
    r"\b(?:o|ou|or) (?:bien )?(?:el |la |o |a |the )?(?:todo|tudo|total|all|everything|whole)\b"
)
_HALF_OFF = re.compile(r"\s*(?:off|price)\b")
_TO_PAY = re.compile(rf"\b{_PAYING}\b")
_GOES_ON_WITH_THE_DEBT = re.compile(rf"\s*(?:{_OF_THE_DEBT}|de lo (?:mio|que))")
_THE_OTHER = re.compile(r"\b(?:otr[oa]s?|outr[oa]s?|other) $")
_MERE_EMPHASIS = re.compile(rf"(?!\s*(?:$|[.,;!?]|{_OF_THE_DEBT}))")


_PARTS = {_THIRDS: 3, _QUARTERS: 4, _FIFTHS: 5, _TENTHS: 10}


def _part(pattern: re.Pattern[str], match: re.Match[str]) -> Fraction:
    said = match.groupdict()
    if pattern is _PERCENT:
        return Fraction(f"{said['n']}.{said['d'] or 0}") / 100
    if pattern is _RATIO:
        return Fraction(int(said["n"]), int(said["d"]))
    if pattern in _PARTS:
        return Fraction(int(said["n"] or 1), _PARTS[pattern])
    return Fraction(1, 2) if pattern is _HALF else Fraction(1)


def _is_of_the_debt(sheet: Sheet, match: re.Match[str]) -> bool:
    """Whether the part is of the debt, and not of a salary, a price or a story."""
    if (
        _THE_OTHER.search(sheet.before(match.start()))
        or _TO_PAY.search(around(sheet.said, *match.span()))
        or _GOES_ON_WITH_THE_DEBT.match(sheet.said, match.end())
    ):
        return True
    judged = judge(sheet.said, *match.span())
    return judged == "offers" or (judged == "" and not is_story(sheet.said))


def read_share(sheet: Sheet) -> tuple[Fraction | None, bool]:
    """The part of the debt the person names, and whether they named several.

    A discount or an interest rate is no part of the debt, and "no puedo pagar todo" offers none.
    """
    found: list[tuple[int, Fraction]] = []
    for pattern in (_PERCENT, _RATIO, *_PARTS, _HALF, _WHOLE, _AT_ONCE, _ALONE):
        for match in sheet.find(pattern):
            before, part = sheet.before(match.start()), _part(pattern, match)
            half_off = pattern is _HALF and _HALF_OFF.match(sheet.text, match.end())
            beside = _BESIDE_BEFORE.search(before) or _BESIDE_AFTER.match(sheet.text, match.end())
            if half_off:
                beside = None  # half taken off leaves half to pay
            if pattern is _PERCENT and part == 1 and not re.search(rf"\b{_PAYING}\b", before):
                beside = beside or _MERE_EMPHASIS.match(sheet.text, match.end())  # "100% broke"
            meant = pattern is _WHOLE or _is_of_the_debt(sheet, match)
            refused = _CANNOT.search(before) or (
                pattern in (_WHOLE, _AT_ONCE) and _NOT_SO.match(sheet.text, match.end())
            )
            if meant and not beside and not refused and 0 < part <= 1:
                found.append((match.start(), part))
            today = _TODAY.search(match.group())  # "pagar hoy todo": the day is still to be read
            kept = today.start() if today else 0
            sheet.blot(match.start() + (kept + len(today.group()) if today else 0), match.end())
            if today:
                sheet.blot(match.start(), match.start() + kept)
    found.sort()
    if any(part < 1 for _, part in found) and not _OR_ALL.search(sheet.said):
        found = [one for one in found if one[1] < 1]  # "pague la mitad", of "la deuda entera"
    return (found[0][1] if found else None), len({part for _, part in found}) > 1

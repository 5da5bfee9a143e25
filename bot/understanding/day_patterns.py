"""How days are written and said in Spanish, Portuguese and English: one expression for each way."""

from __future__ import annotations

import re
from functools import cache

from bot.understanding.calendar_words import (
    DAY_ORDINALS,
    NTH,
    ORDINAL_DAYS,
    ORDINALS_TOO,
    doubtful_weekdays,
    long_months,
    months,
    weekdays,
)
from bot.understanding.feasts import feast_patterns
from bot.understanding.money_words import money_words
from bot.understanding.sheet import either

_NTH = r"(?:st|nd|rd|th|o|ro|er|do|to)?"
_YEAR = (
    r"(?:(?:,\s*|\s+)(?:del? |do |of )?(?P<year>(?:19|20)\d\d)(?!\d)"
    r"|\s+(?:del?|do) (?P<yy>\d\d)(?![\d.,%]))?"
)
_ONE = r"(?P<count>\d{1,3}|(?:a |un |um )?(?:couple|par) (?:of|de)|un|una|um|uma|one|an?)"
_UNIT = (
    r"(?P<unit>dias|dia(?! [\d•])|days?|semanas?|weeks?|mes|meses|months?|quincenas?|quinzenas?|catorcenas?"
    r"|fortnights?|horas?|hours?|hs|hrs|minutos?|minutes?|min|ratos?|ratico)\b"
)
_SOON = (
    r"(?:dentro de|de aqui a|en los proximos|nos proximos|in the next|within(?: the next)?|daqui a"
    r"|daqui|en unos|en como|em uns|in about|antes de|em ate|en|em|in|a)"
)
_ON = (
    r"(?:na|no|nesta|nessa|neste|esta|este|essa|ate a|ate|pra|para|on|this|next|by|until|till|el"
    r"|proxim[oa]|toda|todas as|last|ultim[oa])"
)
_NOT_A_THING = (
    r"(?!\s+(?:via|vez|parcela|opcao|opcion|chance|cota|cuota|parte|quincena|quinzena|semana|divida"
    r"|fatura|conta|mensagem|proposta|oferta|is|was|de(?! (?:tarde|manha|noite|noche|madrugada)))\b)"
)
_COMING = r"(?:(?:que|q|k) (?:viene|vien|vem|entra|sigue)|entrante|proxim[oa]|prox|siguiente|sgte|seguinte)"
_NEXT_MONTH = (
    rf"(?:mes {_COMING}|(?:proximo|prox|siguiente|sgte) mes|next month|outro mes|otro mes)"
)
_ABOUT = r"(?:unos |unas |uns |umas |como |about |around |cerca de |mas o menos |mais ou menos |los |os )"
_PAID = (
    r"(?:cobre|cobro|cobremos|cobrar|(?:me|nos) pagar|pague|paguen|paguem|pagarem|pagam|pagan|depositen"
    r"|depositem|depositarem"
    r"|caiga|caigan|caen?|cair|caia|cobrem|receber|recebo|reciba"
    r"|(?:salga|salgan|sair|saia)(?! (?:de|da|del|disso|dessa) )|liberen|liberarem"
    r"|recibo|paid|paycheck|pay ?check|check|cheque|salary|wages|sueldo|salario|nomina|tanda|liquidacion"
    r"|finiquito|prima"
    r"|bonus|bono|seguro desemprego|ferias|acerto|rescisao|benefits?|giro|aguinaldo|grati|decimo terceiro|13o?"
    r"|liquid(?:en|an|ar|arem)|deposit(?:an|am|ar)|vend(?:a|o|er|an|am|erem)|get paid|entre(?: algo)?"
    r"|beca|bolsa|pension|subsidio|auxilio|consiga (?:trabajo|pega|chamba|laburo)|arrum\w+ (?:emprego"
    r"|trabalho|servico)"
    r"|find (?:a job|work)|settlement|refund|venda|venta|vend(?:a|er)|sell)"
)
_OF_A_MONTH = (
    r"(?:del?|do|da|of|d|in|en|em)\s+(?:(?P<month>{full}|may|march)|(?:el |the )?(?P<next>{next})"
    r"|(?:el |este |cada |the |this |each |every |o )?(?:mes|month)\b|[•\s]+)"
)


def _again(expression: str, name: str) -> str:
    """`expression` with its group renamed, for a second use in one pattern."""
    return re.sub(r"\(\?P<(\w+)>", f"(?P<{name}>", expression)


def _not_day() -> str:
    """What may not follow the number of a day: it would be money, payments or a span of time."""
    money = either(money_words())
    return (
        rf"(?!\s+(?:street|st|ave|avenue|floor|grade|piso|andar"
        rf"|[bcd])\b)(?![\da-z%°])(?![.,/:-]\d)(?!\s*(?:[%$€£]|(?:{money}|por ciento|por cento|percent|dias?"
        r"|days?|semanas?|weeks?|mes(?:es)?|months?|cuotas|pagos|parcelas|veces|vezes|x|anos?"
        r"|(?:a|per) (?:month|week|mo)|bucks|in line"
        r"|years?|horas?|hs|hrs|h|am|pm|hours?)\b))"
    )


@cache
def day_patterns() -> dict[str, re.Pattern[str]]:
    """Every way of naming a day, by its name."""
    month, full = either(months()), either(long_months())
    sure, doubtful = either(weekdays()), either(doubtful_weekdays())
    day = r"(?P<day>\d{1,2})"
    plain_day = _not_day()
    of_a_month = _OF_A_MONTH.format(full=full, next=_NEXT_MONTH)
    written = {
        "iso": r"(?<!\d)(?P<year>(?:19|20)\d\d)[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)",
        "numeric": (
            r"(?<![\d/.,-])(?P<a>\d{1,2})(?P<sep>[/.-])(?P<b>\d{1,2})(?P=sep)"
            r"(?P<year>\d{4}|\d\d)(?![\d/])"
        ),
        "slash": r"(?<![\d/.,$-])(?!24/7)(?P<a>\d{1,2})/(?P<b>\d{1,2})(?![\d/%])",
        "dash": r"(?<=el |ia |on |no |by )(?P<a>\d{1,2})-(?P<b>\d{1,2})(?![\d/%-])",
        "day_month": (
            rf"(?<![\d/.,$-])(?P<day>\d{{1,2}}|primer[oa]?|primeiro|uno(?= de)){_NTH}\s*(?:de |of |d )?"
            rf"(?P<month>{month})\b(?! of)\.?{_YEAR}"
        ),
        "month_day": (
            rf"\b(?P<month>{month})\.?\s+(?:the )?(?P<day>\d{{1,2}}|first){_NTH}{plain_day}{_YEAR}"
        ),
        "quincena_of": (
            r"\b(?P<which>primera|segunda|1a|2a)\s+quin[cz]ena(?:\s+(?:de |do )?"
            rf"(?:(?P<month>{full})|(?P<next>{_NEXT_MONTH})))?\b"
        ),
        "quincena_month": rf"\bquin[cz]ena\s+(?:de|do)\s+(?P<month>{full})\b",
        "nth_weekday": (
            rf"\b(?P<nth>{either(NTH)})\s+(?P<weekday>{either(weekdays() | ORDINALS_TOO)})(?:-feira| feira)?\s+"
            + of_a_month
        ),
        "nth_day": (
            rf"\b(?P<all>todo |cada |todos os |every )?(?:the |el |no |o |al |ao )?(?P<nth>{either(DAY_ORDINALS)})"
            rf"(?:\s+(?:dia|day))?(?! dia util)\s+{of_a_month}"
        ),
        "week_of": rf"\b(?P<nth>{either(NTH)})\s+(?:semana|week)\s+{of_a_month}",
        "week_from": (
            r"\b(?P<n>an?|one|\d)\s+(?:weeks?|fortnight)\s+(?:(?P<today>today)|(?:from|on|after)?\s*"
            rf"(?:(?P<weekday>{sure})|(?P<tomorrow>tomorrow|tmrw?)))\b"
        ),
        "in_eight": (
            r"\b(?:de |a partir de )?(?:hoy|hoje|(?P<later>pasado manana)"
            r"|(?P<tomorrow>manana)) en (?P<count>8|15)(?: dias)?\b"
        ),
        "month_last": r"\beom\b|\b(?:el |no )?(?:dia ultimo|ultimo dia)\b(?! (?:del?|do|of)\b)",
        "edge": (
            r"(?:\b(?P<all>cada|todos los|todo|los|every|each)\s+)?"
            r"\b(?P<edge>fin(?:es|al(?:es)?)?|fim|end|ultimo dia|ultimos dias|ultimo(?= del? )"
            r"|last (?:working |business )?day|mediados|(?<=\ba )medio(?= mes)"
            r"|mitad|meio|meados|metade|mid(?:dle)?|principios?|comienzos?|inicios?|primeros|primer[oa]s dias"
            r"|primeiros dias"
            r"|early|late|comeco|comecinho|beginning|start)\s*"
            r"(?:de la|del?|d|do|da|of)?\s*"
            r"(?:the |este |esse |esta |essa |cada |each |every |this |el |ese |o |l )?"
            rf"(?:(?P<month>{full}|may|march)|(?P<next>{_NEXT_MONTH})"
            rf"|(?P<ahead>next week|proxima semana|semana {_COMING})"
            r"|(?P<unit>mes|month|ano|year|semana|week|finde))\b"
        ),
        "weekend": (
            r"\b(?:(?P<every>cada |every |todos los |todo |los )|el |este |this |the |no |proximo )?"
            r"(?:fin de semana|finde|fim de semana|weekend)\b"
        ),
        "pair": (
            r"\b(?:los|dias|cada|every|el|al?|del|entre el|dia|the|on the|todos los)\s+(?:dias? )?"
            rf"(?P<a>\d{{1,2}}){_NTH}\s*(?P<join>y|e|and|&|o|ou|or|al?|u|ao|-)\s*"
            rf"(?:el |los |the |dia |o |no dia |cada )?(?P<b>\d{{1,2}}){_NTH}{plain_day}"
        ),
        "ago": (
            rf"\b(?:(?:desde )?hace(?: como| unos| mas de)?|faz|ha) {_ONE} {_UNIT}"
            rf"|\b{_again(_ONE, 'n')} {_again(_UNIT, 'u')} (?:ago|atras)\b"
        ),
        "in": (
            rf"\b{_SOON} {_ABOUT}?{_ONE} (?P<habil>business |working )?{_UNIT}(?P<uteis> habiles| uteis| laborables)?"
            r"(?! (?:que viene|sin|sem|de (?:atras|mora|plazo)|atras|ago) )(?! (?:y|e) (?:medi[oa]|meia?|pico|\d))"
            rf"|^\W*{_again(_ONE, 'n')} {_again(_UNIT, 'u')}\W*$"
            rf"|\b{_again(_ONE, 'm')} {_again(_UNIT, 'v')}'? "
            r"(?:time\b|from (?:now|today)|a partir de (?:hoy|hoje|ahora|agora))\b"
        ),
        "give": (
            r"\b(?:gimme|d[ae]n?(?:me|nos)|me (?:d[ae]n?|das|daria|dao)|give me|i need|necesito|preciso(?: de)?"
            r"|esper(?:en?|a)me)\s+(?:unos |uns |otr[oa]s? |another |mais |mas )?"
            rf"{_ONE} (?:more )?{_UNIT}"
            rf"|\b{_again(_ONE, 'n')} (?:more {_again(_UNIT, 'u')}|{_again(_UNIT, 'v')}\s+(?:mas|mais|more)\b)"
        ),
        "push": (
            r"\b(?:push|move|wait|extend|delay)\w*(?: \w+){0,3} (?P<count>an?|one|\d+)"
            r" (?P<unit>days?|weeks?|months?)\b"
        ),
        "soon": (
            r"\b(?:en|dentro de|daqui a|daqui|in|em) (?:unos|unas|uns|umas|alguns|algumas|a few|pocos|poucos)"
            r" (?:pocos )?(?:dias|days|semanas|weeks)\b|\ben estos dias\b|\bum dia desses\b"
        ),
        "next_month": rf"\b(?:el |del? |no |do |the |of )?(?P<next>{_NEXT_MONTH})\b",
        "this_month": (
            r"\b(?:este|esse|neste|nesse|this|del corriente|el corriente|de este|deste|of this"
            r"|del presente) (?:mes|month)\b"
        ),
        "last_month": r"\b(?:el )?(?:mes pasado|mes passado|last month)\b",
        "next_week": (
            r"\b(?:la |de la |da |na |en la |of )?(?:(?:proxima|prox|siguiente|sgte) semana"
            rf"|(?:semana|sem) {_COMING}|(?:otra|outra) semana|next week|week after next)\b"
        ),
        "this_week": (
            r"\b(?:esta|essa|nesta|nessa|this|en la|later (?:in the|this)|durante la) (?:misma )?"
            r"(?:semana|week)\b"
        ),
        "last_week": r"\b(?:la )?(?:semana pasada|semana passada|last week|ultima semana)\b",
        "before_yesterday": (
            r"\b(?:antes de ayer|anteayer|anteanoche|antier|anteontem|(?:the )?day before yesterday)\b"
        ),
        "yesterday": r"\b(?:ayer|ontem|yesterday|anoche|last night)\b",
        "after_tomorrow": (
            r"(?:(?<=[,.;!] )|(?<=manana [oy] )|^\W*|\b(?P<said>recien|para|pa|hasta|mejor|pero|o|capaz"
            r"|seguro|que|creo que) )"
            r"pasado\b(?! (?:manana|el|la|l[oa]s|de|del|unos?|una|un|mucho|tanto|todo|mes|ano|\d|(?:lun"
            r"|mar|mie|jue|vie|sab|dom)))"
            r"|\b(?:pasado manana|pasadomanana|depois de amanha|(?:the )?day after tomorrow)\b"
        ),
        "tomorrow": r"(?<!\besta )(?<!\bmisma )\b(?:manana|amanha|tomorrow|tomorow|tommorow|tomorro|tmrw?"
        r"|tmw|2moro|mannana|mnn|mnana|manna"
        r"|manan|amnha|amanh|amnh)\b",
        "today": (
            r"\b(?:hoy|hoje|today|tonight|(?:esta|essa|esta misma|nesta|nessa) (?:tarde|noche|noite)|hj"
            r"|(?:esta|esta misma) (?:manana|madrugada)|(?:essa|nessa|nesta) manha|this (?:morning"
            r"|afternoon|evening))\b"
        ),
        "weekday": (
            r"(?<![a-z])(?:\b(?P<second>(?:a )?cada 2|every (?:other|second|2))\s+)?"
            r"(?:\b(?P<every>cada|todos los|todas as|todos os|toda|todo|los|as|aos|nas|nos|every"
            r"|each)\s+)?(?:\b(?P<last>pasado|passad[oa]|last|ultim[oa])\s+)?"
            r"(?:\b(?:este|esta|this|essa|nesta|nessa|on|el|la|a|na|no|del?)\s+)?"
            r"(?:\b(?P<next>proxim[oa]|prox|(?:this )?coming|next|siguiente)\s+|\b(?P<other>otr[oa]|outr[oa])\s+)?"
            rf"(?:\b(?P<sure>{sure})|(?:(?<![a-z])(?P<on>{_ON})\s+)?"
            rf"\b(?P<doubtful>{doubtful})\b\.?{_NOT_A_THING})(?![a-z])(?:-feira| feira)?"
            rf"(?:\s+(?P<then>{_COMING})"
            r"|\s+(?P<gone>pasad[oa]|passad[oa]|anterior))?"
            r"(?P<medio>\s+(?:de )?por medio)?(?P<later>\s+(?:week|fortnight|en 8)\b)?"
            rf"(?:,?\s+(?:the |dia |el )?{day}{_NTH}{plain_day})?"
        ),
        "next_day": (
            r"\b(?:al? dia siguiente|al otro dia|el dia siguiente|el siguiente dia|un dia despues|no dia seguinte"
            r"|no outro dia|um dia depois|(?:the |on the )?(?:next|following) day|the day after(?=\W*$"
            r"|[,.;]| i\b)|a day later)\b"
        ),
        "other_one": (
            r"\b(?:(?:el|la) (?:otr[oa]|que sigue|siguiente)|n?[ao] outr[ao]|n[ao] seguinte"
            r"|the (?:next|following) one|the one after)\b(?!\s+(?:mes|semana|dia|lado|pais|banco|numero"
            r"|chico|nino|senor|telefono|cel|mitad|metade|parte|pago"
            r"|cuota|parcela|opcion|opcao|que (?!vien|sigue|entra)|factura|deuda|cuenta|divida|conta|vez|month"
            r"|week|quin[cz]ena|catorcena)|\s+(?:eu|yo|i)\b)"
        ),
        "day": (
            r"\b(?:(?P<all>(?<! de )(?<!\bno )los|todos los|cada|todo|every|each)|el|al|del|(?<!\bof )the"
            r"|dia|dias|no dia"
            r"|proximo|a dia|ao dia)\s+(?:dias? )?(?:(?:proximo|next) )?"
            rf"(?P<day>\d{{1,2}}|primero|primeiro){_NTH}{plain_day}"
            rf"|(?:(?<!\b(?:d|p)[eo] )\bel|\bdia) {_again(day, 'thousand')}(?= mil(?: pesos| \d{{3}}\b|\W*$| y\b))"
        ),
        "nth": (
            rf"\b{day}(?P<thousand>)(?:st|nd|rd|th)\b"
            rf"(?! (?:call|text|letter|time|one|message|notice|email|mail|reminder|voicemail|in line|or \d"
            rf"|of the \d|of \d|right"
            rf"|person|agent|rep|offer|option|plan|choice|payment|instal|kid|job|month|week|year|day of"
            rf"|bill|attempt|try|chance))"
            rf"{plain_day}"
        ),
        "ordinal": (
            rf"\bthe (?P<ordinal>{either(ORDINAL_DAYS)})\b(?!\s+(?:one|payment|option|offer|time|instal\w+|month"
            r"|week|quarter|call|letter|notice|person|text|message|day))"
        ),
        "of_every_month": rf"(?<![\d.,$])\b{day} (?:de|do|of) (?:cada|todo|each|every) (?:mes|month)\b",
        "first": (
            r"\b(?:on the first|by the first|until the first|dia primeiro|dia primero|dia uno"
            r"|dia um|(?:the )?first of (?:the |next |each |every )?month)\b"
        ),
        "payday": (
            r"\b(?:dia d[eo] (?:mi |meu )?(?:pago|cobro|paga|pagamento)|pay ?day|(?:cuando|cdo|apenas"
            r"|nomas(?: que)?|no mas que|nada mas(?: que)?|en cuanto"
            r"|quando|qdo|qnd|hasta (?:que|q|k)|ate(?: que)?|until|til|till|(?:despues|desp) (?:de )?(?:que"
            r"|q)|depois (?:de )?que|espera(?:ndo|r|ndome)?(?: a)? que|to esperando|ya que|una vez que"
            rf"|assim que|when|whenever|once|(?:as )?soon as|luego que|si(?= (?:me|vendo|cobro)\b)|se(?= (?:eu"
            rf"|me|vender)\b))(?! (?:el|ele|ela|ella|he|she|vc) (?:sai"
            rf"|sal))\s+(?:[\w']+\s+){{0,4}}?{_PAID}"
            r"|(?:proximo|next) (?:sueldo|salario|cobro|pagamento|paycheck|check|nomina|bonus)"
            r"|income tax|(?:my|the) taxes"
            r"|(?:con|com|with) (?:el|la|o|a|mi|meu|minha|my) (?:grati\w*|aguinaldo|bono|bonus|nomina|prima|quinzena"
            r"|sueldo|salario|paycheck)"
            r"|doble sueldo|regalia(?: pascual)?|direct deposit|aguinaldo|decimo terceiro|13o|tax refund"
            r"|gratificacion|(?:quinto|5o) dia util"
            r"|primer dia habil|first business day"
            r"|(?<!testo )(?<!pondo )(?<!hablo )(?<!cribo )(?<!answer )(?<!reply )"
            r"(?:cuando pueda|quando puder|when i can))\b"
        ),
        "quincena": (
            r"\b(?:la |esta |na |nesta |a |de )?(?P<next>proxima |otra |siguiente )?"
            r"(?<!% de mi )(?<!mitad de mi )(?:quincena|quinzena)(?P<then> que viene| que vem)?\b"
            r"(?! (?:se (?:me )?va|es de|son)\b)"
        ),
        **feast_patterns(),
        "billed": (
            r"\b(?:cuota|mensualidad|parcela|recibo|factura|fatura|boleta|boleto|pago|pagamento|payment"
            rf"|installment|instalment|bill) (?:de|do|of|for) (?P<month>{full})\b"
        ),
        "month": (
            r"(?:^\W*|\b(?P<said>(?:no|en el|in the|el|o) (?:mes|month) (?:de|of)|en|em|in|para|pa|pra|por"
            r"|hasta|ate|by|until|desde|since|from|starting(?: in)?"
            r"|a partir de|(?:empezando|comenzando|comecando|partiendo|iniciando) (?:en|em|de|desde)|next)\s+)"
            rf"(?P<month>{full}|(?<=in )(?:march|may)|(?<=by )(?:march|may)|(?<=next )(?:march|may))\b{_YEAR}"
        ),
    }
    return {name: re.compile(pattern) for name, pattern in written.items()}

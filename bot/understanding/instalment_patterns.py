"""How people say in how many payments they mean to pay, as patterns."""

from __future__ import annotations

import re

from bot.understanding.sheet import BLOT
from bot.understanding.terms import UNITS

_END = r"(?=\s*(?:$|[.,;:!?)](?!\d)))"
_END_OR_PLEASE = (
    r"(?=\s*(?:$|[.,;:!?)](?!\d)|(?:(?:pra|para|p) mim?|for me|y ya|y listo|nomas|e pronto|por favor|porfa"
    r"|please|pls|se puede|seria|da|pode|because|porque|pq|since|cuz|cos|maybe|nada mas|(?:y|e|and) (?:te"
    r"|les?|os|ya|ja|que|con|sin|com|sem|cerr\w+"
    r"|qued\w+|fech\w+|pag\w+|arranc\w+|empie\w+|comec\w+|i|we))\b))"
)
TRANSFERS = (
    r"(?:ingresos|bizums?|pix(?:es)?|zelles?|venmos?|transferencias?|transfers?|transfes?|depositos?"
    r"|deposits?|giros?|giritos"
    r"|yapes?|yapeos?|plins?|plineos?|consignacion(?:es)?|wires|speis?|nequis?|daviplatas?|sinpes?"
    r"|money orders|cash ?apps?"
    r"|pagos? movil(?:es)?|teds?)"
)
"""Ways of sending money, so many of which are so many payments."""

_TIMES = r"(?:veces|vezes|veiz|veis|vez|ves|times)"
_PIECES = r"(?:parts|pieces|bits|portions|chunks|pedacos|pedazos|pedacitos|trozos|cachos|fatias|boletos|recibos)"

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
INSTALMENTS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_COUNT}{_BETWEEN}(?:{UNITS}|meses|months) (?:o|ou|or) (?:en |a |em "
        rf"|in )?(?P<other>\d{{1,2}}){_END}",
        rf"\b(?:la|el|a|o|plan|plano|opcion|opcao) (?:de|a|em|en) {_FREE}(?P<count>\d{{1,2}})"
        rf"(?: (?:meses|months)\b|{_END})",
        rf"{_COUNT} (?:veces|vezes|times) (?:de|of)\b",
        rf"^\W*(?:entre |between )?{_RANGE} (?:veces|vezes|times)\b",
        (
            rf"(?:^\W*|[.;!?,] ){_FREE}(?P<count>\d{{1,2}}) (?:veces|vezes) (?:y|e|(?:eu|yo|i) (?:pag|pod"
            rf"|pued|poss|consig"
            r"|aceit|acept|top|fech|can|pay))(?! (?:muito|mucho|demais|muy)\b)"
        ),
        rf"^\W*(?:(?:en|em|de|por|son|unas|umas|sao|in) )?{_FREE}(?P<count>\d{{1,2}}) {_TIMES}"
        r"(?: (?:nomas|so|por favor|porfa|pls|please|mesmo|msm|entao|entonces))?\W*$",
        rf"\bna?o {_FREE}\d{{1,2}} {_TIMES},? (?:(?:sim|si|mas|pero|sino|e sim|e|y|son|sao) )?(?:en |em )?"
        rf"{_FREE}(?P<count>\d{{1,2}}) {_TIMES}\b",
        (
            r"(?<!mas )(?<!mais )(?<!menos )(?<!cerca )\b(?:de|por|(?:quer\w*|quier\w+|prefir\w+|prefier\w+|faz"
            r"|fazer|faca|fac\w+|fech\w+|aceit\w+|acept\w+|(?:pode|puede) ser|parcel\w+|divid\w+|hag\w+"
            r"|haceme|pon\w+|parti\w+"
            rf"|do it|make it)) {_COUNT} {_TIMES}\b(?! (?:que|q|por|ao|al|na|en la|a la|per|a|cada|mas"
            rf"|mais|more|as)\b)"
        ),
        rf"(?<!cada ){_FREE}(?P<count>[2-9]|1[0-2]|18|24) (?:sin|sem|s/) ?(?:intere|juro|recarg)",
        rf"{_COUNT}{_BETWEEN}{TRANSFERS} (?:de|of|por|for|x|at|a) (?={_SUM_EACH})",
        rf"\b(?:en|em|in|into) {_COUNT}{_BETWEEN}(?:{TRANSFERS}|{_PIECES})\b",
        rf"{_COUNT} (?:(?:equal|even|easy) {_PIECES}|chunks)\b",
        rf"\b(?:hago|hacemos|hare|haria|hacer|faco|fazer|faria|do|make|haz(?:me|le|nos)?"
        rf"|faz) {_COUNT} {TRANSFERS}{_END}",
        rf"{_COUNT}[- ]month (?:one|option)\b",
        rf"{_RANGE}{_BETWEEN}(?:{UNITS}|x)\b",
        rf"{_IN} {_RANGE} (?:veces|vezes|meses|quincenas|quinzenas)\b",
        rf"{_COUNT}{_BETWEEN}(?:{UNITS})\b",
        rf"{_COUNT}\s?x{_AN_X}",
        rf"\b(?:en|em|in) {_FREE}(?P<count>\d{{1,2}})\s?x\b",
        rf"{_IN} {_COUNT} (?:{_TIMES}|tantos|quincenas|quinzenas|catorcenas)\b",
        rf"\b(?:a|hasta|(?:plazo|plan|plano|prazo) (?:de|of|for|a|por)) {_COUNT} (?:meses|months)\b",
        rf"{_COUNT} (?:meses|months) (?:de plazo|sin intereses|sem juros|s/ ?juros|s/ ?intereses)",
        (
            r"(?<!\d )(?<!\bdia )(?<!\bdias )(?<!\bel )(?<!\bday )(?<!\bthe )"
            rf"{_FREE}(?P<count>\d{{1,2}}) (?:de|of) (?={_SUM_EACH})"
        ),
        (
            rf"{_COUNT} (?:veces|vezes|times) (?=(?:sin|sem|s/)\s?(?:intere|juro)|(?:(?:ta|esta|e|es"
            rf"|is) )?(?:bom|bien|ok|good|fine|da|sirve|serve|puedo|posso)\b)"
        ),
        rf"{_COUNT}[- ]month (?:payment )?(?:plan|deal|thing|arrangement|schedule)\b",
        rf"{_COUNT} (?:meses|months) (?:de|at|a|of|por|x) (?={_SUM_EACH})",
        rf"{_COUNT} (?:meses|months),? (?=[$€£]?\d+ ?(?:each|a pop|c/u|cada uno)\b)",
        rf"\b(?:pon|hag)\w+ (?:a |en )?{_COUNT} (?:meses|quincenas)\b",
        r"\b(?:over|across|spread over|durante|por|x|nos|(?<!\ba )los)(?: the| los| os)?(?: next| proximos)? "
        rf"{_COUNT} (?:meses|months)\b",
    )
)
CHOICE_OF_COUNTS = re.compile(
    rf"\b(?:a|en|em|in) {_FREE}(?P<count>\d{{1,2}}) (?:o|ou|or) (?:a |en |em )?(?P<other>\d{{1,2}}){_END}"
)
RATHER = re.compile(
    rf"\b(?:son|sao|faz|hace|hacelo en|haz|make it|ponle|que sean|sean|mejor|melhor|prefiro|prefiero|(?:que"
    rf"|what|how) (?:tal|about)|(?:firmo|acepto|aceito|fecho|topo)(?: por| las| as)?) (?:en |em )?"
    rf"{_FREE}(?P<count>\d{{1,2}})(?:{_END}| (?=(?:si|se|if)\b))"
    rf"|[.,;] {_FREE}(?P<last>\d{{1,2}}) (?=(?:y|e|and) (?:punto|ponto|ya|pronto|listo|that's)\b)"
)
NOT_SO_MANY = re.compile(
    rf"\b(?:{UNITS}),? (?:y |e |and )?(?:no|nao|not|(?:en|em) vez de|instead of|rather than) (?:en |em "
    rf"|in )?(?P<other>\d{{1,2}}){_END}"
)
IN_PARTS = re.compile(rf"\b(?:{UNITS}|meses|months|veces|vezes|diferir|parcelar|financiar)\b")
PAUSE = re.compile(r"\b(?:paus\w+|suspend\w+|congel\w+|skip|descans\w+|gracia|freeze)\b")
SPLIT = re.compile(
    r"\b(?:divid|divis|part|fracc|parcel|split|difer|repart|spread)\w*(?: \w+){0,3}\s*$"
)
ONE_OF_AGE = re.compile(r"\bde \d{1,2},? (?:y|e|and) $")  # "la de 16 y el de 11"
WITH_RHYTHM = re.compile(rf"\b(?:por|for|durante|x) {_COUNT} (?:meses|months)\b")
QUINCENAS = re.compile(r"(?:quin[cz]|catorc)enas")
IN_MONTHS = re.compile(
    r"\b(?:en|em) (?P<count>\d{1,2}) meses?\b(?!,? (?:(?:ya|ja|no|nao|me|nos|te|se|les?|ustedes|voces|vcs"
    r"|uds) )*"
    r"(?:ha|he|han|has|habeis|hemos|cobr\w+|quit\w+ron|sub\w+|llam\w+|lig(?:aram|ou)|bai?j\w+|perdi|fui"
    r"|hubo)\b)"
)
"""Six payments, or a day half a year from now; but "en 3 meses me habeis cobrado" tells."""
ASKED = re.compile(
    r"(?:\b(?:pag|hac|hag|faz|fac|divi|parcel|part|financ|split|plan|pued|pod|dif|cuotas|cancel|fracc|arregl"
    r"|termin(?!a )|dej|liquid|sald|refinan|quit|rest|break)\w*"
    rf"[^.;!?]{{0,30}}?|\b(?:mejor|melhor|better|rather) )\b(?:en|em|in"
    rf"|into) (?P<count>[1-9]\d?){_END_OR_PLEASE}"
)
NTH = re.compile(
    r"\b(?:cuota|parcela|installment|instalment|mensualidad)\s*"
    r"(?:(?:numero|nro|no|n)\b[.°]?\s*|#\s*)?\d{1,3}(?:\s*(?:de|/|of)\s*\d{1,3})?\b"
    rf"(?!\s*(?:[.,]\d|[%$€£]|{UNITS}))"
)
AS_LENT = re.compile(
    r"\b(?:saque|pedi|tome|hice un|hicimos un|compre|comprei|peguei|bought|took out|financed|financie"
    r"|financiei|firme|contrate|contratei"
    r"|me prestaron|emprestaram|(?:prestamo|credito|emprestimo|loan|contrato|financiamento) (?:era|fue|foi"
    r"|was))\b(?:[^.,;!?]|(?<=\d)[.,](?=\d)){0,40}$"
)
OF_OLD = re.compile(
    r"\b(?:hicimos|habiamos (?:hecho|quedado)|tinhamos (?:combinado|acertado)|had a deal"
    r"|teniamos?|tenia|tinha(?:mos)?|quedamos (?:en|de)|acordamos"
    r"|(?:acuerdo|acordo|plan|trato|convenio)"
    r" era|we agreed(?: on| to)?|(?:we|i) had|combinamos|combinei|di|dei)\b[^.,;!?]{0,30}$"
)
"""An agreement that was, in a story: "hicimos un trato de 10 cuotas y pague 4"."""

INTO = re.compile(r"\b(?:en|em|in|into) $")
IN_ARREARS = re.compile(
    r"\s*(?:of [$£€]?\d[\d.,]* )?(?:\w+ )?(?:atrasad|vencid|pendient|restant|overdue|missed|behind"
    r"|en atraso|em atraso"
    r"|(?:(?:ya|ja|already) )?(?:yo |eu |i )?(?:(?:ya|ja|already) )(?:las? |los? |as? |os? )?(?:pag|paid"
    r"|abon|deposit|hice|fiz|di\b"
    r"|dei|est[ao]|quit|made)"
    r"|impag|pagad|pagas\b|que debo|que me (?:falt|atras)|que devo|que falt|left|remaining|adeudad|en mora"
    r"|de atraso|de mora|late|(?:y|e) (?:ya |ja )?(?:llevo|voy|van|vou|paguei|pague)\b)"
)

OF_TIMES = re.compile(rf"(?:\bde\b.*{_TIMES}|{_PIECES})$")
"""Payments, or how often or in how many pieces something happened."""

SPOKEN = tuple(
    (
        re.compile(rf"(?<!second )\b{said}(?: (?:de|of))?{_BETWEEN} (?:{UNITS}|{TRANSFERS})\b"),
        number,
        unsure,
    )
    for said, number, unsure in (
        (r"(?:half a|a half|media|meia) (?:dozen|docena|duzia)", 6, False),
        (
            r"(?<!half )(?<!media )(?<!meia )(?:(?:a|una|uma|one|1) )?(?:dozen|docena|duzia)",
            12,
            False,
        ),
        (r"(?:(?:a|un|um|1) )?(?:par|couple|cpl)", 2, True),
    )
)
"""Counts that are no numeral, and whether they leave a doubt: "a couple of payments"."""

YEARS = tuple(
    (re.compile(rf"\b(?:for|over|por|durante|x)(?: the)? {said}\b"), months)
    for said, months in (
        (r"(?:half a|a half|medio|meio) (?:year|ano|anio)", 6),
        (
            r"(?:a|an|un|um|one|1|whole|todo un) (?:(?:whole|full) )?(?:year|ano|anio)(?! (?:y|e|and) )",
            12,
        ),
        (r"2 (?:years|anos|anios)", 24),
        (r"3 (?:years|anos|anios)", 36),
    )
)
"""With a month's rhythm: "a payment a month for a year" is twelve."""

SPLITS = re.compile(
    r"\b(?P<verb>(?:divid|divis|parti|parta|parto|parten|partan|separ|split|fracc|fragm|parcel|repart"
    r"|difer|difier|refinanc|financ|trocea"
    r"|quebr|rach|chop|cut|break|spread"
    r"|corta)\w*)(?<!ron)(?<!ram)(?<!partio)(?<!partiu)(?<!partida)(?<!particular)"
    rf"(?<!\ba partir)\b[^.;!?\d]{{0,30}}?\b(?:en|em|in|into|por|de) {_FREE}(?P<count>[2-9]|[1-5]\d)"
    rf"(?:{_END}|(?=,? (?:y|e|and|sin|sem|con|com|with|por|para|pra|pa|if|si|se|te|le|les|os|que|desde"
    rf"|a partir|empez\w+"
    r"|starting|el|la|no|pls|plz|please|porfa|please|asi|entonces|entao|cada|mensual\w*|iguales|it|so"
    r"|solo|nomas)\b))"
)
"""Splitting a debt: "partilo en 3 y te pago"."""

ANSWERED = re.compile(
    r"\b(?:no|nao|not|nah|pero|but|dij\w+|said|says|disse\w*|falou|max\w*|only|solo|so|pq|porque|puede"
    r"|pode|mejor|melhor|tampoco)\b"
)
"""Between what was asked for and what is agreed to: "queria 10 cuotas, dijo que no, puede ser en 7?"."""

WISHED = re.compile(
    r"\b(?:wanted|asked(?: \w+){0,2} for|want(?:s|ed)|queria\w*|quise|querian|pedi|solicite|told \w+"
    r"|i said|(?:yo|eu) (?:dije|falei|disse)"
    r"|(?:me |nos )(?:ofreci\w*|ofrec\w+|dices|decis|dicen|dice|dijeron|dijo|dijiste|pides|pedis|piden"
    r"|propon\w+|propus\w+|diste"
    r"|pon\w+)|ofereceram|te dije|dijiste|falaram|disseram|(?:voces|vcs|vc) (?:quer\w+|fal\w+|diss\w+)"
    r"|(?:you|u|yall|y'all|they|she|he) (?:said|say|want|offered|gave))\b[^.;!?]{0,40}$"
)
"""What was wished for, or others proposed; it yields to what the person comes to."""

INSTEAD = re.compile(
    r"(?:\b(?:en|em|in|a|sean|seja|sejam|son|ponle|pongale|pongan?(?:le|lo|la)?|ponme(?:lo|la)?"
    r"|poneme(?:lo|la)?|ponelo|hag\w+|haceme\w*"
    r"|make it|do(?: the)?|quiero|quero|prefiero|prefiro|i want|i need|need|necesito|preciso|quisiera"
    r"|gostaria(?: de)?|minimo|al menos|pelo menos|at least|puedo|posso|consigo|mejor|melhor|only|solo|so"
    r"|sino|entonces"
    r"|entao|just|better|rather|max(?:imo)?|bota|poe|faz|faca)\s+|[,;]\s?(?:(?:si|sim|mejor|solo|so|son"
    r"|sao|mas|pero) )?)"
    rf"(?:de )?{_FREE}(?P<count>[1-9]|1\d|2[0-4]|3[06])"
    rf"(?:{_END}|(?= (?:cuz|cos|because|porque|pq|en vez|en lugar|em vez|ao inves|instead|rather|not|no"
    rf"|nao|si|sim|y|e|and|then"
    r"|por favor|porfa\w*|porfis|pls|plz|please|esta|ta|is|es|e|seria|maybe|if|se|puede|pode|da|nomas"
    r"|mejor|melhor|entao"
    r"|entonces|para|pra|pa|may|tal|talvez|xfa|gracias|obrigad[oa]|thanks)\b))"
)
"""A bare number where all counts with a name were turned down: "en vez de 6 cuotas que sean 10"."""

TOO_FEW = re.compile(
    rf"{_FREE}(?P<count>[1-9]|1\d|2[0-4]) (?:is|are|es|son|e|sao|me parecen?) (?:\w+ )?(?:few|many"
    rf"|poc[oa]s?|pouc[oa]s?|much[oa]s"
    r"|muit[oa]s|demasiad[oa]s)\b"
)
"""A count said only to refuse it: "6 payments, four is too few"."""

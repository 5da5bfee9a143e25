"""Judges what is said about a day: done, still to do, refused, or when a salary comes."""

from __future__ import annotations

import re

from bot.understanding.clauses import FULL_STOP, judge, span
from bot.understanding.sheet import NEAR
from bot.understanding.standing import EARNS

_SENT = (
    r"(?:(?:tentei|intente|tentamos|intentamos|trate de|tried to|quise) (?:pagar|depositar|transferir|pay"
    r"|send|fazer)|tentei|quitei|efetuei|repassei|remeti|(?:foi|fue|tinha|tenia|habia|sido|have"
    r"|already) pa(?:g[oa]|gado|id)"
    r"|efectue|quite|mailed|wired|posted|leaving|left my account|cleared|settled|shifted|transferred|cumpli"
    r"|adelante|liquide|salde|saldei|dei|abonei|liquidei|ingrese|ingresado|entregue|entreguei|consignei)"
)
"""How people say that a payment has been made, in words that say nothing else."""

_DONE = re.compile(
    r"(?<!que )(?<!me )(?<!le )(?<!si )(?<!cuando )(?<!favor )(?<!get )(?<!gets )(?<!getting )"
    r"(?<!be )(?<!estara )(?<!quedara )(?<!quedar )(?<!estar )(?<!sera )"
    rf"\b(?:{_SENT}|pague|pagamos|paguei|pagou|paid|deposite|depositei|deposited"
    r"|transferi|transferred|abone|hice|fiz|fizemos|made|sent|envie|enviei|mandei|cancele|cancelei|consigne"
    r"|realice|realizei"
    r"|pagad[oa]|foi|(?<!thought it )was|were|fui|vencio|venceu|cobraron|descontaron|debitaron|debitaram"
    r"|charged|despidieron|perdi|lost|did|compre|comprei|recibi|recebi|llego|chegou|llamaron"
    r"|fez|fizeram|hizo|settled|(?:ta|esta) pag[ao] desde"
    r"|salio|saiu|se (?:realiz|hic|cobr|carg)\w+|estaba|estava|estuve|estive|mande|gire|yapee|plinee|went|came out)\b"
    r"|\b(?:mi|el|la|meu|minha) [a-z]+ (?:(?:ya|ja|les?|te|os|lhes?|me|se l[oa]s?) ){0,3}(?:pago|consigno"
    r"|deposito|transfirio|mando|envio|abono)\b"
    r"|\b(?:ya|ja) (?:esta|ta|quedo|ficou) pag[ao][do]?[oa]?\b|\bpagao\b"
    r"|\bya (?:(?:yo|se|te|l[aeo]s?|les|me) ){0,3}(?:pague|mande|envie|deposite|transferi|abone|consigne|gire"
    r"|pase|di|hice)\b"
)
PAID = re.compile(
    rf"\b(?:{_SENT}|pague|pagamos|paguei|pagad[oa]|pagao|pago|paid|payment|pagamento|deposit\w*|transf\w*|abone|hice|hizo"
    r"|fiz|fez|made|sent|send|envie|enviei|mande|mandei|cancele|consigne|realiz\w+|realice|yapee|bizum|pix"
    r"|fue|foi|was|salio|saiu|debit\w+|descont\w+|charged|cleared|went (?:through|out)|gone (?:through|out"
    r"|over)|acredit\w+|comprobante"
    r"|comprovante|receipt|took|sacaron|cobraron|cobraram|cobrou|cargo|consigno|gire|plinee|zelled|venmoed|recibo"
    r"|settled|closed|pag[ao] desde)\b"
)
"""Words of somebody who speaks of a payment made."""

PAID_THEN = re.compile(
    rf"\b(?:{_SENT}|pag(?:ue|uei|amos|ad[oa]|ou)|pagao|paid|payment|pagamento|deposit\w*|transf\w*|abon[eo]"
    r"|(?<!you )(?<!they )sent|envie|enviei|mande|mandei|cancele"
    r"|consign[eo]|realice|yapee|bizum|pix|debit\w+|descont\w+|charged|cleared|went (?:through|out)"
    r"|acredit\w+|comprobante"
    r"|comprovante|receipt|recibo|settled|closed|cuota|salio|saiu|se (?:realiz|hic|cobr|carg)\w+|cargo|took"
    r"|sacaron|cobraron|cobraram|cobrou)\b"
)
"""Verbs and papers of a payment made, in the clause of the day itself."""

TO_DO = re.compile(
    r"\b(?:(?<!foi )(?<!tinha )(?<!habia )(?<!tenia )(?<!\bel )(?<!\bdo )(?<!\bdel )"
    r"(?<!\bmi )(?<!\bhice un )pago|(?<!tentei )(?<!intente )(?<!tentamos )pagar"
    r"|pagare|pagarei|pagaria|pay|voy|vamos|vou|ire"
    r"|puedo|podre|podria|posso|consigo"
    r"|will|can|could|going|gonna|quiero|quero|want|prometo|promise|deposito|depositare|depositar"
    r"|(?:me|nos) (?:paga[nm]?|deposita[nm]?|entran?|caen?)"
    r"|transfiero|transferir|abono|abonare|hago|hare|farei|cobro|cobrare|recebo|esperen|esperenme"
    r"|a mas tardar|no mas tarde|hasta|ate|until|by|before|antes|confirmo|aviso|i'll|liquido|liquidar|saldo|saldar"
    r"|cierro|quito|quitar|quitarei|acerto|acertar|cancelo"
    r"|cancelar|cubro|giro|girar|paso|mando|send|settle|escrib\w*|llam[ae]\w*|remind\w*|hablamos|falamos"
    r"|avis[ae]\w*|recuerd\w*|call|text|write|me liga)\b"
)
_CANNOT = (
    r"(?:no (?:puedo|podria|podre|llego|alcanzo|tengo|cobro)"
    r"|nao (?:posso|consigo|tenho|da|vou|recebo)|can'?t|cannot|can not|won'?t|don'?t have)"
)
_BUT = r"(?:hasta|antes|until|till?|ate|before|sino|pero|but|mas|so|solo|si|after|despues|depois|porem)"
_CANNOT_BEFORE = re.compile(rf"\b{_CANNOT}\b(?!.*\b{_BUT}\b)[^.;!?\n,]{{0,40}}$")
_CANNOT_AFTER = re.compile(
    rf"\s*,?\s*(?:festivo |feriado )?(?:pero |but |mas )?(?:ya |si |yo |eu |i |me )?(?:{_CANNOT}\b"
    r"|no voy a\b|nao vou\b|(?:no|nao) (?:trabaj|trabalh|est)o[uy]?\b"
    r"|(?<!mas )(?:no|nao)\s*(?:$|[,.;])|(?:ni|nem|no|nao) (?:siquiera )?(?:adianta|sirve|suen\w+|rola|pens\w+))"
)
_BY_THEM = re.compile(
    r"\b(?:(?:me|nos|you|they|voces|vcs) (?:desconto|cobro|debito|saco|quito|[a-z]+(?:aron|ieron|aram|eram"
    r"|iram|asteis|isteis)|took|pulled|hit"
    r"|[a-z]{3,}ed)"
    r"|took (?:[$£]?\d+|it|money)|sacaron|cobraron)\b"
)
COMES_BEFORE = re.compile(
    r"\b(?:comes (?:in|through)|lands|hits my account|cae|cai|entra|me (?:cae|llega|entra))"
    r"(?: (?:on|el|no|na|the|dia))*\s*$"
)
"""Money that comes in on the day, which is then no story: "my benefits come in on the 12th"."""

COMING = re.compile(
    r"\b(?:sal(?:e|en|dra)|saem?|sai|saira|cae|cai|caira|entra|viene|vem|comes|lands)\b"
)
CORRECTED = re.compile(r"\b(?:no|not|nao)(?: on| para| na| no)?\s+$")
SINCE_BEFORE = re.compile(
    r"\b(?:llev\w+|intent\w+|estoy|espero|esperando) (?:\w+ )?desde (?:el |la )?$"
)
DUE_BEFORE = re.compile(
    r"\b(?:venc\w+|due|corte|caduc\w+|llamaron|despidieron|perdi|compre|desde|since)\s+"
    r"(?:\w+\s+){0,2}$"
)
DUE_AFTER = re.compile(r"\s*(?:ya |me |se )*(?:venc\w+|is due|caduca\w*)\b")
RATHER_BEFORE = re.compile(
    r"\b(?:mejor|melhor|rather|better|instead|seria|sera|ficaria|calculo|digamos|pongamos"
    r"|let'?s say)(?: (?:el|la|para|pra|na|no|on))?\s+$"
)
NOT_THIS_ONE = re.compile(
    r"\b(?:no est[ea]|nao rolou|no se pudo|no pude|didn't work"
    r"|sem ser ess[ea]|nao ess[ea]|not this)\b"
)
THEIR_CALL = re.compile(
    r"\b(?:(?:me|nos|le|lhe) (?:estan? |han )?(?:llam|habl|marc|escrib|mand|lig|contact|molest|busc)"
    r"(?:an|aron|aram|am|en|ieron|ando|ado|ou|o)|voces? (?:me )?(?:lig|mand)\w+"
    r"|(?:you|they|somebody|someone) (?:people )?(?:\w+ )?(?:call|text|messag|phon|rang|rung|writ|wrote)\w*"
    r"|(?:a|\d+) (?:calls?|texts?|llamadas?|mensajes?|ligacoes|mensagens))\b"
)
EVENT = re.compile(
    r"\b(?:(?:me|nos) \w{3,}(?:aron|ieron|aram|eram|iram)|perdi|choque|cumpl(?:en?|o|i)|turns? \d|aniversario|birthday"
    r"|murio|morreu|fallecio|faleceu"
    r"|quede sin|fiquei sem|lost|died|passed away|got (?:fired|robbed|sick|hurt)|was (?:fired|robbed)"
    r"|laid off|filed|hearing|court|audiencia|juicio|juzgado|sentencia|stolen|crashed)\b"
)
"""What befell the person, whose day is no day of payment."""

THEY_PAY_BEFORE = re.compile(
    r"\b(?:(?:dice|diz|says?|dijo|disse|promet\w+) (?:que )?(?:me |nos |he |she |they )*)(?:paga|pagan|pay"
    r"|pays|will pay|deposita|devuelve)"
    r"(?: (?:el|la|hasta|hasta el|on|by|the|no|na|dia))*\s*$"
)
"""Somebody else's payment, to the person: "el ingeniero dice que paga el 27"."""

STARTING_BEFORE = re.compile(
    r"\b(?:comecando|empezando|comenzando|iniciando|starting|beginning|arrancando|a partir del?)(?: (?:el"
    r"|la|en|em|o|no|dia|on|the|de|this))*\s*$"
)
FOR_THE_DAY = re.compile(
    r"\b(?:(?:para|pra|antes de|hasta|ate|by|until)(?: (?:el|la|o|a|dia|the|del))*"
    r"|(?:dicho|dijeron|dicen|avisaron|disseram|dizem|told me|they say) que (?:(?:me|nos) (?:pagan"
    r"|depositan|pagam) )?(?:para )?(?:el|no dia|dia|la))\s*$"
)
"""A day to come, whatever was done before it in the message."""

ANOTHER_BILL = re.compile(
    r"\b(?:rent|renta|alquiler|arriendo|aluguel|luz|agua|hipoteca|mortgage|colegiatura)(?:'?s)?"
    r" (?:is |se |me )?(?:due|vence|toca|cae)\b"
)
PAYS = re.compile(r"\b(?:pag|pay|paid|abon|deposit|transf|poss|puedo|posso|consig|doy|dou)\w*\b")
AFTER_BEFORE = re.compile(
    r"\b(?:despues|depois|dps|dsps|desp|after|luego|pasando|passando)\s*"
    r"(?:de |do |da |del |d[eo] dia |el )?$"
)


def _around(text: str, start: int, end: int) -> tuple[str, str]:
    before, after = text[max(0, start - NEAR) : start], text[end : end + NEAR]
    return FULL_STOP.split(before)[-1], FULL_STOP.split(after)[0]


def is_done(text: str, start: int, end: int) -> bool:
    """Whether the nearest verb around `start` to `end` speaks of something past."""
    first, last = span(text, start, end)
    if _EARNED_AFTER.match(text, end):
        return False
    for before, after in ((text[first:start], text[end:last]), _around(text, start, end)):
        done = _which_is_nearer(before, after)
        if done is not None:
            return done
        if _BY_THEM.search(before + after):
            return True
        if judge(text, start, end) == "offers":
            return False
    return False


def _which_is_nearer(before: str, after: str) -> bool | None:
    """Whether the verb next to a day is of the past; None without such a verb."""
    if _DONE.match(after.lstrip()):
        return True  # "avisar que el martes deposite": the verb that stands next to the day
    done = max((match.start() for match in _DONE.finditer(before)), default=-1)
    to_do = max((match.start() for match in TO_DO.finditer(before)), default=-1)
    if done != to_do:
        return done > to_do
    done = min((match.start() for match in _DONE.finditer(after)), default=10_000)
    to_do = min((match.start() for match in TO_DO.finditer(after)), default=10_000)
    return None if done == to_do else done < to_do


def said_before(pattern: re.Pattern[str], text: str, start: int) -> bool:
    """Whether `pattern`, which ends at the day, matches what is said before `start`."""
    return bool(pattern.search(text[max(0, start - NEAR) : start]))


def clause(text: str, start: int, end: int, near: int = NEAR) -> str:
    """What stands around `start` to `end` between two full stops, at most `near` away."""
    before, after = _around(text, start, end)
    return f"{before[-near:]} {after[:near]}"


def is_refused(text: str, start: int, end: int) -> bool:
    """Whether the day is one the person says they cannot keep."""
    before = text[max(0, start - 80) : start]
    return bool(_CANNOT_BEFORE.search(before) or _CANNOT_AFTER.match(text, end))


_EARNED_BEFORE = re.compile(
    rf"\b{EARNS}(?:\s+(?:el|la|mi) [a-z]{{4,}})?"
    rf"(?:\s+(?:el|los?|dias?|cada|hasta|on|the|every|no|em|a|la|mi|my|as|para))*\s*$"
)
_EARNED_AFTER = re.compile(rf"\s*(?:yo |eu |es que |que )?{EARNS}\b(?! y (?:te|le|les))")


def is_earned(text: str, start: int, end: int) -> bool:
    """Whether the day is that of a salary: "cobro el 5, el 6 te pago"."""
    before = text[max(0, start - 60) : start]
    return bool(_EARNED_BEFORE.search(before) or _EARNED_AFTER.match(text, end))

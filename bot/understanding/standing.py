"""Judges which of several sums is meant, by the words around it: offered, owed, refused, corrected."""

from __future__ import annotations

import re
from enum import IntEnum

from bot.understanding.money_words import Lexicon
from bot.understanding.sheet import BLOT

WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")

EARNS = (
    r"(?:gano|ganaba|gana|ganan|ganha|ganamos|cobro|cobraba|sueldo|salario|nomina"
    r"|me (?:pagan|depositan|caen?|llegan?|entran?|dan|van a (?:pagar|dar)|deben)"
    r"|voy a cobrar|vou receber|recibo"
    r"|ganho|ganhava|recebo|i (?:only |just |still )?(?:make|earn|get paid)|i'?m paid|we make"
    r"|my (?:salary|paycheck|pay|wages?)|earn|get paid)"
)
"""How people say what they are paid, which is no offer: neither its sum nor its day nor its rhythm."""

_ELSEWHERE = (
    r"(?:alquiler|renta|arriendo|aluguel|rent|luz|agua|comida|comision|multa|interes(?:es)?|juros"
    r"|interest|mora|recargos?|fees?|late fees?|sueldo|salario|salary|pension|deuda|divida|debt"
    r"|cuarto|pieza|habitacion|pasajes?|colegiatura|(?:un|una|mi|la|el|um|uma|my|a) (?:coche|carro|auto|moto"
    r"|piso|guarderia|hipoteca|mortgage|car)|escola|escuela|medicinas?|remedios?|groceries)"
)
_OF_WHAT_IS_OWED = re.compile(r"\b(?:de los|de las|of the|from the|del total de|dos)\s*$")
_WHICH_IS_OWED = re.compile(
    r"\s*(?:\w+ )?(?:que|q|that|which|i|we)\s+(?:\w+\s+)?"
    r"(?:debo|deb[ei]a|devo|devia|owed?|adeudo|piden|cobran|pedem|cobram)\b"
    rf"|\s*(?:[a-z]+ ){{0,2}}(?:de|of|for|in|em|en) (?:la |el |los |o |a |my |mi |the )?{_ELSEWHERE}\b"
)
_REFUSED = re.compile(
    r"\b(?:(?:no|doan|dont) (?:(?:te|le|les|os|lo|la|los|las|me|se) )*(?:puedo|podria|podre|llego|alcanzo"
    r"|alcanza|tengo"
    r"|cuento con|pago|pagare|doy|completo|complete|junto|junte)|(?:nao|num|nun) (?:pago|vou pagar|posso"
    r"|consigo|consegui"
    r"|tenho|completo|da pra)"
    r"|can'?t|cannot|can not|couldn'?t|won'?t|don'?t have|(?:ain'?t|haven'?t|don'?t) (?:got|have)|(?:not|ain'?t"
    r"|never) (?:going to |gonna )?pay(?:ing)?"
    r"|unable to|no can|no hay (?:forma|manera|modo)|nao tem como|no way i can)\b(?P<said>[^.,;!?\n]{0,40})$"
)
_NO_WAY = (
    r"\s*[?!]*,?\s*(?:(?:but|pero|mas) (?:i|we|yo|eu) (?:said|told \w+|dije|disse) )?(?:(?:lol|lmao|haha"
    r"|jaja\w*|kk+|que|rs) )?"
    r"(?:nah|nope|nop|nel|never|nunca|jamas|jamais|no way|not happening|not gonna happen|no chance|yeah right"
    r"|as if|hell no|ni de|nem pensar|ni pensarlo|ni sonando|no da|nao rola|sin chance|sem chance|olvidate|esquece"
    r"|forget (?:it|about it)|in your dreams|dream on|ja era)\b|\s*[?!,]* (?:lol|lmao|haha|jaja\w*|kk+) no\b"
)
_REFUSED_AFTER = re.compile(
    rf"{_NO_WAY}|"
    r"\s*(?:,?\s*(?:no|nao)\s*(?=$|[,.;!])|(?: [a-z]+){0,3}\?+ (?:ni|nem|jamas|nunca|never|i ain'?t|¿tu me has"
    r"|de donde|are you)\b|,?\s*(?:ni|nem) (?:loc[oa]|en pedo|a palos|de chiste|de broma"
    r"|de cona|cagando|muert[oa]|a balazos|en suenos|hablar|pensar|a pau|ferrando|fudendo|a fuerzas|de locos"
    r"|de vaina|de onda)\b"
    r"|,?\s*(?:es |e |eso es |is |that'?s )(?:imposible|impossivel|impossible|no way|demasiado"
    r"|(?:way )?too (?:much|steep|high)|mucho|mucha|muito|muita|muy alt[oa]|muito alt[oa]|a lot|car[oa])\b"
    r"|,?\s*(?:se )?(?:me|nos) (?:hacen?|parecen?) (?:mucho|demasiado|muy alto|car[oa]|un monton)\b|,?\s*(?:ta"
    r"|esta) (?:muito )?caro\b"
    r"|no (?:me |nos )?alcanza\b|,?\s*(?:yo |eu |i )?(?:no|nao|n|won'?t|not) (?:te |les? |lhes? "
    r"|os )?(?:voy a |vou )?(?:pag(?:o|ar|are|arei)|pay(?:ing)?|doy|dou)\b"
    r"|(?:yo |ya |eu )?(?:no (?:te |se |me )?(?:l[oa]s? )?(?:puedo|tengo|llego|alcanzo|me alcanza|completo"
    r"|junto|hay|saco)"
    r"|(?:nao|num|nun) (?:[oa]s? )?(?:posso|tenho|consigo|da|arrumo|junto|pago)(?: nao)?"
    r"|i can'?t)\s*(?=$|[,.;!]|ni\b|nem\b))"
)
_AFTER_ALL = re.compile(
    r"\b(?:(?:mas|mais|more|menos|less) (?:de|que|do que|than)|over|above|sino|pero|but|mas|porem"
    rf"|solo|so|only|si|apenas|[\d{BLOT}]+ (?:tengo|tenho|puedo|posso|i have|i can))\b"
)
_AT_MOST = re.compile(r"\b(?:(?:mas|mais|more) (?:de|do que|que|than)|arriba de|over|above)\s+$")
_A_BILL = re.compile(
    r"\b(?:luz|gas|agua|internet|remedios?|medicinas?|medicacion|aluguel|alquil\w+|renta|arriendo|comida"
    r"|mercado|escola|colegio|guarderia"
    r"|rent|groceries|daycare|electric|water|condominio|transporte|pasajes?|casa|nafta|gasolina|bencina"
    r"|insurance|phone)"
    r"(?: (?:que |me |ta |esta )*(?:es|e|is|de|por|son|en|a|me sale|sale|cuesta|va|custa|runs|costs)){0,2}\s+$"
)
"""Where money goes that is no payment of this debt: "luz 180, gas 110"."""

_PAID = re.compile(
    r"(?:di|dei|pague|paguei|paid|pagad[oa]s?|deposite|depositei|deposited|abone|sent|mande|mandei|envie|enviei"
    r"|transferi|transferred|consigne|yapee|gave|made|hice|fiz)"
)
_LEFT_OVER = re.compile(
    r"\b(?:(?:me|nos) (?:quedan?|sobran?|restan?)|sobra|i have|i'?m left with)\b(?: (?!para|pagar)[a-z]+){0,2} $"
)
_A_DAYS_WORK = re.compile(
    r"\s*(?:por|al|ao|a|an|per|each|x|la) (?:dia|diaria|jornada|day|hora|hour|noche|noite|night|turno|shift"
    r"|viaje|viagem|kilo|quilo)\b"
    r"(?! (?:\d|d[eo]|que))"
)
"""What is earned or paid by the day, hour or kilo, for which nobody pays a debt off."""

_LIMIT = re.compile(r"\bno (?:pas\w+|exced\w+|super\w+|sea mas) de (?:los )?$")
_NOT_EVEN = re.compile(
    r"\b(?:ni|nem|not even|ni siquiera)(?: (?:en pedo|loc[oa]|cagando|muert[oa]|de broma|de cona|a palos"
    r"|fodendo|ferrando|a pau))?(?: an?| un| los| os)?\s+$"
)
_STATED = re.compile(
    r"\b(?:aparece\w*|most(?:ra|rando|rou)|mues?tra\w*|mostran\w+|consta|figura\w*|shows?|showing|saying|me marca)"
    r"(?: (?:pra mim|para mim|pra mi|para mi|me|aqui|aca|ahi|here|um valor|un valor|un saldo|como|de|que|debo"
    r"|devo|i|owe|e|es|is)){0,4} $"
    r"|\b(?:por ?que|why|pq|how come|como)\b[^.;]{0,25}\b(?:subi\w+|sube|aument\w+|went up|paso|passou|foi)"
    r"(?: (?:a|pra|para|to|de|en|em|los|os)){0,2} $|"
    r"\b(?:(?:recibo|boleta|boleto|factura|fatura|bill|balance|saldo|monto|valor|deuda|divida|total|app"
    r"|mensaje|carta|letter)\s+(?:\w+\s+)?(?:es|e|is|esta|says|diz|dice|son|era|viene|llego|sale|veio)"
    r"(?: de| en| por| em| que debo)?|dicen?(?: que debo)?|diz|says(?: i owe)?|(?:me )?aparecen?"
    r"|que (?:me )?pagam?|me piden"
    r"|pedem|sale que debo)\s+$"
)
_CORRECTED = re.compile(
    r"\b(?:(?:no|not|nao|n)(?: (?:e|es|era|eran|eram|fue|foi|is|was|son|sao|the|de))?|(?:isn'?t|wasn'?t)|en (?:vez"
    r"|lugar) de|em vez de?|ao inves de|instead of|rather than|no (?:(?:te|les?|os) )?dije|nao (?:falei"
    r"|disse)|(?:didn'?t|never) sa(?:y|id))\s+$"
)
_LOWERED = re.compile(
    r"\b(?:drop|lower|reduce|bring|bajar?|bajen|bajame|bajenme|baixar?|reduzir|reduzam)\b.*"
    rf"[\d{BLOT}].*\b(?:to|a|para|pra)\s+$"
)
_INSTEAD_OF = re.compile(
    rf"{BLOT}.*\b(?:baj\w+|dej\w+|faz\w*|faca|deix\w+|drop|lower|bring)(?: (?:it|lo|isso))? (?:a|en|em|por|to"
    rf"|for|down to)\s+$"
)
"""A sum that takes the place of the one before it: "de 900 faz por 400"."""

_INSISTED = re.compile(
    r"\b(?:mejor|digo|perdon|corrijo|mean|meant|sorry|melhor|qui[sz] dizer|quer dizer|quero dizer"
    r"|alias|actually|qu(?:ise|eria|iero) decir|queria dizer|i meant|perdon(?:a|e|ad|en|ame|eme|enme)|perdao"
    r"|desculp[ae]m?|disculp[ae]n?|o+ps|opa|epa|ups|uy|whoops|errr?"
    r"|(?:mas|pero|but)(?= (?:era|eran|eram|was|it was)\b)|scrap that|scratch that|make (?:it|that)"
    r"|wait(?: no)?|no wait|(?:bueno|ah|espera) no|(?:entao|entonces) (?:e|es|son|fica|queda)|corrigindo"
    r"|correccion|errata|me (?:equivoque|confundi)|or rather|(?<!no )(?:yo|eu"
    r"|i)(?: (?:te|les?|lhe|os))? (?:dije|falei|disse|said))[\s,:.]*(?:(?:no[\s,]+)?"
    r"(?:que |son |sean |sao |ponle |to |make it )?|(?:que )?(?:era|eran|eram|was|it was) )$"
)
_SAID_ONCE = re.compile(r"\b(?:dije|falei|disse|said)\b")
_BUT_NOW = re.compile(r"[^.;\d]{0,15}\b(?:but|pero|mas|now|ahora|agora)\b.*\d")
_ON_A_CARD = re.compile(
    r"\b(?:debit|charge|run|bill|hit|use|ding|put it on|cobr\w+|carg\w+|pas\w+|debit\w+)(?: (?:a|en|no|na|on|el"
    r"|la|o))*"
    r" (?:my|the|mi|la|meu|minha|o)(?: (?:debit|credit|visa))? (?:card|visa|mastercard|tarjeta|cartao)"
    r"(?: (?:de debito|de credito))?(?: (?:for|por|con|com|unos|like))? $"
)
"""Asking to be charged is offering: "debit my card 65.25"."""

_OK_THEN = re.compile(
    r"\bmercado pago\b|\b(?:si|se|if) (?:(?:vos|voce|vc|you|u|usted|ud|me) )?(?:quer\w+|quier\w+|quis\w+"
    r"|want)\b|(?:^|[,.] ?|\blet'?s )say(?= $)|\b(?:i|we|yo|eu)(?: (?:te|les?|lhes?|os))? (?:said|say|dije|digo"
    r"|disse)\b|"
    r"\b(?:(?:me|nos|te|os|les|venga|pues|ok|si) )*(?:vale|sale|dale)\b(?=,|\.| pues| venga| entonces)"
    r"|\b(?:me|nos) sal(?:en?|drian?)(?= (?:a )?(?:$|\d|•))(?! [\d.,]+[^.;]*\b(?:de|por) (?:luz|gas|agua|renta"
    r"|alquiler))"
)
"""Agreeing, which costs nothing ("vale, 50 el viernes"), and what sums come to ("nos salen 3 de 110")."""

_SOLD = re.compile(r"\b(?:vend\w+|sold)\b[^.;\d]{0,60}\b(?:por|for|a|em|en) $")
"""What was got for a thing: "vendi el coche por 3 mil"."""

_EARNED = re.compile(rf"\b{EARNS}(?: (?:como|unos|uns|about|around|like|solo|only|so|apenas))?\s+$")

_WILL_DO = re.compile(
    r"\b(?:(?:would|will|can|could) (?:you|u|ya|yous) (?:take|do|accept)|(?:me|te|os|les|le|nos) (?:val(?:en?"
    r"|drian?)|sirven?|servirian?))\s+$"
)
"""Asking whether a sum is accepted: "me valen 85 euros?"."""

_HAD_PAID = re.compile(r"\b(?:tinha|havia|tenho|tinhamos) pago(?: os| uns)?\s+$")
"""A participle that looks like "I pay": "ja tinha pago 200"."""

_CHARGED = re.compile(
    r"\b(?:cargo|cobranca|cobro|charge|adeudo)"
    r"(?: (?:veio|vino|llego|came|e|es|is|was|era|foi|fue))?(?: (?:de|com|con|por|of|for|with))"
    r"(?: r)?\W*$"
)
"""A charge is not offered: "no reconozco ese cargo de 2,480"."""

_GONE = re.compile(
    r"\b(?:se (?:me|nos|le) (?:fue|fueron)|(?:foi|foram) embora|gast(?:e|o|amos|ei|ou)|spent)"
    r"(?: (?:como|unos|uns))?\s+$"
)
_GONE_TO = re.compile(
    r"\s*(?:pesos |soles |euros |reais )?(?:a|en|no|na|to|on|para|pra) (?:(?:la|el|o|a|the|my) )?"
    r"(?:otr[oa]|outr[oa]|other) (?:tarjeta|banco|prestamo|credito|financiera|tienda|cartao|loja|card|bank|loan)\b"
)
"""Money that went elsewhere: "ya se nos fueron 600 en remedios", "pague 340 a la otra tarjeta"."""

_TAKEN = re.compile(
    r"\s*(?:\w+ )?(?:ya )?(?:salio|saiu|se (?:hizo|cobro|debito|paso)|went (?:out|through))\b"
)

_EACH_OF = re.compile(rf"{BLOT}(?:\s*(?:de|of|por|x|at)\s+)?$")


class Standing(IntEnum):
    """How likely a sum is the one meant: the first kind present decides."""

    INSISTED = 0
    OFFERED = 1
    PAID = 2
    NAMED = 3
    BESIDE = 4
    REFUSED = 5
    CORRECTED = 6


def refused_after(text: str, end: int) -> bool:
    """Whether what ends at `end` is turned down at once: "18 vezes e muito", "500 ni loco"."""
    return bool(_REFUSED_AFTER.match(text, end))


def is_insisted(window: str) -> bool:
    """Whether the sum after `window` takes the place of another: "no, digo", "bajen de 900 a"."""
    return any(said.search(window) for said in (_INSISTED, _LOWERED, _INSTEAD_OF))


def is_on_a_card(window: str) -> bool:
    """Whether `window` ends in the card to be charged: "debit my card"."""
    return bool(_ON_A_CARD.search(window))


def cue(window: str, words: Lexicon) -> str:
    """ "offered", "paid", "beside" or "" by the nearest telling word of `window`, which ends at a sum."""
    if _EARNED.search(window) or _STATED.search(window) or _SOLD.search(window):
        return "beside"
    if _WILL_DO.search(window) or is_on_a_card(window):
        return "offered"
    window = _OK_THEN.sub(" ", window)
    since = len(WORD.findall(window.rpartition(", ")[2]))
    for place, word in enumerate(reversed(WORD.findall(window)[-7:])):
        offered, beside = words.offered.match(word), words.not_offered.match(word)
        if offered or (beside and place < max(since, 1)):
            if offered < beside:
                return "beside"
            return "paid" if _PAID.fullmatch(word) else "offered"
    return ""


def standing(window: str, after: str, words: Lexicon) -> Standing:
    """What the words before a sum (`window`) and after it make of it."""
    insisted = _INSISTED.search(window)
    if insisted and _SAID_ONCE.search(insisted.group()) and _BUT_NOW.match(after):
        return Standing.BESIDE  # "i said 300 but i can only do 180"
    if is_insisted(window):
        return Standing.INSISTED
    if _CORRECTED.search(window):
        return Standing.CORRECTED
    refused = _REFUSED.search(window)
    if _NOT_EVEN.search(window):
        return Standing.REFUSED
    limit = _AT_MOST.search(window)
    if limit:
        return Standing.NAMED  # "mas de 40 no puedo"
    if (refused and not _AFTER_ALL.search(refused["said"])) or _REFUSED_AFTER.match(after):
        return Standing.REFUSED
    owed = _OF_WHAT_IS_OWED.search(window) or _WHICH_IS_OWED.match(after)
    if _LEFT_OVER.search(window):
        return Standing.OFFERED
    near = "paid" if _HAD_PAID.search(window) else cue(window, words)
    charged = _CHARGED.search(window) and not _TAKEN.match(after)
    gone = _GONE.search(window) or _GONE_TO.match(after)
    if (
        owed
        or charged
        or gone
        or _A_DAYS_WORK.match(after)
        or _A_BILL.search(window)
        or near == "beside"
    ):
        return Standing.BESIDE
    if _LIMIT.search(window):
        return Standing.OFFERED
    if near == "paid":
        return Standing.PAID
    return Standing.OFFERED if near == "offered" or _EACH_OF.search(window) else Standing.NAMED

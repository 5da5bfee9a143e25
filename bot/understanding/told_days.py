"""Tells days on which something befell the person or somebody did something, and nothing is paid."""

from __future__ import annotations

import re

_BORDER = re.compile(
    r"[.;:!?,\n](?=\s|$)|\s(?=(?:pero|but|mas|porque|pq|because|asi que|entonces|entao|so)\b)|\s(?=(?:y|e"
    r"|and) (?:el|le|te|les|yo|eu|i) )"
)
_REACH = 90
_PAYS = re.compile(
    r"\b(?:pag(?!ina)\w+|pay\w*|paid|abon\w+|deposit\w*|transf\w+|puedo|podria|podre|posso|poderia|consigo"
    r"|doy|dou|dare"
    r"|darei|(?:les?|te|os|l[oa]s) (?:mando|mande|paso|doy|di|llevo)|mandei|envi\w+|giro|gire|ingres\w+"
    r"|consign\w+|yape\w+|send|sent|can|will|i'?ll|empezar|empiezo|iniciar?|comenzar|comecar|arrancar)\b"
)
_TOLD = re.compile(
    r"\b(?:(?:me|nos) (?:\w+ )?(?:llego|llegaron|grito|gritaron|visito|visitaron|amenazo|amenazaron|insulto"
    r"|colgo|colgaron|escribio|escribieron|hablo|hablaron|llamo|llamaron|marco|marcaron|dijo|dijeron|atendio"
    r"|busco|buscaron|corto|cortaron|dices?|dicen)"
    r"|(?:que|ya|cobrador|senorita|senor|muchach[oa]|chic[oa]|gente|alguien|ustedes) (?:llamo|hablo|vino"
    r"|paso|escribio|marco|fue|atendio)"
    r"|vino|vinieron|llamaron|gritaron|visitaron|me llego|vi (?:su|tu|el|un|los|sus)|lei (?:su|tu|el)"
    r"|recibi (?:su|tu|un|una|el|la) (?:mensaje|carta|llamada|correo|aviso|notificacion|sms)"
    r"|hable con|llame (?:al|a)|veio|vieram|ligou|ligaram|gritou|gritaram|mandaram mensagem|vi (?:a|sua) mensagem"
    r"|falei com|liguei (?:pra|para)|came by|showed up|called|yelled|texted|emailed|left a (?:message|voicemail)"
    r"|saw your|got your|read your|spoke (?:to|with)|talked to"
    r"|\d+(?:st|nd|rd|th) (?:call|text|letter|message|time|voicemail|email|notice)"
    r"|(?:ligam|llaman|marcan|cobram|escriben|mandam|(?:you|they|yall|y'all) (?:call|text)) (?:pra|para|a"
    r"|me|my|mi|minha)"
    r"|gastei|gaste|gastamos|regale|comi|bebi|viaje|viajei|spent|blew|partied|fuimos|saimos|salimos)\b"
)
_VISITED_ON = re.compile(
    r"\b(?:(?:que|who|that) (?:me |nos |les? )?(?:vino|llamo|paso|hablo|escribio|visito|marco|atendio|veio"
    r"|ligou|passou|falou"
    r"|atendeu|called|came|texted|wrote|visited)"
    r"|\d+ (?:veces|vezes|times|llamadas|mensajes|mensagens|ligacoes|calls|texts|messages)"
    r"|(?:to my name|left|to live on|para vivir|para comer|pra viver|pra comer) (?:till?|until|hasta|ate))"
    r"(?: (?:el|la|o|a|na|no|dia|on|the|last))*\s*$"
)
_SINCE = re.compile(r"\b(?:desde|since)(?: (?:el|la|o|a|dia|the|que))*\s*$")
_STATE = re.compile(
    r"\b(?:estoy|esta|estan|estamos|ando|anda|toy|ta|tou|estou|quede|tengo|tiene|tenho|tem|sin|sem|enferm\w+|doente"
    r"|hospitaliz\w+|internad\w+|parad[oa]|desemplead[oa]|desempregad[oa]|luto|trabaj\w+|trabalh\w+"
    r"|out of work|sick|been|is)\b"
)
"""What has been so since the day: "estoy sin empleo desde el 15"."""

_VERB_OF_LATE = (
    r"(?:(?:me|nos|se|te|lo|la|le)(?: \w+)? [a-z]{1,}(?:e|i|aron|ieron|eron|aram|eram|iram|ou|eu|iu)"
    r"|se [a-z]{3,}o|[a-z]{3,}(?:ei|aron|ieron|aram|eram|iram|aste)|got [a-z]+|lost|quit|fui|fiquei|perdi|cai|sofri"
    r"|(?:moved|divorced|split|separated|died|passed)(?: \w+)?|naci\w*|murio|fallecio|faleceu|morreu|nacio|nasceu)"
)
_BEFELL_IN = re.compile(
    rf"(?:(?<!que )|(?<=es que ))(?<!cuando )(?<!quando )\b{_VERB_OF_LATE}"
    r"(?: (?:del?|da|do|en|sin|sem|a|al|el|la|o|my|mi|job|paro|trabajo|trabalho|emprego|chamba|baja"
    r"|[a-z]{3,8})){0,4}\s*$"
)


def is_told(said: str, start: int, end: int) -> bool:
    """Whether the clause of a day only tells of something done, seen or said, or since when it is so."""
    before = _BORDER.split(said[max(0, start - _REACH) : start])[-1]
    after = _BORDER.split(said[end : end + _REACH])[0]
    there = f"{before}| {after}"
    if _SINCE.search(before):
        return bool(_STATE.search(there)) and not _PAYS.search(there)
    return bool(_TOLD.search(there)) and not _PAYS.search(there)


def is_of_a_visit(said: str, start: int) -> bool:
    """Whether the day is when somebody came, or until when money lasts: "el senor que vino el martes"."""
    return bool(_VISITED_ON.search(said[max(0, start - _REACH) : start]))


def is_month_of_an_event(said: str, start: int) -> bool:
    """Whether a verb of the past stands before "en marzo": "me quede en paro en marzo"."""
    before = _BORDER.split(said[max(0, start - _REACH) : start])[-1]
    return bool(_BEFELL_IN.search(before)) and not _PAYS.search(before)

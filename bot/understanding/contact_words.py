"""The words in which people ask how to be written to, in Spanish, Portuguese and English."""

from __future__ import annotations

import re
from functools import cache

from bot.understanding.calendar_words import doubtful_weekdays, weekdays
from bot.understanding.sheet import either

SHORT = (
    (r"(.)\1{2,}", r"\1"),
    (r"\bx (?=[a-z])", "por "),
    (r"\bd (?=[a-z\d])", "de "),
    (r"\bdsp(?:ues)?\b|\bdesp\b|\bdspues\b|\bdespue\b|\bdepues\b", "despues"),
    (r"\basta (?=el|la|que|fin|\d)", "hasta "),
    (r"\bdps\b|\bdepoi\b|\bdpois\b", "depois"),
    (r"\b(?:don['’]?t|dnt|do not|can['’]?t|cannot|can not|won['’]?t|shouldn['’]?t"
    r"|couldn['’]?t)\b", "not"),
    (r"\b(?:could|can|would) you (?=not)", ""),
    (r"\bñ\b|\bnaum\b|\bnum\b|\bn(?= (?:me|precis|mand|lig|escrev|cham))", "nao"),
    (r"\bsegunda-feira\b", "segunda feira"),
    (r"\b(?:no hay|sin|sem|nao tem|no|not a) (?:ningun )?(?:problemas?|drama|lio|rollo)\b", ""),
    (r"\b(?:si no|se nao) (?:es|le|les|for|e) (?:mucha |muita )?\w+", ""),
    (r"\b(?:buen[ao]s?|boa|bom|good) (?:dias?|tardes?|noches?|noite|morning|afternoon"
    r"|evening)\b", ""),
)  # fmt: skip
_CALL = (
    r"(?:llam(?:e|en|es|ar\w*|ada|adas|an|a|ando|enme|eme|ame|adme)|marqu\w+|marcar\w*|marc(?:an"
    r"|ame)"
    r"|lig(?:a|ue|uem|uen|ar|ar(?:em)?|am|acao|acoes|uei)|telefon\w+|calls?|calling|ring(?:ing)?"
    r"|phon(?:e|ing))"
)
_WRITE = (
    r"(?:e?s?cri(?:b|v)\w+|escrev\w+|contact\w*|contat\w*|comuni[cq]\w+|habl(?:e|en|ar|ame|eme"
    r"|enme|es|ad|amos)\w*"
    r"|fal(?:a|e|em|ar|ando|em-me)|cham(?:a|e|em|ar)|procur\w+|mand(?:e|en|es|a|ar|ad|em|em-me"
    r"|ame|eme|enme"
    r"|enlo|elo|arme|eis|eis|ei)|envi\w+|avis(?:a|e|en|em|ar|ame|eme|enme|os|em-me)|molest\w+"
    r"|incomod\w+|perturb\w+"
    r"|mensaj\w+|mensag\w+|notif\w+|busqu\w+|ubi[cq]\w+|moleste\w*|writ\w+|texts?|texting"
    r"|messag\w+|msgs?"
    r"|send|sending|reach\w*|bother\w*|disturb\w*|remind\w*|ping|get in touch|recuerd\w+"
    r"|recordatorios?|lembr\w+"
    r"|lembretes?|reply|respond\w*|contest\w+|atend\w+|atiend\w+|answer|talk|recibir(?:los|las)?"
    r"|receber|receive)"
)
CONTACT = re.compile(rf"\b(?:{_WRITE}|{_CALL})\b")
CALLS = re.compile(rf"\b{_CALL}\b")
WISH = re.compile(
    r"\b(?:sol[oa]|solamente|unicamente|exclusivamente|nada mas|nomas|no mas|mejor|melhor"
    r"|prefier\w+|prefir\w+"
    r"|prefer\w*|quier[oe]|queria|quero|gostaria|quisiera|me gustaria|better|best|only|just"
    r"|rather|so|somente|apenas"
    r"|por favor|porfa\w*|porfis|please|pls|plis|pfv|pf|siempre|sempre|always|libre|livre|free"
    r"|available|disponible"
    r"|disponivel|desocup\w+|tranquil\w+|puedo|posso|use|usen|usar|usem|i can|pueden|podem"
    r"|you can|maximo|at most|max|like"
    r"|que sea|seja|ok|fine|works|good|vale|bien|basta|nunca|never)\b"
)
FREE = re.compile(
    r"\b(?:libre|livre|free|available|disponible|disponivel|desocup\w+|tranquil\w+|puedo|posso"
    r"|i can)\b"
)
BUSY = re.compile(
    r"\b(?:trabaj[oa]|trabalho|i work|at work|working|estoy|toy|estou|to (?=no|na|em|trab)|i'?m"
    r"|i am|salgo|saio|entro|duermo|durmo|sleep|asleep"
    r"|curso|estudio|estudo|tengo|tenho|vuelvo|volto|llego|chego|estamos|ando|get off|get home"
    r"|finish|libres)\b"
)
PAY = re.compile(
    r"\b(?:pag(?!ina)\w+|abon\w+|deposit\w+|transfer\w+|cuotas?|parcel\w+|pay\w*|paid|cobr\w+"
    r"|pesos|reais|dolares"
    r"|dollars|debo|devo|owe|plata|dinero|dinheiro|money|cancel\w+|desembols\w+|consig\w+)\b|[$€£]"
)
TOLD = re.compile(
    r"\b(?:ya (?:les? |os )?(?:mande|envie|escribi)|ja (?:mandei|enviei)|recibi|recebi|received"
    r"|got your|i sent"
    r"|(?:me|nos) (?:lleg\w+|escriben|llaman|mandan|envian|hablan|marcan|estan)|you(?: guys"
    r"| people)? (?:keep|send|sent|called|wrote|text|call|message|write)"
    r"|voces (?:mandam|ligam|escrevem)|(?:est[ao]n?|siguen|seguis) \w+ndo|vi su|vi seu)\b"
)
OPERATOR = re.compile(
    r"\b(?:(?P<but>(?:a )?menos(?! de)|excepto|exceto|salvo|sino|except|unless|other than|but not"
    r"|(?:mas|mais) (?:que|do que)|more than|fuera de|aparte de|a no ser|senao)"
    r"|(?P<mere>nada mas|nada mais|no mas (?=por|de|en|a|los|las))"
    r"|(?P<no>no|noo|nao|not|nunca|never|jamas|ni|nem|sin|sem|evit\w+|avoid|en vez de|em vez de"
    r"|instead of"
    r"|rather than|nada de))\b"
)  # fmt: skip
NO_AFTER = re.compile(
    r"[\s•]*(?:no|noo|nao|nunca|not|never|jamas|tampoco)(?: (?:me|nos|lo|por favor|porfa\w*"
    r"|please|plis|pls|puedo"
    r"|posso|gracias|mas|mais|pued[ae]n|m'?h?ijo|hay forma|da|nada|mensaj\w+|mensag\w+|messages?"
    r"|por nada"
    rf"|{_WRITE}|{_CALL}))*\s*$"
)
CLAUSE = re.compile(
    r"[.;!?\n,:()](?!\d)|\b(?:pero|entonces|entao|asi que|por eso|por isso|but|porque|because|pq|pues|ya que"
    r"|pois|cuz|coz|cause"
    r"|since(?! \d)|as i|when"
    r"|cuando|quando|y (?=no\b|nunca\b)|e (?=nao\b|nunca\b)|and (?=not\b|never\b)"
    r"|(?:que|q|k)(?= (?:en|el|la|mi|ahi|alli|es|estoy|ando|a esa|trabajo|salgo|no |ya|tengo"
    r"|duermo|llego|antes|eu|estou|saio|to|trabalho|e )))\b"
)
_WHO = (
    r"(?:trabajo|trabalho|servico|oficina|escritorio|empresa|pega|laburo|chamba|jale|negocio"
    r"|fabrica|remiseria|casa"
    r"|vecin\w+|mama|mami|mae|madre|papa|pai|padre|hij[ao]s?|filh[ao]s?|espos[ao]|marido|mujer"
    r"|mulher|senora|senor"
    r"|suegr[ao]|sogr[ao]|herman[ao]s?|irma\w?|abuel[ao]|jef[ae]|chefe|vieja|viejos?|familia\w*"
    r"|amig[ao]s?|referencia\w*"
    r"|job|work|office|workplace|boss|mom|mum|mother|dad|father|wife|husband|son|daughter"
    r"|parents?|family|home|house"
    r"|neighbou?rs?|fijo|direccion|domicilio|endereco|address|otro numero|outro numero"
    r"|este numero|other number)"
)
ELSE = re.compile(
    r"\b(?:llamadas?|ligac(?:ao|oes)|calls|phone calls|visitas?|visits?|cartas?|letters?|sms"
    r"|mensajes? de texto|audios?"
    r"|voice ?mails?|notas de voz|correo postal|postal|by post|siesta|feriados?|holidays)\b"
)
SOMEBODY = re.compile(
    rf"\b(?:a|al|con|en|el|la|mi|mis|com|no|na|pra|para|pro|meu|minha|my|the|at|to)\s+(?:mis? "
    rf"|el |la |my |o |a |meu |minha )?{_WHO}\b"
)
NOT_THERE = re.compile(rf"\b(?:no|nao|not|nunca|never|ni|nem|jamas) {SOMEBODY.pattern}")
_CHANNELS = (
    ("whatsapp", r"what?s+ ?h?ap+s?|whast?h?ap+|wh?atsap+|whats|wh?asap|guasap|wass?ap+|wasa|wsp"
    r"|wsap|wpp|wp|wapp|zap|zapzap|zap zap|wats(?:ap+)?"),
    ("telegram", r"(?<=por )tele|telegra[mn]a?|telegr[ae]m|tlgrm|tg"),
    ("email", r"(?:e-?mails?|mails?|gmail|hotmail|outlook|imeil|emeil|correos?(?: electronicos?)?"
    r"|e mail)(?! postal)"),
    ("here", r"(?:(?:por|en|via|by|in|on|through|only|just) )?(?:este|ese|esse|this|neste|nesse"
    r"|el mismo|the same)"
             r" (?:mismo |same )?(?:chat|medio|canal|meio|conversa\w*|pagina|channel)|por (?:aqui"
        r"|aca|ca)(?: mismo)?"
             r"|(?:pelo|por el|por|no) chat|aqui mismo|(?:solo|so|only|just) (?:aqui|aca|here)"
        r"|here only|(?:me|message) here"),
)  # fmt: skip
CHANNEL = re.compile("|".join(rf"\b(?P<{name}>{said})\b" for name, said in _CHANNELS))
BY = re.compile(
    r"\b(?:por|pelo|pel|al|a|ao|via|by|on|to|in|en|no|mi|meu|my|use|usen|usar|un|um|an?|el|o|the"
    r"|su|mejor|solo|only)\s+"
    r"(?:el |mi |meu |o |my |un |um |the )?$"
)
COUNT = re.compile(
    r"\b(?:(?P<n>\d+|una?|uma?|one|an?|a single) (?:(?:sola|solo|unica|only) )?(?P<times>ve(?:z"
    r"|ces|zes)|times?|mensajes?|mensagem|mensagens"
    r"|messages?|texts?|correos?|emails?|recordatorios?|lembretes?|reminders?|avisos?|msgs?)"
    r"(?: como (?:mucho|maximo)| no maximo| at most| max| maximo)? (?:por|a la|a|per|each|every"
    r"|cada|na|en la|in a) (?:1 )?(?:semana|week)"
    r"|(?P<weekly>semanal(?:es|mente)?|weekly))\b"
    r"|\b(?P<adverb>once|twice|thrice|11) (?:a|per|each|every) week\b"
)
GROUPS = (
    (r"(?:los |as |os |solo )?fin(?:es)? de semana|fi(?:m|ns) de semana|finais de semana|findes?"
    r"|week-?ends?", (6, 7)),
    (r"entre semana|dias? de semana|dias? habil(?:es)?|dias? ut(?:eis|il)|dias? laboral(?:es)?"
    r"|dias? laborables?"
     r"|week-?days?|(?:work|working|business) ?days?|durante la semana|durante a semana"
     r"|during the week", (1, 2, 3, 4, 5)),
    (r"cualquier dia|todos los dias|qualquer dia|todos os dias|any ?day|every ?day"
    r"|toda la semana", (1, 2, 3, 4, 5, 6, 7)),
)  # fmt: skip
GROUP = re.compile(
    r"(?<!este )(?<!this )(?<!esse )(?<!proximo )(?<!next )"
    + "(?:"
    + "|".join(rf"\b(?P<g{n}>{said})\b" for n, (said, _) in enumerate(GROUPS))
    + ")"
)


@cache
def day_names() -> tuple[dict[str, int], re.Pattern[str], re.Pattern[str]]:
    """Numbers of weekday names; a list or a range of them; one of them."""
    names = {**weekdays(), **doubtful_weekdays()}
    names |= {f"{n}s": d for n, d in names.items() if not n.endswith("s")}
    day = rf"(?:{either(names)})(?:[- ]feiras?)?"
    the = (
        r"(?:(?:el|los|las|la|o|os|a|as|aos|on|nos|nas|na|no|dia|dias|cada|todos los|todas as"
        r"|todos os|every)\s+)*"
    )
    joined = rf"\b(?P<the>{the})(?P<first>{day})(?![a-z])"
    rest = (
        r"(?P<rest>(?:\s*(?:,|,?\b(?:y|e|and|o|ou|or|a|al|ao|to|through|thru|ate|hasta|till)\b|-|/)"
        rf"\s*{the}{day}(?![a-z]))*)"
    )
    return (
        names,
        re.compile(joined + rest),
        re.compile(
            rf"\s*(?:\b(?P<to>a|al|ao|to|through|thru|ate|hasta|till|-)(?:\b"
            rf"|(?<=-))\s*)?{the}(?P<day>{day})(?![a-z])"
        ),
    )


UNTIL = re.compile(
    r"\b(?:(?P<until>hasta|ate|until|till|til)|(?P<before>antes|before|earlier than)"
    r"|(?P<after>despues|depois|after|luego|pasado)"
    r"|(?P<since>a partir|desde|from|starting))\b(?P<piece> [^.;!?,\n]{2,40})"
)
AHEAD = (
    (re.compile(r" ?(?:el |o |the )?(?:mes (?:que|q) (?:viene|entra|vem)|proximo mes|otro mes"
    r"|outro mes|next month|mes proximo)"), "month"),
    (re.compile(r" ?(?:la |a |the )?(?:semana (?:que|q) (?:viene|entra|vem)|proxima semana"
    r"|otra semana|outra semana|next week|semana proxima)"), "week"),
)  # fmt: skip
FOR = re.compile(
    r"\b(?:por|durante|for|en|em|nos|los|in|in the|proximos|next|pelos|pelas|por los"
    r"|por las)\s+(?:l[oa]s |os |as |the )?"
    r"(?:proxim[oa]s |next |unos |unas |uns |umas )?(?P<n>\d{1,2}|una?|uma?|a|one) (?P<unit>dias?"
    r"|days?|semanas?|weeks?|mes(?:es)?|months?)\b"
)
THIS = re.compile(
    r"\b(?:(?P<day>(?:por )?(?:hoy|hoje)|today)|(?P<week>(?:est[ae]|essa|nesta|this) (?:semana"
    r"|week))"
    r"|(?P<month>(?:est?e|neste|this) (?:mes|month)))\b"
)

"""Tells the days of the person's own life from days of payment: "el jueves tengo turno con el medico"."""

from __future__ import annotations

import re

_REACH = 90

_PAYS = re.compile(
    r"\b(?:pag(?!in)\w+|pay\w*|paid|abon\w+|deposit\w*|transf\w+|puedo|podria|podre|posso|poderia|consig\w+|doy|dou"
    r"|dare|darei|mand(?!a\b|an\b|am\b)\w+|envi\w+|gir[oae]\w*|ingres\w+|pas(?:o|are|so)|passo|cancel\w+|liquid\w+"
    r"|quit(?:o|ar\w*|arei)|sald(?:o|ar\w*)|cubr\w+|entreg\w+|acert\w+|arregl\w+|send\w*|give|drop\w*|settle"
    r"|zelle\w*|venmo\w*|yape\w+|lleva?r?o?|lev(?:o|ar)|bot(?:o|ar)|faco o pix|pix|cobr\w+|receb\w+|recib\w+"
    r"|me caen?|me depositan|can|could|will|i'll|ill|gonna|\d+ (?:pesos|lucas|soles|reais|bucks|euros))\b"
)
"""A clause that pays, or in which money comes, makes the day a day of payment again."""

_THEN_PAYS = re.compile(
    r"[\s,.]*(?:(?:pero|but|mas|y|e|and|asi que|entonces|igual|so|i|yo|eu|ya|si) )*(?:(?:te|les?|os) )?"
    r"(?:paso|passo|pago|deposito|mando|voy a (?:pagar|pasar)|vou (?:pagar|passar)|puedo pagar|posso pagar"
    r"|i can pay|i'?ll pay)\b"
)
"""What goes on to pay on that day: "amanha eu trabalho mas passo na loja e pago"."""

_LATER = re.compile(
    r"\b(?:despues|depois|luego|after|later|otro dia|outro dia|lunes|martes|miercoles|jueves|viernes|sabado|domingo"
    r"|segunda|terca|quarta|quinta|sexta|monday|tuesday|wednesday|thursday|friday|saturday|sunday|dia \d+|el \d+)\b"
)
_HEALTH = (
    r"(?:turno|cita|hora|consulta|control|medic[oa]|doctora?|dentista|odontolog\w+|oculista|terapia|psicolog\w+"
    r"|examen(?:es)?|exames?|estudios|analisis|ecografia|ultrassom|cirugia|cirurgia|operacion|operacao|quimio"
    r"|dialisis|hemodialise|fisio\w*|parto|cesarea|cesariana|rehab\w*|appointment|surgery|checkup|check-up"
    r"|doctors?|dentist|chemo|dialysis|mri|therapy|procedure)"
)
_RITE = (
    r"(?:entierro|enterro|velorio|sepelio|cremacion|funerales|funeral|misa|missa|novenario|bautiz[oa]"
    r"|batizado|batismo"
    r"|comunion|comunhao|crisma|boda|casamiento|casamento|matrimonio|graduacion|formatura|colacao|cumple(?:anos)?"
    r"|niver|aniversario|quinceanera|quinceanos|fiesta|festa|baby shower|kermes|acto|desfile|recital"
    r"|wedding|baptism|christening|graduation|birthday|bday|anniversary|recital|burial|wake|viewing|quinceanera)"
)
_DUTY = (
    r"(?:entrevista|interview|examen|prueba|prova|vestibular|concurso|juicio|audiencia|juzgado|corte|court"
    r"|jury duty|hearing|tramite|reunion|reuniao|meeting|clases?|aulas?|viaje|viagem|mudanza|mudanca|partido|jogo"
    r"|shift|guardia|plantao)"
)
_BORDER = re.compile(
    rf"[.;:!?,\n](?=\s|$)|\s(?=(?:y|e(?! (?:o |a |um |uma )?(?:{_RITE}|{_DUTY}|{_HEALTH}))|and|pero|but|mas"
    rf"|porque|pq|because|asi que|entonces|entao|so|cuando|quando"
    r"|ai|ahi|then)\b)"
)
_WORK = (
    r"(?:(?<!no )(?<!nao )(?<!si )(?<!se )(?:trabajo|laburo|chambeo|camello|trabalho|trampo)"
    r"|(?:hago|faco|tengo|tenho) (?:turno|guardia|plantao)|(?:i |i'm |im )work(?:ing)?|estoy de (?:turno|guardia)"
    r"|vendo|cuido|atiendo|atendo|estudio|estudo|juego|jogo|descanso|folgo|acordo|levanto|madrugo|me levanto"
    r"|me despierto|wake up|get up|(?:entro|pego|empiezo|saio|salgo|comeco|start)(?: a laburar| a trabajar)?"
    r"(?: a las?| as| at) ?(?=\d)|babysit|limpo|limpio)"
)
_EVENT = re.compile(
    rf"\b(?:(?:tengo|tenemos|tiene|tenho|temos|tem|have|has|got|voy|vou|vamos|going|hay|e|es|is|sera|toca"
    rf"|me toca|fazer"
    rf"|faco|hago)(?: (?:que|un[ao]?|uma?|el|la|o|a|the|my|mi|meu|minha|al?|ao|no|na|del?|de|ir|go|to|ya|pra"
    rf"|con|com|otr[oa]|marcad[oa]|es|mis|su|los)){{0,4}} (?:{_HEALTH}|{_RITE}|{_DUTY})"
    rf"|(?:(?:el|la|o|a|my|the|his|her|mi|meu|minha) )?(?:{_RITE}) (?:d[eoa]l?|of|for|mi|my)\b"
    r"|(?:me|nos|le|lo|la|o|a) (?:van a |vao )?(?:oper[ao]n?|opera[nm]?|intern[ao]n?|internam|hacen una"
    r"|dan de alta|dan el alta"
    r"|sacan la|casan?|caso|casamos|mud[ao]n?|mudamos|cambio de casa|cito|citaron|entierran|velan)"
    r"|(?:vou|voy a) (?:operar|operarme|me operar|viajar|mudar\w*|parir|casar\w*|me mudar|me casar)"
    r"|entierran|enterramos|enterram|velamos|sepultan|sepultamos|velam"
    r"|viajo|viajamos|me mudo|nos mudamos|mudo de|vuelo a|tomo el avion|salgo de viaje"
    r"|(?:i'?m|we'?re|im|i am) (?:moving|flying|traveling|travelling|getting married|having surgery"
    r"|going in(?:to)? (?:for|the))"
    r"|(?:empiezo|empezamos|arranco|entro|comienzo|comeco|inicio|start|starting)(?: (?:a|en|en el|en la|no"
    r"|na|num|my|a|the|un|el|la))*"
    r" (?:trabaj\w+|laburar|trabalhar|trabalho|servico|emprego|trampo|laburo|chamba|pega|empleo|job|work"
    r"|new job|nuevo|novo|curso|facu\w*)"
    r"|cumpl(?:o|e|en|imos)(?: mis| sus)?(?: \d+)?(?: anos)?|faco (?:\d+ )?(?:anos|aniversario)"
    r"|faz (?:\d+ )?(?:anos|aniversario)"
    r"|turn(?:s|ing)? \d+|\d+(?:th|st|nd|rd)? birthday|da(?:mos)? a luz|doy a luz|naces?|due date"
    rf"|{_WORK})"
)


def is_own_event(said: str, start: int, end: int) -> bool:
    """Whether the clause of a day tells of the person's own life, and pays nothing."""
    before = _BORDER.split(said[max(0, start - _REACH) : start])[-1]
    after = _BORDER.split(said[end : end + _REACH])[0]
    there = f"{before}| {after}"
    if not _EVENT.search(there) or _PAYS.search(there):
        return False
    rest = said[end + len(after) : end + len(after) + _REACH]
    return not (_THEN_PAYS.match(rest) and not _LATER.search(rest))

"""What has a number or a day word and names no day: greetings, hours, doors, streets, "hoy por hoy"."""

from __future__ import annotations

import re

from bot.understanding.calendar_words import long_months
from bot.understanding.sheet import either

_DATED_STREET = (
    r"(?:\b(?:rua|r|av|ave|avenida|avda|calle|cll|praca|plaza|travessa|jiron|jr|pasaje|paseo|barrio|bairro"
    r"|colonia|col|estacion|estacao|metro|esquina|vila|villa|escuela|escola|colegio|hospital|puente|ponte|ruta"
    r"|edificio|predio|urb|urbanizacion|conjunto|largo|parque|estadio)\b\.?(?: (?:de|del|do|da|con))?"
    r"|\bc/|\b(?:na|da|pela|en la|por la|sobre la|de la)"
    r"|\b(?:viv\w+|mor[oa]|queda|estoy|trabajo|sucursal|tienda|negocio) (?:en|na|no|em|de))"
    rf"\s?\d{{1,2}} de (?:{either(long_months())})\b"
    r"(?:,? (?:#|n[or]?[.o°]? ?|num\w* )?\d{1,5}\b(?![.,]\d)(?! ?(?:reais|pesos|soles|euros|mil|lucas|[$%€])))?"
)
"""A street that is named for a date, with the number of the house: "rua 15 de novembro, 200"."""

NOISE = re.compile(
    # parts of the day, greetings, "some day"
    r"\b(?:por|en|de|a|a la|pela|da|de la|in the|toda)\s+(?:la |las )?"
    r"(?:mananas?\b(?! en \d)|manha\b|manhas\b|morning\b)|\bdel dia\b(?! \d)|\bbuen(?:os)? dias?\b|\bbom dia\b"
    r"|\b(?:de )?(?:lunes a (?:viernes|sabado|domingo)|segunda a (?:sexta|sabado))\b"
    r"|\b(?:monday|mon) (?:to|through|thru) (?:friday|fri|saturday)\b"
    r"|\b(?:ate|hasta|to|until) (?:el dia de |this |o dia de )?(?:hoje|hoy|day|today)\b(?! (?:pag|mesmo|mismo))"
    r"|\b(?:feira|feria|culto|misa|missa|jogo|juego|partido|mercado|tianguis|turno) (?:de|do|del) [a-z]+"
    r"|\b(?:de los|dos) (?:lunes|martes|miercoles|jueves|viernes|sabados|domingos)\b"
    r"|\bthe \d{1,2} (?!of\b|bucks|pounds|dollars|euros|pay|instal|week|month|day)[a-z]{4,}s\b|\b(?:sueldo"
    r"|salario|decimo) 13\b"
    r"|\b(?:feliz|felices|happy|merry)(?: (?:dia|ano)(?: (?:de(?: la| las| los)?|del|da|do|dos|das|2))?)? [a-z]+"
    r"|\bblack friday (?:d[aeo] [a-z]+|sale|deals?|promo\w*|desconto|descuento)"
    r"|\bhoy en dia\b|\bhoje em dia\b|\bhoy por hoy\b|\bhoje por hoje\b|\bde hoy no paso\b"
    r"|\blos \d{1,2} (?!(?:les|mas|pues|antes"
    r"|despues)\b)[a-z]{3,}[aeo]s\b(?<!dias)(?<!meses)|\bdia a dia\b|\balgun dia\b|\bun dia de estos\b"
    # who lives behind a door, and streets named for a date
    r"|\b(?:vecin[oa]s?(?: (?:el|la|los|las))?|depto|apto?|piso|casa|local|puesto|cuarto"
    r"|(?:d?el|la|los|las) (?:senora?|muchach[oa]|chic[oa]|chav[oa]|chamac[oa]|don|dona|doctora?|inquilin[oa]"
    r"|portero|familia|gente|viej[oa]|tip[oa]|mora\w+|duen[oa])"
    r"|(?:vizinh[oa]s?|mo[cr]\w+|dona|senhora?|rapaz|pessoal)) d[eo]l? \d{1,4}\b(?! de [a-z]*(?:o|e|l|bre)\b)"
    rf"|{_DATED_STREET}"
    # times of day
    r"|\b(?:a las?|as|at|desde las|hasta las)\s+\d{1,2}(?::\d\d)?(?![\d/.,])\s*"
    r"(?:[ap]\.?m\b\.?|h\w{0,4}\b)?(?!\s*(?:de |of )?[a-z]*(?:bre|ero|o de)\b)"
    r"|\b\d{1,2} (?:de la|da|del?) (?:manana|manha|tarde|noche|noite|madrugada|mediodia)\b"
    r"|\b\d{1,2} in the (?:morning|afternoon|evening)\b"
    r"|\b\d{1,2}:\d\d(?::\d\d)?(?:\s*[ap]\.?m\b\.?)?|\b\d{1,2}\s?(?:[ap]\.?m\b\.?|hs\b|hrs\b|h\b)"
)
"""What has a number or a day word and names no day."""

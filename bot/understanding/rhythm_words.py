"""Words around a rhythm that is none of payments to us: work, calls, rent."""

from __future__ import annotations

import re

_OFFER = (
    r"\b(?:doy|dou|dar|daria|darei|dare|darl\w+|darte|daros|dando|pued\w*|podria|podri\w+|podemos|poss\w+"
    r"|pag(?:o|ar|are|aria|arei"
    r"|amos|ando)|pay(?:ing)?|abon\w+|can|could|give|send|mando|paso|passo|deposit\w+|transfiero"
    r"|transfer\w*|consigo|ofrezco"
    r"|ofreco|propongo|proponho|ingres\w+|hago|faco|ponle|yapeo|apart\w+|separ\w+)\b"
)
_WORK = (
    r"(?<!el )(?<!mi )(?<!un )(?<!de )trabaj(?:o|as?|amos|an|ando)|(?<!o )(?<!meu )trabalh(?:o|a|amos|am"
    r"|ando)|labur\w+|chamb[eo]\w*|camell\w+|curr(?:o|as?|amos|an|ando)|tramp(?:o|ando)|work(?:s|ing)?"
    r"|vend(?:o|es?|emos"
    r"|en|em|endo)|cuid[oa]\w*|turnos?|guardias?|plantao|shifts?|visit\w+|dialisis|dialysis|hemodialise"
    r"|terapia|therapy|quimio\w*|chemo"
    r"|estudi\w+|estud[oa]|clases?|aulas?|misa|church|igreja|culto|jueg[oa]\w*|play|doctor|medico"
    r"|hospital|consultas?|babysit\w*"
    r"|limpi[oa]\w*|manej[oa]\w*|dirijo|drive|cocin[oa]\w*|nos vemos|veo a|vejo|see my|have my kids"
)
_CALLS = (
    r"llam\w+|marc(?:a|an|ando|ar)|escrib\w+|lig(?:a|ar|am|ou|ando|acoes|acao|uem|aram)|ligu?em|calls?"
    r"|calling|text(?:s|ing)?|mand(?:an|am"
    r"|ais)|envian|cobran|cobram|molest\w+|jod\w+|fast?idi\w+|ench\w+|insist\w+|avis(?:an|am|ando)"
    r"|mensaj\w*|mensag\w+|messages?|msgs?"
    r"|correos?|e-?mails?|cartas?|letters?|audios?|notificac\w+|ve(?:ces|zes)|times|blow\w* up|harass\w*"
    r"|bother\w*|spam\w*"
)
NOT_THEIRS = re.compile(rf"\b(?:{_CALLS}|{_WORK})\b(?!.*{_OFFER})[^.,;!?]{{0,30}}$")
"""How often somebody works, calls or writes is no rhythm of payments."""

OFFERED_AFTER = re.compile(rf"\s*,?\s*(?:(?:yo|eu|i|te|les?|os|lhes?) )*{_OFFER}")
"""What makes a rhythm the person's own: "trabajo, todo mes puedo 120"."""

THEN_OTHERS = re.compile(
    r"\s*,?\s*(?:(?:e|es|is|it'?s) (?:isso|eso|lo mismo|a mesma|igual|the same|siempre|sempre)\b"
    r"|(?:(?:ustedes|uds|voces|vcs|vc|you|yall|y'all|they) )?(?:me |nos )?(?:llam|lig(?:a|o)|mandan"
    r"|mandam|cobran|cobram|escrib|call"
    r"|text|suben|sube\b|aumenta)\w*"
    rf"|(?:yo |eu |i )?(?!works)(?:{_WORK})\b)"
)
"""What happens so often, after it: "todo mes e isso", "toda semana me llaman"."""

SPENT = re.compile(
    r"\b(?:gast(?:o|a|amos|an|am|e|ei)|spend(?:s|ing)?|me (?:cuestan?|sale|salen|cobran|descuentan"
    r"|quitan)|custam?|costs?"
    r"|(?:escola|escuela|colegio|colegiatura|creche|guarderia|daycare|aluguel|alquiler|arriendo|renta"
    r"|rent|hipoteca|mortgage|remedios?"
    r"|medicinas?|groceries|condominio|faculdade|universidad|tuition|child support|pension alimenticia)"
    r"(?: (?:da|de|do|del|la|mi|minha|meu|my|[a-z]+a) ?[a-z]*){0,2} (?:es|e|is|son|sao|sale|custa|cuesta"
    r"|runs|de|me sale))\b"
    rf"(?!.*{_OFFER})[^.,;!?]{{0,40}}$"
    r"|\d[^.,;!?]{0,15} (?:de|del|por|for|of|do|da) (?:la |el |o |a |my |mi )?(?:escola|escuela|colegio"
    r"|creche|guarderia|daycare"
    r"|aluguel|alquiler|arriendo|renta|rent|hipoteca|mortgage|remedios?|medicinas?|comida|luz|agua"
    r"|gasolina|condominio|pensao"
    r"|transporte|pasajes?)\s$"
)
"""Money that goes elsewhere so often: "gasto 400 de remedio todo mes"."""

OF_A_PAY = re.compile(
    r"\b(?:pension|pensao|renta|rent|alquiler|aluguel|arriendo|guarderia|daycare|pays|gets|getting|makes"
    r"|paga|gana"
    rf"|ganha|recebe|cobra)\b(?!.*{_OFFER})[^.,;!?]{{0,30}}$"
)
_DAYS = (
    r"(?:lunes|martes|miercoles|jueves|viernes|sabados?|domingos?|segundas?|tercas?|quartas?|quintas?|sextas?"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|dias?|days?)(?:[- ]feiras?)?"
)
ON_DAYS = re.compile(
    r"\b(?:todos (?:los|os)|todas (?:las|as)|todo (?:el|o)|toda (?:la|a)|todo|toda|cada|every|each|los|as"
    r"|aos|on)"
    rf" (?:(?:fines?|finales|fim) de semana|weekends?|{_DAYS})\b(?! \d)"
)
IDIOM = re.compile(r"\bcada (?:2|1) (?:por|x) (?:3|2)\b")
"""Every now and then: "cada dos por tres"."""

"""Tells payments that are owed, made or refused from those that are offered."""

from __future__ import annotations

import re

OF_THE_PAST = re.compile(
    r"\b(?:deb\w+|adeud\w+|atras\w+|falt\w+|qued\w+|rest[ao]n|restam|owe\w*|missed|skipped|devo|llev\w+|pague"
    r"|pagado|paguei|paid|venc\w+|late on|behind on|desde|ultim[oa]s|hice|fiz|made|di|dei"
    r"|primer[oa]s|mande|mandei|envie|enviei|sent|transferi|deposite|depositei|abone|hecho|feito|hicieron"
    r"|hicisteis|habeis"
    r"|cobr(?:ar?on|aram|aste|asteis|ou)|cargaron|recibi|recebi|llegaron|zelled|been paying"
    r"|pagando)(?: \w+){0,2}\s+$"
)
PAID_SO = re.compile(
    r"\b(?:paid|pague|paguei|pagaba|pagabamos|pagava|abonaba|was paying|used to pay)\b[^.,;!?]{0,25}$"
)
REFUSED = re.compile(
    r"\b(?:no (?:hay (?:forma|manera|modo)|son|eran|fueron|es|puedo|podria|podre|llego|alcanzo|quiero)"
    r"|nao sao|(?:aren'?t|weren'?t)"
    r"|no me vengan con|(?:me |nos )(?:piden|pedem|ofrecen|propusieron|promet\w+)|voces querem"
    r"|nao (?:posso|consigo|da|quero)|can'?t"
    r"|cannot|don'?t want)\b(?!.*\b(?:mas|mais|more|sino|pero|but|son|sao|solo|so|only)\b)"
    r"(?:[^.,;!?\n]|[.,](?=\d)){0,30}$"
)

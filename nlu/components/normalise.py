"""One spelling for what people write in many: what both halves of the classifier get to see."""

from __future__ import annotations

import random
import re
import unicodedata

_TAG = re.compile(r"<[^<>]{0,200}>")
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_MAIL = re.compile(r"\S+@\S+\.\w+")
_REPEATED = re.compile(r"([^\W\d_])\1{2,}")
_SPACE = re.compile(r"\s+")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def normalise(text: str) -> str:
    """Lower case, no accents, no invisible marks, no mark-up; "siiii" as "si"; every digit a 0.

    To the encoder "ya pagué" and "YA PAGUE" are far apart (cosine 0.37); to people they are not.
    Digits are alike because amounts and dates are read by code, and because no digit reaches Rasa
    before the person is identified: a message must mean the same before and after.
    """
    plain = unicodedata.normalize("NFKC", text)
    plain = "".join(letter for letter in plain if unicodedata.category(letter) != "Cf")
    plain = _MAIL.sub(" mail ", _LINK.sub(" link ", _TAG.sub(" ", plain)))
    parts = unicodedata.normalize("NFKD", plain.lower())
    plain = "".join(
        "0" if letter.isdigit() else letter for letter in parts if not unicodedata.combining(letter)
    )
    return _SPACE.sub(" ", _REPEATED.sub(r"\1", plain)).strip()


def mistype(text: str, chance: random.Random) -> str:
    """`text` with one or two slips of the thumb: swapped, missing, doubled or wrong letters."""
    letters = list(text)
    for _ in range(chance.randint(1, 2)):
        if len(letters) < 4:
            break
        place = chance.randrange(len(letters) - 1)
        slip = chance.randrange(4)
        if slip == 0:
            letters[place : place + 2] = letters[place + 1], letters[place]
        elif slip == 1:
            del letters[place]
        elif slip == 2:
            letters.insert(place, letters[place])
        else:
            letters[place] = chance.choice(_LETTERS)
    return "".join(letters)

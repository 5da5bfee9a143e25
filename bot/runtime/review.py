"""Real messages that the bot was not sure of, made anonymous for people to label."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sqlmodel import Session

from bot.conversations import repository
from bot.debtors.models import Debtor
from bot.understanding.text import plain

COLUMNS = ("lang", "text", "label", "guess", "confidence")

_NAME = "•"
_MAIL = re.compile(r"\S+@\S+\.\w+")
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_WORD = re.compile(r"\w+")
_CAPITALISED = r"(?:[^\W\d_a-zà-öø-ÿ][\w'’-]*)"
_LED_BY = re.compile(
    r"\b(?P<lead>(?i:soy|sou|i am|i'?m|i’m|this is|habla|fala|quem fala é|le habla|"
    r"señora?|sra?|don|doña|dona|seu|mrs?|ms|dr|dra|gerente|asesora?|atendente)\.?"
    r"(?:\s+(?i:el|la|o|a|de|con|com))?)\s+"
    rf"(?P<name>{_CAPITALISED}(?:\s+(?:(?:de|del|la|da|do|dos|y|e)\s+)*{_CAPITALISED})*)"
)
_INTRODUCED_BY = re.compile(
    r"\b(?P<lead>me llamo|mi nombre(?: completo)? es|me chamo|(?:o )?meu nome(?: completo)? é|"
    r"(?:o )?meu nome(?: completo)? e|my (?:full )?name(?: is|'?s|’s))\s+(?P<name>\w+(?:\s+\w+){0,2})",
    re.IGNORECASE,
)
"""After these comes a name in whatever letters, so up to three words go."""


def export(session: Session, file: Path, *, below: float, limit: int) -> int:
    """Write messages with less confidence than `below` to `file`; how many there were.

    Each text once, without buttons and without what says who somebody is. What rules cannot
    see (a nickname in lower case, a street) whoever labels takes out.
    """
    rows: dict[str, tuple[str, ...]] = {}
    for message, conversation in repository.understood_with_doubt(session, below, limit):
        person = conversation.debtor_id or conversation.claimed_debtor_id
        debtor = session.get(Debtor, person) if person else None
        text = anonymous(message.text, name=debtor.name if debtor else "")
        guess = f"{message.confidence or 0:.2f}"
        if any(character.isalpha() for character in text):
            rows.setdefault(text, (conversation.language, text, "", message.intent, guess))
    lines = ["\t".join(COLUMNS), *("\t".join(row) for row in rows.values())]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(rows)


def anonymous(text: str, *, name: str = "") -> str:
    """`text` on one line, without numbers, addresses, links and names.

    >>> anonymous("Hola soy Ana Ruiz, debo 1500 desde marzo, ana@example.com", name="Ana Ruiz")
    'Hola soy •, debo 0000 desde marzo, mail'
    """
    text = " ".join(text.split())
    text = _MAIL.sub("mail", _LINK.sub("link", text))
    text = _INTRODUCED_BY.sub(rf"\g<lead> {_NAME}", text)
    text = _LED_BY.sub(rf"\g<lead> {_NAME}", text)
    theirs = frozenset(word for word in plain(name).split() if len(word) > 2)
    text = "".join(
        _NAME if piece != " " and plain(piece) in theirs else piece for piece in _pieces(text)
    )
    return _DIGIT.sub("0", re.sub(rf"{_NAME}(?:\s+{_NAME})+", _NAME, text))


def _pieces(text: str) -> Iterator[str]:
    """The words of a text and what stands between them."""
    end = 0
    for found in _WORD.finditer(text):
        yield text[end : found.start()]
        yield found[0]
        end = found.end()
    yield text[end:]

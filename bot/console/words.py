"""What an agent's message may not say: it is stopped before it is sent, with the rule and a way out.

Nothing of the message goes into the event log: which rules it met, and the chosen reason, do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from bot.cases.models import Case
from bot.console.texts import Texts
from bot.conversations import repository as conversations
from bot.conversations.models import Conversation, Direction
from bot.debtors.events import log_event
from bot.debtors.models import Creditor, Debtor
from bot.nudges import disclosures
from bot.payments.notices import is_verified
from bot.policies.forbidden import Hit, Language, find, is_hard

EXCUSES = ("their_question", "true_step", "their_words", "not_meant")
"""Why a supervisor lets words through that are not hard."""
_REMEMBERED = 60
"""How many of the last messages are looked at for the debtor's own words."""


class WordsForbidden(ValueError):
    """A message holds words that are not written to debtors. The message itself is not in it."""

    def __init__(self, hits: Sequence[Hit], text: str, language: str) -> None:
        super().__init__(", ".join(sorted({hit.rule for hit in hits})))
        self.hits, self.text, self.language = list(hits), text, language

    @property
    def is_hard(self) -> bool:
        """Whether nobody may send it."""
        return is_hard(self.hits)


@dataclass(frozen=True, slots=True)
class Met:
    """One rule that a message met, in the agent's language."""

    words: str
    about: str
    source: str
    instead: str
    """In the debtor's language: it may be sent as it is."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A stopped message as the page shows it."""

    pieces: list[tuple[str, bool]]
    """The message, cut where words are marked."""
    rules: list[Met]
    may_excuse: bool


@dataclass(frozen=True, slots=True)
class Told:
    """How the disclosure of a first contact stands with whoever is verified in a conversation."""

    at: datetime | None
    is_due: bool
    missing: tuple[str, ...]


def check(
    session: Session,
    conversation: Conversation,
    text: str,
    *,
    actor: str,
    excuse: str,
    now: datetime,
) -> None:
    """Let a message pass or stop it; a supervisor's `excuse` lets through what is not hard.

    Raises:
        WordsForbidden: it holds words that are not written to debtors.
    """
    hits = find(
        text,
        country=_country(session, conversation),
        day=now.date(),
        is_verified=is_verified(conversation, now),
        is_crisis=conversation.red,
        their_words=_their_words(session, conversation),
    )
    if not hits:
        return
    is_excused = excuse in EXCUSES and not is_hard(hits)
    log_event(
        session,
        "reply.excused" if is_excused else "reply.held",
        at=now,
        actor=actor,
        creditor_id=conversation.creditor_id,
        conversation_id=conversation.id,
        debtor_id=conversation.debtor_id,
        rules=sorted({hit.rule for hit in hits}),
        severity="hard" if is_hard(hits) else "soft",
        **({"reason": excuse} if is_excused else {}),
    )
    if not is_excused:
        raise WordsForbidden(hits, text, conversation.language)


def check_note(session: Session, case: Case, note: str, *, now: datetime) -> str:
    """The note of a case, which the debtor reads; there is no reason that lets words through.

    Raises:
        WordsForbidden: it holds words that are not written to debtors.
    """
    debtor = session.get(Debtor, case.debtor_id) if case.debtor_id else None
    creditor = session.get_one(Creditor, case.creditor_id)
    here = session.get(Conversation, case.conversation_id) if case.conversation_id else None
    hits = find(
        note,
        country=debtor.country if debtor else creditor.country,
        day=now.date(),
        their_words=_their_words(session, here) if here else (),
    )
    if hits:
        raise WordsForbidden(hits, note, here.language if here else creditor.language)
    return note


def _country(session: Session, conversation: Conversation) -> str:
    """The debtor's as far as anybody says who they are: the stricter reading costs nothing."""
    number = conversation.debtor_id or conversation.claimed_debtor_id
    debtor = session.get(Debtor, number) if number else None
    return debtor.country if debtor else session.get_one(Creditor, conversation.creditor_id).country


def _their_words(session: Session, conversation: Conversation) -> list[str]:
    assert conversation.id is not None
    latest = conversations.latest(session, conversation.id, _REMEMBERED)
    return [message.text for message in latest if message.direction is Direction.IN]


# ---- for the page


def title_of(held: WordsForbidden, *, supervises: bool) -> str:
    """The text that says that it was not sent and what may be done."""
    if held.is_hard:
        return "words_hard"
    return "words_soft_yours" if supervises else "words_soft"


def shown(held: WordsForbidden, texts: Texts) -> Shown:
    """The message with its words marked, and each rule it met."""
    pieces: list[tuple[str, bool]] = []
    place = 0
    for hit in held.hits:
        if hit.start >= place:
            pieces += [
                (held.text[place : hit.start], False),
                (held.text[hit.start : hit.end], True),
            ]
            place = hit.end
    pieces.append((held.text[place:], False))
    return Shown([p for p in pieces if p[0]], _rules(held, texts), not held.is_hard)


def in_a_line(held: WordsForbidden, texts: Texts) -> str:
    """The same in one line of plain text, for a page that is open already."""
    return " ".join(
        texts("words_line", words=m.words, about=m.about, source=m.source, instead=m.instead)
        for m in _rules(held, texts)
    )


def _rules(held: WordsForbidden, texts: Texts) -> list[Met]:
    by_rule: dict[str, list[Hit]] = {}
    for hit in held.hits:
        by_rule.setdefault(hit.rule, []).append(hit)
    mine, theirs = _language(texts.language), _language(held.language)
    return [
        Met(
            "», «".join(dict.fromkeys(hit.words for hit in hits)),
            hits[0].about[mine],
            hits[0].source if hits[0].is_law else texts("words_ours"),
            hits[0].instead[theirs],
        )
        for hits in by_rule.values()
    ]


def _language(code: str) -> Language:
    match code:
        case "pt":
            return "pt"
        case "en":
            return "en"
    return "es"


def told(session: Session, conversation: Conversation, *, now: datetime) -> Told | None:
    """How the disclosure stands; nothing where nobody is verified or their country asks for none."""
    if not is_verified(conversation, now) or conversation.debtor_id is None:
        return None
    made = disclosures.made(session, conversation.debtor_id, conversation.creditor_id)
    if made:
        return Told(made.at, False, made.missing)
    found = disclosures.due(session, conversation, now=now)
    return Told(None, True, found.missing) if found else None

"""The lists of conversations: who waits, how long, why, and who has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlmodel import Session

from bot.console import repository, rules
from bot.console.labels import Labels, label
from bot.console.rules import Urgency
from bot.console.service import supervises
from bot.console.texts import Texts
from bot.conversations.models import Conversation, IdentityLevel
from bot.conversations.service import identity_level
from bot.debtors.models import Debtor
from bot.handoff import repository as handoffs
from bot.handoff.models import Agent, Handoff

Tab = Literal["queue", "mine", "bot"]
Holder = Literal["nobody", "mine", "other", "bot"]

MOST_ROWS = 200
_LANGUAGE_NAMES = {"es": "Español", "pt": "Português", "en": "English"}


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is looking, in which words, and when."""

    agent: Agent
    texts: Texts
    now: datetime
    labels: Labels | None = None

    def word(self, code: str) -> str:
        """A code in the viewer's words."""
        return label(self.texts.language, code, self.labels)


@dataclass(frozen=True, slots=True)
class Wait:
    """A debtor's wait for a person, against the target."""

    since: datetime
    seconds: int
    target_seconds: int
    urgency: Urgency


@dataclass(frozen=True, slots=True)
class Row:
    """One conversation in a list."""

    id: int
    red: bool
    name: str
    verified: bool
    reason_code: str
    reason: str
    brand: str
    language: str
    language_name: str
    channel: str
    excerpt: str
    excerpt_from: str
    wait: Wait | None
    idle_seconds: int
    unanswered: int
    holder: Holder
    holder_name: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A tab of the queue page, and the numbers on all of them."""

    tab: Tab
    rows: list[Row]
    waiting: int
    counts: dict[str, int]
    cut: bool


def listing(session: Session, viewer: Viewer, tab: Tab) -> Listing:
    """What `tab` shows this agent."""
    agent = viewer.agent
    in_hand = handoffs.queue(session, agent.creditor_id)
    unanswered = repository.unanswered(session, [handoff for handoff, _ in in_hand])
    mine = [pair for pair in in_hand if pair[0].agent_id == agent.id]
    shown: Sequence[tuple[Handoff | None, Conversation]]
    if tab == "bot" and supervises(agent):
        shown = repository.with_bot(session, agent.creditor_id, MOST_ROWS + 1)
    else:
        tab = "mine" if tab == "mine" else "queue"
        shown = in_order(mine if tab == "mine" else in_hand, unanswered)
    waiting = sum(
        handoff.first_reply_at is None or handoff.conversation_id in unanswered
        for handoff, _ in in_hand
    )
    return Listing(
        tab=tab,
        rows=_rows(session, viewer, shown[:MOST_ROWS], unanswered),
        waiting=waiting,
        counts={"queue": len(in_hand), "mine": len(mine)},
        cut=len(shown) > MOST_ROWS,
    )


def _rows(
    session: Session,
    viewer: Viewer,
    pairs: Sequence[tuple[Handoff | None, Conversation]],
    unanswered: dict[int, repository.Unanswered],
) -> list[Row]:
    found = [conversation for _, conversation in pairs]
    creditors = repository.creditors(session, [c.creditor_id for c in found])
    names = repository.agent_names(session, [h.agent_id for h, _ in pairs if h and h.agent_id])
    people = repository.debtors(session, [c.debtor_id for c in found if c.debtor_id])
    last = repository.last_messages(session, [c.id for c in found if c.id])
    rows = []
    for handoff, conversation in pairs:
        assert conversation.id is not None
        left = unanswered.get(conversation.id)
        message = last.get(conversation.id)
        kind, holder_name = holder(viewer.agent, handoff, names)
        seen_at = conversation.last_inbound_at or conversation.created_at
        rows.append(
            Row(
                id=conversation.id,
                red=conversation.red,
                name=shown_name(viewer, conversation, people.get(conversation.debtor_id or 0)),
                verified=identity_level(conversation) is IdentityLevel.VERIFIED,
                reason_code=handoff.reason if handoff else "",
                reason=viewer.word(handoff.reason) if handoff else "",
                brand=creditors[conversation.creditor_id].brand,
                language=conversation.language,
                language_name=language_name(conversation.language),
                channel=viewer.word(conversation.channel),
                excerpt=rules.excerpt(message.text) if message else "",
                excerpt_from=viewer.texts(f"last_from_{message.author.value}") if message else "",
                wait=wait_of(handoff, conversation, left, viewer.now) if handoff else None,
                idle_seconds=int((viewer.now - seen_at).total_seconds()),
                unanswered=left.count if left and handoff else 0,
                holder=kind,
                holder_name=holder_name,
            )
        )
    return rows


def in_order(
    pairs: Sequence[tuple[Handoff, Conversation]], unanswered: dict[int, repository.Unanswered]
) -> list[tuple[Handoff, Conversation]]:
    """Crises; then whoever waits, the longest first; then those whose turn it is to write."""

    def place(pair: tuple[Handoff, Conversation]) -> tuple[bool, bool, datetime]:
        handoff, conversation = pair
        left = unanswered.get(handoff.conversation_id)
        since = rules.waiting_since(
            handoff.requested_at, handoff.first_reply_at, left.since if left else None
        )
        return not conversation.red, since is None, since or handoff.requested_at

    return sorted(pairs, key=place)


def language_name(code: str) -> str:
    """A language by its own name."""
    return _LANGUAGE_NAMES.get(code, code)


def shown_name(viewer: Viewer, conversation: Conversation, debtor: Debtor | None) -> str:
    """First name and initial of somebody verified right now; of anybody else, nothing."""
    if debtor and identity_level(conversation) is IdentityLevel.VERIFIED:
        return rules.masked_name(debtor.name)
    return viewer.texts("unverified_name")


def holder(agent: Agent, handoff: Handoff | None, names: dict[int, str]) -> tuple[Holder, str]:
    """Who has the conversation, seen from `agent`, and that colleague's name."""
    if handoff is None:
        return "bot", ""
    if handoff.agent_id is None:
        return "nobody", ""
    if handoff.agent_id == agent.id:
        return "mine", agent.name
    return "other", names.get(handoff.agent_id, "")


def wait_of(
    handoff: Handoff,
    conversation: Conversation,
    left: repository.Unanswered | None,
    now: datetime,
) -> Wait | None:
    """How long the debtor has waited for a person, if they are waiting."""
    since = rules.waiting_since(
        handoff.requested_at, handoff.first_reply_at, left.since if left else None
    )
    if since is None:
        return None
    waited = now - since
    target = rules.reply_target(red=conversation.red, first=handoff.first_reply_at is None)
    return Wait(
        since=since,
        seconds=max(int(waited.total_seconds()), 0),
        target_seconds=int(target.total_seconds()),
        urgency=rules.urgency(waited, target),
    )

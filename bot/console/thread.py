"""One conversation as an agent sees it: who, why, what was said, what may be done."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from bot.console import repository
from bot.console.plan_service import paused_of_debtor
from bot.console.rows import Holder, Viewer, Wait, holder, language_name, shown_name, wait_of
from bot.console.service import supervises
from bot.console.summary import Line, Reading, summary_lines
from bot.conversations import repository as conversations
from bot.conversations.models import Conversation, Direction, IdentityLevel, Message, Owner
from bot.conversations.service import identity_level
from bot.debtors.facts import COUNTRIES, locale_of
from bot.debtors.models import Creditor, Debtor
from bot.handoff import repository as handoffs
from bot.handoff.models import Handoff
from bot.policies.loader import crisis_lines
from bot.policies.schema import CrisisLine

FIRST_SHOWN = 100
MOST_SHOWN = 2000
_STATES_WATCHED = 30


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message of the transcript. No payload and no address of a link: agents need neither."""

    seq: int
    author: str
    who: str
    text: str
    at: str
    buttons: list[str]
    links: list[str]
    files: list[dict[str, str]]
    """`{id, kind, label}` of what came with it."""
    pressed: bool
    state: str
    state_text: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What can change while an agent looks: whose it is and how long the debtor has waited."""

    holder: Holder
    holder_name: str
    red: bool
    wait: Wait | None


@dataclass(frozen=True, slots=True)
class Thread:
    """The conversation page."""

    id: int
    name: str
    level: IdentityLevel
    level_text: str
    brand: str
    country: str
    language: str
    language_name: str
    channel: str
    reason: str
    requested_at: datetime | None
    locked_until: datetime | None
    opted_out: bool
    lines: list[Line]
    unexplained: bool
    """Handed over without a summary."""
    standing: Standing
    bubbles: list[Bubble]
    earlier: bool
    last_seq: int
    help_lines: list[CrisisLine]
    may_return: bool
    paused_plans: list[int]
    """The numbers of this person's paused plans."""


def thread(session: Session, viewer: Viewer, conversation: Conversation, *, whole: bool) -> Thread:
    """Everything on the conversation page; `whole` shows the transcript from its beginning."""
    assert conversation.id is not None
    creditor = session.get_one(Creditor, conversation.creditor_id)
    debtor = session.get(Debtor, conversation.debtor_id) if conversation.debtor_id else None
    level = identity_level(conversation)
    handoff = _handoff(session, conversation)
    messages = conversations.latest(session, conversation.id, MOST_SHOWN if whole else FIRST_SHOWN)
    first = repository.first_seq(session, conversation.id)
    place = standing(session, viewer, conversation)
    country = debtor.country if debtor and level is IdentityLevel.VERIFIED else creditor.country
    home = COUNTRIES.get(creditor.country)
    reading = Reading(
        language=viewer.texts.language,
        locale=locale_of(viewer.texts.language, creditor.country),
        timezone=home.timezone if home else "UTC",
        labels=viewer.labels,
    )
    reason = viewer.word(handoff.reason) if handoff else ""
    lines = summary_lines(handoff.summary, reading) if handoff else []
    locked = conversation.identity_locked_until
    return Thread(
        id=conversation.id,
        name=shown_name(viewer, conversation, debtor),
        level=level,
        level_text=viewer.word(f"level_{level.value}"),
        brand=creditor.brand,
        country=country,
        language=conversation.language,
        language_name=language_name(conversation.language),
        channel=viewer.word(conversation.channel),
        reason=reason,
        requested_at=handoff.requested_at if handoff else None,
        locked_until=locked if locked and locked > viewer.now else None,
        opted_out=conversation.opted_out_at is not None,
        lines=[line for line in lines if line.value != reason],
        unexplained=handoff is not None and not handoff.summary,
        standing=place,
        bubbles=[bubble(viewer, message) for message in messages],
        earlier=bool(messages) and messages[0].seq > first,
        last_seq=messages[-1].seq if messages else 0,
        help_lines=crisis_lines(country) if conversation.red else [],
        may_return=place.holder == "mine"
        or (place.holder in ("nobody", "other") and supervises(viewer.agent)),
        paused_plans=paused_of_debtor(session, conversation.debtor_id),
    )


def standing(session: Session, viewer: Viewer, conversation: Conversation) -> Standing:
    """Whose the conversation is now, and the debtor's wait."""
    assert conversation.id is not None
    handoff = _handoff(session, conversation)
    if handoff is None:
        return Standing("bot", "", conversation.red, None)
    names = repository.agent_names(session, [handoff.agent_id] if handoff.agent_id else [])
    kind, name = holder(viewer.agent, handoff, names)
    left = repository.unanswered(session, [handoff]).get(conversation.id)
    return Standing(kind, name, conversation.red, wait_of(handoff, conversation, left, viewer.now))


def feed(
    session: Session, viewer: Viewer, conversation: Conversation, after: int
) -> dict[str, Any]:
    """What happened since message number `after`, for the page that is already open."""
    assert conversation.id is not None
    place = standing(session, viewer, conversation)
    recent = conversations.latest(session, conversation.id, _STATES_WATCHED)
    fresh = conversations.after(session, conversation.id, after)
    wait = place.wait
    return {
        "messages": [asdict(bubble(viewer, message)) for message in fresh],
        "states": {
            str(m.seq): [m.state.value, viewer.texts(f"state_{m.state.value}")]
            for m in recent
            if m.direction is Direction.OUT
        },
        "holder": place.holder,
        "holder_name": place.holder_name,
        "red": place.red,
        "wait": {"since": wait.since.isoformat(), "target": wait.target_seconds} if wait else None,
        "now": viewer.now.isoformat(),
    }


def bubble(viewer: Viewer, message: Message | Row[Any]) -> Bubble:
    """One message as it is shown; its text is data and is escaped by whoever renders it."""
    out = message.direction is Direction.OUT
    who = viewer.texts(f"from_{message.author.value}")
    return Bubble(
        seq=message.seq,
        author=message.author.value,
        who=message.author_name or who,
        text=message.text.replace("**", ""),
        at=message.created_at.isoformat(),
        buttons=[str(button.get("title", "")) for button in message.buttons],
        links=[str(link.get("title", "")) for link in message.links],
        files=[
            {
                "id": str(file["id"]),
                "kind": str(file["kind"]),
                "label": viewer.texts(f"case_file_{file['kind']}"),
            }
            for file in message.files
        ],
        pressed=not out and bool(message.name) and not message.files,
        state=message.state.value if out else "",
        state_text=viewer.texts(f"state_{message.state.value}") if out else "",
    )


def _handoff(session: Session, conversation: Conversation) -> Handoff | None:
    assert conversation.id is not None
    if conversation.owner is not Owner.PERSON:
        return None
    return handoffs.open_handoff(session, conversation.id)

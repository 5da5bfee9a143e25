"""What the page «Nudges» shows of people's decisions: batches and their words, work under way, switches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from markupsafe import Markup, escape
from sqlmodel import Session, col, select

from bot.console.nudge_jobs import ENDED, Job
from bot.console.nudge_view import agent_names, channel_word, named
from bot.console.rows import Viewer, language_name
from bot.conversations.models import Conversation
from bot.conversations.service import Outgoing
from bot.debtors.facts import COUNTRIES
from bot.debtors.models import Creditor, EventLog
from bot.debts.models import Account
from bot.kit.clock import local_date
from bot.kit.money import Money, exponent
from bot.nudges import batches, campaigns, ladder, repository, wording
from bot.nudges.batches import Act, Batch
from bot.nudges.plan_models import ControlState
from bot.nudges.service import how_often
from bot.policies.ladders import LadderPolicy, Step, ladder_policy

MOST_BATCHES = 60
_RECENT = 12
_SENT_BACK_FOR = timedelta(days=1)
_EXAMPLE = 1250
"""Of the creditor's currency, in an example of what a verified person reads."""
_SWITCHED = tuple(f"nudges.{state.value}" for state in ControlState)
_AT_WORK = {
    Act.APPROVE: "nudges_job_approve",
    Act.SEND_BACK: "nudges_job_send_back",
    Act.UNDO: "nudges_job_undo",
    Act.BRING_BACK: "nudges_job_bring_back",
}
_DID = {
    "running": "nudges_did_running",
    "paused": "nudges_did_paused",
    "stopped": "nudges_did_stopped",
    "approve": "nudges_did_approve",
    "send_back": "nudges_did_send_back",
    "undo": "nudges_did_undo",
    "bring_back": "nudges_did_bring_back",
}


@dataclass(frozen=True, slots=True)
class Bubble:
    """A message as its reader sees it."""

    text: Markup
    buttons: list[str]


@dataclass(frozen=True, slots=True)
class Preview:
    """What one wording says in one language: to anybody, and to a verified person."""

    language: str
    language_name: str
    people: int
    variant: str
    private: Bubble
    verified: Bubble


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch on the page."""

    creditor: str
    brand: str
    ladder: str
    step: str
    day: date
    people: int
    channels: str
    by: str
    is_over: bool
    """Whether its day has passed, so that approving it would send nothing."""
    previews: list[Preview]


@dataclass(frozen=True, slots=True)
class JobRow:
    """Work under way."""

    number: int
    words: str
    brand: str
    who: str
    done: int
    total: int
    runs_here: bool


@dataclass(frozen=True, slots=True)
class SwitchRow:
    """How a switch stands."""

    scope: str
    brand: str
    """Empty for the switch of everybody."""
    state: str
    since: datetime | None
    who: str
    note: str


@dataclass(frozen=True, slots=True)
class Switches:
    """The switch that this page moves, the others, and what stopping would cancel."""

    mine: SwitchRow
    others: list[SwitchRow]
    """Those that do not run; the one of everybody counts for each creditor."""
    slots: int
    messages: int


@dataclass(frozen=True, slots=True)
class Done:
    """Something that somebody did here."""

    words: str
    who: str
    brand: str
    at: datetime


# ---- batches


@dataclass(frozen=True, slots=True)
class Batches:
    """The batches of the page: waiting, approved by somebody, sent back."""

    waiting: list[BatchRow]
    people: int
    """In all that waits, also beyond what is listed."""
    cut: bool
    approved: list[BatchRow]
    sent_back: list[BatchRow]


def batch_rows(
    session: Session, viewer: Viewer, creditors: dict[int, Creditor], chosen: int | None
) -> Batches:
    """What waits, and what can still be undone; of one creditor, or of all in `creditors`."""
    waiting = batches.waiting(session, chosen)
    approved = batches.approved(session, chosen)
    back = batches.sent_back(session, chosen, viewer.now - _SENT_BACK_FOR)
    names = agent_names(session, (b.by for b in (*approved, *back)))
    said: dict[tuple[object, ...], list[Preview]] = {}

    def rows(found: list[Batch], *, with_words: bool = False) -> list[BatchRow]:
        return [
            _row(session, viewer, creditors[b.creditor_id], b, names, said if with_words else None)
            for b in found[:MOST_BATCHES]
            if b.creditor_id in creditors
        ]

    return Batches(
        waiting=rows(waiting, with_words=True),
        people=sum(b.people for b in waiting),
        cut=len(waiting) > MOST_BATCHES,
        approved=rows(approved),
        sent_back=rows(back),
    )


def _row(
    session: Session,
    viewer: Viewer,
    creditor: Creditor,
    batch: Batch,
    names: dict[int, str],
    said: dict[tuple[object, ...], list[Preview]] | None,
) -> BatchRow:
    today = local_date(viewer.now, COUNTRIES[creditor.country].timezone)
    policy = ladder_policy(creditor.policy, today).policy
    steps = policy.ladders.get(batch.ladder.partition("/")[2], ())
    step = next((s for s in steps if s.step == batch.step), None)
    channels = [f"{channel_word(viewer, c)} {n}" for c, n in batch.channels.most_common()]
    previews: list[Preview] = []
    if said is not None and step and not step.to_person:
        key = (creditor.id, batch.ladder, batch.step, *sorted(batch.languages.items()))
        if key not in said:
            said[key] = _previews(session, creditor, batch, step, policy, today)
        previews = said[key]
    return BatchRow(
        creditor=creditor.slug,
        brand=creditor.brand,
        ladder=batch.ladder,
        step=batch.step,
        day=batch.day,
        people=batch.people,
        channels=", ".join(channels),
        by=named(batch.by, names),
        is_over=step is None or _last_day(steps, step, batch.day) < today,
        previews=previews,
    )


def _last_day(steps: Sequence[Step], step: Step, day: date) -> date:
    return ladder.last_day(steps, step, day - timedelta(days=step.day))


def _previews(
    session: Session,
    creditor: Creditor,
    batch: Batch,
    step: Step,
    policy: LadderPolicy,
    today: date,
) -> list[Preview]:
    product = session.exec(
        select(Account.product).where(Account.creditor_id == creditor.id).limit(1)
    ).first()
    return [
        Preview(
            language=language,
            language_name=language_name(language),
            people=people,
            variant=variant.upper(),
            private=_bubble(session, creditor, language, variant, step, policy, today, None),
            verified=_bubble(
                session, creditor, language, variant, step, policy, today, product or ""
            ),
        )
        for language, people in batch.languages.most_common()
        for variant in sorted(v for v in batch.variants if v) or ["a"]
    ]


@dataclass(slots=True)
class _Rung:
    template: str
    variant: str
    send_at: datetime | None = None
    """Never: with a moment, what the law wants told once would be noted as told."""


def _bubble(
    session: Session,
    creditor: Creditor,
    language: str,
    variant: str,
    step: Step,
    policy: LadderPolicy,
    today: date,
    product: str | None,
) -> Bubble:
    """The words that the runner would post, to nobody in particular; nothing is stored.

    With a `product`, as a verified person reads them, with an amount made up for the purpose.
    """
    assert creditor.id is not None
    currency = COUNTRIES[creditor.country].currency
    said: Outgoing = wording.compose(
        session,
        Conversation(creditor_id=creditor.id, channel="web", address="", language=language),
        _Rung(step.template, variant),
        step=step,
        account=Account(
            creditor_id=creditor.id,
            debtor_id=0,
            ref="",
            product=product or "",
            currency=currency,
            due_on=today - timedelta(days=step.day),
            opened_on=today,
        ),
        balance=Money(_EXAMPLE * 10 ** exponent(currency), currency),
        is_verified=product is not None,
        how_often=how_often(policy),
    )
    return Bubble(_bold(said.text), [button.title for button in said.buttons])


def _bold(text: str) -> Markup:
    parts = [escape(part) for part in text.split("**")]
    return Markup("").join(
        Markup("<strong>{}</strong>").format(part) if place % 2 else part
        for place, part in enumerate(parts)
    )


# ---- work under way, switches, who did what


def job_rows(
    session: Session, viewer: Viewer, jobs: list[Job], creditors: dict[int, Creditor]
) -> list[JobRow]:
    """Work under way in words."""
    names = agent_names(session, (job.actor for job in jobs))
    return [
        JobRow(
            number=job.number,
            words=viewer.texts(_AT_WORK[job.act]),
            brand=_brand(creditors, job.wanted.creditor_id),
            who=named(job.actor, names),
            done=job.done,
            total=job.total,
            runs_here=job.runs_here,
        )
        for job in jobs
    ]


def _brand(creditors: dict[int, Creditor], creditor_id: int | None) -> str:
    known = creditors.get(creditor_id) if creditor_id is not None else None
    return known.brand if known else ""


def switches(session: Session, viewer: Viewer, chosen: Creditor | None) -> Switches:
    """The switch of everybody, or of the creditor whose page it is; and all that do not run."""
    states = repository.controls(session)
    own = viewer.agent.creditor_id
    query = select(Creditor).order_by(col(Creditor.brand))
    if own is not None:
        query = query.where(Creditor.id == own)
    brands = {"": ""} | {c.slug: c.brand for c in session.exec(query).all()}
    names = agent_names(session, (by for _, _, by, _ in states.values()))

    def row(scope: str) -> SwitchRow:
        state, since, by, note = states.get(scope, (ControlState.RUNNING, None, "", ""))
        return SwitchRow(scope, brands[scope], state.value, since, named(by, names), note)

    mine = chosen.slug if chosen else ""
    slots, messages = campaigns.under_way(session, chosen.id if chosen else None)
    return Switches(
        mine=row(mine),
        others=[
            row(scope)
            for scope, (state, *_) in states.items()
            if scope != mine and scope in brands and state is not ControlState.RUNNING
        ],
        slots=slots,
        messages=messages,
    )


def history(
    session: Session, viewer: Viewer, creditors: dict[int, Creditor], chosen: int | None
) -> list[Done]:
    """The last things that somebody did here, as the event log has them."""
    query = (
        select(EventLog)
        .where(col(EventLog.name).in_([*_SWITCHED, ENDED]))
        .order_by(col(EventLog.id).desc())
        .limit(_RECENT)
    )
    if chosen is not None:
        query = query.where(EventLog.creditor_id == chosen)
    rows = session.exec(query).all()
    names = agent_names(session, (row.actor for row in rows))
    return [
        Done(
            words=_said(viewer, row),
            who=named(row.actor, names)
            if row.actor != "system"
            else viewer.texts("nudges_terminal"),
            brand=_brand(creditors, row.creditor_id) or viewer.texts("nudges_everybody"),
            at=row.at,
        )
        for row in rows
    ]


def _said(viewer: Viewer, row: EventLog) -> str:
    if row.name == ENDED:
        return viewer.texts(_DID[row.data["act"]], count=row.data["slots"])
    state = row.name.removeprefix("nudges.")
    return viewer.texts(_DID[state], count=row.data.get("cancelled", 0))

"""From an inbound message to its answer: the gate, Rasa, the outbox. One transaction per step."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, update

from bot.conversations import codes, repository, rules, service
from bot.conversations.models import (
    Author,
    Conversation,
    IdentityLevel,
    Message,
    MessageState,
    Owner,
    Purpose,
    TurnAction,
)
from bot.conversations.service import Button, Link, Outgoing
from bot.debtors.models import Creditor
from bot.dialogue import memo
from bot.dialogue.client import Dialogue, DialogueDown, Said
from bot.dialogue.turn import Turn
from bot.dialogue.warming import GREETING, is_warm, warm
from bot.handoff.repository import open_handoff
from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.kit.hub import Hub
from bot.nudges.disclosures import carried_by
from bot.settings import Settings
from bot.understanding.acts import Act, acts_of
from bot.understanding.emoji import wordless_intent
from bot.understanding.identity import read_identity
from bot.understanding.language import detect_language
from bot.understanding.safety_net import check
from bot.understanding.text import fold, neutralise

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
ROTATE_AFTER = 6
"""Turns after which a tracker is closed, if nothing is pending: Rasa reads all of it each turn."""
ROTATE_ANYWAY_AFTER = 40
LONGEST_BACK_OFF = 8
"""Rasa is back some ten seconds after it died; nobody should wait much longer than that."""
MOST_RETRIES = 2
"""After which a turn whose actions fail ends in an apology; an outage of Rasa is waited out."""

_PERSON_WORDS = frozenset(
    [
        "asesor",
        "asesora",
        "humano",
        "persona",
        "agente",
        "operador",
        "atendente",
        "pessoa",
        "agent",
        "human",
        "person",
    ]
)


@dataclass(frozen=True, slots=True)
class Answered:
    """What a message was taken for, and what Rasa said to it."""

    acts: list[Act]
    said: list[Said]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message on its way to Rasa."""

    message_id: int
    dialogue_id: str
    payload: str
    """What it does, where that is known without reading it; else empty."""
    text: str
    """What the model gets to read, where there is no payload."""
    in_form: bool
    lease_until: datetime
    """Until when it is in this worker's hands and in nobody else's."""
    first_sent_to: str | None = None
    """The dialogue it was given to before, by an attempt that nobody finished."""


RunLocally = Callable[[Session, Conversation, Message, str], list[dict[str, Any]]]
"""Runs one custom action without Rasa: for what must never wait for it."""


class Turns:
    """Answers what debtors write, in order within a conversation, side by side across them."""

    def __init__(
        self,
        *,
        database: Database,
        dialogue: Dialogue,
        clock: Clock,
        settings: Settings,
        hub: Hub,
        run_locally: RunLocally,
        at_once: int = 16,
    ) -> None:
        self._db = database
        self._dialogue = dialogue
        self._clock = clock
        self._settings = settings
        self._hub = hub
        self._run_locally = run_locally
        self._slots = asyncio.Semaphore(at_once)
        self._busy: set[int] = set()
        self._again: set[int] = set()
        self._looked: dict[int, int] = {}
        """The newest message of each conversation in hand that was looked at for what is urgent."""
        self._tasks: set[asyncio.Task[None]] = set()

    # ---- scheduling -----------------------------------------------------------------------

    def wake(self, conversation_id: int) -> None:
        """There may be something to answer; called on the event loop."""
        is_busy = conversation_id in self._busy
        if is_busy or self._slots.locked():
            self._start(self._answer_urgent(conversation_id))
        if is_busy:
            self._again.add(conversation_id)
            return
        self._busy.add(conversation_id)
        self._start(self._work(conversation_id))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, conversation_id: int) -> None:
        try:
            async with self._slots:
                if not is_warm():
                    await asyncio.to_thread(warm)
                while await self.answer_next(conversation_id):
                    pass
        except Exception:
            log.exception("turn.failed", extra={"data": {"conversation": conversation_id}})
        finally:
            self._busy.discard(conversation_id)
            self._looked.pop(conversation_id, None)
            if conversation_id in self._again:
                self._again.discard(conversation_id)
                self.wake(conversation_id)

    async def sweep(self) -> None:
        """Pick up whatever is still unanswered: after a crash, after an outage of Rasa."""
        now = self._clock.now()
        with self._db.reading() as session:
            waiting = repository.with_unanswered(session, now)
        for conversation_id, newest in waiting:
            if conversation_id not in self._busy:
                self.wake(conversation_id)
            # Each message once, and not each second: many wait where there is too much to do.
            elif self._looked.get(conversation_id, 0) < newest:
                self._start(self._answer_urgent(conversation_id))

    async def run(self) -> None:
        """Sweep for ever, once a second."""
        while True:
            try:
                await self.sweep()
            except Exception:
                log.exception("sweep.failed")
            await asyncio.sleep(1)

    async def warm_up(self) -> None:
        """Have everything loaded that the first message of the day would otherwise wait for."""
        await asyncio.to_thread(warm)
        for _ in range(_LOOKS):
            if await self._dialogue.is_ready():
                break
            await asyncio.sleep(0.5)
        with suppress(DialogueDown):
            await self._dialogue.parse(GREETING)

    async def drain(self) -> None:
        """Let what is being answered come to its end, at shutdown."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def forget_leases(self) -> None:
        """At the start of the only worker: nobody else has anything in hand."""
        with self._db.transaction() as session:
            session.exec(update(Conversation).values(lease_until=None))

    # ---- one message ----------------------------------------------------------------------

    async def answer_next(self, conversation_id: int) -> bool:
        """Answer the oldest unanswered message. False where no other is waiting, or not now."""
        await self._hub.precedence.give_way()
        prepared = await asyncio.to_thread(self._prepare, conversation_id)
        if prepared is None:
            return False
        if isinstance(prepared, bool):
            self._hub.changed(conversation_id)
            return prepared
        self._hub.typing(conversation_id, True)
        try:
            answered = await self._ask(conversation_id, prepared)
            await self._hub.precedence.give_way()
            is_more = await asyncio.to_thread(self._finish, conversation_id, prepared, answered)
        except DialogueDown as down:
            await asyncio.to_thread(self._postpone, conversation_id, prepared, str(down))
            return False
        finally:
            self._hub.typing(conversation_id, False)
        self._hub.changed(conversation_id)
        return is_more

    async def _ask(self, conversation_id: int, prepared: Prepared) -> Answered:
        task = asyncio.ensure_future(self._give(prepared))
        done, _ = await asyncio.wait({task}, timeout=self._settings.patience)
        if not done:
            await asyncio.to_thread(self._say_slow, conversation_id, prepared.message_id)
            self._hub.changed(conversation_id)
        return await task

    async def _give(self, prepared: Prepared) -> Answered:
        """Have the message read and tell Rasa its acts, one after the other.

        Where it was given before, from the state the dialogue was in then: the actions that ran
        already are answered from memory, so that a turn broken off anywhere ends as if nothing had
        happened.
        """
        if prepared.first_sent_to:
            await self._dialogue.fork(
                prepared.first_sent_to, prepared.dialogue_id, before=prepared.message_id
            )
        payloads, acts = [prepared.payload], []
        if not prepared.payload:
            parsed = await self._dialogue.parse(prepared.text)
            acts = acts_of(parsed, in_form=prepared.in_form)
            payloads = [f"/{act.intent}@{act.confidence}" for act in acts]
        said: list[Said] = []
        for place, payload in enumerate(payloads):
            said += await self._dialogue.send(
                prepared.dialogue_id, prepared.message_id, payload, act=place
            )
        return Answered(acts, said)

    async def _answer_urgent(self, conversation_id: int) -> None:
        """What must not wait: not for the message before it, nor for a free slot."""
        newest, is_urgent = await asyncio.to_thread(self._look, conversation_id)
        if conversation_id in self._busy:
            self._looked[conversation_id] = newest
        if is_urgent and await asyncio.to_thread(self._do_urgent, conversation_id):
            self._hub.changed(conversation_id)

    def _look(self, conversation_id: int) -> tuple[int, bool]:
        """The number of the newest message that waits, and whether any of them must not wait."""
        with self._db.reading() as session:
            waiting = repository.unanswered(session, conversation_id)
            newest = max((message.id or 0 for message in waiting), default=0)
            return newest, _urgent(waiting) is not None

    def _do_urgent(self, conversation_id: int) -> bool:
        with self._db.transaction() as session:
            conversation = repository.locked(session, conversation_id)
            waiting = repository.unanswered(session, conversation_id)
            return self._answer_here(session, conversation, waiting)

    def _answer_here(
        self, session: Session, conversation: Conversation, waiting: Sequence[Message]
    ) -> bool:
        """Answer, without Rasa, the first message that must not wait for it; False if none must."""
        found = _urgent(waiting)
        if found is None:
            return False
        message, action = found
        if conversation.owner is Owner.PERSON:
            conversation.red = conversation.red or action == "action_crisis"
            return False
        assert message.id is not None
        _follow_language(conversation, message)
        replies = _all_replies(memo.of_message(session, message.id))
        replies += self._run_locally(session, conversation, message, action)
        self._post_all(session, conversation, message, replies)
        self._close(message)
        _new_tracker(conversation)
        return True

    def _prepare(self, conversation_id: int) -> Prepared | bool | None:
        """Take the next message in hand; deal with it here where Rasa has no say in it."""
        now = self._clock.now()
        with self._db.transaction() as session:
            conversation = repository.locked(session, conversation_id)
            waiting = repository.unanswered(session, conversation_id)
            if self._answer_here(session, conversation, waiting):
                return True
            if conversation.lease_until and conversation.lease_until > now:
                return None
            message = next(iter(waiting), None)
            if message is None:
                return None
            assert message.id is not None
            if conversation.owner is Owner.PERSON:
                steps = memo.of_message(session, message.id)
                if not _is_persons(session, conversation, steps):
                    self._post_all(session, conversation, message, _all_replies(steps))
                self._close(message)
                return True
            if message.retry_at and message.retry_at > now:
                return None
            conversation.lease_until = now + LEASE
            sent = memo.recall_sent(session, message.id)
            first_sent_to = sent.dialogue if sent else None
            if sent:
                conversation.epoch += 1
            else:
                _follow_language(conversation, message)
                shape = self._shape(session, conversation, message)
                sent = memo.Sent(conversation.dialogue_id, shape, bool(conversation.form))
                memo.remember_sent(session, message.id, sent, now=now)
            return Prepared(
                message.id,
                conversation.dialogue_id,
                _payload(message, sent.shape),
                _readable(message, sent.shape),
                sent.in_form,
                conversation.lease_until,
                first_sent_to,
            )

    def _shape(self, session: Session, conversation: Conversation, message: Message) -> str:
        """What Rasa gets to read: a button's payload, or text that can be nothing but text.

        Before identification no digit leaves the app; an answer that says who somebody is does
        not leave it at all (invariants 9 and 10).
        """
        if message.name:
            return "button"
        if wordless_intent(message.text):
            return "wordless"
        if service.identity_level(conversation) >= IdentityLevel.VERIFIED:
            return "text"
        creditor = session.get_one(Creditor, conversation.creditor_id)
        awaited = codes.is_awaited(conversation, self._clock.now())
        asked = conversation.form == "identity_form" or awaited
        says_who = _says_who(message.text, creditor.country, asked=asked)
        return "identity" if says_who else "masked"

    def _say_slow(self, conversation_id: int, message_id: int) -> None:
        with self._db.transaction() as session:
            conversation = repository.locked(session, conversation_id)
            message = session.get_one(Message, message_id)
            self._tell_delay(session, conversation, message)

    def _tell_delay(self, session: Session, conversation: Conversation, message: Message) -> None:
        assert conversation.id is not None
        if message.state is MessageState.HANDLED or conversation.owner is Owner.PERSON:
            return
        last = repository.last_outbound(session, conversation.id)
        if message.notified_delay or (last and last.name == "utter_slow"):
            return
        message.notified_delay = True
        turn = self._turn(session, conversation, message)
        yes_means = conversation.yes_means
        turn.say("utter_slow", buttons=("ask_human",), yes_means=yes_means)
        self._post_all(session, conversation, message, turn.replies, suffix="slow")

    def _postpone(self, conversation_id: int, prepared: Prepared, why: str) -> None:
        """Rasa did not answer: keep the message, say so honestly, try again soon."""
        now = self._clock.now()
        with self._db.transaction() as session:
            conversation = repository.locked(session, conversation_id)
            if conversation.lease_until != prepared.lease_until:
                return
            message = session.get_one(Message, prepared.message_id)
            message.attempts += 1
            wait = min(2 ** min(message.attempts - 1, 6), LONGEST_BACK_OFF)
            message.retry_at = now + timedelta(seconds=wait)
            conversation.lease_until = None
            if (now - message.created_at).total_seconds() >= self._settings.patience:
                self._tell_delay(session, conversation, message)
        self._hub.changed(conversation_id)
        log.warning("dialogue.down", extra={"data": {"message": prepared.message_id, "why": why}})

    def _finish(self, conversation_id: int, prepared: Prepared, answered: Answered) -> bool:
        """Post what was said and close the message, in one transaction; whether more is waiting.

        Raises:
            DialogueDown: an action failed, so that Rasa went on without it; to be tried again.
        """
        # Nothing read in between depends on what is changed, which is so written once, at the end.
        with self._db.transaction() as session, session.no_autoflush:
            conversation = repository.locked(session, conversation_id)
            if conversation.lease_until != prepared.lease_until:
                return True  # it took too long: somebody else has it in hand, or has answered it
            message = session.get_one(Message, prepared.message_id)
            if message.state is MessageState.HANDLED:
                conversation.lease_until = None
                return True
            is_broken = conversation.dialogue_id != prepared.dialogue_id
            if is_broken and message.attempts < MOST_RETRIES:
                raise DialogueDown("broken off")
            is_newest = conversation.seq == message.seq
            conversation.lease_until = None
            if answered.acts:
                first = answered.acts[0]
                message.intent, message.confidence = first.intent, first.confidence
            steps = memo.of_message(session, prepared.message_id)
            # What an action said is said, whether or not Rasa came to report it.
            reported = {item.custom.get("step") for item in answered.said}
            replies = _all_replies([s for s in steps if s.step not in reported])
            for item in answered.said:
                replies += self._rendered(session, conversation, message, steps, item)
            replies = _said_once(replies)
            if _is_persons(session, conversation, steps):
                replies = []
            elif (is_broken or not replies) and conversation.owner is Owner.BOT:
                log.error("turn.failed", extra={"data": {"message": message.id}})
                turn = self._turn(session, conversation, message)
                turn.say("utter_error", buttons=("ask_human",))
                replies = _all_replies(steps) + turn.replies
            if not any("action_misunderstood" in s.step for s in steps):
                conversation.misunderstandings = 0
            was_identity = any("identity" in s.step or "identify" in s.step for s in steps)
            if was_identity and not message.name:
                message.text = rules.mask_digits(message.text)
            self._close(message)
            conversation.epoch_turns += 1
            longest = ROTATE_ANYWAY_AFTER if conversation.form else ROTATE_AFTER
            if is_broken or conversation.epoch_turns >= longest:
                _new_tracker(conversation)
            self._post_all(session, conversation, message, replies)
            session.flush()
            # The oldest is answered first: where it was the newest too, no other is waiting.
            return not is_newest and bool(repository.unanswered(session, conversation_id))

    def _rendered(
        self,
        session: Session,
        conversation: Conversation,
        message: Message,
        steps: list[TurnAction],
        said: Said,
    ) -> list[dict[str, Any]]:
        """Turn what Rasa said (a name, or the number of an action's replies) into messages."""
        if step := said.custom.get("step"):
            return next((s.replies for s in steps if s.step == step), [])
        if key := said.custom.get("response"):
            turn = self._turn(session, conversation, message)
            turn.say(str(key), buttons=tuple(said.custom.get("buttons") or ()))
            return turn.replies
        return []

    def _post_all(
        self,
        session: Session,
        conversation: Conversation,
        message: Message,
        replies: list[dict[str, Any]],
        suffix: str = "",
    ) -> None:
        for place, reply in enumerate(replies):
            outgoing = Outgoing(
                name=reply["name"],
                text=reply["text"],
                buttons=[Button(**b) for b in reply["buttons"]],
                links=[Link(**link) for link in reply["links"]],
            )
            service.post(
                session,
                conversation,
                carried_by(session, conversation, outgoing, now=self._clock.now()),
                author=Author.BOT,
                purpose=Purpose.REPLY,
                provider_id=f"re:{message.id}:{suffix}{place}",
                in_reply_to=message.id,
                now=self._clock.now(),
            )

    def _turn(self, session: Session, conversation: Conversation, message: Message) -> Turn:
        creditor = session.get_one(Creditor, conversation.creditor_id)
        return Turn(
            session=session,
            settings=self._settings,
            conversation=conversation,
            creditor=creditor,
            message=message,
            now=self._clock.now(),
        )

    def _close(self, message: Message) -> None:
        message.state = MessageState.HANDLED
        message.handled_at = self._clock.now()


_LOOKS = 240
"""How often Rasa is looked for at the start, twice a second; training may still be under way."""


_LOCAL = {"crisis": "action_crisis", "opt_out": "action_opt_out"}
"""What the deterministic net does by itself: neither waits for Rasa nor depends on it."""


def _urgent(waiting: Sequence[Message]) -> tuple[Message, str] | None:
    """The message that must not wait for Rasa, and the action that answers it.

    Asking for a person is one of those while Rasa does not answer.
    """
    is_down = any(message.attempts for message in waiting)
    for message in waiting:
        net = None if message.name else check(message.text)
        if net:
            return message, _LOCAL[net]
        if is_down and _asks_for_person(message):
            return message, "action_hand_over"
    return None


def _asks_for_person(message: Message) -> bool:
    words = set(fold(message.text).split())
    return message.name == "/ask_human" or (len(words) <= 4 and bool(words & _PERSON_WORDS))


def _is_persons(session: Session, conversation: Conversation, steps: Sequence[TurnAction]) -> bool:
    """Whether a person has the conversation, and not because this very turn gave it to them.

    Then the bot is silent (invariant 3), even in the middle of a turn.
    """
    if conversation.owner is not Owner.PERSON or conversation.id is None:
        return False
    handoff = open_handoff(session, conversation.id)
    return handoff is None or handoff.requested_at not in {step.created_at for step in steps}


def _all_replies(steps: Sequence[TurnAction]) -> list[dict[str, Any]]:
    return [reply for step in steps for reply in step.replies]


def _said_once(replies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without what comes again: an act that interrupts a form has its question asked anew."""
    last = {(reply["name"], reply["text"]): place for place, reply in enumerate(replies)}
    return [r for place, r in enumerate(replies) if last[r["name"], r["text"]] == place]


def _payload(message: Message, shape: str) -> str:
    match shape:
        case "button":
            return message.name
        case "wordless":
            return f"/{wordless_intent(message.text)}"
        case "identity":
            return "/give_identity"
        case _:
            return ""


def _readable(message: Message, shape: str) -> str:
    text = _without_digits(message.text) if shape == "masked" else message.text
    return neutralise(text)


def _follow_language(conversation: Conversation, message: Message) -> None:
    if not message.name:
        conversation.language = detect_language(message.text, current=conversation.language)


def _new_tracker(conversation: Conversation) -> None:
    conversation.epoch += 1
    conversation.epoch_turns = 0
    conversation.form = ""


def _without_digits(text: str) -> str:
    return "".join("0" if letter.isdigit() else letter for letter in text)


def _says_who(text: str, country: str, *, asked: bool) -> bool:
    evidence = read_identity(text, country=country)
    if evidence.births and (evidence.last4s or evidence.postcodes):
        return True
    has_number = bool(evidence.last4s or evidence.postcodes)
    return asked and (bool(evidence.births) or (has_number and len(text.split()) <= 8))

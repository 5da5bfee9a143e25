"""Where Rasa's custom actions run: a private route of the app, one transaction an action."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Coroutine
from typing import Any

from fastapi import APIRouter, Header, HTTPException, Request
from fastapi.responses import JSONResponse
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection, ActionNotFoundException
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from bot.conversations import repository
from bot.conversations.models import Conversation, IdentityLevel, Message, MessageState
from bot.conversations.service import identity_level
from bot.debtors.models import Creditor
from bot.debts.feed import Feeds
from bot.dialogue import memo
from bot.dialogue.turn import Turn, active
from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.settings import Settings

log = logging.getLogger(__name__)


class DroppedEvents(RuntimeError):
    """An action returned events that rasa-sdk threw away: a bug of ours, never to pass silently."""


class UnknownMessage(LookupError):
    """Rasa asks for an action on a message the app never sent it."""


class ActionHost:
    """Runs the classes of `actions/` for Rasa, and for the app where Rasa must not be waited for."""

    def __init__(
        self, *, database: Database, clock: Clock, settings: Settings, balances: Feeds | None = None
    ) -> None:
        self._db = database
        self._balances = balances
        self._clock = clock
        self._settings = settings
        self.executor = ActionExecutor()
        self.executor.register_package("actions")

    def run(self, call: dict[str, Any]) -> dict[str, Any]:
        """Run the action Rasa asks for, once per message and step (invariant 6).

        Raises:
            ActionExecutionRejection: a form says that the message is no answer to it.
            UnknownMessage: the call names no message of ours.
        """
        latest = call["tracker"].get("latest_message") or {}
        about = latest.get("metadata") or {}
        message_id = about.get("message_id")
        if not isinstance(message_id, int):
            raise UnknownMessage
        step = f"{about.get('act', 0)}:{call['next_action']}#{_position(call['tracker'])}"
        self._freshen(message_id)
        try:
            return self._run(call, message_id, step, latest)
        except (ActionExecutionRejection, ActionNotFoundException, UnknownMessage):
            raise
        except Exception:
            self._break_off(call["tracker"], message_id)
            raise

    def _run(
        self, call: dict[str, Any], message_id: int, step: str, latest: dict[str, Any]
    ) -> dict[str, Any]:
        with self._db.transaction() as session:
            message = session.get(Message, message_id)
            if message is None:
                raise UnknownMessage
            conversation = repository.locked(session, message.conversation_id)
            done = memo.recall(session, message_id, step)
            if done:
                return done.result
            is_outdated = call["tracker"].get("sender_id") != conversation.dialogue_id
            if message.state is MessageState.HANDLED or is_outdated:
                return {"events": [], "responses": []}
            intent = latest.get("intent") or {}
            if not message.intent:
                message.intent = str(intent.get("name") or "")
                message.confidence = intent.get("confidence")
            turn = self._turn(session, conversation, message)
            result = self._execute(call, turn)
            if turn.replies:
                result["responses"] = [{"custom": {"step": step}}]
            memo.remember(
                session, message_id, step, result=result, replies=turn.replies, now=turn.now
            )
            return result

    def _freshen(self, message_id: int) -> None:
        """Have an old balance of another system read again, outside of any transaction.

        Before each action and not once a message: who somebody is may be known only half-way.
        """
        if self._balances is None or not self._balances.is_used():
            return
        with self._db.reading() as session:
            message = session.get(Message, message_id)
            conversation = session.get(Conversation, message.conversation_id) if message else None
            if conversation is None or identity_level(conversation) < IdentityLevel.VERIFIED:
                return
            debtor_id = conversation.debtor_id
        if debtor_id is not None:
            self._balances.freshen(debtor_id)

    def _break_off(self, tracker: dict[str, Any], message_id: int) -> None:
        """An action failed: what Rasa does now, without its events, counts for nothing.

        The conversation leaves this tracker, so that no more actions of this attempt are run and
        `Turns` tries again.
        """
        with self._db.transaction() as session:
            message = session.get_one(Message, message_id)
            conversation = repository.locked(session, message.conversation_id)
            if tracker.get("sender_id") == conversation.dialogue_id:
                conversation.epoch += 1

    def run_locally(
        self, session: Session, conversation: Conversation, message: Message, name: str
    ) -> list[dict[str, Any]]:
        """Run one action without Rasa, inside the caller's transaction; answers its replies."""
        call = {
            "next_action": name,
            "domain": {},
            "tracker": {
                "sender_id": conversation.dialogue_id,
                "slots": {},
                "latest_message": {"intent": {"name": name.removeprefix("action_")}},
                "events": [],
                "active_loop": {},
                "latest_action_name": "action_listen",
                "paused": False,
                "followup_action": None,
            },
        }
        turn = self._turn(session, conversation, message)
        message.intent = name.removeprefix("action_")
        self._execute(call, turn)
        return turn.replies

    def _execute(self, call: dict[str, Any], turn: Turn) -> dict[str, Any]:
        name = call["next_action"]
        action = self.executor.actions.get(name)
        if action is None:
            raise ActionNotFoundException(name)
        returned = 0

        async def counted(*args: Any) -> Any:
            nonlocal returned
            events = await action(*args)
            returned = len(events or [])
            return events

        # An executor of its own, so that the count above belongs to this call alone.
        executor = ActionExecutor()
        executor.actions = {name: counted}
        with active(turn):
            result = _run_through(executor.run(call))
        assert result is not None
        if len(result.events) != returned:
            raise DroppedEvents(name)
        return {"events": result.events, "responses": result.responses}

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


def _run_through(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that never waits, as actions must not: no event loop is needed for it."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    work.close()
    raise RuntimeError("an action waited for something; actions only use the open transaction")


def _position(tracker: dict[str, Any]) -> int:
    """How many events the present turn has: the same each time the turn is run."""
    count = 0
    for event in reversed(tracker.get("events") or []):
        if event.get("event") == "user":
            break
        count += 1
    return count


def actions_router(host: ActionHost, secret: str) -> APIRouter:
    """`POST /rasa/actions`: only for whoever holds the secret, which is Rasa."""
    router = APIRouter()

    @router.post("/rasa/actions", include_in_schema=False)
    async def act(request: Request, x_acuerdo_actions: str = Header(default="")) -> JSONResponse:
        if not hmac.compare_digest(x_acuerdo_actions.encode(), secret.encode()):
            raise HTTPException(status_code=404)
        call = await request.json()
        try:
            return JSONResponse(await run_in_threadpool(host.run, call))
        except ActionExecutionRejection as rejection:
            return JSONResponse(
                {"error": str(rejection), "action_name": rejection.action_name}, status_code=400
            )
        except ActionNotFoundException as missing:
            return JSONResponse(
                {"error": str(missing), "action_name": missing.action_name}, status_code=404
            )
        except Exception:
            # Not what the SDK's own server does: it would send the conversation back.
            log.exception("action.failed", extra={"data": {"action": str(call.get("next_action"))}})
            return JSONResponse({"error": "action failed"}, status_code=500)

    return router

"""Decisions about sending and receiving that need no database."""

from __future__ import annotations

import random
import re
from datetime import datetime

from bot.channels.port import Inbound, ReceiptState
from bot.conversations.models import DeliveryState, MessageState, Purpose

PUT_OFF = "gate"
"""The reason of a delivery that the gate wants later: it holds nobody up meanwhile."""

UNCERTAIN = "uncertain"
"""The reason of a delivery that broke off after it was on its way."""

FAILED_FOR_NOW = "failed_for_now"
"""The reason of a delivery that the platform took and gave back because of a fault that passes."""

GAVE_UP, PERHAPS_SENT, CHANNEL_OFF = "gave_up", "perhaps_sent", "channel_off"

_STEPS = (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ)
_SAID = {
    ReceiptState.SENT: DeliveryState.SENT,
    ReceiptState.DELIVERED: DeliveryState.DELIVERED,
    ReceiptState.READ: DeliveryState.READ,
    ReceiptState.FAILED: DeliveryState.DEAD,
}
_MESSAGE = {
    DeliveryState.SENT: MessageState.SENT,
    DeliveryState.DELIVERED: MessageState.DELIVERED,
    DeliveryState.READ: MessageState.READ,
    DeliveryState.DEAD: MessageState.FAILED,
    DeliveryState.BLOCKED: MessageState.FAILED,
}
_COUNTED = re.compile(r"[a-z]+:(\d+)(?:\D|$)")


def back_off(
    attempt: int,
    rng: random.Random,
    *,
    first: float,
    longest: float,
    asked: float | None = None,
) -> float:
    """Seconds until the next attempt: doubling, with up to half of it left to chance.

    `asked` is what the platform wants at least. Chance keeps a thousand messages that failed
    together from coming back together.
    """
    waited = min(first * 2.0 ** min(attempt - 1, 30), longest)
    return max(waited * (0.5 + rng.random() / 2), asked or 0.0)


def may_be_repeated(purpose: Purpose) -> bool:
    """Whether a message that perhaps arrived may be sent again.

    An answer that is missing leaves somebody alone with a question; one that comes twice does no
    harm, since buttons and links have the effect of once. A reminder that comes twice is pressure,
    and counts twice under the law.
    """
    return purpose in (Purpose.REPLY, Purpose.SERVICE)


def after_receipt(state: DeliveryState, said: ReceiptState) -> DeliveryState:
    """What something sent has become: news only leads forwards, and what arrived cannot fail."""
    news = _SAID[said]
    if news is DeliveryState.DEAD:
        return news if state is DeliveryState.SENT else state
    if state in _STEPS and _STEPS.index(news) > _STEPS.index(state):
        return news
    return state


def of_parts(parts: list[DeliveryState]) -> DeliveryState:
    """The state of a message from those of its pieces: as far as the one that came least far."""
    if DeliveryState.DEAD in parts:
        return DeliveryState.DEAD
    return min(parts, key=_STEPS.index, default=DeliveryState.SENT)


def message_state(state: DeliveryState) -> MessageState:
    """What the console shows of a message with a delivery in this state."""
    return _MESSAGE.get(state, MessageState.QUEUED)


def order_of(inbound: Inbound, arrival: int) -> tuple[datetime, int, int]:
    """Where something belongs among what else waits of one person: by the platform's time.

    Platforms tell whole seconds; within one the platform's own count decides where it has one
    (Telegram), else the order of arrival.
    """
    counted = _COUNTED.match(inbound.event_id)
    return inbound.sent_at, int(counted[1]) if counted else 0, arrival

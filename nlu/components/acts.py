"""Several things said in one message: "ya pagué la mitad y perdí el trabajo" is two acts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Dict, List

from nlu.components.intent_model import IntentModel
from nlu.components.taxonomy import PRECEDENCE, STANCE_OF

_CUT = re.compile(
    r"\s*(?:[.;!?\n]+|,(?!\d))\s*"
    r"|\s+(?=(?:y|e|pero|mas|y además|además|ademas|aparte|asi que|así que|porque|pq|xq|"
    r"entonces|então|entao|também|tambem|porém|só que|and|but|because|so|also|plus)\s)",
    re.IGNORECASE,
)
_MOST_PARTS = 8
_RANKED = 3
_SHORTEST = 2
"""Words: a single one ("y", "bueno", "pix") says too little by itself."""

_MANNERS = frozenset(["social", "other"])


@dataclass(frozen=True)
class Act:
    """One thing a message does."""

    intent: str
    confidence: float


@dataclass(frozen=True)
class Thresholds:
    """When a clause is an act of its own (docs/understanding.md has the figures)."""

    sure: float = 0.85
    """A clause this sure of itself counts..."""
    near: float = -1.2
    """...where the words of the whole message come this near (margin of the linear reader): else
    it is a reason or an aside."""
    likely: float = 0.7
    """A clause less sure counts too..."""
    trace: float = 0.02
    """...where the whole message has this much of it."""


def parts_of(text: str) -> List[str]:
    """The clauses of a message that could each be an act; none where it has only one."""
    found = [part.strip() for part in _CUT.split(text) if part and part.strip()]
    parts = [part for part in found if len(part.split()) >= _SHORTEST]
    return parts[:_MOST_PARTS] if len(found) > 1 else []


@dataclass(frozen=True)
class Heard:
    """What was understood of one message."""

    ranking: List[Act]
    """What the message as a whole is most like, the likeliest first."""
    acts: List[Act]
    """What it does, the most urgent first; the first of the ranking is always among them, unless
    it is mere manners beside something that matters."""


def hear(text: str, model: IntentModel, thresholds: Thresholds = Thresholds()) -> Heard:
    """Read a message as a whole and clause by clause.

    A clause adds an act where it says one by itself and the whole message bears it out. An act is
    as sure as the surest reading of it. A greeting or thanks is no act beside something that
    matters.
    """
    reading = model.read([text, *parts_of(text)])
    whole, margins = reading.probabilities[0], reading.margins[0]
    order = whole.argsort()[::-1][:_RANKED]
    ranking = [Act(model.intents[place], float(whole[place])) for place in order]
    found: Dict[int, float] = {int(order[0]): ranking[0].confidence}
    for row in reading.probabilities[1:]:
        act = int(row.argmax())
        is_said = row[act] >= thresholds.sure and margins[act] >= thresholds.near
        is_borne_out = row[act] >= thresholds.likely and whole[act] >= thresholds.trace
        if act in found or is_said or is_borne_out:
            found[act] = max(found.get(act, 0.0), float(row[act]))
    acts = [Act(model.intents[act], confidence) for act, confidence in found.items()]
    if any(STANCE_OF[act.intent] not in _MANNERS for act in acts):
        acts = [act for act in acts if STANCE_OF[act.intent] not in _MANNERS]
    return Heard(ranking, sorted(acts, key=lambda act: PRECEDENCE[STANCE_OF[act.intent]]))

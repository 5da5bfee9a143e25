"""From what the model makes of a message to the acts that are answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.understanding.safety_net import only_borrows
from bot.understanding.stance import precedence_of, stance_of

NOT_UNDERSTOOD = "nlu_fallback"
MOST = 3
"""Acts of one message that are answered; more would be a lecture."""

_FLOOR = {"objection": 0.4, "hardship": 0.4, "negotiation": 0.4}
_ELSE = 0.35
"""Below these the model is wrong more often than right, and the person is asked again. Higher where
a misreading would open a case or change what is asked of somebody (docs/understanding.md)."""

_TRACE = {"crisis": 0.3}
"""From here on an act counts though another is likelier: recall beats precision (invariant 7)."""

_LEAST_OF_THE_REST = 0.2
"""What must be left beside a crisis that is none, for the rest to say anything."""

_BORNE_OUT = {"wrong_person": 0.3, "deceased_holder": 0.05}
"""Acts that end what was talked about count beside others only where the message as a whole has
this much of them: "no soy rico, puedo 100 al mes" is no wrong person."""

_VAGUE = "hardship_cannot_pay"
_URGENT = frozenset(["crisis", "contact_right", "human", "objection", "hardship"])


@dataclass(frozen=True, slots=True)
class Act:
    """One thing a message does."""

    intent: str
    confidence: float


def acts_of(parsed: Mapping[str, Any], *, in_form: bool = False) -> list[Act]:
    """The acts to answer, the most urgent first; at least one (invariant 7 decides the order).

    A crisis that the model alone hears in a mere saying ("me mata este calor") is set aside, where
    `parsed` has the text.

    `in_form`: the message may answer a question, so what it is as a whole comes first, and beside
    it counts only what cannot wait.
    """
    ranking, said = _heard(parsed)
    for act in ranking:
        if act.confidence >= _TRACE.get(stance_of(act.intent), 1.1):
            return [act]
    whole = {act.intent: act.confidence for act in ranking}
    said = [
        act for act in said if whole.get(act.intent, 0.0) >= _BORNE_OUT.get(act.intent, 0.0)
    ] or ranking[:1]
    # What the message is as a whole may be sure only in one of its clauses.
    top = next((act for act in said if act.intent == ranking[0].intent), ranking[0])
    heard = [act for act in said if _is_sure(act)]
    if in_form and _is_sure(top):
        others = [a for a in heard if a.intent != top.intent and stance_of(a.intent) in _URGENT]
        return [top, *others][:MOST]
    if not heard:
        return [Act(NOT_UNDERSTOOD, top.confidence)]
    heard = sorted(_without_vague(heard), key=lambda act: precedence_of(stance_of(act.intent)))
    return heard[: 1 if in_form else MOST]


def likeliest(parsed: Mapping[str, Any]) -> Act:
    """What a message is most like as a whole, however unsure."""
    return _heard(parsed)[0][0]


def _heard(parsed: Mapping[str, Any]) -> tuple[list[Act], list[Act]]:
    """What the message may be as a whole, the likeliest first, and what its clauses do."""
    ranking = [_act(item) for item in parsed.get("intent_ranking") or [parsed["intent"]]]
    said = [_act(item) for item in parsed.get("acts") or []]
    alarmed = any(act.intent in _TRACE for act in ranking + said)
    if alarmed and only_borrows(str(parsed.get("text") or "")):
        return _without_crisis(ranking), [act for act in said if act.intent not in _TRACE]
    return ranking, said


def _without_crisis(ranking: list[Act]) -> list[Act]:
    """What a message is likely to be once it is no crisis; nothing sure where little was left."""
    rest = [act for act in ranking if act.intent not in _TRACE]
    left = 1 - sum(act.confidence for act in ranking if act.intent in _TRACE)
    if left >= _LEAST_OF_THE_REST:
        rest = [Act(act.intent, round(min(1.0, act.confidence / left), 4)) for act in rest]
    return rest or [Act(NOT_UNDERSTOOD, 0.0)]


def _is_sure(act: Act) -> bool:
    return act.confidence >= _FLOOR.get(stance_of(act.intent), _ELSE)


def _without_vague(said: list[Act]) -> list[Act]:
    """A reason that was named stands for "I cannot pay" too."""
    is_named = any(stance_of(a.intent) == "hardship" and a.intent != _VAGUE for a in said)
    return [a for a in said if a.intent != _VAGUE] if is_named else said


def _act(item: Mapping[str, Any]) -> Act:
    return Act(str(item["name"]), round(float(item["confidence"]), 4))

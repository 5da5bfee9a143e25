"""The figures by which understanding is judged: pure, no model in here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from nlu.components.taxonomy import STANCE_OF, STANCES

_BINS = 10
_MANNERS = frozenset(["social", "other"])
_FEW = 15
"""Countries with fewer messages than this are counted together."""


class Judged(NamedTuple):
    """A message and what was made of it."""

    labels: tuple[str, ...]
    intent: str
    confidence: float
    language: str = ""
    country: str = ""

    @property
    def right(self) -> bool:
        """Whether the intent is one of those that fit."""
        return self.intent in self.labels

    @property
    def truth(self) -> str:
        """The label it is held against: the one that was found, where several fit."""
        return self.intent if self.right else self.labels[0]


def summary(judged: Sequence[Judged]) -> dict[str, float]:
    """The main figures of a set of messages."""
    return {
        "messages": len(judged),
        "accuracy": share(one.right for one in judged),
        "macro_f1": macro_f1(judged),
        "stance_accuracy": share(_same_stance(one) for one in judged),
        "objection_hardship_swap": swap(judged),
        "out_of_scope_f1": f1(judged, "out_of_scope"),
        "ece": calibration_error(judged),
    }


def share(found: Any) -> float:
    """How many of some yes-or-no are yes; 0 of none."""
    values = list(found)
    return sum(map(bool, values)) / len(values) if values else 0.0


def _same_stance(one: Judged) -> bool:
    return STANCE_OF[one.intent] in {STANCE_OF[label] for label in one.labels}


def f1(judged: Sequence[Judged], intent: str) -> float:
    """Precision and recall of one intent in one number."""
    both = sum(one.truth == intent == one.intent for one in judged)
    either = sum(one.truth == intent for one in judged) + sum(o.intent == intent for o in judged)
    return 2 * both / either if either else 0.0


def macro_f1(judged: Sequence[Judged]) -> float:
    """The mean over the intents that occur, so that rare ones count as much as common ones."""
    intents = {one.truth for one in judged}
    return sum(f1(judged, intent) for intent in intents) / len(intents) if intents else 0.0


def swap(judged: Sequence[Judged]) -> float:
    """An objection met as a hardship or the reverse, among all messages that are either."""
    sides = {"objection", "hardship"}
    relevant = [one for one in judged if {STANCE_OF[label] for label in one.labels} & sides]
    return share(not _same_stance(one) and STANCE_OF[one.intent] in sides for one in relevant)


def by_intent(judged: Sequence[Judged]) -> dict[str, dict[str, Any]]:
    """Each intent's F1, how often it occurs, and what it is most often taken for."""
    found: dict[str, dict[str, Any]] = {}
    for intent in sorted({one.truth for one in judged}):
        taken = Counter(one.intent for one in judged if one.truth == intent and not one.right)
        found[intent] = {
            "messages": sum(one.truth == intent for one in judged),
            "f1": f1(judged, intent),
            "taken_for": dict(taken.most_common(3)),
        }
    return found


def groups(judged: Sequence[Judged], *, country: bool) -> dict[str, dict[str, float]]:
    """`summary` for each language, or for each country with enough messages."""

    def name(one: Judged) -> str:
        return f"{one.language}-{one.country}" if country else one.language

    sizes = Counter(map(name, judged))
    parts: dict[str, list[Judged]] = {}
    for one in judged:
        key = name(one)
        if country and sizes[key] < _FEW:
            key = f"{one.language}, elsewhere"
        parts.setdefault(key, []).append(one)
    return {key: summary(parts[key]) for key in sorted(parts)}


def confusion(judged: Sequence[Judged]) -> dict[str, dict[str, int]]:
    """How many messages of each stance (first) were taken for each stance (second)."""
    found = {stance: dict.fromkeys(STANCES, 0) for stance in STANCES}
    for one in judged:
        found[STANCE_OF[one.truth]][STANCE_OF[one.intent]] += 1
    return found


# --- confidence -----------------------------------------------------------------------------------


def reliability(judged: Sequence[Judged]) -> list[dict[str, float]]:
    """Messages by confidence, in tenths: how sure, and how often right."""
    place = [min(int(one.confidence * _BINS), _BINS - 1) for one in judged]
    bins = []
    for number in range(_BINS):
        inside = [one for one, where in zip(judged, place, strict=True) if where == number]
        if inside:
            confidence = sum(one.confidence for one in inside) / len(inside)
            accuracy = share(one.right for one in inside)
            bins.append({"messages": len(inside), "confidence": confidence, "accuracy": accuracy})
    return bins


def calibration_error(judged: Sequence[Judged]) -> float:
    """Expected calibration error: how far confidence is from how often it is right, on average."""
    return sum(
        part["messages"] / len(judged) * abs(part["confidence"] - part["accuracy"])
        for part in reliability(judged)
    )


# --- several acts, safety -------------------------------------------------------------------------


def acts(truths: Sequence[Sequence[str]], heard: Sequence[Sequence[str]]) -> dict[str, float]:
    """How many of the acts that were heard are there, and how many that are there were heard.

    A greeting or thanks beside something that matters counts on neither side.
    """
    wanted = [_that_matter(one) for one in truths]
    found = [_that_matter(one) for one in heard]
    both = sum(len(set(a) & set(b)) for a, b in zip(wanted, found, strict=True))
    several = [len(one) > 1 for one in wanted]
    return {
        "messages": len(wanted),
        "precision": both / max(1, sum(len(set(one)) for one in found)),
        "recall": both / max(1, sum(len(set(one)) for one in wanted)),
        "exact": share(set(a) == set(b) for a, b in zip(wanted, found, strict=True)),
        "first": share(a[0] in b for a, b in zip(wanted, found, strict=True)),
        "heard_as_several": share(
            len(b) > 1 for b, more in zip(found, several, strict=True) if more
        ),
    }


def _that_matter(intents: Sequence[str]) -> list[str]:
    matter = [intent for intent in intents if STANCE_OF[intent] not in _MANNERS]
    return matter or list(intents)


def safety(labels: Sequence[str], heard: Sequence[Sequence[str]]) -> dict[str, dict[str, float]]:
    """For each thing never to be missed: recall, and false alarms among ordinary messages."""
    found = {}
    for intent in ("crisis", "opt_out", "wrong_person"):
        yes = [intent in acts_ for acts_ in heard]
        found[intent] = {
            "recall": share(hit for hit, label in zip(yes, labels, strict=True) if label == intent),
            "false_alarms": share(
                hit for hit, label in zip(yes, labels, strict=True) if label == "ordinary"
            ),
        }
    return found

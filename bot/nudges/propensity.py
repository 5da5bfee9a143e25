"""How likely somebody settles after a nudge: a logistic regression that can be read.

Learned from nudges that went out and what followed, judged on people it was not learned from, and
not used where it says no more than the rate of everybody. Only this module needs scikit-learn; what
it learns is a handful of numbers that `scorer.Scorer` adds up.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from statistics import quantiles
from typing import NamedTuple

from bot.nudges.scorer import Behaviour, Bin, PropensityModel, Weight
from bot.policies.habits import PropensityTerms

_BINS = (0, 20, 40, 60, 80, 100)


class Example(NamedTuple):
    """One nudge: to whom, what was known then, and whether they paid or agreed after it."""

    debtor_id: int
    behaviour: Behaviour
    settled: bool


def cuts_of(balances: dict[str, list[int]]) -> dict[str, tuple[int, ...]]:
    """What parts the balances of each currency into fifths; where there are too few, nothing."""
    return {
        currency: tuple(round(cut) for cut in quantiles(found, n=5))
        for currency, found in sorted(balances.items())
        if len(found) >= 20
    }


def train(
    examples: Sequence[Example],
    terms: PropensityTerms,
    *,
    today: date,
    cuts: dict[str, tuple[int, ...]],
) -> PropensityModel:
    """A model with how good it is; `usable` says whether it may be used, `why` the reason."""
    known = PropensityModel(
        learned_on=today,
        outcome_days=terms.outcome_days,
        examples=len(examples),
        people=len({e.debtor_id for e in examples}),
        outcomes=sum(e.settled for e in examples),
        usable=False,
        why="",
        balance_cuts=cuts,
    )
    learn = [e for e in examples if not _is_apart(e.debtor_id, terms.held_out)]
    judge = [e for e in examples if _is_apart(e.debtor_id, terms.held_out)]
    if problem := _too_few(examples, learn, judge, terms):
        return known.model_copy(update={"why": problem})
    return _fitted(known, learn, judge, terms)


def _too_few(
    examples: Sequence[Example],
    learn: Sequence[Example],
    judge: Sequence[Example],
    terms: PropensityTerms,
) -> str:
    yes = sum(e.settled for e in examples)
    if len(examples) < terms.examples_at_least:
        return f"too few examples: {len(examples)} of {terms.examples_at_least}"
    if min(yes, len(examples) - yes) < terms.outcomes_at_least:
        return (
            f"too few outcomes: {yes} settled, {len(examples) - yes} not; "
            f"{terms.outcomes_at_least} of each are needed"
        )
    if any(len({e.settled for e in part}) < 2 for part in (learn, judge)):
        return "too few people to judge it by"
    return ""


def _fitted(
    known: PropensityModel,
    learn: Sequence[Example],
    judge: Sequence[Example],
    terms: PropensityTerms,
) -> PropensityModel:
    # Seconds to load, and needed once a night: not by those who only plan.
    import numpy as np
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
    from sklearn.metrics import brier_score_loss  # type: ignore[import-untyped]
    from sklearn.preprocessing import StandardScaler  # type: ignore[import-untyped]

    places = [Behaviour._fields.index(name) for name in terms.features]
    x = np.array([[e.behaviour[p] for p in places] for e in learn], dtype=float)
    y = np.array([e.settled for e in learn])
    scaler = StandardScaler().fit(x)
    fitted = LogisticRegression(max_iter=1000).fit(scaler.transform(x), y)
    apart = np.array([[e.behaviour[p] for p in places] for e in judge], dtype=float)
    happened = np.array([e.settled for e in judge])
    chances = fitted.predict_proba(scaler.transform(apart))[:, 1]
    base = float(y.mean())
    brier = float(brier_score_loss(happened, chances))
    base_brier = float(brier_score_loss(happened, np.full(len(judge), base)))
    better = (1 - brier / base_brier) * 100
    usable = better >= terms.better_by
    said = f"Brier {brier:.3f} against {base_brier:.3f} of the base rate on {len(judge)} held out"
    weights = {
        name: Weight(
            mean=round(float(scaler.mean_[place]), 6),
            scale=round(float(scaler.scale_[place]), 6) or 1.0,
            coefficient=round(float(fitted.coef_[0][place]), 6),
        )
        for place, name in enumerate(terms.features)
    }
    return known.model_copy(
        update={
            "usable": usable,
            "why": said if usable else f"not better than the base rate: {said}",
            "held_out": len(judge),
            "base_rate": round(base, 6),
            "brier": round(brier, 6),
            "base_brier": round(base_brier, 6),
            "calibration": _calibration(list(chances), list(happened)),
            "intercept": round(float(fitted.intercept_[0]), 6),
            "weights": weights,
        }
    )


def _calibration(chances: list[float], happened: list[bool]) -> tuple[Bin, ...]:
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for chance, yes in zip(chances, happened, strict=True):
        bins[min(int(chance * 5), 4)].append((float(chance), bool(yes)))
    return tuple(
        Bin(
            low=_BINS[place],
            high=_BINS[place + 1],
            examples=len(found),
            predicted=round(sum(c for c, _ in found) / len(found), 4),
            happened=round(sum(yes for _, yes in found) / len(found), 4),
        )
        for place, found in sorted(bins.items())
    )


def _is_apart(debtor_id: int, per_cent: int) -> bool:
    """Whether somebody is kept apart to judge by: always the same people, whole people."""
    seed = f"propensity\x1f{debtor_id}".encode()
    return int.from_bytes(hashlib.blake2b(seed, digest_size=4).digest(), "big") % 100 < per_cent

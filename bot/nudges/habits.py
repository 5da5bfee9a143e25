"""When and where somebody answers, and whether a debt is likely to be settled. Pure.

A person's own history counts, smoothed by that of everybody: with little of it nothing is said and
the ladder's hour and order stay. Every answer carries the numbers it follows from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from math import comb, sqrt
from statistics import NormalDist
from typing import NamedTuple

from bot.policies.habits import ChannelTerms, HourTerms
from bot.policies.local_time import local_of

HOURS = 24
WIDTH = 2
"""Hours that are looked at together: from the best one on."""
ONE_TIME = timedelta(hours=2)
"""What somebody does within this of what they did before is the same occasion."""


# ---- the hour


class BestHour(NamedTuple):
    """From when on somebody answers best, and what says so."""

    hour: int
    hits: int
    """Occasions within two hours from it."""
    seen: int
    """All their occasions."""
    others: int
    """The best hour of the portfolio that they were compared with."""


def occasions(moments: Iterable[datetime]) -> list[datetime]:
    """When somebody came, each time once: what follows within two hours is the same time."""
    found: list[datetime] = []
    last: datetime | None = None
    for moment in sorted(moments):
        if last is None or moment - last > ONE_TIME:
            found.append(moment)
        last = moment
    return found


def by_hour(moments: Iterable[datetime], zone: str) -> tuple[list[int], int]:
    """Occasions by hour of the person's own clock, and on how many different days they were."""
    counts, days = [0] * HOURS, set()
    for moment in moments:
        local = local_of(moment, zone)
        counts[local.hour] += 1
        days.add(local.date())
    return counts, len(days)


def shares(counts: Sequence[int]) -> tuple[float, ...]:
    """How everybody's occasions spread over the day; no hour is impossible."""
    total = sum(counts) + HOURS
    return tuple((count + 1) / total for count in counts)


def best_hour(
    own: Sequence[int],
    days: int,
    prior: Sequence[float],
    open_hours: Sequence[int],
    terms: HourTerms,
) -> BestHour | None:
    """The hour in which somebody answers best; None where too little says so.

    The share of an hour is `(strength x portfolio + own) / (strength + all own)`. The best one is
    theirs only where people who answer like everybody would hardly show it: a few answers fall
    close together by chance more often than not.
    """
    seen = sum(own)
    if seen < terms.at_least or days < terms.days_at_least or not open_hours:
        return None
    weight = terms.prior_strength
    smooth = [(weight * p + n) / (weight + seen) for p, n in zip(prior, own, strict=True)]
    hour = max(open_hours, key=lambda h: (_within(smooth, h), smooth[h], -h))
    hits = int(_within(own, hour))
    if hits * 100 < terms.share_at_least * seen:
        return None
    # So many hours were looked at, and the best was taken: Bonferroni's correction.
    if by_chance(hits, seen, _within(prior, hour)) * len(open_hours) * 100 > 100 - terms.sure:
        return None
    others = max(open_hours, key=lambda h: (prior[h], -h))
    return BestHour(hour, hits, seen, others)


def by_chance(hits: int, seen: int, share: float) -> float:
    """How likely `hits` or more of `seen` fall where a `share` of everybody's do: binomial tail."""
    return sum(comb(seen, n) * share**n * (1 - share) ** (seen - n) for n in range(hits, seen + 1))


def _within(values: Sequence[float], hour: int) -> float:
    return sum(values[(hour + ahead) % HOURS] for ahead in range(WIDTH))


# ---- the channel


class Sent(NamedTuple):
    """A message that nobody asked for, and what became of it."""

    at: datetime
    channel: str
    read: bool = False
    failed: bool = False


class Trials(NamedTuple):
    """What became of the messages on a channel."""

    sent: int = 0
    answered: int = 0
    read: int = 0
    """Read and not answered."""
    failed: int = 0


class BestChannel(NamedTuple):
    """Where somebody answers best, and what says so."""

    channel: str
    answered: int
    sent: int
    others: int
    """Per cent of the portfolio's messages on this channel that are answered."""


def answered(sent: Sequence[Sent], acts: Iterable[datetime], within: timedelta) -> list[bool]:
    """Which messages were answered: the newest one before what somebody did, and soon enough."""
    found = [False] * len(sent)
    place = -1
    for act in sorted(acts):
        while place + 1 < len(sent) and sent[place + 1].at <= act:
            place += 1
        if place >= 0 and not sent[place].failed and act - sent[place].at <= within:
            found[place] = True
    return found


def trials(sent: Sequence[Sent], was_answered: Sequence[bool]) -> dict[str, Trials]:
    """What became of the messages, by channel. What could not be delivered counts as unanswered."""
    found: dict[str, Trials] = {}
    for message, yes in zip(sent, was_answered, strict=True):
        one = found.get(message.channel, Trials())
        found[message.channel] = Trials(
            one.sent + 1,
            one.answered + yes,
            one.read + (message.read and not yes),
            one.failed + message.failed,
        )
    return found


def worth(own: Trials, prior: float, terms: ChannelTerms) -> float:
    """How likely a message on a channel is answered by somebody: own history and everybody's."""
    hits = own.answered + own.read * terms.read_counts / 100
    return (terms.prior_strength * prior + hits) / (terms.prior_strength + own.sent)


def _doubt(own: Trials, worth: float, terms: ChannelTerms) -> float:
    """The variance of what a channel is worth, as of a beta distribution."""
    return worth * (1 - worth) / (terms.prior_strength + own.sent + 1)


@cache
def _surely(per_cent: float, channels: int) -> float:
    """How many standard deviations the first of several has to lead by, since it was chosen."""
    return NormalDist().inv_cdf(1 - (1 - per_cent / 100) / channels)


def best_channel(
    own: Mapping[str, Trials], priors: Mapping[str, float], terms: ChannelTerms
) -> BestChannel | None:
    """The channel that leads every other one by enough, and hardly by chance; else None."""
    known = {c: worth(own.get(c, Trials()), priors.get(c, 0.0), terms) for c in {*own, *priors}}
    ranked = sorted(known, key=lambda c: (-known[c], c))
    if not ranked:
        return None
    first = ranked[0]
    mine = own.get(first, Trials())
    if mine.sent < terms.at_least or not mine.answered:
        return None
    for other in ranked[1:]:
        lead = known[first] - known[other]
        spread = _doubt(mine, known[first], terms) + _doubt(
            own.get(other, Trials()), known[other], terms
        )
        if lead * 100 < terms.ahead_by or lead < _surely(terms.sure, len(ranked)) * sqrt(spread):
            return None
    return BestChannel(first, mine.answered, mine.sent, round(priors.get(first, 0.0) * 100))


# ---- importance


def importance_cuts(totals: Sequence[int], a: int, b: int) -> tuple[int, int]:
    """From which balance on somebody is class A, and B: the largest, up to `a` and `b` per cent.

    Whoever crosses a limit is above it. `totals` in descending order.
    """
    everything, so_far = sum(totals), 0
    cut_a = cut_b = 0
    for total in totals:
        if so_far * 100 < a * everything:
            cut_a = total
        if so_far * 100 < b * everything:
            cut_b = total
        else:
            break
        so_far += total
    return cut_a, cut_b


def importance_of(total: int, cuts: tuple[int, int]) -> str:
    """A, B or C."""
    if total <= 0:
        return "C"
    return "A" if total >= cuts[0] else "B" if total >= cuts[1] else "C"


# ---- what the planner knows of somebody


class Habit(NamedTuple):
    """What was learned of a debtor, as it is stored."""

    hour: int | None = None
    hour_hits: int = 0
    hour_seen: int = 0
    hour_others: int = 0
    channel: str = ""
    channel_answered: int = 0
    channel_sent: int = 0
    channel_others: int = 0
    importance: str = "C"
    kept: int = 0
    answered_last: bool = False

    def hour_words(self) -> str:
        """Why this hour."""
        assert self.hour is not None
        return (
            f"answered {self.hour_hits} of {self.hour_seen} times between {self.hour} and "
            f"{self.hour + WIDTH} h; other people of the portfolio: {self.hour_others} h"
        )

    def channel_words(self) -> str:
        """Why this channel."""
        return (
            f"answered {self.channel_answered} of {self.channel_sent} messages by {self.channel}; "
            f"other people of the portfolio: {self.channel_others} of 100"
        )

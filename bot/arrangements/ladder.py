"""The offers, in order: pure, without a clock and without chance."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.arrangements import rules
from bot.arrangements.dates import first_pay_day, is_pay_day, latest_first, open_day
from bot.arrangements.facts import Frequency, Proposal, Reason, Share, Situation, Terms
from bot.kit.money import Money

SHOWN = 3
"""Offers shown at once; the others wait behind a button."""


def ladder(facts: Situation, terms: Terms) -> list[Proposal]:
    """Every offer that the limits and the debtor's means allow, in the order of the ladder.

    Today, with the early-payment discount if there is one; a near date; two or three instalments;
    the longest plan; a settlement last. Somebody in hardship gets the gentlest in front. Nothing
    that is known to be beyond somebody's means is offered: the list may be empty.

    Raises:
        ValueError: nothing is owed.
    """
    if facts.balance.minor < 1:
        raise ValueError("nothing is owed")
    now = rules.conceded(terms, facts.round, gentle=facts.gentle)
    every = _rhythm(facts, now)
    found: list[Proposal] = []
    for proposal in (*_single(facts, now), *_plans(facts, now, every), *_settlement(facts, now)):
        if _is_within_means(proposal, facts) and not any(_same(proposal, p) for p in found):
            found.append(_explained(proposal, facts, terms, now))
    if facts.gentle:
        knows = facts.most_a_month is not None
        found.sort(key=lambda p: (p.total.minor if knows else 0, p.largest.minor, len(p.shares)))
    return found


def shortlist(proposals: list[Proposal], *, gentle: bool = False) -> list[Proposal]:
    """The same offers as they are shown, the first `SHOWN` at once, the least painful in front.

    These are the lowest instalments, the one that saves most (else the one that ends soonest) and
    one in between. Somebody in hardship sees them in the order of the ladder.
    """
    if gentle or len(proposals) < 2:
        return list(proposals)
    easy = sorted(proposals, key=lambda p: (p.largest.minor, p.total.minor))
    best = max(proposals, key=lambda p: (p.saving.minor, -p.largest.minor))
    if not best.saving:
        best = min(
            (p for p in easy if len(p.shares) > 1), key=lambda p: len(p.shares), default=best
        )
    chosen = [easy[0]]
    if best is not easy[0]:
        chosen.append(best)
    middle = [p for p in easy if not any(p is c for c in chosen)]
    chosen += middle[: SHOWN - len(chosen)]
    shown = [p for p in easy if any(p is c for c in chosen)]
    return shown + [p for p in easy if not any(p is c for c in shown)]


def _is_within_means(proposal: Proposal, facts: Situation) -> bool:
    return not rules.is_above_means(proposal, facts.most_a_month)


def _same(one: Proposal, other: Proposal) -> bool:
    return one.shares == other.shares and one.saving == other.saving


def _rhythm(facts: Situation, terms: Terms) -> Frequency:
    wanted = facts.every
    if wanted is None and facts.pay_day:
        if facts.pay_day.weekday is not None:
            wanted = "weekly"
        elif len(set(facts.pay_day.days)) > 1:
            wanted = "biweekly"
    return wanted if wanted in terms.frequencies else terms.frequencies[0]


def _single(facts: Situation, terms: Terms) -> list[Proposal]:
    """All of it: at once, with the discount for that if there is one; and on a near date."""
    found = []
    latest = latest_first(facts.today, terms)
    waived = Money(0, facts.balance.currency)
    days = 0
    if terms.early:
        waived = rules.discount(facts.balance, min(terms.early.percent, terms.discount_cap))
        if facts.balance - waived < terms.smallest_payment:
            waived = Money(0, facts.balance.currency)
        days = min(terms.early.within_days, terms.first_within_days) if waived else 0
    by = facts.today + timedelta(days=days)
    soon = open_day(by, terms, earliest=facts.today, latest=by if waived else latest)
    if soon is None and waived:  # nobody is promised a price that has no day to be paid on
        waived = Money(0, facts.balance.currency)
        soon = open_day(facts.today, terms, earliest=facts.today, latest=latest)
    if soon:
        why = (
            Reason(rules.EARLY, {"saving": waived, "date": soon})
            if waived
            else Reason(rules.ONE_PAYMENT)
        )
        shares = (Share(soon, facts.balance - waived),)
        found.append(Proposal(shares, (why,), step="today", waived=waived))
    near = facts.today + timedelta(days=terms.near_date_days)
    if facts.pay_day:
        near = first_pay_day(facts.today, terms, facts.pay_day) or near
    day = open_day(near, terms, earliest=facts.today, latest=latest)
    if day and (soon is None or day > soon):
        found.append(
            Proposal(
                (Share(day, facts.balance),),
                (Reason(rules.NEAR_DATE, {"date": day}),),
                step="near_date",
            )
        )
    return found


def _plans(facts: Situation, terms: Terms, every: Frequency) -> list[Proposal]:
    """A few instalments, then the longest plan."""
    first, _ = rules.first_date(facts.today, terms, pay_day=facts.pay_day)
    longest = rules.most_instalments(facts.balance, terms, every)
    if first is None or longest < 2:
        return []
    counts = sorted({c for c in terms.few if c < longest} | {longest})
    found = []
    for count in counts:
        shares = rules.schedule(
            facts.balance,
            count,
            first=first,
            every=every,
            terms=terms,
            today=facts.today,
            pay_day=facts.pay_day,
        )
        if shares is None:
            continue
        why = rules.BALANCED
        if count == counts[-1]:
            why = rules.LOWEST
        elif count == counts[0]:
            why = rules.FEWEST
        is_few = count in terms.few and count != longest
        found.append(
            Proposal(
                shares,
                (Reason(why),),
                () if is_few else (rules.limit_of(longest, terms, every),),
                step="instalments" if is_few else "longest",
                every=every,
            )
        )
    return found


def _settlement(facts: Situation, terms: Terms) -> list[Proposal]:
    """Less than the balance, in one payment and in as many as the policy allows."""
    if terms.settlement is None:
        return []
    waived = rules.discount(facts.balance, terms.settlement.percent)
    to_pay = facts.balance - waived
    if not waived or to_pay < terms.smallest_payment:
        return []
    found = []
    for count in sorted({1, terms.settlement.instalments}):
        shares = rules.settle(facts, terms, terms.settlement, to_pay, count)
        if shares and len(shares) == count:
            why = Reason(rules.SETTLEMENT, {"saving": waived})
            found.append(rules.settlement_of(shares, facts.balance, why))
    return found


def _explained(proposal: Proposal, facts: Situation, terms: Terms, now: Terms) -> Proposal:
    """With what an agent has to know: the step, the limits that bind, whose authority it takes."""
    said = [
        Reason(f"agent_step_{proposal.step}"),
        *(Reason(rules.AGENT_LIMITS.get(r.key, r.key), r.values) for r in proposal.agent_reasons),
    ]
    if proposal.saving:
        said.append(Reason("agent_discount_cap", {"percent": f"{terms.discount_cap:f}"}))
    if len(proposal.shares) > 1 and proposal.shares[0].amount > proposal.shares[1].amount:
        down = rules.down_payment(facts.balance, terms)
        if down and proposal.shares[0].amount == down:
            said.append(Reason("agent_down_payment", {"amount": down}))
    if facts.gentle:
        said.append(Reason("agent_hardship"))
    if facts.most_a_month is not None:
        said.append(Reason("agent_affordable", {"amount": facts.most_a_month}))
    if facts.pay_day and any(is_pay_day(s.due, facts.pay_day) for s in proposal.shares):
        said.append(Reason("agent_pay_day"))
    if now != terms and not facts.gentle:
        said.append(Reason("agent_round", {"round": facts.round, "rounds": terms.rounds}))
    return replace(proposal, agent_reasons=tuple(said))

"""What paying on time earns: pure, read from the ledger, and never a charge in disguise.

A reward adds something for whoever pays on time. It takes nothing from anybody else: it touches no
amount, no date and no limit, and it is not lost once it is earned.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bot.arrangements.facts import Reward
from bot.policies.schema import RewardLimits


def rewards(instalments: Sequence[tuple[date, date | None]], policy: RewardLimits | None) -> Reward:
    """What a plan has earned and can still earn.

    `instalments` are, in order, the day each is due and the day it was paid in full, or nothing.
    One paid on its day or before earns; the plan earns its own when all of them did.
    """
    if policy is None or not instalments:
        return Reward()
    on_time = sum(1 for due, paid in instalments if paid is not None and paid <= due)
    open_ = sum(1 for _, paid in instalments if paid is None)
    is_complete = on_time == len(instalments)
    can_complete = on_time + open_ == len(instalments)
    to_come = policy.points_per_instalment * open_
    if can_complete and not is_complete:
        to_come += policy.points_on_completion
    return Reward(
        points=policy.points_per_instalment * on_time
        + (policy.points_on_completion if is_complete else 0),
        points_to_come=to_come,
        is_complete=is_complete,
    )

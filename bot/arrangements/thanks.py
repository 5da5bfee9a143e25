"""What is said when a payment keeps a promise, covers an instalment or completes a plan."""

from __future__ import annotations

from typing import Any

from bot.arrangements.service import Settled


def thanks(settled: Settled, language: str) -> list[tuple[str, dict[str, Any]]]:
    """Texts of the catalogue with their values, short and in order; none where nothing was reached.

    They go with the confirmation of the payment, to somebody who proved who they are.
    """
    said: list[tuple[str, dict[str, Any]]] = []
    plan = settled.plan
    if settled.plan_completed:
        said.append(("utter_plan_finished", {}))
    elif settled.promise_kept and settled.statement.balance:
        said.append(("utter_promise_kept", {}))
    elif settled.paid and plan and plan.next:
        count = len(plan.instalments)
        said.append(
            (
                "utter_instalment_thanks",
                {
                    "done": count - sum(1 for i in plan.instalments if i.missing),
                    "all": count,
                    "amount": plan.next.missing,
                    "date": plan.next.due,
                },
            )
        )
    if settled.plan_resumed:
        said.append(("utter_plan_resumed", {}))
    rewards = settled.rewards
    if rewards and settled.points:
        name = rewards.points_name[language]
        said.append(("utter_points_earned", {"points": settled.points, "points_name": name}))
    if rewards and settled.benefit and rewards.benefit_on_completion:
        benefit = rewards.benefit_on_completion[language]
        said.append(("utter_benefit_earned", {"benefit": benefit}))
    return said

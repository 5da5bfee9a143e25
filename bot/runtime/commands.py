"""The commands that bring half the product with them: imported when called, not to be listed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

LATER = {
    "import": (
        "bot.portfolio.cli:import_",
        "Load a portfolio. Good rows load, bad ones are explained; repeating it changes nothing.",
    ),
    "sample": (
        "bot.portfolio.cli:sample",
        "Show the fictional debtors of the demo, and what each would answer to prove who they are.",
    ),
    "offers": (
        "bot.runtime.offers:offers_command",
        "Show the offers a debtor would hear, with the reasons to them and to the agent.",
    ),
    "doctor": (
        "bot.runtime.doctor:doctor",
        "Look at everything the product stands on; say what is wrong and what to do about it.",
    ),
    "agent": ("bot.console.cli:agent_app", "Who may sign in to the console."),
    "handoff": ("bot.console.cli:handoff_app", "Conversations in people's hands."),
    "bench": (
        "bot.runtime.benches:bench_app",
        "Measure, as ratios against a baseline in the same run.",
    ),
    "email": ("bot.channels.email.cli:email_app", "E-mail: reports that come back, and a test."),
    "nlu": ("bot.runtime.nlu:nlu_app", "How well messages are understood."),
    "nudges": (
        "bot.runtime.nudge_doors:nudges_app",
        "What is written by itself: plan it, approve it, run it, stop it.",
    ),
    "payments": ("bot.runtime.payments:payments_app", "Money in and out, against Stripe's books."),
    "policy": (
        "bot.runtime.nudge_doors:policy_app",
        "Lawful contact: the packs of each country.",
    ),
    "queue": (
        "bot.scheduler.queue_cli:queue_app",
        "The queue from which workers send nudges (ACUERDO_QUEUE=workers).",
    ),
    "telegram": (
        "bot.channels.telegram.cli:telegram_app",
        "Telegram bots: connect them, invite people.",
    ),
    "whatsapp": (
        "bot.channels.whatsapp.cli:whatsapp_app",
        "WhatsApp: clearances, numbers, limits, templates.",
    ),
}
"""By name: where the command or the group of commands is, and the first line of its help."""


class _Later(TyperCommand):
    """Stands for a command in the list of them."""

    where = ""


class LazyGroup(TyperGroup):
    """The commands of `acuerdo`; those of `LATER` are imported once they are called."""

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        for name, (where, said) in LATER.items():
            later = _Later(name, help=said)
            later.where = where
            self.add_command(later)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that is called, imported."""
        name, command, rest = super().resolve_command(ctx, args)
        if isinstance(command, _Later):
            command = imported(command.where, str(name))
        return name, command, rest


def imported(where: str, name: str) -> Any:
    """The command or group at `module:attribute`, as `acuerdo` calls it."""
    module, _, attribute = where.partition(":")
    found = getattr(import_module(module), attribute)
    if isinstance(found, typer.Typer):
        group = typer.main.get_group(found)
        group.name = name
        return group
    alone = typer.Typer(add_completion=False)
    alone.command(name)(found)
    return typer.main.get_command(alone)

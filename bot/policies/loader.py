"""Reads a policy as it is in force on a day."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from bot.kit.yaml_file import parse_yaml
from bot.policies.channels import ChannelsPolicy
from bot.policies.schema import (
    CrisisLine,
    FollowUpPolicy,
    Hold,
    NegotiationLimits,
    NegotiationPolicy,
    NoPolicyInForce,
    PaymentLimits,
    PaymentMethod,
    PaymentMethods,
    ReceiptPolicy,
)


@cache
def _read(path: str) -> dict[str, Any]:
    text = files("bot.policies").joinpath("data", *path.split("/")).read_text(encoding="utf-8")
    return parse_yaml(text)  # type: ignore[no-any-return]


def _start(path: str, day: date) -> date:
    begun: list[date] = [start for start in _read(path)["values"] if start <= day]
    if not begun:
        raise NoPolicyInForce(path, day)
    return max(begun)


def _in_force(path: str, day: date) -> Any:
    return _read(path)["values"][_start(path, day)]


@cache
def _negotiation_policy(policy: str, start: date) -> NegotiationPolicy:
    return NegotiationPolicy(_read(f"negotiation/{policy}.yml")["values"][start])


def negotiation_policy(policy: str, day: date) -> NegotiationPolicy:
    """The limits of a creditor's `policy` on `day`, with its segments."""
    return _negotiation_policy(policy, _start(f"negotiation/{policy}.yml", day))


def negotiation_limits(policy: str, day: date) -> NegotiationLimits:
    """What the bot may agree on `day` under a creditor's `policy`, outside any segment."""
    return negotiation_policy(policy, day).general


def hold_for(reason: str, day: date) -> Hold:
    """How long `reason` stops collection; every hardship is treated alike."""
    known = _in_force("holds.yml", day)
    return Hold.model_validate(known.get(reason) or known[reason.split("_")[0]])


def follow_up_policy(day: date) -> FollowUpPolicy:
    """When reminders go out on `day`, and what happens where nothing was paid."""
    return FollowUpPolicy.model_validate(_in_force("follow_up.yml", day))


def receipt_policy(day: date) -> ReceiptPolicy:
    """How claims of payment are matched, and for how long files are kept, on `day`."""
    return ReceiptPolicy.model_validate(_in_force("receipts.yml", day))


@cache
def _channels_policy(start: date) -> ChannelsPolicy:
    return ChannelsPolicy.model_validate(_read("channels.yml")["values"][start])


def channels_policy(day: date) -> ChannelsPolicy:
    """How messages are sent through platforms on `day`."""
    return _channels_policy(_start("channels.yml", day))


def crisis_lines(country: str) -> list[CrisisLine]:
    """Where somebody in danger can call in `country`; the emergency number at least."""
    lines = _read("crisis_lines.yml")["countries"]
    return [CrisisLine.model_validate(line) for line in lines.get(country, [])]


@cache
def _payment_methods(start: date) -> PaymentMethods:
    return PaymentMethods.model_validate(_read("payment_methods.yml")["values"][start])


@cache
def _payment_limits(start: date) -> PaymentLimits:
    return PaymentLimits.model_validate(_read("payments.yml")["values"][start])


def payment_methods(day: date) -> dict[str, PaymentMethod]:
    """What is known of each payment method on `day`."""
    return _payment_methods(_start("payment_methods.yml", day)).methods


def payment_days(methods: tuple[str, ...], day: date) -> int:
    """Within how many days a payment that was begun should be known.

    `methods` are those that the page offered; it is not said which was chosen.
    """
    known = _payment_methods(_start("payment_methods.yml", day))
    days = [known.methods[name].days for name in methods if name in known.methods]
    return max(days, default=0) or known.days_unknown


def payment_limits(day: date) -> PaymentLimits:
    """Who may give back how much, and how a saved card is charged, on `day`."""
    return _payment_limits(_start("payments.yml", day))


def after_business_days(start: date, days: int) -> date:
    """The date `days` working days (Monday to Friday) after `start`."""
    day = start
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return day

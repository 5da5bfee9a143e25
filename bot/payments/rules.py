"""What a payment link asks for, decided each time it is opened."""

from __future__ import annotations

from bot.kit.money import Money

WARNING_PAID = "nothing_due"


def amount_to_ask(asked: Money, balance: Money) -> Money:
    """Never more than is owed at the moment the page opens, however old the link is."""
    return min(asked, balance, key=lambda m: m.minor)

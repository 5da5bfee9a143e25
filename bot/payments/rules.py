"""What a payment link asks for, decided each time it is opened."""

from __future__ import annotations

from bot.kit.money import Money


def amount_to_ask(asked: Money, *due: Money) -> Money:
    """Never more than is `due` at the moment the page opens, however old the link is."""
    return min((asked, *due), key=lambda m: m.minor)


def amount_received(
    minor: int | None, currency: str, *, asked_minor: int, asked_currency: str
) -> Money:
    """What came in: what the provider says; where it does not, what its page asked for.

    Whoever does not say how much arrived is never believed for more than we asked.
    """
    if minor is None:
        return Money(asked_minor, currency or asked_currency)
    return Money(minor, currency)

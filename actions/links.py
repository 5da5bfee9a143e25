"""Payment links that actions hand out."""

from __future__ import annotations

from bot.arrangements.service import InstalmentStanding
from bot.conversations.service import Link
from bot.dialogue.turn import Turn
from bot.kit.money import Money
from bot.payments import service
from bot.payments.models import Purpose


def pay_link(
    turn: Turn, amount: Money, purpose: Purpose, *, instalment_id: int | None = None
) -> Link:
    """A link to pay `amount` on the account talked about."""
    statement = turn.statement
    assert statement is not None
    request = service.request_payment(
        turn.session,
        account_id=statement.account_id,
        conversation_id=turn.conversation.id,
        amount=amount,
        purpose=purpose,
        instalment_id=instalment_id,
        now=turn.now,
    )
    url = f"{turn.settings.public_url.rstrip('/')}/pay/{request.token}"
    return Link(turn.text("link_pay", amount=amount), url)


def instalment_link(turn: Turn, instalment: InstalmentStanding) -> Link:
    """A link to pay what is missing of an instalment."""
    return pay_link(turn, instalment.missing, Purpose.INSTALMENT, instalment_id=instalment.id)

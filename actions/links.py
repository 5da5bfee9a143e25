"""Links that actions hand out: to pay, and to keep a date in one's own calendar."""

from __future__ import annotations

from bot.arrangements.calendar import due_token, token_for
from bot.arrangements.models import Plan, Subject
from bot.arrangements.service import InstalmentStanding
from bot.conversations.service import Button, Link
from bot.debts.facts import Statement
from bot.dialogue.turn import Turn
from bot.kit.money import Money
from bot.papers import mailing
from bot.papers import service as papers
from bot.papers.models import Paper
from bot.payments import autopay, service
from bot.payments.models import Purpose
from bot.texts.catalogue import title

MAIL = "mail:"
"""How the reference of a button begins that sends papers by e-mail; their numbers follow."""


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


def calendar_link(turn: Turn, subject: Subject, subject_id: int) -> Link:
    """A link to the dates of a promise, or of a plan (by the id of the plan), as a calendar file."""
    secret = turn.settings.secret_key.get_secret_value()
    return _to_calendar(turn, token_for(subject, subject_id, secret=secret))


def due_link(turn: Turn, statement: Statement) -> Link:
    """A link to the day on which an account is to be paid, as a calendar file."""
    secret = turn.settings.secret_key.get_secret_value()
    return _to_calendar(turn, due_token(statement.account_id, secret=secret))


def _to_calendar(turn: Turn, token: str) -> Link:
    url = f"{turn.settings.public_url.rstrip('/')}/calendar/{token}.ics"
    return Link(turn.text("link_calendar"), url, "calendar")


def paper_link(turn: Turn, paper: Paper, key: str, **values: object) -> Link:
    """A link to the file of a paper, titled in the words of `key`."""
    url = papers.url_of(
        paper,
        public_url=turn.settings.public_url,
        secret=turn.settings.secret_key.get_secret_value(),
        now=turn.now,
    )
    return Link(turn.text(key, **values), url, "document")


def mail_button(turn: Turn, *found: Paper) -> tuple[Button, ...]:
    """The button that sends papers to the debtor's own mailbox, where e-mail is set up at all."""
    if not found or not mailing.is_possible(turn.settings, turn.creditor):
        return ()
    numbers = ",".join(str(paper.id) for paper in found)
    payload = f'/ask_receipt{{"reference":"{MAIL}{numbers}"}}'
    return (Button(title("mail_paper", turn.reader), payload),)


def agreement_link(turn: Turn, plan: Plan) -> Link:
    """A link to what was agreed, on paper; a new date makes a new paper of it."""
    paper = papers.issue_agreement(turn.session, plan, now=turn.now)
    return paper_link(turn, paper, "link_agreement")


def agreement_by_mail(turn: Turn, plan: Plan) -> tuple[Button, ...]:
    """The button that sends the paper of a plan by e-mail."""
    return mail_button(turn, papers.issue_agreement(turn.session, plan, now=turn.now))


def autopay_link(turn: Turn) -> Link:
    """A link to save a card; the text that says what for is kept with it as consent."""
    assert turn.debtor is not None and turn.debtor.id is not None
    assert turn.conversation.id is not None
    request = autopay.request_setup(
        turn.session,
        debtor_id=turn.debtor.id,
        conversation_id=turn.conversation.id,
        consent=turn.text("utter_autopay_offer"),
        now=turn.now,
    )
    url = f"{turn.settings.public_url.rstrip('/')}/autopay/{request.token}"
    return Link(turn.text("link_autopay"), url)


def provider_of(turn: Turn) -> str:
    """Under which name money that comes in through our links is booked."""
    return "sandbox" if turn.settings.uses_sandbox else "stripe"

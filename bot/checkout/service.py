"""Opening a payment link, and what happens when money arrives."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from bot.arrangements import repository as arrangement_rows
from bot.arrangements import service as arrangements
from bot.conversations import repository as conversations
from bot.conversations import rules as conversation_rules
from bot.conversations import service as conversation_service
from bot.conversations.announce import announce
from bot.conversations.models import Author, Conversation, IdentityLevel
from bot.debtors.facts import locale_of
from bot.debtors.models import Creditor, Debtor
from bot.debts import service as debts
from bot.debts.facts import Statement
from bot.debts.models import Account
from bot.kit.clock import Clock, local_date
from bot.kit.db import Database
from bot.kit.hub import Hub
from bot.kit.money import Money
from bot.payments import repository, rules, service
from bot.payments.models import ExternalEvent, PaymentRequest, RequestState
from bot.payments.provider import (
    HostedPage,
    Outcome,
    PaymentProvider,
    PaymentsUnavailable,
    ProviderEvent,
    Unreachable,
)
from bot.texts.catalogue import Reader

log = logging.getLogger(__name__)

_TRIES = 3
"""How often opening a link is begun anew where something changed meanwhile."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What somebody who opens a link gets: a page to go to, or a notice to read."""

    url: str = ""
    notice: str = ""
    """`nothing`, `expired`, `unknown`, `unavailable` or `changed`."""
    reader: Reader | None = None
    brand: str = ""
    colour: str = ""
    amount: Money | None = None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The page that an opened link needs and does not have yet."""

    shown: Opened
    amount: Money
    description: str
    locale: str
    link_id: str
    """The page it had before, if any; `link_open` where that one still takes money."""
    link_open: bool


class Checkout:
    """The edge of the payments: every step is a transaction of its own."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        provider: PaymentProvider,
        hub: Hub,
        public_url: str,
    ) -> None:
        self._db = database
        self._clock = clock
        self.provider = provider
        self._hub = hub
        self._public_url = public_url.rstrip("/")

    # ---- opening a link -------------------------------------------------------------------

    def open(self, token: str, *, seen_minor: int | None = None) -> Opened:
        """Read again what is due, then send the debtor to the provider's page.

        Where the amount has changed since the link was made they are told first; `seen_minor`
        says that they were.
        """
        shown = Opened()
        for _ in range(_TRIES):
            found = self._look(token, seen_minor)
            if isinstance(found, Opened):
                return found
            shown = found.shown
            try:
                page = self.provider.open_page(
                    token=token,
                    amount=found.amount,
                    description=found.description,
                    return_url=f"{self._public_url}/pay/{token}/done",
                    locale=found.locale,
                    instead_of=found.link_id,
                )
                if found.link_open:
                    self.provider.close_page(found.link_id)
            except PaymentsUnavailable as problem:
                log.warning("payments.unavailable", extra={"data": {"why": str(problem)}})
                break
            if self._keep(token, found, page):
                return Opened(url=page.url)
            self._discard(page)
        return _with(shown, "unavailable")

    def _look(self, token: str, seen_minor: int | None) -> Opened | _Wanted:
        """What to show now, or which page has to be opened first."""
        now = self._clock.now()
        with self._db.transaction() as session:
            request = repository.by_token(session, token, lock=True)
            if request is None:
                return Opened(notice="unknown")
            account = session.get_one(Account, request.account_id)
            debtor = session.get_one(Debtor, account.debtor_id)
            creditor = session.get_one(Creditor, account.creditor_id)
            shown = Opened(
                reader=Reader(debtor.language, debtor.country, creditor.formal, debtor.timezone),
                brand=creditor.brand,
                colour=creditor.colour,
            )
            if request.status is RequestState.PAID:
                return _with(shown, "nothing")
            statement = debts.read_statement(
                session, account, today=local_date(now, debtor.timezone)
            )
            asked = Money(request.minor, request.currency)
            amount = rules.amount_to_ask(asked, *_due(session, request, statement))
            if not amount:
                request.status = RequestState.SUPERSEDED
                return _with(shown, "nothing")
            if request.status is not RequestState.OPEN:
                return _with(shown, "expired")
            if request.expires_at <= now:
                request.status = RequestState.EXPIRED
                return _with(shown, "expired")
            if amount != asked and seen_minor != amount.minor:
                return _with(shown, "changed", amount)
            if request.link_open and request.link_minor == amount.minor:
                return Opened(url=request.link_url)
            return _Wanted(
                shown=shown,
                amount=amount,
                description=f"{creditor.brand} · {account.product}",
                locale=locale_of(debtor.language, debtor.country),
                link_id=request.link_id,
                link_open=request.link_open,
            )

    def _keep(self, token: str, wanted: _Wanted, page: HostedPage) -> bool:
        """Remember the page; not where the link was superseded, paid or given another meanwhile."""
        with self._db.transaction() as session:
            request = repository.by_token(session, token, lock=True)
            assert request is not None
            if request.status is not RequestState.OPEN:
                return False
            if request.link_id not in (wanted.link_id, page.id):
                return False
            request.link_id, request.link_url = page.id, page.url
            request.link_minor, request.link_open = wanted.amount.minor, True
            return True

    def _discard(self, page: HostedPage) -> None:
        """Close a page that nobody was sent to."""
        try:
            self.provider.close_page(page.id)
        except PaymentsUnavailable as problem:
            log.warning("payments.not_closed", extra={"data": {"why": str(problem)}})

    def done(self, token: str) -> Opened:
        """Where the provider sends somebody back to after paying."""
        with self._db.reading() as session:
            request = repository.by_token(session, token)
            if request is None:
                return Opened(notice="unknown")
            account = session.get_one(Account, request.account_id)
            debtor = session.get_one(Debtor, account.debtor_id)
            creditor = session.get_one(Creditor, account.creditor_id)
            return Opened(
                notice="done",
                reader=Reader(debtor.language, debtor.country, creditor.formal, debtor.timezone),
                brand=creditor.brand,
                colour=creditor.colour,
            )

    def close_stale_pages(self) -> int:
        """Close the provider's pages of links that ask for nothing any more."""
        now = self._clock.now()
        with self._db.reading() as session:
            stale = [(r.token, r.link_id) for r in repository.to_close(session, now)]
        closed = 0
        for token, link_id in stale:
            try:
                self.provider.close_page(link_id)
            except Unreachable:
                break
            except PaymentsUnavailable as problem:
                log.warning("payments.not_closed", extra={"data": {"why": str(problem)}})
                continue
            with self._db.transaction() as session:
                request = repository.by_token(session, token, lock=True)
                if request and request.link_id == link_id:
                    request.link_open = False
                    if request.status is RequestState.OPEN:
                        request.status = RequestState.EXPIRED
            closed += 1
        return closed

    # ---- money arrives --------------------------------------------------------------------

    def take_in(self, body: bytes, signature: str) -> bool:
        """Verify a webhook, keep it, act on it. Answers whether it is new.

        Raises:
            BadSignature: it is not the provider's.
            ValueError: it is the provider's but no event.
        """
        self.provider.verify(body, signature)
        event = self.provider.read_event(body)
        with self._db.transaction() as session:
            kept, is_new = service.record_event(
                session,
                source=self.provider.name,
                event_id=event.id,
                kind=event.kind,
                body=body,
                now=self._clock.now(),
            )
        assert kept.id is not None
        self._try(kept.id)
        return is_new

    def act_on_events(self) -> None:
        """Act on every kept webhook that was not acted on yet; a crash in between loses none."""
        with self._db.reading() as session:
            waiting = repository.unhandled_events(session, self.provider.name)
        for event_id in waiting:
            self._try(event_id)

    def _try(self, event_id: int) -> None:
        """Act on an event; where that goes wrong it stays to be acted on later."""
        try:
            conversation_id = self._act_on(event_id)
        except Exception:
            log.exception("webhook.failed", extra={"data": {"event": event_id}})
            return
        if conversation_id:
            self._hub.changed(conversation_id)

    def _act_on(self, event_id: int) -> int | None:
        """Act on an event, once; answers the conversation in which there may be something new."""
        with self._db.transaction() as session:
            kept = session.exec(
                select(ExternalEvent).where(col(ExternalEvent.id) == event_id).with_for_update()
            ).one()
            if kept.handled_at:
                return None
            kept.handled_at = self._clock.now()
            event = self.provider.read_event(kept.body)
            if event.outcome is Outcome.NEWS:
                return None
            request = repository.by_token(session, event.request_token)
            if request is None:
                _note_problem(kept, "no payment request with this token")
                return None
            conversation = (
                conversations.locked(session, request.conversation_id)
                if request.conversation_id
                else None
            )
            account = repository.locked_account(session, request.account_id)
            request = repository.by_token(session, event.request_token, lock=True)
            assert request is not None
            if event.outcome is Outcome.PAID:
                self._book(session, account, request, conversation, event, kept)
            elif request.status is not RequestState.PAID:
                # The provider counts the page as used; whoever tries again needs a fresh one.
                request.link_minor = 0
                self._tell(
                    session, account, conversation, "utter_payment_failed", f"failed:{event.id}"
                )
            return request.conversation_id

    def _book(
        self,
        session: Session,
        account: Account,
        request: PaymentRequest,
        conversation: Conversation | None,
        event: ProviderEvent,
        kept: ExternalEvent,
    ) -> None:
        now = self._clock.now()
        debtor = session.get_one(Debtor, account.debtor_id)
        received = rules.amount_received(
            event.minor,
            event.currency,
            asked_minor=min(request.minor, request.link_minor or request.minor),
            asked_currency=request.currency,
        )
        if received.currency != account.currency:
            _note_problem(kept, f"paid in {received.currency}, owed in {account.currency}")
            return
        if not received:
            _note_problem(kept, "paid, but nothing")
            return
        payment = service.record_payment(
            session,
            account=account,
            request=request,
            provider=self.provider.name,
            provider_id=event.payment_id,
            amount=received,
            timezone=debtor.timezone,
            now=now,
        )
        if payment is None:
            return
        today = local_date(now, debtor.timezone)
        statement = debts.read_statement(session, account, today=today)
        arrangements.settle(session, statement, received)
        self._tell(
            session,
            account,
            conversation,
            "utter_payment_received" if statement.balance else "utter_payment_received_settled",
            f"payment:{event.payment_id}",
            amount=received,
            balance=statement.balance,
        )

    def _tell(
        self,
        session: Session,
        account: Account,
        conversation: Conversation | None,
        key: str,
        number: str,
        **values: Money,
    ) -> None:
        """Say it in the chat the link came from; without amounts where nobody is verified there.

        A browser is shared: where somebody else has taken the chat over, nothing is said.
        """
        if conversation is None or conversation.red:
            return
        others = {conversation.debtor_id, conversation.claimed_debtor_id}
        if others - {None, account.debtor_id}:
            return
        if not _is_verified(conversation, self._clock.now()):
            key, values = "utter_payment_noted", {}
        conversation_service.post(
            session,
            conversation,
            announce(session, conversation, key, **values),
            author=Author.SYSTEM,
            provider_id=number,
            now=self._clock.now(),
        )


def _due(session: Session, request: PaymentRequest, statement: Statement) -> list[Money]:
    """What there is left to pay: on the account, and on the instalment that a link is for."""
    due = [statement.balance]
    plan = arrangement_rows.active_plan(session, request.account_id)
    if request.instalment_id and plan:
        standing = arrangements.plan_standing(session, plan, statement)
        due += [i.missing for i in standing.instalments if i.id == request.instalment_id]
    return due


def _is_verified(conversation: Conversation, now: datetime) -> bool:
    """Whether the person proved who they are, and not so long ago that they must again."""
    if conversation_service.identity_level(conversation) < IdentityLevel.VERIFIED:
        return False
    last = conversation.last_inbound_at or conversation.verified_at
    assert last is not None
    return not conversation_rules.verification_has_lapsed(conversation.channel, last, now)


def _note_problem(kept: ExternalEvent, problem: str) -> None:
    """Money that could not be booked waits for a person."""
    kept.problem = problem
    log.warning("webhook.problem", extra={"data": {"event": kept.id, "problem": problem}})


def _with(shown: Opened, notice: str, amount: Money | None = None) -> Opened:
    return Opened(
        notice=notice,
        reader=shown.reader,
        brand=shown.brand,
        colour=shown.colour,
        amount=amount,
    )

"""Opening a payment link, and what happens when money arrives."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from sqlmodel import Session, col, select

from bot.arrangements import service as arrangements
from bot.conversations import repository as conversations
from bot.conversations import service as conversation_service
from bot.conversations.announce import announce
from bot.conversations.models import Author, IdentityLevel
from bot.debtors.facts import locale_of
from bot.debtors.models import Creditor, Debtor
from bot.debts import service as debts
from bot.debts.models import Account
from bot.kit.clock import Clock, local_date
from bot.kit.db import Database
from bot.kit.hub import Hub
from bot.kit.money import Money
from bot.payments import repository, rules, service
from bot.payments.models import ExternalEvent, PaymentRequest, RequestState
from bot.payments.provider import PaymentProvider, PaymentsUnavailable, ProviderEvent
from bot.texts.catalogue import Reader

log = logging.getLogger(__name__)

_FAILED = "checkout.session.async_payment_failed"


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


class Checkout:
    """The edge of the payments: every step is a transaction of its own."""

    def __init__(
        self, *, database: Database, clock: Clock, provider: PaymentProvider, hub: Hub, public_url: str
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
            amount = rules.amount_to_ask(asked, statement.balance)
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
            stale = request.link_id if request.link_open else ""
            locale = locale_of(debtor.language, debtor.country)
            description = f"{creditor.brand} · {account.product}"
        try:
            page = self.provider.open_page(
                token=token,
                amount=amount,
                description=description,
                return_url=f"{self._public_url}/pay/{token}/done",
                locale=locale,
            )
            if stale:
                self.provider.close_page(stale)
        except PaymentsUnavailable as problem:
            log.warning("payments.unavailable", extra={"data": {"why": str(problem)}})
            return _with(shown, "unavailable")
        with self._db.transaction() as session:
            request = repository.by_token(session, token, lock=True)
            assert request is not None
            request.link_id, request.link_url = page.id, page.url
            request.link_minor, request.link_open = amount.minor, True
        return Opened(url=page.url)

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
        with self._db.reading() as session:
            stale = [(r.id, r.link_id) for r in repository.to_close(session)]
        closed = 0
        for request_id, link_id in stale:
            try:
                self.provider.close_page(link_id)
            except PaymentsUnavailable:
                continue
            with self._db.transaction() as session:
                request = session.get_one(PaymentRequest, request_id)
                request.link_open = False
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
            _, is_new = service.record_event(
                session,
                source=self.provider.name,
                event_id=event.id,
                kind=event.kind,
                body=body,
                now=self._clock.now(),
            )
        self.act_on_events()
        return is_new

    def act_on_events(self) -> None:
        """Act on every kept webhook that was not acted on yet; a crash in between loses none."""
        with self._db.reading() as session:
            waiting = [e.id for e in repository.unhandled_events(session, self.provider.name)]
        for event_id in waiting:
            try:
                conversation_id = self._act_on(event_id)
            except Exception:
                log.exception("webhook.failed", extra={"data": {"event": event_id}})
                continue
            if conversation_id:
                self._hub.changed(conversation_id)

    def _act_on(self, event_id: int | None) -> int | None:
        now = self._clock.now()
        with self._db.transaction() as session:
            kept = session.exec(
                select(ExternalEvent).where(col(ExternalEvent.id) == event_id).with_for_update()
            ).one()
            if kept.handled_at:
                return None
            kept.handled_at = now
            event = self.provider.read_event(kept.body)
            request = repository.by_token(session, event.request_token, lock=True)
            if request is None:
                kept.problem = "no payment request with this token"
                return None
            if event.paid:
                self._book(session, request, event, kept)
            elif event.kind == _FAILED:
                self._tell(session, request, "utter_payment_failed", f"failed:{event.id}")
            return request.conversation_id

    def _book(
        self, session: Session, request: PaymentRequest, event: ProviderEvent, kept: ExternalEvent
    ) -> None:
        assert event.paid is not None
        now = self._clock.now()
        account = session.get_one(Account, request.account_id)
        debtor = session.get_one(Debtor, account.debtor_id)
        if event.paid.currency != account.currency:
            kept.problem = f"paid in {event.paid.currency}, owed in {account.currency}"
            return
        payment = service.record_payment(
            session,
            account=account,
            request=request,
            provider=self.provider.name,
            provider_id=event.payment_id,
            amount=event.paid,
            timezone=debtor.timezone,
            now=now,
        )
        if payment is None:
            return
        today = local_date(now, debtor.timezone)
        statement = debts.read_statement(session, account, today=today)
        arrangements.settle(session, statement, event.paid)
        key = "utter_payment_received" if statement.balance else "utter_payment_received_settled"
        self._tell(
            session,
            request,
            key,
            f"payment:{event.payment_id}",
            amount=event.paid,
            balance=statement.balance,
        )

    def _tell(
        self, session: Session, request: PaymentRequest, key: str, number: str, **values: Money
    ) -> None:
        """Say it in the chat the link came from; without amounts where nobody is verified there."""
        if request.conversation_id is None:
            return
        conversation = conversations.locked(session, request.conversation_id)
        if conversation.red:
            return
        if conversation_service.identity_level(conversation) < IdentityLevel.VERIFIED:
            key, values = "utter_payment_noted", {}
        conversation_service.post(
            session,
            conversation,
            announce(session, conversation, key, **values),
            author=Author.SYSTEM,
            provider_id=number,
            now=self._clock.now(),
        )


def _with(shown: Opened, notice: str, amount: Money | None = None) -> Opened:
    return Opened(
        notice=notice,
        reader=shown.reader,
        brand=shown.brand,
        colour=shown.colour,
        amount=amount,
    )

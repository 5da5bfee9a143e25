"""Opening a payment link, and what happens when money arrives."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.arrangements import repository as arrangement_rows
from bot.arrangements import service as arrangements
from bot.checkout.bookings import Bookings, PaperUrl
from bot.checkout.inbox import Inbox
from bot.debtors.facts import locale_of
from bot.debtors.models import Creditor, Debtor
from bot.debts import service as debts
from bot.debts.facts import Statement
from bot.debts.models import Account
from bot.kit.clock import Clock, local_date
from bot.kit.db import Database
from bot.kit.hub import Hub
from bot.kit.money import Money, largest_charge, smallest_charge
from bot.payments import repository, rules, service
from bot.payments.models import PaymentRequest, RequestState
from bot.payments.provider import (
    HostedPage,
    PageOrder,
    PaymentProvider,
    PaymentsUnavailable,
    Unreachable,
)
from bot.texts.catalogue import Reader

log = logging.getLogger(__name__)

_TRIES = 3
"""How often opening a link is begun anew where something changed meanwhile."""

_TIME_TO_PAY = timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class Opened:
    """What somebody who opens a link gets: a page to go to, or a notice to read."""

    url: str = ""
    notice: str = ""
    """`nothing`, `expired`, `unknown`, `unavailable`, `changed`, `pending`, `too_small`, `too_large`,
    `back`, `saved` or `done`."""
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
    country: str
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
        paper_url: PaperUrl | None = None,
        freshen: Callable[[int], Sequence[int]] = lambda debtor_id: (),
    ) -> None:
        self._db = database
        self._freshen = freshen
        self._clock = clock
        self.provider = provider
        self._hub = hub
        self._public_url = public_url.rstrip("/")
        self.bookings = Bookings(clock=clock, provider_name=provider.name, paper_url=paper_url)
        self._inbox = Inbox(
            database=database,
            clock=clock,
            provider=provider,
            bookings=self.bookings,
            public_url=self._public_url,
        )

    # ---- opening a link -------------------------------------------------------------------

    def open(self, token: str, *, seen_minor: int | None = None) -> Opened:
        """Read again what is due, then send the debtor to the provider's page.

        Where the amount has changed since the link was made they are told first; `seen_minor`
        says that they were.
        """
        if self._is_stale(token):
            return Opened(notice="unavailable")
        shown = Opened()
        for _ in range(_TRIES):
            found = self._look(token, seen_minor)
            if isinstance(found, Opened):
                return found
            shown = found.shown
            try:
                page = self.provider.open_page(self._order(token, found))
                if found.link_open:
                    self.provider.close_page(found.link_id)
            except PaymentsUnavailable as problem:
                log.warning("payments.unavailable", extra={"data": {"why": str(problem)}})
                break
            if self._keep(token, found, page):
                return Opened(url=page.url)
            self._discard(page)
        return _with(shown, "unavailable")

    def _is_stale(self, token: str) -> bool:
        """Whether what is due could not be read again from the system that keeps it."""
        with self._db.reading() as session:
            request = repository.by_token(session, token)
            if request is None:
                return False
            account_id = request.account_id
            debtor_id = session.get_one(Account, account_id).debtor_id
        return account_id in self._freshen(debtor_id)

    def _order(self, token: str, wanted: _Wanted) -> PageOrder:
        here = f"{self._public_url}/pay/{token}"
        return PageOrder(
            token=token,
            amount=wanted.amount,
            description=wanted.description,
            return_url=f"{here}/done",
            cancel_url=f"{here}/back",
            locale=wanted.locale,
            country=wanted.country,
            now=self._clock.now(),
            instead_of=wanted.link_id,
        )

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
            if request.status is RequestState.PENDING:
                return _with(shown, "pending")
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
            least = smallest_charge(amount.currency)
            if least and amount < least:
                return _with(shown, "too_small")
            if amount > largest_charge(amount.currency):
                return _with(shown, "too_large")
            if request.link_open and request.link_minor == amount.minor and _lasts(request, now):
                return Opened(url=request.link_url)
            return _Wanted(
                shown=shown,
                amount=amount,
                description=f"{creditor.brand} · {account.product}",
                locale=locale_of(debtor.language, debtor.country),
                country=debtor.country,
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
            request.link_until = page.until
            return True

    def _discard(self, page: HostedPage) -> None:
        """Close a page that nobody was sent to."""
        try:
            self.provider.close_page(page.id)
        except PaymentsUnavailable as problem:
            log.warning("payments.not_closed", extra={"data": {"why": str(problem)}})

    def done(self, token: str, notice: str = "done") -> Opened:
        """Where the provider sends somebody back to after paying, or after turning back."""
        with self._db.reading() as session:
            request = repository.by_token(session, token)
            if request is None:
                return Opened(notice="unknown")
            account = session.get_one(Account, request.account_id)
            debtor = session.get_one(Debtor, account.debtor_id)
            creditor = session.get_one(Creditor, account.creditor_id)
            return Opened(
                notice=notice,
                reader=Reader(debtor.language, debtor.country, creditor.formal, debtor.timezone),
                brand=creditor.brand,
                colour=creditor.colour,
            )

    def close_stale_pages(self) -> int:
        """Close the provider's pages of links that ask for nothing any more."""
        now = self._clock.now()
        self._give_up_waiting(now)
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

    def _give_up_waiting(self, now: datetime) -> None:
        """A voucher nobody paid, of which nobody told us: its link is of no use any more."""
        with self._db.reading() as session:
            overdue = [request.token for request in repository.overdue_requests(session, now)]
        for token in overdue:
            with self._db.transaction() as session:
                request = repository.by_token(session, token, lock=True)
                if request and request.status is RequestState.PENDING:
                    request.status = RequestState.EXPIRED

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
                happened_at=event.happened_at,
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
            conversation_id = self._inbox.act_on(event_id)
        except PaymentsUnavailable as problem:
            log.warning("payments.unavailable", extra={"data": {"why": str(problem)}})
            return
        except Exception:
            log.exception("webhook.failed", extra={"data": {"event": event_id}})
            return
        if conversation_id:
            self._hub.changed(conversation_id)


def _lasts(request: PaymentRequest, now: datetime) -> bool:
    """Whether the page is still good for somebody who opens it now and has to find their card."""
    return request.link_until is None or request.link_until > now + _TIME_TO_PAY


def _due(session: Session, request: PaymentRequest, statement: Statement) -> list[Money]:
    """What there is left to pay: on the account, and on the instalment that a link is for."""
    due = [statement.balance]
    plan = arrangement_rows.active_plan(session, request.account_id)
    if request.instalment_id and plan:
        standing = arrangements.plan_standing(session, plan, statement)
        due += [i.missing for i in standing.instalments if i.id == request.instalment_id]
    return due


def _with(shown: Opened, notice: str, amount: Money | None = None) -> Opened:
    return Opened(
        notice=notice,
        reader=shown.reader,
        brand=shown.brand,
        colour=shown.colour,
        amount=amount,
    )

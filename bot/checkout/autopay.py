"""Automatic collection: saving a card, charging each instalment on its day, telling the debtor."""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.arrangements import repository as arrangement_rows
from bot.arrangements import service as arrangements
from bot.cases import repository as cases
from bot.cases import service as case_service
from bot.checkout.refunds import KEY_LIVES
from bot.checkout.service import Checkout, Opened
from bot.conversations import repository as conversations
from bot.conversations.announce import announce
from bot.conversations.models import Conversation, Owner
from bot.conversations.service import Link
from bot.debtors.facts import locale_of
from bot.debtors.models import Creditor, Debtor
from bot.debts import repository as accounts
from bot.debts import service as debts
from bot.debts.models import Account
from bot.debts.repository import locked_account
from bot.kit.clock import Clock, local_date
from bot.kit.db import Database
from bot.kit.hub import Hub
from bot.kit.money import Money, is_chargeable
from bot.payments import autopay, repository, rules, service
from bot.payments.models import (
    AutoCharge,
    ChargeState,
    Customer,
    Purpose,
    SavedMethod,
    SetupRequest,
    SetupState,
)
from bot.payments.notices import tell
from bot.payments.provider import (
    ChargeAnswer,
    HostedPage,
    PageOrder,
    PaymentProvider,
    PaymentsUnavailable,
    Refused,
    Unreachable,
)
from bot.policies.loader import payment_limits
from bot.texts.catalogue import Reader

log = logging.getLogger(__name__)

_EARLIEST_HOUR = 9
"""Nobody's card is charged before nine in the morning where they live."""

_LASTS = timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class _Question:
    """One attempt as the provider is asked about it."""

    number: str
    amount: Money
    customer_id: str
    method_id: str
    description: str


class AutoCollector:
    """A job, and the page that saves a card."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        checkout: Checkout,
        hub: Hub,
        public_url: str,
        chance: random.Random | None = None,
    ) -> None:
        self._db = database
        self._clock = clock
        self._checkout = checkout
        self._hub = hub
        self._public_url = public_url.rstrip("/")
        self._chance = chance or random.SystemRandom()

    @property
    def _provider(self) -> PaymentProvider:
        return self._checkout.provider

    # ---- saving a card --------------------------------------------------------------------

    def open(self, token: str) -> Opened:
        """Where a link to save a card leads: the provider's page, or a notice."""
        now = self._clock.now()
        found = self._look(token)
        if found is None:
            return Opened(notice="unknown")
        request, debtor, shown, known = found
        if request.status is SetupState.DONE:
            return _notice(shown, "saved")
        if request.status is not SetupState.OPEN or request.expires_at <= now:
            return _notice(shown, "expired")
        if request.link_url and request.link_until and request.link_until > now + _LASTS:
            return Opened(url=request.link_url)
        here = f"{self._public_url}/autopay/{token}"
        order = PageOrder(
            token=token,
            amount=Money(0, "USD"),
            description="",
            return_url=f"{here}/done",
            cancel_url=f"{here}/back",
            locale=locale_of(debtor.language, debtor.country),
            country=debtor.country,
            now=now,
            instead_of=request.link_id,
        )
        try:
            page = self._page(order, request.debtor_id, known)
        except PaymentsUnavailable as problem:
            log.warning("payments.unavailable", extra={"data": {"why": str(problem)}})
            return _notice(shown, "unavailable")
        with self._db.transaction() as session:
            current = autopay.setup_by_token(session, token, lock=True)
            if current is None or current.status is not SetupState.OPEN:
                return _notice(shown, "expired")
            current.link_id, current.link_url, current.link_until = page.id, page.url, page.until
        return Opened(url=page.url)

    def returned(self, token: str, notice: str) -> Opened:
        """Where the provider sends somebody back to: `saved`, or `back` where they turned round."""
        found = self._look(token)
        return _notice(found[2], notice) if found else Opened(notice="unknown")

    def _look(self, token: str) -> tuple[SetupRequest, Debtor, Opened, str] | None:
        """The request, whose it is, how a page looks for them, and their customer's number."""
        with self._db.reading() as session:
            request = autopay.setup_by_token(session, token)
            if request is None:
                return None
            debtor = session.get_one(Debtor, request.debtor_id)
            creditor = session.get_one(Creditor, debtor.creditor_id)
            known = repository.customer_of(session, self._provider.name, request.debtor_id)
        reader = Reader(debtor.language, debtor.country, creditor.formal, debtor.timezone)
        shown = Opened(reader=reader, brand=creditor.brand, colour=creditor.colour)
        return request, debtor, shown, known.provider_id if known else ""

    def _page(self, order: PageOrder, debtor_id: int, customer_id: str) -> HostedPage:
        customer_id = customer_id or self._customer(debtor_id, "")
        try:
            return self._provider.open_setup(order, customer_id)
        except Refused as refused:
            if refused.code != "resource_missing":
                raise
            # The customer is gone over there (another account of ours, or deleted): a new one.
            return self._provider.open_setup(order, self._customer(debtor_id, customer_id))

    def _customer(self, debtor_id: int, instead_of: str) -> str:
        made = self._provider.open_customer(debtor_id, instead_of=instead_of)
        with self._db.transaction() as session:
            known = repository.customer_of(session, self._provider.name, debtor_id)
            if known is None:
                name = self._provider.name
                session.add(Customer(provider=name, debtor_id=debtor_id, provider_id=made))
            elif known.provider_id in ("", instead_of):
                known.provider_id = made
            else:
                return known.provider_id
        return made

    # ---- the job --------------------------------------------------------------------------

    def run(self) -> int:
        """Write down what is due, ask the provider, tell the debtor; answers how many were paid."""
        self._write_down()
        paid = 0
        with self._db.reading() as session:
            waiting = autopay.charges_to_send(session, self._clock.now())
        for charge_id in waiting:
            question = self._take(charge_id)
            if question is None:
                continue
            try:
                answer = self._ask(question)
            except PaymentsUnavailable as problem:
                log.warning("autopay.delayed", extra={"data": {"why": str(problem)}})
                if isinstance(problem, Unreachable):
                    break
                continue
            self._note(charge_id, question.amount, answer)
            paid += answer.paid
        self._forget()
        return paid

    def _ask(self, question: _Question) -> ChargeAnswer:
        return self._provider.charge(
            number=question.number,
            amount=question.amount,
            customer_id=question.customer_id,
            method_id=question.method_id,
            description=question.description,
        )

    def _write_down(self) -> None:
        with self._db.reading() as session:
            methods = [method.id for method in autopay.active_methods(session)]
        for method_id in methods:
            with self._db.transaction() as session:
                method = session.get_one(SavedMethod, method_id)
                conversation = conversations.locked(session, method.conversation_id)
                session.refresh(method)
                if method.revoked_at is None and method.provider == self._provider.name:
                    self._due(session, method, conversation)

    def _due(self, session: Session, method: SavedMethod, conversation: Conversation) -> None:
        """The next attempt on each instalment of a debtor that is due today."""
        now = self._clock.now()
        debtor = session.get_one(Debtor, method.debtor_id)
        if now.astimezone(ZoneInfo(debtor.timezone)).hour < _EARLIEST_HOUR:
            return
        if conversation.red or conversation.owner is Owner.PERSON:
            return
        if case_service.holding(list(cases.open_cases(session, method.debtor_id)), now):
            return
        for account in accounts.accounts_of(session, method.debtor_id):
            assert account.id is not None
            if not repository.pending_request(session, account.id, now):
                self._due_on(session, method, account, debtor, now)

    def _due_on(
        self,
        session: Session,
        method: SavedMethod,
        account: Account,
        debtor: Debtor,
        now: datetime,
    ) -> None:
        assert account.id is not None and method.id is not None
        plan = arrangement_rows.active_plan(session, account.id)
        if plan is None:
            return
        account = locked_account(session, account.id)
        today = local_date(now, debtor.timezone)
        statement = debts.read_statement(session, account, today=today)
        limits = payment_limits(today).autopay
        for instalment in arrangements.plan_standing(session, plan, statement).instalments:
            amount = min(instalment.missing, statement.balance, key=lambda m: m.minor)
            if not is_chargeable(amount) or amount.minor <= 0:
                continue
            before = autopay.charges_of(session, instalment.id)
            attempt = rules.attempt_due(
                instalment.due,
                today=today,
                attempts=len(before),
                open_attempt=any(c.status is ChargeState.DUE for c in before),
                limits=limits,
            )
            if attempt is None or any(c.status is not ChargeState.DECLINED for c in before):
                continue
            session.add(
                AutoCharge(
                    method_id=method.id,
                    account_id=account.id or 0,
                    instalment_id=instalment.id,
                    attempt=attempt,
                    minor=amount.minor,
                    currency=amount.currency,
                    due_on=instalment.due,
                    created_at=now,
                )
            )
            session.flush()

    def _take(self, charge_id: int) -> _Question | None:
        """Count the try before anything is asked; nothing where it is not to be asked any more."""
        now = self._clock.now()
        with self._db.transaction() as session:
            attempt, account, method, _ = self._locked(session, charge_id)
            taken = attempt.retry_at is not None and attempt.retry_at > now
            if attempt.status is not ChargeState.DUE or taken:
                return None
            if not attempt.tries:
                left = self._missing(session, account, attempt)
                if method.revoked_at or left.minor < attempt.minor:
                    # Nobody was asked yet: what was paid or withdrawn meanwhile counts.
                    attempt.status, attempt.code = ChargeState.DECLINED, "not_wanted"
                    return None
            elif now - attempt.created_at > KEY_LIVES:
                # Asking again could take it twice; the event or the comparison of books will tell.
                attempt.status, attempt.code = ChargeState.NEEDS_DEBTOR, "outcome_unknown"
                log.error("autopay.unknown", extra={"data": {"charge": attempt.id}})
                return None
            attempt.tries += 1
            attempt.retry_at = now + rules.pause_before(attempt.tries, self._chance.random())
            creditor = session.get_one(Creditor, account.creditor_id)
            return _Question(
                number=autopay.number_of(attempt),
                amount=autopay.amount_of(attempt),
                customer_id=method.customer_id,
                method_id=method.provider_id,
                description=f"{creditor.brand} · {account.product}",
            )

    def _missing(self, session: Session, account: Account, attempt: AutoCharge) -> Money:
        """What is still to be paid of an attempt's instalment."""
        debtor = session.get_one(Debtor, account.debtor_id)
        today = local_date(self._clock.now(), debtor.timezone)
        statement = debts.read_statement(session, account, today=today)
        assert account.id is not None
        plan = arrangement_rows.active_plan(session, account.id)
        if plan is None:
            return Money(0, account.currency)
        standing = arrangements.plan_standing(session, plan, statement)
        missing = [i.missing for i in standing.instalments if i.id == attempt.instalment_id]
        return min([*missing, statement.balance], key=lambda m: m.minor)

    def _note(self, charge_id: int, asked: Money, answer: ChargeAnswer) -> None:
        with self._db.transaction() as session:
            attempt, account, method, conversation = self._locked(session, charge_id)
            if attempt.status is ChargeState.SUCCEEDED:
                return
            if answer.paid:
                self._checkout.bookings.charged(session, attempt, asked, answer.id)
            else:
                self._refused(session, attempt, account, method, conversation, answer)
        self._hub.changed(method.conversation_id)

    def _refused(
        self,
        session: Session,
        attempt: AutoCharge,
        account: Account,
        method: SavedMethod,
        conversation: Conversation,
        answer: ChargeAnswer,
    ) -> None:
        """The bank said no: what that means, and a link to pay in another way."""
        now = self._clock.now()
        limits = payment_limits(now.date()).autopay
        what = rules.after_refusal(answer.code, limits)
        attempt.code, attempt.provider_id = answer.code, answer.id
        attempt.status = ChargeState.DECLINED
        values: dict[str, object] = {}
        if what is rules.AfterRefusal.DEBTOR:
            attempt.status, key = ChargeState.NEEDS_DEBTOR, "utter_autopay_confirm"
        elif what is rules.AfterRefusal.NEVER:
            autopay.revoke(session, method, because=answer.code, now=now)
            key = "utter_autopay_stopped"
        elif attempt.attempt <= len(limits.retry_after_days):
            key = "utter_autopay_declined"
            days = limits.retry_after_days[attempt.attempt - 1]
            values["retry"] = attempt.due_on + timedelta(days=days)
        else:
            key = "utter_autopay_last"
        amount = autopay.amount_of(attempt)
        request = service.request_payment(
            session,
            account_id=attempt.account_id,
            conversation_id=method.conversation_id,
            amount=amount,
            purpose=Purpose.INSTALMENT,
            instalment_id=attempt.instalment_id,
            now=now,
        )
        title = announce(session, conversation, "link_pay", amount=amount).text
        tell(
            session,
            conversation,
            key,
            debtor_id=account.debtor_id,
            number=f"autopay:{autopay.number_of(attempt)}:{attempt.status.value}",
            now=now,
            links=(Link(title, f"{self._public_url}/pay/{request.token}"),),
            amount=amount,
            **values,  # type: ignore[arg-type]
        )

    def _locked(
        self, session: Session, charge_id: int
    ) -> tuple[AutoCharge, Account, SavedMethod, Conversation]:
        """In the order of locks: conversation, account, charge."""
        seen = session.get_one(AutoCharge, charge_id)
        method = session.get_one(SavedMethod, seen.method_id)
        conversation = conversations.locked(session, method.conversation_id)
        account = locked_account(session, seen.account_id)
        attempt = autopay.charge(session, charge_id, lock=True)
        assert attempt is not None
        return attempt, account, method, conversation

    def _forget(self) -> None:
        """Tell the provider to forget what was revoked."""
        with self._db.reading() as session:
            name = self._provider.name
            gone = [(m.id, m.provider_id) for m in autopay.to_forget(session) if m.provider == name]
        for method_id, provider_id in gone:
            try:
                self._provider.forget_method(provider_id)
            except PaymentsUnavailable as problem:
                log.warning("autopay.not_forgotten", extra={"data": {"why": str(problem)}})
                return
            with self._db.transaction() as session:
                session.get_one(SavedMethod, method_id).forgotten_at = self._clock.now()


def _notice(shown: Opened, notice: str) -> Opened:
    return Opened(notice=notice, reader=shown.reader, brand=shown.brand, colour=shown.colour)

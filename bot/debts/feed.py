"""Balances that the creditor's own system keeps: read it again before an old one is quoted."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Protocol
from urllib.parse import quote, urlsplit

import httpx
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from sqlmodel import Session

from bot.debtors.events import log_event
from bot.debtors.models import Creditor, Debtor
from bot.debts import repository, service
from bot.debts.facts import EXCESS, is_stale
from bot.debts.models import Account, EntryKind
from bot.kit.clock import Clock, local_date
from bot.kit.db import Database
from bot.kit.money import CURRENCIES, Money, exponent
from bot.policies.charges import charges

log = logging.getLogger(__name__)

SOURCE = "feed"
LARGEST_ANSWER = 256 * 1024
"""Bytes; a balance and its movements are far below."""
CLOCKS_DIFFER = timedelta(minutes=5)
REST = timedelta(minutes=1)
"""For how long a system that did not answer is left alone, so that nobody waits for it twice."""

_AMOUNT = r"^-?\d{1,13}(\.\d{1,3})?$"
Amount = Annotated[str, Field(pattern=_AMOUNT)]


class FeedFailed(RuntimeError):
    """The creditor's system did not answer, or not with something we can believe."""


class FeedSilent(FeedFailed):
    """It did not answer, or not in time: asking about other accounts would only take longer."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class FeedMovement(_Strict):
    """A payment the creditor's system knows of."""

    id: str = Field(min_length=1, max_length=200)
    """Our number where the money came through us, theirs where it did not."""
    amount: Amount
    on: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")


class FeedAnswer(_Strict):
    """What the creditor's system says of one account, as it comes over the wire."""

    ref: str = Field(max_length=200)
    currency: str = Field(pattern="^[A-Z]{3}$")
    balance: Amount
    """In major units; below zero where the account is in credit."""
    as_of: Annotated[AwareDatetime, Field(strict=False)]
    movements: list[FeedMovement] | None = Field(default=None, max_length=1000)


@dataclass(frozen=True, slots=True)
class Reading:
    """A balance, when it was true, and which payments are in it where the system says so."""

    balance: Money
    as_of: datetime
    includes: frozenset[str] | None


class BalanceFeed(Protocol):
    """Asks a creditor's system what is owed on an account."""

    def read(self, *, slug: str, template: str, ref: str, currency: str) -> Reading:
        """What is owed on `ref` now.

        Raises:
            FeedFailed: no answer, or one that cannot be believed.
        """
        ...


class HttpBalanceFeed:
    """Reads balances over HTTPS, with the creditor's token as a bearer."""

    def __init__(self, tokens: Mapping[str, SecretStr], *, timeout: float = 3.0) -> None:
        self._tokens = tokens
        self._timeout = timeout

    def read(self, *, slug: str, template: str, ref: str, currency: str) -> Reading:
        url = address(template, ref)
        token = self._tokens.get(slug)
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if token:
            headers["Authorization"] = f"Bearer {token.get_secret_value()}"
        try:
            body = self._fetch(url, headers)
        except (httpx.HTTPError, httpx.InvalidURL) as problem:
            raise FeedSilent(type(problem).__name__) from problem
        return read_answer(body, ref=ref, currency=currency)

    def _fetch(self, url: str, headers: dict[str, str]) -> bytes:
        """The body, within the time and the size allowed; a system that drips is cut off."""
        end = time.monotonic() + self._timeout
        body = bytearray()
        with httpx.stream(
            "GET", url, headers=headers, timeout=self._timeout, follow_redirects=False
        ) as response:
            if response.status_code != httpx.codes.OK:
                raise FeedFailed(f"status {response.status_code}")
            for piece in response.iter_raw():
                body += piece
                if len(body) > LARGEST_ANSWER:
                    raise FeedFailed("the answer is too long")
                if time.monotonic() > end:
                    raise FeedSilent("the answer takes too long")
        return bytes(body)


def address(template: str, ref: str) -> str:
    """Where to ask for `ref`.

    Raises:
        FeedFailed: the template has no {ref}, or would send the token over an open line.
    """
    parts = urlsplit(template)
    is_here = parts.hostname in ("127.0.0.1", "::1", "localhost")
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_here)
    if "{ref}" not in template or not is_safe:
        raise FeedFailed("balance_feed must be an https address with {ref} in it")
    return template.replace("{ref}", quote(ref, safe=""))


def read_answer(body: bytes, *, ref: str, currency: str) -> Reading:
    """The answer of a creditor's system for `ref`, if it is one.

    Raises:
        FeedFailed: it is no such answer, or is about another account or in another currency.
    """
    try:
        answer = FeedAnswer.model_validate_json(body)
    except ValidationError as problem:
        where = {".".join(map(str, e["loc"])) or "the whole" for e in problem.errors()}
        raise FeedFailed(f"not understood: {', '.join(sorted(where))}") from None
    if answer.ref != ref:
        raise FeedFailed("the answer is about another account")
    if answer.currency != currency or currency not in CURRENCIES:
        raise FeedFailed(f"in {answer.currency}, the account is in {currency}")
    decimals = re.sub(r"0+$", "", answer.balance.partition(".")[2])
    if len(decimals) > exponent(currency):
        raise FeedFailed(f"{currency} has no such fraction")
    known = None if answer.movements is None else frozenset(m.id for m in answer.movements)
    balance = Money.of(Decimal(answer.balance), currency)
    return Reading(balance, answer.as_of.astimezone(UTC), known)


def refresh(
    database: Database, clock: Clock, feed: BalanceFeed, account_ids: Sequence[int]
) -> dict[int, FeedFailed]:
    """Read the balances of these accounts again and book the differences.

    The system is asked outside of any transaction. Answers the accounts that could not be read and
    why; their last balance stands, with its date. Accounts whose creditor has no such system are
    left as they are.
    """
    with database.reading() as session:
        accounts = [session.get_one(Account, number) for number in account_ids]
        creditors = {a.creditor_id: session.get_one(Creditor, a.creditor_id) for a in accounts}
    unread: dict[int, FeedFailed] = {}
    silent: dict[int, FeedSilent] = {}
    for account in accounts:
        assert account.id is not None
        creditor = creditors[account.creditor_id]
        if not creditor.balance_feed:
            continue
        try:
            if account.creditor_id in silent:
                raise silent[account.creditor_id]
            reading = _read(feed, creditor, account, clock.now())
        except FeedFailed as problem:
            details = {"account": account.id, "why": str(problem)}
            log.warning("feed.failed", extra={"data": details})
            unread[account.id] = problem
            if isinstance(problem, FeedSilent):
                silent[account.creditor_id] = problem
            continue
        with database.transaction() as session:
            take_in(session, account.id, reading, clock.now())
    return unread


def _read(feed: BalanceFeed, creditor: Creditor, account: Account, now: datetime) -> Reading:
    reading = feed.read(
        slug=creditor.slug,
        template=creditor.balance_feed,
        ref=account.ref,
        currency=account.currency,
    )
    if reading.as_of > now + CLOCKS_DIFFER:
        raise FeedFailed("the answer is from the future")
    return reading


def take_in(session: Session, account_id: int, reading: Reading, now: datetime) -> bool:
    """Bring an account to what its creditor's system says; answers whether anything was booked.

    What was recorded here after the moment of the reading is kept on top of it, and so is money
    received through us that the system lists its payments without. A reading that is not newer
    than the last one changes nothing.
    """
    account = repository.locked_account(session, account_id)
    if account.balance_read_at and reading.as_of <= account.balance_read_at:
        return False
    known = [
        e
        for e in repository.entries_of(session, account_id)
        if _is_known(e.source, e.source_id, e.recorded_at, reading)
    ]
    difference = reading.balance.minor - sum(e.minor for e in known)
    account.balance_read_at = reading.as_of
    if not difference:
        return False
    service.book(
        session,
        account,
        kind=EntryKind.ADJUSTMENT,
        amount=Money(difference, account.currency),
        on=_day_of(session, account, reading.as_of),
        source=SOURCE,
        source_id=reading.as_of.isoformat(),
        now=now,
    )
    log_event(
        session,
        "balance.corrected",
        at=now,
        actor="system",
        creditor_id=account.creditor_id,
        debtor_id=account.debtor_id,
        account=account_id,
        minor=difference,
        currency=account.currency,
    )
    return True


def _is_known(source: str, source_id: str, recorded_at: datetime, reading: Reading) -> bool:
    """Whether a movement of ours is in the creditor's figure already.

    An earlier reading is. Of the rest, what was recorded later is not; nor is what came in through
    us, where the system lists the payments it knows and this is not one of them.
    """
    if source == SOURCE:
        return True
    if recorded_at > reading.as_of:
        return False
    if source == "import" or reading.includes is None:
        return True
    return source_id.removesuffix(EXCESS) in reading.includes


def _day_of(session: Session, account: Account, moment: datetime) -> date:
    debtor = session.get_one(Debtor, account.debtor_id)
    return local_date(moment, debtor.timezone)


class Feeds:
    """Keeps quoted balances fresh: what the conversation, the checkout and the offers call."""

    def __init__(self, *, database: Database, clock: Clock, feed: BalanceFeed) -> None:
        self._db = database
        self._clock = clock
        self._feed = feed
        self._resting: dict[tuple[str, int], datetime] = {}
        """Creditors whose system is silent and accounts it knows nothing of; until when."""
        self._used = False
        self._looked_at: datetime | None = None

    def is_used(self) -> bool:
        """Whether any creditor's balances are kept elsewhere; looked up once a minute."""
        now = self._clock.now()
        # A clock that was set back is no reason to trust an old look.
        if self._looked_at is None or not timedelta(0) <= now - self._looked_at < REST:
            with self._db.reading() as session:
                self._used = bool(repository.creditors_with_feed(session))
            self._looked_at = now
        return self._used

    def freshen(self, debtor_id: int) -> list[int]:
        """Read again every balance of `debtor_id` that is too old to be quoted.

        Answers the accounts whose balance stays old because their system did not answer. Never
        raises for the sake of a creditor's system, and takes a few seconds at most: a system that
        failed is left alone for a minute.
        """
        if not self.is_used():
            return []
        now = self._clock.now()
        with self._db.reading() as session:
            accounts = repository.accounts_of(session, debtor_id)
            old = {a.id: a.creditor_id for a in accounts if a.id and _is_old(session, a, now)}
        if not old:
            return []
        self._resting = {key: until for key, until in self._resting.items() if now < until}
        left = [
            number
            for number, creditor in old.items()
            if {("creditor", creditor), ("account", number)} & self._resting.keys()
        ]
        asked = [number for number in old if number not in left]
        unread = refresh(self._db, self._clock, self._feed, asked)
        for number, problem in unread.items():
            is_silent = isinstance(problem, FeedSilent)
            key = ("creditor", old[number]) if is_silent else ("account", number)
            self._resting[key] = now + REST
        return [*left, *unread]


def _is_old(session: Session, account: Account, now: datetime) -> bool:
    creditor = session.get_one(Creditor, account.creditor_id)
    if not creditor.balance_feed:
        return False
    fresh_for = charges(creditor.policy, now.date()).feed.fresh_for
    return is_stale(account.balance_read_at or account.imported_at, fresh_for, now)

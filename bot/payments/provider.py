"""The port behind which money is taken and given back: Stripe, or the sandbox that speaks like it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from bot.kit.money import Money


class PaymentsUnavailable(Exception):
    """The provider could not be reached or had a problem of its own; asking again may help."""


class Unreachable(PaymentsUnavailable):
    """The provider did not answer at all: nothing else asked of it now will fare better."""


class Refused(PaymentsUnavailable):
    """The provider understood and said no. Asking the same again gives the same answer.

    `code` is its own short code for the reason, which holds nothing personal.
    """

    def __init__(self, what: str, code: str = "", param: str = "") -> None:
        super().__init__(what)
        self.code = code
        self.param = param


class BadSignature(Exception):
    """A webhook was not signed by the provider."""


@dataclass(frozen=True, slots=True)
class HostedPage:
    """A page at the provider where somebody can pay once, or save a means of payment."""

    id: str
    url: str
    until: datetime | None = None
    """When it closes by itself; nothing where it never does."""


@dataclass(frozen=True, slots=True)
class PageOrder:
    """What a page is to ask for, and where it leads back to."""

    token: str
    """Our own link; what comes in is booked on it."""
    amount: Money
    description: str
    return_url: str
    cancel_url: str
    locale: str
    country: str
    now: datetime
    instead_of: str = ""
    """The page this one replaces, which may be used up or closed: a new one even where the amount
    is that of a page from before."""


@dataclass(frozen=True, slots=True)
class SavedCard:
    """What may be kept of a means of payment: never a number that could be used."""

    method_id: str
    customer_id: str
    brand: str
    last4: str


class RefundStatus(StrEnum):
    """How far a refund is at the provider."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RefundAnswer:
    """What the provider made of a refund."""

    id: str
    status: RefundStatus
    code: str = ""


@dataclass(frozen=True, slots=True)
class ChargeAnswer:
    """What became of an automatic charge."""

    id: str
    paid: bool
    code: str = ""
    """The bank's reason for refusing; `authentication_required` asks for the cardholder."""


@dataclass(frozen=True, slots=True)
class BookedCharge:
    """A charge as the provider has it, for comparing books."""

    payment_id: str
    reference: str
    """Our link or automatic charge; empty where it is none of ours."""
    minor: int
    currency: str
    refunded: int
    at: datetime


@dataclass(frozen=True, slots=True)
class ListedEvent:
    """An event in the provider's list; read in full only where it is not known."""

    id: str
    happened_at: datetime
    content: dict[str, Any]

    @property
    def body(self) -> bytes:
        """The event as a webhook would have brought it."""
        return json.dumps(self.content, separators=(",", ":")).encode()


class Outcome(StrEnum):
    """What an event means to us."""

    PAID = "paid"
    PENDING = "pending"
    """Begun in a way that takes days: a voucher was printed, a debit ordered."""
    FAILED = "failed"
    """A payment that was begun (a voucher, a transfer) never came through."""
    EXPIRED = "expired"
    """A page closed unused."""
    CHARGED = "charged"
    """An automatic charge went through."""
    REFUND = "refund"
    """One refund, and how far it is."""
    REFUNDED = "refunded"
    """How much of a payment has gone back in all."""
    DISPUTE = "dispute"
    SAVED = "saved"
    """Somebody allowed us to use a means of payment again."""
    FOREIGN = "foreign"
    """Of another account, or of the test side while we are live (or the other way round)."""
    NEWS = "news"
    """Anything else: no money moved."""


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """What a verified webhook says, in our words.

    `minor` and `currency` are what arrived, went back or is disputed; either is missing where the
    event does not say.
    """

    id: str
    kind: str
    outcome: Outcome
    request_token: str = ""
    payment_id: str = ""
    minor: int | None = None
    currency: str = ""
    object_id: str = ""
    """The provider's number of the refund, dispute, page or setup."""
    status: str = ""
    """The provider's word for how far a refund or a dispute is."""
    reference: str = ""
    """Our own number of the refund or of the automatic charge, where it is one of ours."""
    reason: str = ""
    methods: tuple[str, ...] = ()
    """The methods that the page offered."""
    happened_at: datetime | None = None


class PaymentProvider(Protocol):
    """Opens and closes pages, moves money, reads webhooks and the provider's books.

    Every call may raise `PaymentsUnavailable`; it is `Refused` where asking again is no use.
    """

    name: str

    def open_page(self, order: PageOrder) -> HostedPage:
        """A page that takes an amount once. Asking again for the same gives the same page."""
        ...

    def open_setup(self, order: PageOrder, customer_id: str) -> HostedPage:
        """A page that saves a means of payment for later charges, and takes nothing."""
        ...

    def close_page(self, page_id: str) -> None:
        """Stop taking money on a page; a page that is gone is closed."""
        ...

    def open_customer(self, debtor_id: int, *, instead_of: str = "") -> str:
        """The number of a customer of whom the provider knows nothing but our number."""
        ...

    def read_setup(self, setup_id: str) -> SavedCard:
        """The means of payment that a setup saved."""
        ...

    def forget_method(self, method_id: str) -> None:
        """Make a saved means of payment unusable; one that is gone is forgotten."""
        ...

    def charge(
        self, *, number: str, amount: Money, customer_id: str, method_id: str, description: str
    ) -> ChargeAnswer:
        """Charge a saved means of payment while nobody is there; once for each `number`."""
        ...

    def refund(self, *, number: str, payment_id: str, amount: Money) -> RefundAnswer:
        """Give `amount` of a payment back; once for each `number`."""
        ...

    def verify(self, body: bytes, signature: str) -> None:
        """Make sure that a webhook is the provider's, on its raw bytes.

        Raises:
            BadSignature: it is not.
        """
        ...

    def read_event(self, body: bytes) -> ProviderEvent:
        """What a verified webhook says.

        Raises:
            ValueError: the body is not an event.
        """
        ...

    def events_since(self, moment: datetime) -> Iterator[list[ListedEvent]]:
        """The events that concern us since `moment`, page by page, the newest first."""
        ...

    def charges_since(self, moment: datetime) -> Iterator[BookedCharge]:
        """What was charged since `moment`, the newest first."""
        ...

"""What every channel is to the rest: it reads webhooks, renders messages, sends them.

One folder a channel, the same files in each: `channel.py` (what it can do), `wire.py` (what comes
in), `render.py` (what goes out), `client.py` (how it is sent), `routes.py` (what the outside calls).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from bot.conversations.models import Purpose


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a channel can show and do. Rendering leaves out what it cannot, and says it in words."""

    text_length: int
    """Characters of one message; a longer one is cut at a paragraph into several."""
    buttons: int = 0
    """Quick replies under one message; more become a list, or words."""
    button_length: int = 20
    list_rows: int = 0
    list_row_length: int = 24
    links: bool = False
    """Links as buttons; else as an address in the text."""
    documents: bool = False
    typing: bool = False
    read_receipts: bool = False
    """Whether the platform tells when a message was delivered and read."""
    templates: bool = False
    """Whether only templates may be sent once the person has been silent for a day."""
    may_initiate: bool = False
    """Whether we may write first; else the person must have opened the chat."""


@dataclass(frozen=True, slots=True)
class Who:
    """A person as a platform names them: by one or several names, some of which may be missing."""

    names: tuple[tuple[str, str], ...]
    """`(kind, value)`, the steadiest first: see `ChannelAddress.kind`."""
    language: str = ""
    """What the platform says of the language, if anything (`es-MX`)."""


class Kind(StrEnum):
    """What came in."""

    TEXT = "text"
    BUTTON = "button"
    """A quick reply: `button` is its id."""
    ACT = "act"
    """A command of the channel's menu: `act` is what it tells the dialogue (`/ask_balance`)."""
    START = "start"
    """The chat was opened, with `token` where a signed link was followed."""
    FILE = "file"
    CONTACT = "contact"
    """The person shared their own telephone: `phone`."""
    EDIT = "edit"
    """An earlier message (`replaces`) was changed into `text`."""
    BLOCKED = "blocked"
    """The person blocked us: an opt-out."""
    UNBLOCKED = "unblocked"
    GROUP = "group"
    """We were addressed in a group: nothing may be said there."""
    UNSUPPORTED = "unsupported"
    """A voice note, a sticker, a location: answered with what can be done instead."""


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file that the platform keeps for us for a while."""

    id: str
    name: str = ""
    mime: str = ""
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Inbound:
    """One thing that a person did on a platform."""

    kind: Kind
    event_id: str
    """The platform's number for it, unique within the conversation: a repetition changes nothing."""
    account: str
    """Which of the creditors' accounts it came to: a slug (Telegram) or a number's id (WhatsApp)."""
    who: Who
    sent_at: datetime
    text: str = ""
    button: str = ""
    act: str = ""
    token: str = ""
    phone: str = ""
    file: FileRef | None = None
    replaces: str = ""
    callback: str = ""
    """What the platform wants answered at once (Telegram's callback query)."""


class ReceiptState(StrEnum):
    """What the platform says became of something we sent."""

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Receipt:
    """News of something we sent."""

    account: str
    external_id: str
    state: ReceiptState
    at: datetime
    problem: str = ""
    """A word of ours for why it failed: `unreachable`, `window_closed`, `opted_out`, `rejected`."""
    about: str = ""
    """Our own number of the delivery, where the platform gives it back."""
    again_after: float | None = None
    """Of a failure that passes: the seconds to wait at least before it is sent again."""


class Unreadable(ValueError):
    """A webhook that cannot be understood; the message says why, without quoting what is in it."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file to send along."""

    name: str
    mime: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message to be rendered for a platform."""

    delivery_id: int
    key: str
    """The text's name in the catalogue; a template may stand for it."""
    text: str
    language: str
    brand: str
    purpose: Purpose = Purpose.REPLY
    buttons: Sequence[tuple[str, str]] = ()
    """`(id, title)`."""
    links: Sequence[tuple[str, str, str]] = ()
    """`(title, address, kind)`; the kinds are those of `Link`."""
    documents: Sequence[Document] = ()
    """Of the links of kind `document`, those whose bytes are at hand."""
    last_inbound_at: datetime | None = None
    """When the person last wrote; None where they never did."""
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One request to the platform; a message is one or several of them, in order."""

    method: str
    body: dict[str, Any]
    document: Document | None = None


@dataclass(frozen=True, slots=True)
class Destination:
    """To whom, and from which account of the creditor."""

    creditor: str
    """The creditor's slug."""
    names: dict[str, str] = field(default_factory=dict)
    """Every name the platform knows the person by, by kind."""


class TryLater(Exception):
    """The platform is busy, slow or down: nothing was sent."""

    def __init__(self, seconds: float | None = None, *, whole_account: bool = False) -> None:
        super().__init__("try later")
        self.seconds = seconds
        """As long as the platform asks us to wait, if it says."""
        self.whole_account = whole_account


class Uncertain(Exception):
    """It broke off after the request was on its way: perhaps sent, perhaps not."""


class Refused(Exception):
    """The platform will never take it; `reason` is a word of ours."""

    BLOCKED = "blocked"
    """The person blocked or stopped us: an opt-out."""
    UNREACHABLE = "unreachable"
    """No such address (any more): nothing goes there again."""
    WINDOW_CLOSED = "window_closed"
    NOT_CLEARED = "not_cleared"
    REJECTED = "rejected"

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail
        """The platform's code, for an operator; never its text, which may quote the person."""


class Channel(Protocol):
    """A platform. Reading and rendering are pure; sending and fetching go over the network."""

    name: str
    capabilities: Capabilities

    def read(self, body: bytes, account: str) -> list[Inbound | Receipt]:
        """What a webhook tells, in its order.

        Raises:
            Unreadable: it is not what the platform's documentation describes.
        """
        ...

    def render(self, parcel: Parcel) -> list[Part]:
        """A message as the platform takes it, in one or several requests.

        Raises:
            Refused: it cannot be said here (`window_closed` where no template stands for it).
        """
        ...

    async def send(self, part: Part, to: Destination) -> str:
        """Send one part; answers the platform's number for it.

        Raises:
            TryLater, Uncertain, Refused: see there.
        """
        ...

    async def fetch(self, file: FileRef, to: Destination) -> bytes:
        """The bytes of a file that somebody sent.

        Raises:
            TryLater: the platform does not answer.
            Refused: the file is gone, or larger than we take.
        """
        ...

    async def busy(self, to: Destination, event_id: str) -> None:
        """Show that message `event_id` was seen and is being answered; failures do not matter."""
        ...

    async def heard(self, inbound: Inbound, to: Destination, notice: str = "") -> None:
        """Answer what the platform wants answered at once (a pressed button); failures do not matter."""
        ...

    def is_open_to(self, creditor: str) -> bool:
        """Whether a creditor may use this channel: it is set up, and cleared where it must be."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...

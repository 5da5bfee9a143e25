"""A message as an e-mail: plain words and simple mark-up, the same in both."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.errors import HeaderParseError, MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import getaddresses

from jinja2 import Environment, PackageLoader, select_autoescape

from bot.channels.email.rules import CODE, colour_of, ink_on, one_line
from bot.texts.catalogue import Reader, render

_BOLD = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)

_templates = Environment(
    loader=PackageLoader("bot.channels.email", "templates"),
    autoescape=select_autoescape(),
    trim_blocks=True,
    lstrip_blocks=True,
)


class BadAddress(ValueError):
    """Not one e-mail address; the message never quotes it."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes, as the law wants it said: the creditor's names, address and telephone."""

    mailbox: Address
    brand: str
    legal_name: str
    address: str
    phone: str
    colour: str

    @property
    def domain(self) -> str:
        """The domain that the e-mail comes from."""
        return self.mailbox.domain


@dataclass(frozen=True, slots=True)
class Letter:
    """One e-mail before it is put into its form."""

    to: Address
    message_id: str
    key: str
    """The text's name in the catalogue: it decides the subject."""
    text: str
    reader: Reader
    chat_url: str
    """Empty in a code's: it is typed where it was asked for, and nowhere else."""
    verify_url: str
    at: datetime
    stop_url: str = ""
    """Empty in an e-mail that nobody subscribed to, such as a test."""
    cadence: str = ""
    """How often and when this person is written to, in their words; else what holds for all."""
    digits: str = ""
    """A code, set large where it stands in the text."""


def mailbox(text: str) -> Address:
    """One address, with or without a name (`Brand <avisos@brand.example>`).

    Raises:
        BadAddress: it is none, or holds what could end a header.
    """
    if text != one_line(text):
        raise BadAddress("control characters")
    several = getaddresses([text])
    if len(several) != 1:
        raise BadAddress("not one address")
    name, spec = several[0]
    try:
        found = Address(display_name=name, addr_spec=spec)
    except (HeaderParseError, MessageError, ValueError, IndexError):
        raise BadAddress("unreadable") from None
    if not found.username or not found.domain:
        raise BadAddress("incomplete")
    return found


def compose(letter: Letter, sender: Sender) -> EmailMessage:
    """The e-mail: headers, plain words and mark-up; never a file, which any program would open.

    The subject says whom it is from and nothing of what it is about. There are no remote images
    and nothing that tells when it was read.
    """
    message = EmailMessage(policy=SMTP)
    subject = _subject(letter, sender)
    message["From"] = sender.mailbox
    message["To"] = letter.to
    message["Reply-To"] = Address(
        render("mail_no_reply_name", letter.reader),
        addr_spec=sender.mailbox.addr_spec,
    )
    message["Subject"] = subject
    message["Date"] = letter.at
    message["Message-ID"] = letter.message_id
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    if letter.stop_url:
        message["List-Unsubscribe"] = f"<{letter.stop_url}>"
        if letter.stop_url.startswith("https:"):
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    footer = _footer(letter, sender)
    message.set_content(_plain(letter, footer), cte="quoted-printable")
    message.add_alternative(
        _marked_up(letter, sender, footer, subject), subtype="html", cte="quoted-printable"
    )
    # Last: what is set before the content belongs to the first part, and moves there.
    message["Content-Language"] = letter.reader.locale.replace("_", "-")
    return message


def _subject(letter: Letter, sender: Sender) -> str:
    key = "mail_subject_code" if letter.key == CODE else "mail_subject"
    return one_line(render(key, letter.reader, brand=sender.brand))


@dataclass(frozen=True, slots=True)
class _Footer:
    answer: str
    no_reply: str
    sender: str
    cadence: str
    verify: str
    stop: str


def _footer(letter: Letter, sender: Sender) -> _Footer:
    parts = (sender.brand, sender.legal_name, sender.address, sender.phone)
    who = " · ".join(dict.fromkeys(one_line(part) for part in parts if part))
    return _Footer(
        answer=render("mail_answer", letter.reader),
        no_reply=render("mail_no_reply", letter.reader),
        sender=render("mail_sender", letter.reader, who=who),
        cadence=_BOLD.sub(r"\1", " ".join(letter.cadence.split()))
        or render("mail_cadence", letter.reader),
        verify=render("mail_verify", letter.reader),
        stop=render("mail_stop", letter.reader) if letter.stop_url else "",
    )


def _plain(letter: Letter, footer: _Footer) -> str:
    lines = [
        _BOLD.sub(r"\1", letter.text),
        "",
        *([f"{footer.answer}: {letter.chat_url}", ""] if letter.chat_url else []),
        "-- ",
        footer.no_reply,
        footer.sender,
        footer.cadence,
        f"{footer.verify}: {letter.verify_url}",
    ]
    if footer.stop:
        lines.append(f"{footer.stop}: {letter.stop_url}")
    return "\n".join(lines) + "\n"


def _runs(line: str) -> list[tuple[bool, str]]:
    """A line as pieces of text, each bold or not."""
    return [(bool(place % 2), piece) for place, piece in enumerate(_BOLD.split(line)) if piece]


def _marked_up(letter: Letter, sender: Sender, footer: _Footer, subject: str) -> str:
    colour = colour_of(sender.colour)
    paragraphs = [
        [_runs(line) for line in paragraph.split("\n")]
        for paragraph in re.split(r"\n\s*\n", letter.text.strip())
    ]
    return _templates.get_template("message.html").render(
        language=letter.reader.locale.replace("_", "-"),
        subject=subject,
        brand=sender.brand,
        paragraphs=paragraphs,
        digits=letter.digits,
        colour=colour,
        ink=ink_on(colour),
        footer=footer,
        chat_url=letter.chat_url,
        verify_url=letter.verify_url,
        stop_url=letter.stop_url,
    )

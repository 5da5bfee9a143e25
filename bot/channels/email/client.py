"""Hands e-mails to the mail server, and says in our words what it answered."""

from __future__ import annotations

import logging
import ssl
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from bot.channels.email.rules import Failure, enhanced_code, failure_of
from bot.channels.port import Refused, TryLater, Uncertain

log = logging.getLogger(__name__)

_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_SECONDS, _SECONDS_FOR_DATA = 8.0, 30.0
"""For one command, and for the server to say that it has the e-mail. The postman allows 40."""

_FULL_AGAIN_AFTER = 4 * 3600.0
_ACCOUNT_AGAIN_AFTER = 300.0


class BadServer(ValueError):
    """`ACUERDO_SMTP_URL` cannot be used; the message says why, without the password."""


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server, as `ACUERDO_SMTP_URL` names it."""

    host: str
    port: int
    security: Literal["none", "starttls", "tls"]
    user: str = ""
    password: str = ""
    authorities: str = ""
    """A file with the certificates to trust, for a server with one of its own."""

    def __repr__(self) -> str:
        return f"Server({self.host!r}, {self.port}, {self.security!r})"


def server_of(url: str) -> Server:
    """Read `smtp+starttls://user:password@host:587`; user and password are URL-encoded.

    `smtp` speaks in the clear, `smtp+starttls` upgrades or gives up, `smtps` is TLS from the start.
    `?ca=/path/ca.pem` trusts one's own authority.

    Raises:
        BadServer: it is no such address, or would send a password in the clear.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadServer("the port is no number") from None
    if parts.scheme not in _PORTS:
        raise BadServer(f"begin with one of {', '.join(f'{s}://' for s in _PORTS)}")
    if not parts.hostname:
        raise BadServer("the host is missing")
    security: Literal["none", "starttls", "tls"] = "none"
    if parts.scheme != "smtp":
        security = "tls" if parts.scheme == "smtps" else "starttls"
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if user and security == "none" and parts.hostname not in _LOOPBACK:
        raise BadServer("a password would be sent in the clear: use smtp+starttls:// or smtps://")
    return Server(
        parts.hostname,
        port or _PORTS[parts.scheme],
        security,
        user,
        password,
        parse_qs(parts.query).get("ca", [""])[0],
    )


class MailClient:
    """Sends one e-mail a connection; certificates are verified, and never not."""

    def __init__(self, server: Server, *, seconds: float = _SECONDS) -> None:
        self.server = server
        self._seconds = seconds
        self._seconds_for_data = max(seconds, _SECONDS_FOR_DATA) if seconds >= 1 else seconds
        self._tls = (
            None
            if server.security == "none"
            else ssl.create_default_context(cafile=server.authorities or None)
        )

    async def check(self) -> None:
        """Connect, secure and sign in, and send nothing.

        Raises:
            TryLater: the server cannot be used; the log says why.
        """
        smtp = await self._connected()
        await _leave(smtp)

    async def deliver(self, message: EmailMessage, *, sender: Address, to: Address) -> None:
        """Hand one e-mail over.

        Raises:
            TryLater: nothing was taken, and it may be later.
            Uncertain: it broke off after the e-mail was on its way.
            Refused: it never will be: `unreachable` (no such mailbox) or `rejected`.
        """
        smtp = await self._connected()
        try:
            await self._hand_over(smtp, message, sender, to)
        except BaseException:
            smtp.close()
            raise
        await _leave(smtp)

    async def _connected(self) -> aiosmtplib.SMTP:
        server = self.server
        smtp = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user or None,
            password=server.password or None,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            tls_context=self._tls,
            local_hostname="localhost" if server.host in _LOOPBACK else None,
            timeout=self._seconds,
        )
        try:
            await smtp.connect()
        except aiosmtplib.SMTPAuthenticationError as error:
            _warn("email.sign_in_refused", code=error.code)
            raise TryLater(_ACCOUNT_AGAIN_AFTER, whole_account=True) from None
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            _warn("email.server_unusable", kind=type(error).__name__)
            raise TryLater(None, whole_account=True) from None
        return smtp

    async def _hand_over(
        self, smtp: aiosmtplib.SMTP, message: EmailMessage, sender: Address, to: Address
    ) -> None:
        recipient = _wire(to)
        options, encoding = [], "ascii"
        if not recipient.isascii():
            if not smtp.supports_extension("smtputf8"):
                raise Refused(Refused.REJECTED, "smtputf8")
            options, encoding = ["SMTPUTF8"], "utf-8"
        data = message.as_bytes(policy=SMTP.clone(cte_type="7bit", utf8=encoding == "utf-8"))
        try:
            await smtp.mail(_wire(sender), options=options, encoding=encoding)
        except aiosmtplib.SMTPResponseException as error:
            if error.code < 500 or enhanced_code(error.message) != "5.3.4":
                _warn("email.sender_refused", code=error.code, status=enhanced_code(error.message))
                raise TryLater(_ACCOUNT_AGAIN_AFTER, whole_account=True) from None
            raise _refusal(error) from None
        except (aiosmtplib.SMTPException, OSError):
            raise TryLater from None
        try:
            await smtp.rcpt(recipient, encoding=encoding)
        except aiosmtplib.SMTPResponseException as error:
            raise _refusal(error) from None
        except (aiosmtplib.SMTPException, OSError):
            raise TryLater from None
        try:
            await smtp.data(data, timeout=self._seconds_for_data)
        except aiosmtplib.SMTPResponseException as error:
            raise _refusal(error) from None
        except (aiosmtplib.SMTPException, OSError):
            raise Uncertain from None


def _refusal(error: aiosmtplib.SMTPResponseException) -> Exception:
    """What a refusal of the recipient or of the message means."""
    status = enhanced_code(error.message)
    if error.code < 500:
        return TryLater()
    failure = failure_of(status, error.message)
    if failure is Failure.FULL:
        return TryLater(_FULL_AGAIN_AFTER)
    reason = Refused.UNREACHABLE if failure is Failure.UNREACHABLE else Refused.REJECTED
    return Refused(reason, status or str(error.code))


def _wire(address: Address) -> str:
    """An address as SMTP takes it: the domain in ASCII."""
    domain = address.domain
    if not domain.isascii():
        domain = domain.encode("idna").decode()
    return f"{address.username}@{domain}"


async def _leave(smtp: aiosmtplib.SMTP) -> None:
    try:
        if smtp.is_connected:
            await smtp.quit(timeout=2)
    except (aiosmtplib.SMTPException, OSError):
        pass
    finally:
        smtp.close()


def _warn(event: str, **data: object) -> None:
    """Loud and without a word of what the server wrote: it may quote the recipient."""
    log.error(event, extra={"data": data})

"""A real SMTP server on a socket of this machine, with a temper of its own."""

from __future__ import annotations

import email
import email.policy
import shutil
import socket
import ssl
import subprocess
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

ANSWERS = {
    "nobody": "550 5.1.1 <nobody@y.example>: user unknown",
    "moved": "550 5.1.6 moved away",
    "nomx": "556 5.1.10 recipient address has null MX",
    "closed": "550 5.2.1 mailbox disabled",
    "plain": "550 no such user here",
    "policy": "550 5.7.1 rejected by policy",
    "unclear": "550 blocked, see our page",
    "full": "552 5.2.2 mailbox full",
    "slow": "451 4.7.1 greylisted, come back",
}


@dataclass
class Arrived:
    """An e-mail as the server got it."""

    sender: str
    recipients: list[str]
    raw: bytes
    was_secure: bool

    @property
    def mail(self) -> EmailMessage:
        return email.message_from_bytes(self.raw, policy=email.policy.default)  # type: ignore[return-value]

    def part(self, kind: str) -> str:
        (found,) = [p for p in self.mail.walk() if p.get_content_type() == kind]
        return str(found.get_content())  # type: ignore[attr-defined]


@dataclass
class Handler:
    """Answers by who the e-mail is for."""

    arrived: list[Arrived] = field(default_factory=list)
    sender_answer: str = ""

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.sender_answer:
            return self.sender_answer
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        name = address.partition("@")[0]
        if name in ANSWERS:
            return ANSWERS[name]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        name = envelope.rcpt_tos[0].partition("@")[0]
        if name == "spam":
            return "554 5.7.1 looks like spam"
        raw = envelope.content or b""
        assert isinstance(raw, bytes)
        self.arrived.append(
            Arrived(envelope.mail_from or "", envelope.rcpt_tos, raw, session.ssl is not None)
        )
        if name == "vanish":
            assert server.transport is not None
            server.transport.abort()
        return "250 queued as 1"


def _auth(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    is_right = isinstance(data, LoginPassword) and (data.login, data.password) == (
        b"shop@x",
        b"p:/ss",
    )
    return AuthResult(success=is_right, handled=is_right)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


class MailRoom:
    """The server, started; `url(...)` names it as a setting does."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, auth: bool = False) -> None:
        self.handler = Handler()
        self.port = _free_port()
        more: dict[str, Any] = {"tls_context": tls} if tls else {}
        if auth:
            more |= {"authenticator": _auth, "auth_require_tls": False, "auth_required": True}
        self._controller = Controller(
            self.handler,
            hostname="127.0.0.1",
            port=self.port,
            server_hostname="localhost",
            **more,
        )
        self._controller.start()
        self._is_up = True

    def url(self, scheme: str = "smtp", login: str = "", more: str = "") -> str:
        host = "localhost" if scheme == "smtp+starttls" else "127.0.0.1"
        return f"{scheme}://{login}{host}:{self.port}{more}"

    @property
    def arrived(self) -> list[Arrived]:
        return self.handler.arrived

    def stop(self) -> None:
        if self._is_up:
            self._is_up = False
            self._controller.stop()


def own_certificate(folder: Path) -> Path:
    """A certificate for localhost that nobody but its maker vouches for, with its key."""
    openssl = shutil.which("openssl")
    assert openssl, "openssl is needed to make a certificate"
    file = folder / "own.pem"
    command = (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost "
        f"-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout {folder}/key.pem -out {file}"
    )
    subprocess.run([openssl, *command.split()], check=True, capture_output=True)
    return file

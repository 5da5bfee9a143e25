"""E-mail: whether the server takes us, without sending anything, and who we send as."""

from __future__ import annotations

import smtplib
import socket
import ssl
from dataclasses import dataclass
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

from bot.runtime.checks.finding import Check, Finding, Scene, State

GROUP = "e-mail"
_URL = "ACUERDO_SMTP_URL"
_SCHEMES = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_SHAPE = f"set {_URL} like smtp+starttls://user:password@mail.example.com:587"


@dataclass(frozen=True, slots=True)
class _Server:
    scheme: str
    host: str
    port: int
    user: str
    password: str


def _server(url: str) -> _Server | None:
    try:
        parts = urlsplit(url)
        port = parts.port or _SCHEMES.get(parts.scheme, 0)
    except ValueError:
        return None
    if parts.scheme not in _SCHEMES or not parts.hostname:
        return None
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return _Server(parts.scheme, parts.hostname, port, user, password)


def _connects(scene: Scene) -> list[Finding]:
    check, url = CHECKS[0], scene.settings.smtp_url.get_secret_value()
    if not url:
        return [
            check.says(
                State.OFF,
                "no mail server is set up",
                f"{_URL} and ACUERDO_EMAIL_SENDERS switch it on (docs/email.md)",
            )
        ]
    server = _server(url)
    if server is None:
        return [check.says(State.BROKEN, "this is no address of a mail server", _SHAPE)]
    try:
        return [_greeted(check, server, scene.seconds)]
    except ssl.SSLError:
        return [
            check.says(
                State.BROKEN,
                "its certificate is not one this machine trusts, or it speaks no TLS on this port",
                f"use the name on its certificate in {_URL}; port 465 is smtps://, port 587 is "
                "smtp+starttls://",
            )
        ]
    except (OSError, smtplib.SMTPException) as error:
        return [
            check.says(
                State.BROKEN,
                f"no mail server answers there ({type(error).__name__})",
                f"check host and port in {_URL}, and that this machine may reach it (many "
                "providers close port 25)",
            )
        ]


def _greeted(check: Check, server: _Server, seconds: float) -> Finding:
    """EHLO, STARTTLS, AUTH, QUIT: what is done before every message, and no message."""
    trusted = ssl.create_default_context()
    connection: smtplib.SMTP
    if server.scheme == "smtps":
        connection = smtplib.SMTP_SSL(server.host, server.port, timeout=seconds, context=trusted)
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=seconds)
    with connection:
        connection.ehlo()
        if server.scheme == "smtp+starttls":
            if not connection.has_extn("starttls"):
                return check.says(
                    State.BROKEN,
                    "the server offers no STARTTLS",
                    f"use another port or smtps:// in {_URL}: a password is never sent in clear",
                )
            connection.starttls(context=trusted)
            connection.ehlo()
        if server.user:
            if not connection.has_extn("auth"):
                return check.says(
                    State.BROKEN,
                    "the server takes no password here",
                    f"take user and password out of {_URL}, or use the submission port 587",
                )
            try:
                connection.login(server.user, server.password)
            except smtplib.SMTPAuthenticationError as refused:
                return check.says(
                    State.BROKEN,
                    f"the server refuses user and password ({refused.smtp_code})",
                    f"correct them in {_URL}; signs such as @ : / # are written %40 %3A %2F %23",
                )
    how = {"smtp": "no TLS", "smtp+starttls": "STARTTLS", "smtps": "TLS"}[server.scheme]
    who = "signed in" if server.user else "no sign-in asked for"
    if server.scheme == "smtp" and not _is_near(server.host):
        return check.says(
            State.WARNING,
            f"it answers, without TLS; {who}",
            f"use smtp+starttls:// or smtps:// in {_URL}: others can read what is sent",
        )
    return check.says(State.OK, f"it takes us: {how}, {who}; nothing was sent")


def _is_near(host: str) -> bool:
    try:
        return socket.gethostbyname(host).startswith("127.")
    except OSError:
        return False


def _senders(scene: Scene) -> list[Finding]:
    check, settings = CHECKS[1], scene.settings
    if not settings.smtp_url.get_secret_value():
        return []
    if not settings.email_senders:
        return [
            check.says(
                State.BROKEN,
                "no creditor has a sender, so nothing goes out",
                'set ACUERDO_EMAIL_SENDERS=\'{"SLUG": "Brand <avisos@brand.example>"}\'',
            )
        ]
    return [_sender(slug, sender) for slug, sender in settings.email_senders.items()]


def _sender(slug: str, sender: str) -> Finding:
    check, name = CHECKS[1], f"sender of {slug}"
    address = parseaddr(sender)[1]
    local, at, domain = address.rpartition("@")
    if not (local and at and "." in domain):
        return check.says(
            State.BROKEN,
            "this is no address",
            f"write it as Brand <avisos@brand.example> in ACUERDO_EMAIL_SENDERS for {slug}",
            name=name,
        )
    return check.says(
        State.OK,
        f"{domain}; its SPF, DKIM and DMARC records are not looked at from here",
        f"by hand: dig +short TXT {domain} (SPF names the server), dig +short TXT "
        f"_dmarc.{domain}, dig +short MX {domain}",
        name=name,
    )


CHECKS = [Check(GROUP, "server", _connects), Check(GROUP, "senders", _senders)]

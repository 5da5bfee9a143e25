"""Reports as mail servers word them, for an e-mail with a given `Message-ID`."""

from __future__ import annotations

POSTFIX = """\
Return-Path: <>
From: MAILER-DAEMON@mx.girasol.example (Mail Delivery System)
To: avisos@girasol.example
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="B7A1.1700000000/mx.girasol.example"

This is a MIME-encapsulated message.

--B7A1.1700000000/mx.girasol.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.girasol.example.

<ana@buzon.example>: host mx.buzon.example[192.0.2.7] said: {diagnostic}

--B7A1.1700000000/mx.girasol.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.girasol.example
X-Postfix-Queue-ID: B7A1
X-Postfix-Sender: rfc822; avisos@girasol.example
Arrival-Date: Sat, 21 Nov 2026 16:00:02 +0000 (UTC)

Final-Recipient: rfc822; {recipient}
Original-Recipient: rfc822;{recipient}
Action: {action}
Status: {status}
Remote-MTA: dns; mx.buzon.example
Diagnostic-Code: smtp; {diagnostic}

--B7A1.1700000000/mx.girasol.example
Content-Description: Undelivered Message
Content-Type: message/rfc822

Return-Path: <avisos@girasol.example>
From: Tienda Girasol <avisos@girasol.example>
To: ana@buzon.example
Subject: Tienda Girasol: mensaje para ti
Message-ID: {number}

Hola

--B7A1.1700000000/mx.girasol.example--
"""

EXCHANGE = """\
From: Microsoft Outlook <postmaster@buzon.example>
To: avisos@girasol.example
Subject: Undeliverable: Tienda Girasol: mensaje para ti
In-Reply-To: {number}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="xyz"

--xyz
Content-Type: text/html; charset="us-ascii"

<p>Your message couldn't be delivered.</p>

--xyz
Content-Type: message/delivery-status

Reporting-MTA: dns;EX1.buzon.example

Final-recipient: RFC822;ana@buzon.example
Action: Failed
Status: {status}
Diagnostic-code: smtp;{diagnostic}

--xyz
Content-Type: text/rfc822-headers

Message-ID: {number}
Subject: Tienda Girasol: mensaje para ti

--xyz--
"""

COMPLAINT = """\
From: <abusedesk@buzon.example>
To: <avisos@girasol.example>
Subject: FW: Tienda Girasol: mensaje para ti
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report;
     boundary="part1_13d.2e68ed54_boundary"

--part1_13d.2e68ed54_boundary
Content-Type: text/plain; charset="US-ASCII"

This is an email abuse report.

--part1_13d.2e68ed54_boundary
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1

--part1_13d.2e68ed54_boundary
Content-Type: message/rfc822

From: <avisos@girasol.example>
To: <redacted@buzon.example>
Subject: Tienda Girasol: mensaje para ti
Message-ID: {number}

Hola
--part1_13d.2e68ed54_boundary--
"""

REPLY = """\
From: Ana <ana@buzon.example>
To: avisos@girasol.example
Subject: Re: Tienda Girasol: mensaje para ti
In-Reply-To: {number}
References: {number}
{more}MIME-Version: 1.0
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: 8bit

{text}

El sáb, 21 nov 2026 a las 10:00, Tienda Girasol (<avisos@girasol.example>) escribió:
> Hola, no me escriban más es lo que dirías. Baja. Stop.
"""


def dsn(
    number: str,
    status: str = "5.1.1",
    *,
    action: str = "failed",
    diagnostic: str = "",
    recipient: str = "ana@buzon.example",
    form: str = POSTFIX,
) -> bytes:
    said = diagnostic or f"550 {status} refused"
    return form.format(
        number=number, status=status, action=action, diagnostic=said, recipient=recipient
    ).encode()


def complaint(number: str, kind: str = "abuse") -> bytes:
    return COMPLAINT.format(number=number, kind=kind).encode()


def reply(number: str, text: str, more: str = "") -> bytes:
    return REPLY.format(number=number, text=text, more=more).encode()

"""The sandbox's own books, in a file of its own."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx

from bot.checkout.sandbox import money
from bot.checkout.sandbox.pages import (
    CARDS,
    SandboxLink,
    kept_of_link,
    kept_of_session,
    page_of,
    session_said,
)
from bot.checkout.sandbox.wire import Refused, missing, sign
from bot.kit.clock import Clock, SystemClock

__all__ = ["Refused", "Sandbox"]


class Sandbox:
    """Pages, payments, events. `clock` is the app's, so that a rehearsal moves both."""

    def __init__(
        self, path: Path, *, base_url: str, webhook_url: str, clock: Clock | None = None
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._base_url = base_url.rstrip("/")
        self._webhook_url = webhook_url
        self._clock = clock or SystemClock()
        with self._books() as books:
            books.executescript(
                "PRAGMA journal_mode=WAL;"
                "CREATE TABLE IF NOT EXISTS link (id TEXT PRIMARY KEY, body TEXT, active INT);"
                "CREATE TABLE IF NOT EXISTS call (key TEXT PRIMARY KEY, form TEXT, answer TEXT);"
                "CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY, body TEXT, taken INT);"
                "CREATE TABLE IF NOT EXISTS thing (id TEXT PRIMARY KEY, body TEXT);"
            )

    def _books(self) -> Any:
        return closing(sqlite3.connect(self._path, isolation_level=None, timeout=10))

    def now(self) -> int:
        """The moment, in seconds since 1970."""
        return int(self._clock.now().timestamp())

    def once(
        self, key: str, form: dict[str, Any], work: Callable[[sqlite3.Connection], dict[str, Any]]
    ) -> dict[str, Any]:
        """Do `work` in a transaction, once for each idempotency key.

        Source: https://docs.stripe.com/api/idempotent_requests
        """
        sent = json.dumps(form, sort_keys=True)
        with self._books() as books:
            books.execute("BEGIN IMMEDIATE")
            known = books.execute("SELECT form, answer FROM call WHERE key=?", (key,)).fetchone()
            if known and key:
                if known[0] != sent:
                    raise Refused(
                        "Keys for idempotent requests can only be used with the same parameters",
                        kind="idempotency_error",
                    )
                return dict(json.loads(known[1]))
            answer = work(books)
            if key:
                books.execute("INSERT INTO call VALUES (?,?,?)", (key, sent, json.dumps(answer)))
            books.execute("COMMIT")
            return answer

    # ---- pages ----------------------------------------------------------------------------

    def create(self, form: dict[str, Any], idempotency_key: str) -> dict[str, Any]:
        """`POST /v1/payment_links`."""

        def work(books: sqlite3.Connection) -> dict[str, Any]:
            kept = kept_of_link(form)
            number = f"plink_sandbox{secrets.token_hex(10)}"
            books.execute("INSERT INTO link VALUES (?,?,1)", (number, json.dumps(kept)))
            return {
                "id": number,
                "object": "payment_link",
                "active": True,
                "livemode": False,
                "currency": kept["currency"],
                "metadata": kept["metadata"],
                "url": f"{self._base_url}/sandbox/pay/{number}",
            }

        return self.once(idempotency_key, form, work)

    def create_session(self, form: dict[str, Any], idempotency_key: str) -> dict[str, Any]:
        """`POST /v1/checkout/sessions`."""

        def work(books: sqlite3.Connection) -> dict[str, Any]:
            kept = kept_of_session(form, self._clock.now())
            if kept["customer"]:
                money.thing(books, kept["customer"], "customer")
            number = f"cs_test_sandbox{secrets.token_hex(10)}"
            books.execute("INSERT INTO link VALUES (?,?,1)", (number, json.dumps(kept)))
            return self._session(number, kept, "open")

        return self.once(idempotency_key, form, work)

    def _session(self, number: str, kept: dict[str, Any], status: str) -> dict[str, Any]:
        is_open = status == "open"
        return {
            "id": number,
            "object": "checkout.session",
            "livemode": False,
            "mode": kept["mode"],
            "metadata": kept["metadata"],
            "amount_total": kept["unit_amount"] or None,
            "currency": kept["currency"] or None,
            "expires_at": kept["expires_at"],
            "status": status,
            "url": f"{self._base_url}/sandbox/pay/{number}" if is_open else None,
        }

    def session(self, number: str) -> dict[str, Any]:
        """`GET /v1/checkout/sessions/{id}`."""
        with self._books() as books:
            row = books.execute("SELECT body, active FROM link WHERE id=?", (number,)).fetchone()
        if row is None:
            raise missing("checkout.session", number)
        kept = json.loads(row[0])
        return self._session(number, kept, "open" if row[1] else kept.get("ended", "complete"))

    def expire(self, number: str) -> dict[str, Any]:
        """`POST /v1/checkout/sessions/{id}/expire`."""
        if self.session(number)["status"] != "open":
            raise Refused(
                'Only Checkout Sessions with a status in ["open"] can be expired.',
            )
        with self._books() as books:
            books.execute("BEGIN IMMEDIATE")
            self._end(books, number)
            books.execute("COMMIT")
        return self.session(number)

    def _end(self, books: sqlite3.Connection, number: str) -> None:
        taken = books.execute(
            "UPDATE link SET active=0, body=json_set(body, '$.ended', 'expired') "
            "WHERE id=? AND active=1",
            (number,),
        ).rowcount
        if taken:
            body = books.execute("SELECT body FROM link WHERE id=?", (number,)).fetchone()[0]
            page = page_of(number, json.loads(body), active=False)
            said = session_said(page, number, status="unpaid", intent="")
            self._tell(books, "checkout.session.expired", said | {"status": "expired"})

    def deactivate(self, number: str, form: dict[str, Any]) -> dict[str, Any]:
        """`POST /v1/payment_links/{id}` with `active=false`."""
        link = self.link(number)
        if link is None:
            raise missing("payment_link", number)
        active = form.get("active", "true") == "true"
        with self._books() as books:
            books.execute("UPDATE link SET active=? WHERE id=?", (int(active), number))
        return {"id": number, "object": "payment_link", "active": active, "url": ""}

    def link(self, number: str) -> SandboxLink | None:
        """The page called `number`."""
        with self._books() as books:
            row = books.execute("SELECT body, active FROM link WHERE id=?", (number,)).fetchone()
        if row is None:
            return None
        kept = json.loads(row[0])
        over = kept.get("expires_at", self.now() + 1) <= self.now()
        return page_of(number, kept, active=bool(row[1]) and not over)

    # ---- pressing a button ----------------------------------------------------------------

    def pay(self, number: str, *, succeeds: bool) -> SandboxLink | None:
        """Somebody paid, or began to pay in a way that never came through."""
        return self.press(number, "paid" if succeeds else "failed")

    def press(self, number: str, outcome: str) -> SandboxLink | None:
        """Somebody pressed a button: close the page, write the payment and the events.

        `paid` (also after 3-D Secure), `failed` (a voucher that is given up at once), `voucher`,
        then `voucher_paid` or `voucher_given_up`, `declined`, or one of `CARDS` on a page that
        saves a card. Anything else changes nothing.
        """
        link = self.link(number)
        if link is None:
            return None
        with self._books() as books:
            books.execute("BEGIN IMMEDIATE")
            if link.waiting:
                self._voucher_ends(books, link, outcome)
            elif link.mode == "setup" and outcome in CARDS:
                self._save(books, link, outcome)
            elif link.mode == "payment" and outcome in ("paid", "failed", "voucher"):
                self._complete(books, link, outcome)
            elif link.mode == "payment" and outcome == "declined" and link.active:
                said = money.intent(f"pi_sandbox{secrets.token_hex(10)}", link, "card_declined")
                self._tell(books, "payment_intent.payment_failed", said)
            books.execute("COMMIT")
        return link

    def _complete(self, books: sqlite3.Connection, link: SandboxLink, outcome: str) -> None:
        if not self._use(books, link):
            return
        number = link.id if link.is_session else f"cs_sandbox{secrets.token_hex(10)}"
        intent = f"pi_sandbox{secrets.token_hex(10)}"
        status = "paid" if outcome == "paid" else "unpaid"
        said = session_said(link, number, status=status, intent=intent)
        self._tell(books, "checkout.session.completed", said)
        if outcome == "paid":
            money.keep_charge(books, link, intent, self.now())
        elif outcome == "failed":
            self._tell(books, "checkout.session.async_payment_failed", said)
        else:
            waiting = json.dumps({"said": said, "intent": intent})
            books.execute(
                "UPDATE link SET body=json_set(body, '$.waiting', ?) WHERE id=?",
                (waiting, link.id),
            )

    def _voucher_ends(self, books: sqlite3.Connection, link: SandboxLink, outcome: str) -> None:
        if outcome not in ("voucher_paid", "voucher_given_up"):
            return
        taken = books.execute(
            "UPDATE link SET body=json_set(body, '$.waiting', '') "
            "WHERE id=? AND json_extract(body, '$.waiting')=?",
            (link.id, link.waiting),
        ).rowcount
        if not taken:
            return
        waiting = json.loads(link.waiting)
        if outcome == "voucher_paid":
            money.keep_charge(books, link, waiting["intent"], self.now())
            said = waiting["said"] | {"payment_status": "paid"}
            self._tell(books, "checkout.session.async_payment_succeeded", said)
        else:
            self._tell(books, "checkout.session.async_payment_failed", waiting["said"])

    def _save(self, books: sqlite3.Connection, link: SandboxLink, outcome: str) -> None:
        if not self._use(books, link):
            return
        kept = json.loads(
            books.execute("SELECT body FROM link WHERE id=?", (link.id,)).fetchone()[0]
        )
        setup = money.keep_setup(books, link, outcome, kept.get("setup_data") or {})
        self._tell(books, "setup_intent.succeeded", setup)
        said = session_said(link, link.id, status="no_payment_required", intent=setup["id"])
        self._tell(books, "checkout.session.completed", said)

    def _use(self, books: sqlite3.Connection, link: SandboxLink) -> bool:
        """Use the page up, where nobody was a moment faster."""
        if not link.active:
            return False
        return bool(
            books.execute(
                "UPDATE link SET active=? WHERE id=? AND active=1", (int(not link.once), link.id)
            ).rowcount
        )

    # ---- events ---------------------------------------------------------------------------

    def _tell(self, books: sqlite3.Connection, kind: str, about: dict[str, Any]) -> None:
        event = {
            "id": f"evt_sandbox{secrets.token_hex(10)}",
            "object": "event",
            "type": kind,
            "created": self.now(),
            "livemode": False,
            "data": {"object": about},
        }
        books.execute("INSERT INTO event VALUES (?,?,0)", (event["id"], json.dumps(event)))

    def call(self, key: str, form: dict[str, Any], work: money.Work) -> dict[str, Any]:
        """An API call that writes things and may tell of them."""

        def do(books: sqlite3.Connection) -> dict[str, Any]:
            answer, told = work(books, form, self.now())
            for kind, about in told:
                self._tell(books, kind, about)
            return answer

        return self.once(key, form, do)

    def events(self) -> list[dict[str, Any]]:
        """Every event, the newest first."""
        with self._books() as books:
            rows = books.execute("SELECT body FROM event ORDER BY rowid DESC").fetchall()
        return [json.loads(row[0]) for row in rows]

    def read(self, look: Callable[[sqlite3.Connection], Any]) -> Any:
        """Look something up."""
        with self._books() as books:
            return look(books)

    def deliver(self) -> int:
        """Send every event that was not taken yet, signed as Stripe signs. Answers how many were.

        Sessions whose time is up end first.
        """
        with self._books() as books:
            books.execute("BEGIN IMMEDIATE")
            over = books.execute(
                "SELECT id FROM link WHERE active=1 AND json_extract(body, '$.expires_at')<=?",
                (self.now(),),
            ).fetchall()
            for (number,) in over:
                self._end(books, number)
            books.execute("COMMIT")
            waiting = books.execute(
                "SELECT id, body FROM event WHERE taken=0 ORDER BY rowid"
            ).fetchall()
        delivered = 0
        for number, body in waiting:
            try:
                answer = httpx.post(
                    self._webhook_url,
                    content=body.encode(),
                    headers={"Stripe-Signature": sign(body), "Content-Type": "application/json"},
                    timeout=10,
                    trust_env=False,
                )
            except httpx.HTTPError:
                return delivered
            if answer.status_code == 200:
                with self._books() as books:
                    books.execute("UPDATE event SET taken=1 WHERE id=?", (number,))
                delivered += 1
        return delivered

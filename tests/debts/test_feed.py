"""Balances kept elsewhere, read from a real server that is slow, down, wrong or old."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pydantic import SecretStr
from sqlmodel import select

from bot.debtors.models import Creditor
from bot.debts import feed as feeds
from bot.debts import service
from bot.debts.feed import FeedFailed, Feeds, FeedSilent, HttpBalanceFeed, refresh
from bot.debts.models import Account, EntryKind, LedgerEntry
from bot.debts.repository import locked_account, net_of
from bot.kit.money import Money

HOUR = timedelta(hours=1)


class Erp:
    """A creditor's own system: answers what it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.body: bytes = b"{}"
        self.status = 200
        self.delay = 0.0
        self.drip = 0.0
        self.asked: list[tuple[str, str | None]] = []
        erp = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                erp.asked.append((self.path, self.headers.get("Authorization")))
                time.sleep(erp.delay)
                self.send_response(erp.status)
                if erp.status == 302:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()
                pieces = [erp.body]
                if erp.drip:
                    pieces = [erp.body[i : i + 10] for i in range(0, len(erp.body), 10)]
                try:
                    for piece in pieces:
                        self.wfile.write(piece)
                        self.wfile.flush()
                        time.sleep(erp.drip)
                except OSError:
                    pass  # the reader hung up, as it should

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.template = f"http://127.0.0.1:{self.server.server_port}/accounts/{{ref}}/balance"

    def says(self, ref: str, balance: str, as_of: datetime, **given: Any) -> None:
        answer = {"ref": ref, "currency": "MXN", "balance": balance, "as_of": as_of.isoformat()}
        self.body = json.dumps(answer | given).encode()


@pytest.fixture
def erp() -> Iterator[Erp]:
    made = Erp()
    yield made
    made.server.shutdown()
    made.server.server_close()


class Shop:
    """A creditor with a system of its own, and one account of theirs in pesos."""

    def __init__(self, database, clock, erp: Erp) -> None:
        self.database, self.clock, self.erp = database, clock, erp
        self.feed = HttpBalanceFeed({"girasol": SecretStr("sesame")}, timeout=0.5)
        with database.transaction() as session:
            girasol = session.exec(select(Creditor).where(Creditor.slug == "girasol")).one()
            girasol.balance_feed = erp.template
            account = session.exec(
                select(Account).where(Account.creditor_id == girasol.id, Account.currency == "MXN")
            ).first()
            assert account is not None and account.id is not None
            self.id, self.ref, self.debtor_id = account.id, account.ref, account.debtor_id
        self.feeds = Feeds(database=database, clock=clock, feed=self.feed)

    def refresh(self) -> dict[int, FeedFailed]:
        return refresh(self.database, self.clock, self.feed, [self.id])

    def net(self) -> int:
        with self.database.reading() as session:
            return net_of(session, self.id)

    def statement(self):
        with self.database.reading() as session:
            account = session.get_one(Account, self.id)
            return service.read_statement(session, account, today=self.clock.now().date())

    def from_feed(self) -> list[LedgerEntry]:
        with self.database.reading() as session:
            return list(
                session.exec(
                    select(LedgerEntry).where(
                        LedgerEntry.account_id == self.id, LedgerEntry.source == "feed"
                    )
                ).all()
            )

    def pay(self, minor: int, source_id: str) -> None:
        with self.database.transaction() as session:
            account = locked_account(session, self.id)
            service.book(
                session,
                account,
                kind=EntryKind.PAYMENT,
                amount=Money(minor, "MXN"),
                on=self.clock.now().date(),
                source="stripe",
                source_id=source_id,
                now=self.clock.now(),
            )


@pytest.fixture
def shop(database, clock, erp) -> Shop:
    return Shop(database, clock, erp)


def test_the_difference_is_booked_and_the_moment_kept(shop):
    shop.erp.says(shop.ref, "1234.50", shop.clock.now())
    assert shop.refresh() == {}
    assert shop.net() == 123450
    (entry,) = shop.from_feed()
    assert (entry.kind, entry.source_id) == ("adjustment", shop.clock.now().isoformat())
    assert shop.statement().as_of == shop.clock.now()
    assert shop.erp.asked == [(f"/accounts/{shop.ref}/balance", "Bearer sesame")]


def test_the_same_answer_again_books_nothing(shop):
    shop.erp.says(shop.ref, "1234.50", shop.clock.now())
    for _ in range(3):
        shop.refresh()
    assert len(shop.from_feed()) == 1


def test_an_older_answer_changes_nothing(shop):
    shop.erp.says(shop.ref, "1234.50", shop.clock.now())
    shop.refresh()
    shop.erp.says(shop.ref, "9.00", shop.clock.now() - HOUR)
    shop.refresh()
    assert shop.net() == 123450


def test_what_was_paid_here_after_the_reading_stays_paid(shop):
    moment = shop.clock.now()
    shop.clock.advance(HOUR)
    shop.pay(10000, "pi_1")
    shop.erp.says(shop.ref, "1000.00", moment)
    shop.refresh()
    assert shop.net() == 90000
    # The next reading has it.
    shop.clock.advance(HOUR)
    shop.erp.says(shop.ref, "900.00", shop.clock.now())
    shop.refresh()
    assert shop.net() == 90000


def test_what_was_paid_through_us_and_is_not_in_their_list_stays_paid(shop):
    shop.pay(10000, "pi_1")
    shop.clock.advance(HOUR)
    shop.erp.says(shop.ref, "1000.00", shop.clock.now(), movements=[])
    shop.refresh()
    assert shop.net() == 90000
    shop.clock.advance(HOUR)
    paid = {"id": "pi_1", "amount": "100.00", "on": "2026-11-21"}
    shop.erp.says(shop.ref, "900.00", shop.clock.now(), movements=[paid])
    shop.refresh()
    assert shop.net() == 90000


def test_an_account_in_credit_there_is_a_credit_here(shop):
    shop.erp.says(shop.ref, "-20.00", shop.clock.now())
    shop.refresh()
    statement = shop.statement()
    assert (statement.balance.minor, statement.surplus.minor) == (0, 2000)
    assert {e.kind.value for e in shop.from_feed()} == {"adjustment", "credit"}


def _bad(**given: Any) -> dict[str, Any]:
    good = {"ref": "REF", "currency": "MXN", "balance": "1.00", "as_of": "2026-11-21T16:00:00Z"}
    return good | given


GARBAGE = {
    "no json": b"<html>503</html>",
    "nothing": b"",
    "not utf-8": b"\xff\xfe",
    "a list": b"[]",
    "another account": _bad(ref="OTHER"),
    "another currency": _bad(currency="USD"),
    "no such currency": _bad(currency="XXX"),
    "a number": _bad(balance=12.5),
    "words": _bad(balance="mil"),
    "a comma": _bad(balance="1,000.00"),
    "not a number": _bad(balance="NaN"),
    "an exponent": _bad(balance="1e9"),
    "too many decimals": _bad(balance="1.005"),
    "too much": _bad(balance="1" + "0" * 13),
    "no time zone": _bad(as_of="2026-11-21T16:00:00"),
    "something more": _bad(name="Juana"),
    "a bad movement": _bad(movements=[{"id": ""}]),
}


@pytest.mark.parametrize("case", GARBAGE)
def test_what_cannot_be_believed_is_refused(case):
    garbage = GARBAGE[case]
    body = json.dumps(garbage).encode() if isinstance(garbage, dict) else garbage
    with pytest.raises(FeedFailed) as refused:
        feeds.read_answer(body, ref="REF", currency="MXN")
    assert "Juana" not in str(refused.value)


@pytest.mark.parametrize("case", ["nothing", "the future"])
def test_a_refused_answer_changes_nothing(shop, case, caplog):
    before = shop.net()
    if case == "nothing":
        shop.erp.body = b""
    else:
        shop.erp.says(shop.ref, "1.00", shop.clock.now() + HOUR)
    (problem,) = shop.refresh().values()
    assert not isinstance(problem, FeedSilent)
    assert (shop.net(), shop.from_feed()) == (before, [])
    assert shop.ref not in caplog.text


@pytest.mark.parametrize("status", [404, 500, 302, 401])
def test_another_status_is_no_answer_and_no_redirect_is_followed(shop, status):
    shop.erp.says(shop.ref, "1.00", shop.clock.now())
    shop.erp.status = status
    assert shop.refresh().keys() == {shop.id}
    assert len(shop.erp.asked) == 1


def test_an_endless_answer_is_cut_off(shop):
    shop.erp.body = b" " * (feeds.LARGEST_ANSWER + 1)
    assert "too long" in str(shop.refresh()[shop.id])


@pytest.mark.parametrize("how", ["delay", "drip"])
def test_a_slow_system_is_not_waited_for(shop, how):
    shop.erp.says(shop.ref, "1.00", shop.clock.now())
    setattr(shop.erp, how, 2.0 if how == "delay" else 0.2)
    begun = time.monotonic()
    assert isinstance(shop.refresh()[shop.id], FeedSilent)
    assert time.monotonic() - begun < 1.9


def test_a_system_that_is_down_is_left_alone_for_a_minute(shop):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with shop.database.transaction() as session:
        girasol = session.exec(select(Creditor).where(Creditor.slug == "girasol")).one()
        girasol.balance_feed = f"http://127.0.0.1:{port}/{{ref}}"
    shop.clock.advance(5 * HOUR)
    assert shop.id in shop.feeds.freshen(shop.debtor_id)
    with shop.database.transaction() as session:
        girasol = session.exec(select(Creditor).where(Creditor.slug == "girasol")).one()
        girasol.balance_feed = shop.erp.template
    shop.erp.says(shop.ref, "1.00", shop.clock.now())
    assert shop.id in shop.feeds.freshen(shop.debtor_id)
    assert shop.erp.asked == []
    shop.clock.advance(timedelta(seconds=61))
    assert shop.id not in shop.feeds.freshen(shop.debtor_id)
    assert shop.net() == 100


def test_only_an_old_balance_is_read_again(shop):
    assert shop.feeds.is_used()
    assert shop.feeds.freshen(shop.debtor_id) == []
    assert shop.erp.asked == []
    assert not shop.statement().is_stale(shop.clock.now())
    shop.clock.advance(4 * HOUR + timedelta(seconds=1))
    assert shop.statement().is_stale(shop.clock.now())
    shop.erp.says(shop.ref, "50.00", shop.clock.now())
    assert shop.feeds.freshen(shop.debtor_id) == []
    assert not shop.statement().is_stale(shop.clock.now())


def test_without_a_system_of_its_own_no_balance_is_ever_stale(database, clock):
    with database.reading() as session:
        account = session.get_one(Account, 1)
        statement = service.read_statement(session, account, today=clock.now().date())
    assert not statement.is_stale(clock.now() + 1000 * HOUR)
    assert not Feeds(database=database, clock=clock, feed=HttpBalanceFeed({})).is_used()


def test_two_readers_at_once_book_once(shop):
    shop.erp.says(shop.ref, "77.00", shop.clock.now())
    start = threading.Barrier(2)

    def work() -> None:
        start.wait()
        shop.refresh()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(shop.from_feed()), shop.net()) == (1, 7700)


@pytest.mark.parametrize(
    "template",
    ["http://erp.example/{ref}", "https://erp.example/", "ftp://127.0.0.1/{ref}", "file:///{ref}"],
)
def test_a_token_goes_over_no_open_line(template):
    with pytest.raises(FeedFailed, match="https"):
        feeds.address(template, "A-1")


def test_a_reference_cannot_leave_its_place():
    made = feeds.address("https://erp.example/a/{ref}/b", "../../admin?x=1#y")
    assert made == "https://erp.example/a/..%2F..%2Fadmin%3Fx%3D1%23y/b"

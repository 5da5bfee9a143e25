"""The other kind of page: with `ACUERDO_STRIPE_PAGES=links` everything goes the same way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.payments.models import Purpose, RequestState

from .served import database_url, running
from .shop import Shop


@pytest.fixture(scope="module")
def links(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("links")
    with (
        database_url("sqlite", folder) as url,
        running(url, folder, stripe_pages="links") as (parts, clock),
    ):
        shop = Shop(parts, clock)
        yield shop
        shop.web.close()


def test_a_link_is_opened_paid_and_booked(links: Shop) -> None:
    debt = links.debt("1000")
    token = links.link(debt, "1000")
    page = links.page(token)
    assert "/plink_" in page and links.page(token) == page
    links.press(page)
    assert links.balance(debt) == "0.00" and not links.takes_money(page)


def test_its_page_never_ends_by_itself_and_is_closed_when_superseded(links: Shop) -> None:
    debt = links.debt("1000")
    token = links.link(debt, "1000")
    page = links.page(token)
    links.wait(timedelta(days=20))
    assert links.page(token) == page
    links.link(debt, "300", purpose=Purpose.PART)
    links.checkout.close_stale_pages()
    assert not links.takes_money(page)
    assert links.request(token).status is RequestState.SUPERSEDED


def test_a_voucher_through_a_link_is_waited_for(links: Shop) -> None:
    debt = links.debt("1000")
    token = links.link(debt, "1000")
    page = links.page(token)
    links.press(page, "voucher")
    assert links.request(token).status is RequestState.PENDING
    links.press(page, "voucher_paid")
    assert links.balance(debt) == "0.00"


def test_too_much_through_a_link_goes_back(links: Shop) -> None:
    debt = links.debt("1000")
    token = links.link(debt, "1000")
    page = links.page(token)
    links.deliver(links.event(token, "400"))
    links.press(page)
    assert links.parts.refunds.run() == 1
    assert links.statement(debt).surplus.minor == 0
    assert [r.minor for r in links.refunds(debt)] == [40000]

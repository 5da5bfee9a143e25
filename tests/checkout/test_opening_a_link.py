"""What somebody who opens a payment link gets."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlmodel import select

from bot.debtors.models import Creditor
from bot.debts.models import Account, EntryKind
from bot.kit.money import Money
from bot.payments.models import PaymentRequest, Purpose, RequestState
from bot.payments.provider import HostedPage, PageOrder, PaymentsUnavailable
from bot.payments.service import request_payment
from bot.payments.stripe_provider import StripeProvider

from .served import free_port
from .shop import Shop


def pesos(major: str) -> Money:
    return Money.of(major, "MXN")


def test_a_link_leads_to_the_providers_page_for_what_is_owed(shop: Shop) -> None:
    debt = shop.debt("1500.50")
    answer = shop.open(shop.link(debt, "1500.50"))
    assert answer.status_code == 303
    page = shop.web.get(answer.headers["location"]).text
    assert "$1,500.50" in page and "Tienda Girasol · Crédito para refrigerador" in page


def test_opening_it_again_leads_to_the_same_page(shop: Shop) -> None:
    token = shop.link(shop.debt(), "1000")
    assert shop.page(token) == shop.page(token)
    assert shop.pages_of(token) == 1


def test_ten_who_open_it_at_once_get_one_page(shop: Shop) -> None:
    token = shop.link(shop.debt(), "1000")
    with ThreadPoolExecutor(10) as people:
        pages = set(people.map(lambda _: shop.page(token), range(10)))
    assert len(pages) == 1 and shop.pages_of(token) == 1


def test_asking_for_the_same_in_the_chat_gives_the_same_link(shop: Shop) -> None:
    debt = shop.debt()
    assert shop.link(debt, "1000") == shop.link(debt, "1000")


def test_whoever_owes_less_than_was_asked_is_told_and_then_asked_for_less(shop: Shop) -> None:
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    shop.book(debt, pesos("400"))
    told = shop.open(token)
    assert told.status_code == 200 and "location" not in told.headers
    assert "$600" in told.text and "1,000" not in told.text
    assert shop.pages_of(token) == 0
    assert f"/pay/{token}?seen=60000" in told.text
    page = shop.web.get(shop.page(token, seen=60000)).text
    assert "$600" in page and "1,000" not in page


def test_whoever_was_told_another_amount_is_told_again(shop: Shop) -> None:
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    shop.book(debt, pesos("400"))
    shop.book(debt, pesos("100"))
    told = shop.open(token, seen=60000)
    assert told.status_code == 200 and "$500" in told.text


@pytest.mark.parametrize("typed", ["abc", "-1", "1e9", "٦٠", "9" * 400, "", " "])
def test_nonsense_in_the_address_counts_for_nothing(shop: Shop, typed: str) -> None:
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    shop.book(debt, pesos("400"))
    told = shop.open(token, seen=typed)
    assert told.status_code == 200 and "$600" in told.text


def test_a_page_for_the_old_amount_is_closed_when_there_is_one_for_the_new(shop: Shop) -> None:
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    old = shop.page(token)
    shop.book(debt, pesos("400"))
    assert shop.open(token).status_code == 200
    new = shop.page(token, seen=60000)
    assert new != old
    assert not shop.takes_money(old) and shop.takes_money(new)


def test_an_amount_that_comes_back_gets_a_page_that_works(shop: Shop) -> None:
    """The first page for it was closed meanwhile; the provider's idempotency must not revive it."""
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    first = shop.page(token)
    shop.book(debt, pesos("400"))
    second = shop.page(token, seen=60000)
    shop.book(debt, pesos("400"), kind=EntryKind.ADJUSTMENT)
    third = shop.page(token)
    assert third not in (first, second)
    assert shop.takes_money(third) and not shop.takes_money(second)
    assert "$1,000" in shop.web.get(third).text


def test_where_nothing_is_due_nothing_is_asked(shop: Shop) -> None:
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    shop.book(debt, pesos("1000"))
    answer = shop.open(token)
    assert answer.status_code == 200 and "Nada que pagar" in answer.text
    assert shop.pages_of(token) == 0


def test_more_received_than_owed_is_nothing_to_pay(shop: Shop) -> None:
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    shop.book(debt, pesos("1200"))
    assert "Nada que pagar" in shop.open(token).text


def test_a_link_for_an_instalment_asks_for_what_is_missing_of_it(shop: Shop) -> None:
    debt = shop.debt("900")
    first, *_ = shop.plan(debt, "300", "300", "300")
    token = shop.link(debt, "300", purpose=Purpose.INSTALMENT, instalment_id=first)
    shop.book(debt, pesos("100"))
    told = shop.open(token)
    assert told.status_code == 200 and "$200" in told.text
    assert "$200" in shop.web.get(shop.page(token, seen=20000)).text


def test_a_link_for_an_instalment_that_is_covered_asks_for_nothing(shop: Shop) -> None:
    debt = shop.debt("900")
    first, *_ = shop.plan(debt, "300", "300", "300")
    token = shop.link(debt, "300", purpose=Purpose.INSTALMENT, instalment_id=first)
    shop.book(debt, pesos("300"))
    assert "Nada que pagar" in shop.open(token).text


def test_a_superseded_link_says_so_and_its_page_is_closed(shop: Shop) -> None:
    debt = shop.debt("1000")
    old = shop.link(debt, "1000")
    page = shop.page(old)
    new = shop.link(debt, "250", purpose=Purpose.PART)
    answer = shop.open(old)
    assert answer.status_code == 200 and "ya no sirve" in answer.text
    assert shop.checkout.close_stale_pages() >= 1
    assert not shop.takes_money(page)
    assert shop.checkout.close_stale_pages() == 0
    assert shop.takes_money(shop.page(new))


def test_a_link_expires_and_its_page_with_it(shop: Shop) -> None:
    token = shop.link(shop.debt(), "1000")
    page = shop.page(token)
    shop.wait(timedelta(days=30))
    answer = shop.open(token)
    assert answer.status_code == 200 and "ya no sirve" in answer.text
    shop.checkout.close_stale_pages()
    assert not shop.takes_money(page)


def test_the_page_of_an_expired_link_is_closed_though_nobody_opens_it(shop: Shop) -> None:
    token = shop.link(shop.debt(), "1000")
    shop.wait(timedelta(days=29, hours=10))
    page = shop.page(token)
    shop.wait(timedelta(hours=10))
    shop.checkout.close_stale_pages()
    assert shop.takes_money(page)
    shop.wait(timedelta(hours=4))
    shop.checkout.close_stale_pages()
    assert not shop.takes_money(page)
    assert shop.request(token).status is RequestState.EXPIRED


@pytest.mark.parametrize("token", ["nobody-knows-it", "%00", "a%00b", "x" * 500, "%2e%2e", "ñ"])
def test_an_unknown_link_is_not_found(shop: Shop, token: str) -> None:
    for path in (f"/pay/{token}", f"/pay/{token}/done"):
        answer = shop.web.get(path)
        assert answer.status_code == 404
        assert "No encontramos este enlace" in answer.text


def test_a_paid_link_cannot_be_paid_again(shop: Shop) -> None:
    debt = shop.debt("1000")
    token = shop.link(debt, "300", purpose=Purpose.PART)
    page = shop.page(token)
    assert shop.press(page).status_code == 303
    assert shop.balance(debt) == "700.00"
    assert "Nada que pagar" in shop.open(token).text
    assert not shop.takes_money(page)
    shop.press(page)  # a form left open in another tab
    assert shop.parts.sandbox
    shop.parts.sandbox.deliver()
    assert shop.balance(debt) == "700.00" and shop.payments(debt) == [30000]


def test_after_paying_the_other_links_of_the_account_ask_for_nothing(shop: Shop) -> None:
    debt = shop.debt("1000")
    old = shop.link(debt, "1000")
    page = shop.page(old)
    new = shop.link(debt, "300", purpose=Purpose.PART)
    shop.press(shop.page(new))
    assert shop.request(old).status is RequestState.SUPERSEDED
    shop.checkout.close_stale_pages()
    assert not shop.takes_money(page)


def test_coming_back_from_the_provider_promises_nothing_yet(shop: Shop) -> None:
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    answer = shop.web.get(f"/pay/{token}/done")
    assert answer.status_code == 200 and "¡Gracias!" in answer.text
    assert "1,000" not in answer.text and "refrigerador" not in answer.text
    assert shop.payments(debt) == []


@pytest.mark.parametrize(
    ("language", "country", "words"),
    [("es", "MX", "Nada que pagar"), ("pt", "BR", "Nada a pagar"), ("en", "US", "Nothing to pay")],
)
def test_a_notice_is_in_the_debtors_language(
    shop: Shop, language: str, country: str, words: str
) -> None:
    debt = shop.debt("1000", language=language, country=country)
    token = shop.link(debt, "1000")
    shop.book(debt, pesos("1000"))
    answer = shop.open(token)
    assert words in answer.text and f'<html lang="{language}">' in answer.text


def test_pages_and_redirects_are_kept_by_nobody_and_framed_by_nobody(shop: Shop) -> None:
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    redirect, unknown = shop.open(token), shop.open("unknown")
    done = shop.web.get(f"/pay/{token}/done")
    sandbox = shop.web.get(redirect.headers["location"])
    back = shop.press(redirect.headers["location"])
    paid = shop.open(token)
    for answer in (redirect, unknown, done, sandbox, back, paid):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "set-cookie" not in answer.headers


def test_what_is_written_on_a_page_is_never_mark_up(shop: Shop) -> None:
    debt = shop.debt("1000")
    with shop.database.transaction() as session:
        session.get_one(Account, debt.account_id).product = "<script>alert(1)</script>"
    page = shop.web.get(shop.page(shop.link(debt, "1000"))).text
    assert "<script>" not in page and "&lt;script&gt;" in page


# ---- the provider is down, or something happens meanwhile


def unreachable() -> StripeProvider:
    return StripeProvider(
        api_key="sk_test_x", webhook_secret="whsec_x", api_base=f"http://127.0.0.1:{free_port()}"
    )


def test_while_the_provider_is_down_nothing_is_lost(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    with monkeypatch.context() as down:
        down.setattr(shop.checkout, "provider", unreachable())
        answer = shop.open(token)
    assert answer.status_code == 503 and "no responde" in answer.text
    assert "1,000" not in answer.text
    assert shop.request(token).status is RequestState.OPEN
    assert shop.takes_money(shop.page(token))
    assert shop.pages_of(token) == 1


class Meddled:
    """The real provider, with something happening while it is being asked."""

    def __init__(self, shop: Shop, meanwhile: object = None, *, refuses_to_close: bool = False):
        self._real = shop.checkout.provider
        self.name = self._real.name
        self.meanwhile = [meanwhile] if meanwhile else []
        self.refuses_to_close = refuses_to_close
        self.opened: list[str] = []

    def open_page(self, order: PageOrder) -> HostedPage:
        page = self._real.open_page(order)
        self.opened.append(page.url)
        if self.meanwhile:
            self.meanwhile.pop()()  # type: ignore[operator]
        return page

    def close_page(self, page_id: str) -> None:
        if self.refuses_to_close:
            raise PaymentsUnavailable("APIError")
        self._real.close_page(page_id)

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)


def test_a_link_superseded_while_its_page_is_opened_leads_nowhere(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    meddled = Meddled(shop, lambda: shop.link(debt, "250", purpose=Purpose.PART))
    with monkeypatch.context() as patch:
        patch.setattr(shop.checkout, "provider", meddled)
        answer = shop.open(token)
    assert answer.status_code == 200 and "ya no sirve" in answer.text
    (page,) = meddled.opened
    assert not shop.takes_money(page)


def test_a_link_paid_while_its_page_is_opened_leads_nowhere(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    event = shop.event(token, "1000")
    meddled = Meddled(shop, lambda: shop.deliver(event))
    with monkeypatch.context() as patch:
        patch.setattr(shop.checkout, "provider", meddled)
        answer = shop.open(token)
    assert "Nada que pagar" in answer.text
    assert not shop.takes_money(meddled.opened[0])


def test_of_two_who_open_it_with_different_amounts_only_one_page_stays(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")

    def meanwhile() -> None:
        shop.book(debt, pesos("400"))
        meddled.opened.append(shop.page(token, seen=60000))

    meddled = Meddled(shop, meanwhile)
    with monkeypatch.context() as patch:
        patch.setattr(shop.checkout, "provider", meddled)
        answer = shop.open(token)
    assert answer.status_code == 200 and "$600" in answer.text
    open_pages = {page for page in meddled.opened if shop.takes_money(page)}
    assert open_pages == {shop.page(token, seen=60000)}


def test_where_the_old_page_cannot_be_closed_nobody_is_sent_to_a_second_one(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    old = shop.page(token)
    shop.book(debt, pesos("400"))
    with monkeypatch.context() as patch:
        patch.setattr(shop.checkout, "provider", Meddled(shop, refuses_to_close=True))
        assert shop.open(token, seen=60000).status_code == 503
    assert shop.request(token).link_open and shop.takes_money(old)
    new = shop.page(token, seen=60000)
    assert shop.takes_money(new) and not shop.takes_money(old)
    assert shop.pages_of(token) == 2  # the second was found again by its idempotency key


def test_a_page_that_cannot_be_closed_is_tried_again_and_holds_up_no_other(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, other = shop.debt(), shop.debt()
    pages = []
    for debt in (stuck, other):
        pages.append(shop.page(shop.link(debt, "1000")))
        shop.link(debt, "250", purpose=Purpose.PART)
    real = shop.checkout.provider.close_page
    number = pages[0].rsplit("/", 1)[1].split("?")[0]

    def close(page_id: str) -> None:
        if page_id == number:
            raise PaymentsUnavailable("PermissionError")
        real(page_id)

    with monkeypatch.context() as patch:
        patch.setattr(shop.checkout.provider, "close_page", close)
        shop.checkout.close_stale_pages()
        assert shop.takes_money(pages[0]) and not shop.takes_money(pages[1])
    shop.checkout.close_stale_pages()
    assert not shop.takes_money(pages[0])


def test_a_page_opened_while_the_one_before_is_closed_is_not_forgotten(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    debt = shop.debt()
    token = shop.link(debt, "1000")
    shop.page(token)
    shop.link(debt, "250", purpose=Purpose.PART)
    real = shop.checkout.provider.close_page

    def close(page_id: str) -> None:
        real(page_id)
        with shop.database.transaction() as session:
            row = session.exec(select(PaymentRequest).where(PaymentRequest.token == token)).one()
            row.link_id = "plink_opened_meanwhile"

    with monkeypatch.context() as patch:
        patch.setattr(shop.checkout.provider, "close_page", close)
        shop.checkout.close_stale_pages()
    assert shop.request(token).link_open
    shop.checkout.close_stale_pages()
    assert not shop.request(token).link_open


def test_while_the_provider_is_down_only_one_page_is_tried(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.checkout.close_stale_pages()
    for _ in range(2):
        debt = shop.debt()
        shop.page(shop.link(debt, "1000"))
        shop.link(debt, "250", purpose=Purpose.PART)
    asked: list[str] = []
    down = unreachable()

    def close(page_id: str) -> None:
        asked.append(page_id)
        down.close_page(page_id)

    with monkeypatch.context() as patch:
        patch.setattr(shop.checkout.provider, "close_page", close)
        assert shop.checkout.close_stale_pages() == 0
    assert len(asked) == 1
    assert shop.checkout.close_stale_pages() == 2


@pytest.mark.parametrize("amount", [pesos("0"), pesos("-1"), Money.of("10", "EUR")])
def test_a_link_for_nothing_or_in_another_currency_is_never_made(shop: Shop, amount: Money) -> None:
    debt = shop.debt("1000")
    with shop.database.transaction() as session, pytest.raises(ValueError, match="cannot ask"):
        request_payment(
            session,
            account_id=debt.account_id,
            conversation_id=debt.conversation_id,
            amount=amount,
            purpose=Purpose.PART,
            now=shop.clock.now(),
        )


def test_two_chats_that_ask_at_once_leave_one_open_link(shop: Shop) -> None:
    first = shop.debt("1000")
    second = shop.debt("1000")  # lends its conversation
    chats = [first.conversation_id, second.conversation_id] * 4

    def ask(chat: int) -> str:
        return shop.link(first, "1000", conversation_id=chat)

    with ThreadPoolExecutor(8) as people:
        tokens = set(people.map(ask, chats))
    states = [shop.request(token).status for token in tokens]
    assert states.count(RequestState.OPEN) == 1


def test_pesos_of_chile_have_no_cents(shop: Shop) -> None:
    debt = shop.debt("89990", "CLP", country="CL", timezone="America/Santiago")
    page = shop.page(shop.link(debt, "89990"))
    assert "89,990" in shop.web.get(page).text
    shop.press(page)
    assert shop.entries(debt) == [("charge", 89990), ("payment", -89990)]


def test_a_debt_keeps_to_itself(shop: Shop) -> None:
    one, two = shop.debt("1000"), shop.debt("500")
    shop.press(shop.page(shop.link(one, "1000")))
    assert shop.balance(one) == "0.00" and shop.balance(two) == "500.00"
    assert shop.names(two) == []


def test_no_page_is_opened_on_a_balance_that_its_system_does_not_confirm(shop: Shop) -> None:
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    with shop.database.transaction() as session:
        account = session.get_one(Account, debt.account_id)
        creditor = session.get_one(Creditor, account.creditor_id)
        creditor.balance_feed = f"http://127.0.0.1:{free_port()}/balances/{{ref}}"
        account.balance_read_at = shop.clock.now() - timedelta(hours=5)
    shop.clock.advance(timedelta(minutes=2))
    try:
        assert shop.open(token).status_code == 503
        assert shop.pages_of(token) == 0
    finally:
        with shop.database.transaction() as session:
            account = session.get_one(Account, debt.account_id)
            session.get_one(Creditor, account.creditor_id).balance_feed = ""
        shop.clock.advance(timedelta(minutes=2))

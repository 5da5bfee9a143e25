"""Finding a payment told among those booked: never a wrong one, whatever is in the ledger."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cases.receipts import read_method, read_receipt
from bot.cases.rules import Booked, Matching, Told, has_reference, match
from bot.kit.money import Money

from ..media.samples import RECEIPT

HOW = Matching(Decimal("0.01"), 3)
DAY = date(2026, 11, 12)


def booked(number: int, minor: int, day: date = DAY, words: str = "") -> Booked:
    return Booked(number, Money(minor, "MXN"), day, words)


def told(minor: int | None = 150_000, day: date | None = DAY, reference: str = "") -> Told:
    return Told(Money(minor, "MXN") if minor else None, day, reference)


@pytest.mark.parametrize(
    ("say", "entries", "found"),
    [
        (told(), [booked(1, 150_000)], 1),
        (told(), [booked(1, 150_000, DAY + timedelta(3))], 1),
        (told(), [booked(1, 150_000, DAY + timedelta(4))], None),
        (told(), [booked(1, 148_500)], None),  # 1.01 % of what is booked
        (told(), [booked(1, 149_000)], 1),
        (told(day=None), [booked(1, 150_000)], None),  # last month's was as much
        (told(minor=None), [booked(1, 150_000)], None),
        (told(day=None, reference="BNV-2026/111"), [booked(1, 150_000, words="bnv2026111 x")], 1),
        (told(minor=90_000, reference="BNV2026111"), [booked(1, 150_000, words="BNV2026111")], None),
        (told(day=None, reference="123"), [booked(1, 150_000, words="41235")], None),
        (told(), [booked(1, 150_000, DAY - timedelta(1)), booked(2, 150_000, DAY + timedelta(1))], None),
        (told(), [booked(1, 150_000, DAY - timedelta(2)), booked(2, 150_000, DAY)], 2),
        (told(), [booked(1, 149_500, DAY), booked(2, 150_000, DAY + timedelta(3))], 2),
        (Told(Money(150_000, "USD"), DAY), [booked(1, 150_000)], None),
        (told(), [], None),
    ],
)  # fmt: skip
def test_what_is_found(say: Told, entries: list[Booked], found: int | None) -> None:
    answer = match(say, entries, HOW)
    assert (answer.entry_id if answer else None) == found


def some_case(random: Random) -> tuple[Told, list[Booked]]:
    """A claim and a ledger in which much is alike, so that near misses are common."""

    def a_day() -> date:
        return DAY + timedelta(random.randint(-8, 8))

    def an_amount() -> int:
        return random.choice([1, 150_000, 148_500, 148_600, 151_500, random.randint(1, 5_000_000)])

    def a_code() -> str:
        return "".join(random.choices("AB01", k=random.randint(0, 7)))

    say = told(
        an_amount() if random.random() < 0.9 else None,
        a_day() if random.random() < 0.8 else None,
        a_code(),
    )
    ledger = [booked(n, an_amount(), a_day(), a_code()) for n in range(random.randint(0, 6))]
    return say, ledger


def check(say: Told, ledger: list[Booked], random: Random) -> bool:
    """Whether something was found; whatever was has to be near, in any order of the ledger."""
    found = match(say, ledger, HOW)
    assert match(say, random.sample(ledger, len(ledger)), HOW) == found
    if found is None:
        return False
    assert say.amount is not None and found in ledger
    assert abs(found.amount.minor - say.amount.minor) * 100 <= found.amount.minor
    by_number = has_reference(found.words, say.reference)
    by_day = say.paid_on is not None and abs((found.on - say.paid_on).days) <= 3
    assert by_number or by_day
    return True


def test_a_match_is_always_near_and_never_depends_on_order() -> None:
    random = Random(20261121)
    matched = sum(check(*some_case(random), random) for _ in range(20_000))
    assert 2_000 < matched < 18_000  # the cases do try both outcomes


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32))
def test_the_same_for_cases_that_hypothesis_seeks(seed: int) -> None:
    random = Random(seed)
    check(*some_case(random), random)


def test_an_exact_payment_is_found_unless_there_is_its_twin() -> None:
    random = Random(7)
    for _ in range(5_000):
        _, ledger = some_case(random)
        minor, day = random.randint(1, 5_000_000), DAY
        mine = booked(1000, minor, day)
        others = [b for b in ledger if b.amount.minor != minor or b.on != day]
        assert match(told(minor, day), [*others, mine], HOW) == mine


# --- the text of receipts


def read(lines: list[str], country: str = "MX", currency: str = "MXN") -> Told:
    return read_receipt(
        "\n".join(lines), country=country, currency=currency, today=date(2026, 11, 21)
    )


def test_a_mexican_transfer() -> None:
    found = read(RECEIPT)
    assert found == Told(Money(150_000, "MXN"), DAY, "BNV2026111299831", "transfer")


def test_a_brazilian_pix() -> None:
    found = read(
        [
            "Comprovante de transferência",
            "Pix realizado",
            "Valor",
            "R$ 1.234,56",
            "Data e hora",
            "12/11/2026 às 10:33",
            "ID da transação: E18236120202611121033s0993ab1",
        ],
        "BR",
        "BRL",
    )
    assert found.amount == Money(123_456, "BRL")
    assert found.paid_on == DAY
    assert found.reference.startswith("E18236120")
    assert found.method == "transfer"


def test_a_chilean_deposit_has_no_cents() -> None:
    found = read(
        ["Depósito en efectivo", "Monto $ 45.990", "Fecha 12-11-2026", "N° de operación 55123009"],
        "CL",
        "CLP",
    )
    assert found.amount == Money(45_990, "CLP") and found.paid_on == DAY


def test_an_english_one() -> None:
    found = read(
        ["Payment confirmation", "Amount: USD 250.00", "Date: November 12, 2026",
         "Transaction ID: TX-99812-B", "Balance: USD 1,200.00"],
        "US",
        "USD",
    )  # fmt: skip
    assert found.amount == Money(25_000, "USD") and found.paid_on == DAY
    assert found.reference == "TX-99812-B"


def test_two_amounts_are_asked_and_not_guessed() -> None:
    found = read(["Importe: $1,500.00", "Total: $1,505.00", "Fecha: 12/11/2026"])
    assert found.amount is None and found.paid_on == DAY


def test_another_currency_and_a_day_to_come_are_left_out() -> None:
    found = read(["Importe: USD 100.00", "Fecha: 24/12/2026"])
    assert found == Told()


def test_a_due_date_is_no_day_of_payment() -> None:
    assert read(["Fecha de vencimiento: 01/11/2026"]).paid_on is None


@pytest.mark.parametrize(
    ("said", "method"),
    [
        ("lo pagué por transferencia", "transfer"),
        ("fiz um pix", "transfer"),
        ("en efectivo en el oxxo", "cash"),
        ("hice un depósito", "deposit"),
        ("con mi tarjeta", "card"),
        ("ya pagué", ""),
    ],
)
def test_how_it_was_paid(said: str, method: str) -> None:
    assert read_method(said) == method


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    found = read([*text.splitlines(), "Fecha"])
    assert found.paid_on is None or found.paid_on <= date(2026, 11, 21)
    assert found.amount is None or found.amount.currency == "MXN"

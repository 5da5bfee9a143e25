"""What the sixty people of the sample owe, counted from a given day."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

from bot.debtors.facts import COUNTRIES
from bot.debts.models import EntryKind
from bot.portfolio.sample_people import CLARO, GIRASOL, PUENTE, SEED, SamplePerson

_LADDER = (
    *(-20, -14, -10, -7, -5, -3, -2, -1, 0, 1, 2, 3, 5, 7, 8, 10, 12, 15, 18, 20, 22, 25, 28),
    *(30, 33, 36, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 100, 110, 120, 130, 140, 150),
    *(160, 170, 180),
)
"""Days overdue; less than zero is still to come."""
_STRIDE = 17
"""Shares no factor with the ladder's length, so that neighbours differ and every rung is used."""

# Lowest, highest and step of a principal, in minor units.
_RANGES = {
    "MXN": (1_200_00, 18_000_00, 50),
    "COP": (80_000_00, 4_000_000_00, 100_00),
    "CLP": (25_000, 900_000, 10),
    "PEN": (150_00, 6_000_00, 10),
    "ARS": (20_000_00, 1_500_000_00, 100_00),
    "EUR": (40_00, 2_500_00, 5),
    "BRL": (120_00, 7_000_00, 5),
    "USD": (60_00, 3_500_00, 5),
}

_GOODS = {
    "es": (
        ("Refrigerador Boreal 320 L", "Garantía extendida"),
        ("Sala esquinera Niebla", "Envío"),
        ("Lavadora Cascada 18 kg", "Instalación"),
        ("Celular Lince 5G", "Funda y protector"),
        ("Bicicleta Vereda R29", "Casco"),
        ("Colchón Siesta matrimonial", "Envío"),
    ),
    "pt": (
        ("Geladeira Boreal 320 L", "Garantia estendida"),
        ("Sofá de canto Neblina", "Entrega"),
    ),
    "en": (
        ("Boreal 320 L refrigerator", "Extended warranty"),
        ("Lynx 5G phone", "Case and protector"),
    ),
}
_LOANS = {
    "es": ("Préstamo personal a 12 meses", "Préstamo para moto", "Microcrédito para negocio"),
    "pt": ("Empréstimo pessoal de 12 meses", "Crédito para microempresa"),
    "en": ("12-month personal loan", "Car repair loan"),
}
_BILLS = {
    "es": (
        ("Telefonía Lumbre", "Plan Hogar 300", "Renta de equipo"),
        ("Clínica Santa Aurelia", "Atención ambulatoria", "Laboratorio"),
    ),
    "pt": (
        ("Telefonia Lume", "Plano Casa 300", "Aluguel de equipamento"),
        ("Clínica Santa Aurélia", "Atendimento ambulatorial", "Laboratório"),
    ),
    "en": (
        ("Lamplight Telecom", "Home 300 plan", "Equipment rental"),
        ("Saint Aurelia Clinic", "Outpatient visit", "Laboratory"),
    ),
}
# Instalment, interest, fee, payment, payment not yet applied.
_WORDS = {
    "es": (
        "Cuota {}",
        "Interés por mora",
        "Comisión por pago tardío",
        "Pago recibido",
        "Pago recibido sin aplicar",
    ),
    "pt": (
        "Parcela {}",
        "Juros por atraso",
        "Multa por atraso",
        "Pagamento recebido",
        "Pagamento recebido e não aplicado",
    ),
    "en": (
        "Instalment {}",
        "Late interest",
        "Late fee",
        "Payment received",
        "Payment received, not yet applied",
    ),
}


@dataclass(frozen=True, slots=True)
class SampleMovement:
    """One line of the ledger; `minor` is positive, the kind gives it its sign."""

    kind: EntryKind
    minor: int
    on: date
    description: str


@dataclass(frozen=True, slots=True)
class SampleDebt:
    """One account of the sample."""

    ref: str
    product: str
    original_creditor: str
    currency: str
    opened_on: date
    due_on: date
    movements: tuple[SampleMovement, ...]


def sample_debts(person: SamplePerson, today: date) -> list[SampleDebt]:
    """What somebody owes on `today`: one account, a few people two."""
    debts = [_debt(person, today, 0)]
    if person.index in (5, 23, 41):
        debts.append(_debt(person, today, 1))
    return debts


def _debt(person: SamplePerson, today: date, number: int) -> SampleDebt:
    chance = random.Random(f"{SEED}:{person.name}:{number}")  # noqa: S311
    rung = _LADDER[(person.index * _STRIDE + number * 5) % len(_LADDER)]
    due = today - timedelta(days=rung)
    opened = due - timedelta(days=chance.choice((60, 90, 120)) if number else 90)
    currency = COUNTRIES[person.country].currency
    low, high, step = _RANGES[currency]
    steps = (high - low) // step
    principal = low + step * min(chance.randint(0, steps), chance.randint(0, steps))
    product, original, charges = _charges(person, chance, principal, step, opened)
    late = _late(person, principal, low, step, rung, due, today)
    received = _received(person, chance, principal, step, opened, today) if not number else []
    return SampleDebt(
        ref=f"{person.ref}-{'AB'[number]}",
        product=product,
        original_creditor=original,
        currency=currency,
        opened_on=opened,
        due_on=due,
        movements=tuple(m for m in (*charges, *late, *received) if m.minor),
    )


def _charges(
    person: SamplePerson, chance: random.Random, principal: int, step: int, opened: date
) -> tuple[str, str, list[SampleMovement]]:
    """Product, original creditor, and the principal line by line."""

    def charge(minor: int, on: date, description: str) -> SampleMovement:
        return SampleMovement(EntryKind.CHARGE, minor, on, description)

    extra = principal * chance.randint(8, 20) // 100 // step * step
    if person.creditor == CLARO:
        product = chance.choice(_LOANS[person.language])
        first = chance.randint(2, 9)
        third = principal // 3 // step * step
        shares = (principal - 2 * third, third, third)
        instalment = _WORDS[person.language][0]
        return (
            product,
            "",
            [
                charge(share, opened + timedelta(days=30 * i), instalment.format(first + i))
                for i, share in enumerate(shares)
            ],
        )
    original = ""
    if person.creditor == PUENTE:
        original, product, second = chance.choice(_BILLS[person.language])
    else:
        assert person.creditor == GIRASOL
        product, second = chance.choice(_GOODS[person.language])
    return (
        product,
        original,
        [
            charge(principal - extra, opened, product),
            charge(extra, opened, second),
        ],
    )


def _late(
    person: SamplePerson, principal: int, low: int, step: int, rung: int, due: date, today: date
) -> list[SampleMovement]:
    """Interest of 24 % a year from the sixth day on, and one fee from the twenty-first."""
    _, interest, fee, *_ = _WORDS[person.language]
    late = []
    if rung > 5 and person.creditor != GIRASOL:
        owed = principal * 24 * rung // 36_500 // step * step
        late.append(SampleMovement(EntryKind.INTEREST, owed, today, interest))
    if rung > 20:
        on = due + timedelta(days=21)
        late.append(SampleMovement(EntryKind.FEE, low // 24 // step * step, on, fee))
    return late


def _received(
    person: SamplePerson,
    chance: random.Random,
    principal: int,
    step: int,
    opened: date,
    today: date,
) -> list[SampleMovement]:
    """A third have paid a part, one in twelve a few days ago, one in eleven has credit waiting."""
    *_, paid, unapplied = _WORDS[person.language]

    def share(low: int, high: int) -> int:
        return principal * chance.randint(low, high) // 100 // step * step

    received = []
    if person.index % 3 == 0:
        on = opened + timedelta(days=chance.randint(10, 60))
        received.append(SampleMovement(EntryKind.PAYMENT, share(15, 35), on, paid))
    if person.index % 12 == 4:
        on = today - timedelta(days=chance.randint(1, 4))
        received.append(SampleMovement(EntryKind.PAYMENT, share(10, 25), on, paid))
    if person.index % 11 == 5:
        on = today - timedelta(days=6)
        received.append(SampleMovement(EntryKind.CREDIT, share(5, 12), on, unapplied))
    return received

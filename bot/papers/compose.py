"""What each paper says: facts into the words of the catalogue, for the debtor's language and place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from babel.dates import format_date

from bot.debtors.models import Creditor, Debtor
from bot.debts.facts import Movement, Statement
from bot.kit.money import Money, exponent, zero
from bot.papers.facts import Grid, Sheet
from bot.papers.rules import page_of
from bot.texts.catalogue import Reader, load, render

_BARE_DOLLAR = re.compile(r"(?<![A-Za-z])\$")


@dataclass(frozen=True, slots=True)
class Occasion:
    """Who issues a paper to whom, and the day on which they do, in the debtor's time zone."""

    creditor: Creditor
    debtor: Debtor
    today: date

    @property
    def reader(self) -> Reader:
        """The debtor, on paper."""
        debtor = self.debtor
        return Reader(debtor.language, debtor.country, self.creditor.formal, debtor.timezone)

    def text(self, key: str, **values: Any) -> str:
        """A text of the catalogue; days are written in full, amounts as the debtor's country does."""
        written = {name: self._written(value) for name, value in values.items()}
        return render(key, self.reader, **written)

    def _written(self, value: object) -> object:
        match value:
            case Money():
                return value.format(self.reader.locale)
            case date():
                return self.day(value)
            case _:
                return value

    def day(self, day: date, *, short: bool = False) -> str:
        """A day as it is written on paper, or in a column."""
        return format_date(day, "medium" if short else "long", locale=self.reader.locale)

    def figure(self, amount: Money) -> str:
        """The amount a paper is about; a bare $ is many currencies, so its code comes with it."""
        text = amount.format(self.reader.locale)
        return f"{text} {amount.currency}" if _BARE_DOLLAR.search(text) else text

    def column(self, amounts: list[Money]) -> list[str]:
        """Amounts under each other: all with cents where one has them."""
        cents = any(a.minor % 10 ** exponent(a.currency) for a in amounts)
        return [amount.format(self.reader.locale, cents=cents) for amount in amounts]


def settlement_title(country: str) -> str:
    """The catalogue's key for the name that a settlement letter has in `country`."""
    local = f"paper_settlement_title_{country.lower()}"
    return local if local in load("es") else "paper_settlement_title"


def _sheet(
    occasion: Occasion,
    statement: Statement,
    *,
    title: str,
    details: list[tuple[str, str]],
    body: list[str],
    figure_label: str = "",
    figure: str = "",
    grids: list[Grid] | None = None,
    notes: list[str],
) -> Sheet:
    """The parts that every paper has, around those of one kind."""
    creditor, text = occasion.creditor, occasion.text
    issuer = [
        creditor.legal_name,
        text("paper_label_tax_id", number=creditor.tax_id) if creditor.tax_id else "",
        creditor.address,
        text("paper_label_phone", number=creditor.phone) if creditor.phone else "",
    ]
    who = [
        ("paper_label_name", occasion.debtor.name),
        ("paper_label_product", statement.product),
        ("paper_label_reference", statement.ref),
        ("paper_label_original", statement.original_creditor),
    ]
    return Sheet(
        language=occasion.reader.locale.replace("_", "-"),
        page=page_of(occasion.debtor.country),
        colour=creditor.colour,
        brand=creditor.brand,
        issuer=[line for line in issuer if line],
        title=text(title),
        issued=text("paper_issued", date=occasion.today),
        issued_on=occasion.today.isoformat(),
        figure_label=text(figure_label) if figure_label else "",
        figure=figure,
        details=[[text(label), value] for label, value in [*who, *details] if value],
        body=body,
        grids=grids or [],
        notes=[*notes, text("paper_electronic")],
        check=text("paper_check", address="{address}"),
        code_label=text("paper_code"),
        page_of=text("paper_page_of", page="{page}", pages="{pages}"),
    )


def receipt(occasion: Occasion, statement: Statement, payment: Movement) -> Sheet:
    """Money came in, on that day, for that account."""
    text = occasion.text
    received = max(payment.amount, -payment.amount)
    return _sheet(
        occasion,
        statement,
        title="paper_receipt_title",
        figure_label="paper_figure_receipt",
        figure=occasion.figure(received),
        details=[("paper_label_received", occasion.day(payment.on))],
        body=[
            text(
                "paper_receipt_body",
                issuer=_plain(occasion.creditor.legal_name),
                name=_plain(occasion.debtor.name),
                date=payment.on,
            )
        ],
        notes=[text("paper_receipt_note")],
    )


@dataclass(frozen=True, slots=True)
class Agreed:
    """The terms of a plan: each payment, what is forgiven at the end, how often, since when."""

    payments: list[tuple[date, Money]]
    waived: Money
    every: str
    on: date


def agreement(occasion: Occasion, statement: Statement, agreed: Agreed) -> Sheet:
    """A plan that the debtor accepted, every date and amount of it."""
    text, creditor = occasion.text, occasion.creditor
    amounts = [amount for _, amount in agreed.payments]
    total = sum(amounts, zero(agreed.waived.currency))
    figures = occasion.column([*amounts, total])
    body = [
        text(
            "paper_agreement_body",
            name=_plain(occasion.debtor.name),
            date=agreed.on,
            count=len(amounts),
        )
    ]
    if agreed.waived:
        body.append(
            text(
                "paper_agreement_waived",
                issuer=_plain(creditor.legal_name),
                waived=agreed.waived,
            )
        )
    rhythm = text(f"paper_every_{agreed.every}") if len(amounts) > 1 else ""
    return _sheet(
        occasion,
        statement,
        title="paper_agreement_title",
        figure_label="paper_figure_agreement",
        figure=occasion.figure(total),
        details=[
            ("paper_label_accepted", occasion.day(agreed.on)),
            ("paper_label_rhythm", rhythm),
        ],
        body=body,
        grids=[
            Grid(
                title=text("paper_grid_dates"),
                head=[
                    text("paper_head_number"),
                    text("paper_head_due"),
                    text("paper_head_amount"),
                ],
                rows=[
                    [str(number), occasion.day(due), figure]
                    for number, ((due, _), figure) in enumerate(
                        zip(agreed.payments, figures[:-1], strict=True), start=1
                    )
                ],
                total=["", text("paper_row_total"), figures[-1]],
                figures=1,
            )
        ],
        notes=[text("paper_agreement_note")],
    )


def promise(
    occasion: Occasion, statement: Statement, *, amount: Money, due: date, on: date
) -> Sheet:
    """An amount by a date, in the debtor's own word."""
    return _sheet(
        occasion,
        statement,
        title="paper_promise_title",
        figure_label="paper_figure_promise",
        figure=occasion.figure(amount),
        details=[
            ("paper_label_promised", occasion.day(on)),
            ("paper_head_due", occasion.day(due)),
        ],
        body=[
            occasion.text("paper_promise_body", name=_plain(occasion.debtor.name), date=on, due=due)
        ],
        notes=[occasion.text("paper_agreement_note")],
    )


def account_statement(occasion: Occasion, statement: Statement) -> Sheet:
    """What is owed, what it is made of, and every movement with the balance after it."""
    text = occasion.text
    values = {
        "name": _plain(occasion.debtor.name),
        "issuer": _plain(occasion.creditor.legal_name),
        "date": occasion.today,
    }
    body = [text("paper_statement_body", **values)]
    if statement.surplus:
        body.append(text("paper_statement_surplus", surplus=statement.surplus, name=values["name"]))
    return _sheet(
        occasion,
        statement,
        title="paper_statement_title",
        figure_label="paper_figure_statement",
        figure=occasion.figure(statement.balance),
        details=[
            ("paper_label_opened", occasion.day(statement.opened_on)),
            ("paper_label_due", occasion.day(statement.due_on)),
        ],
        body=body,
        grids=[_summary(occasion, statement), _movements(occasion, statement)],
        notes=[
            text("paper_statement_currency", currency=statement.currency),
            text("paper_statement_note"),
        ],
    )


def _summary(occasion: Occasion, statement: Statement) -> Grid:
    """The parts of a balance: they add up to its last row."""
    parts = [
        ("paper_row_capital", statement.capital),
        ("paper_row_interest", statement.interest),
        ("paper_row_fees", statement.fees),
        ("paper_row_adjustments", statement.adjustments),
        ("paper_row_paid", -statement.paid),
        ("paper_row_credit", -statement.credit),
    ]
    shown = [(key, amount) for key, amount in parts if amount]
    last = ("paper_row_balance", statement.balance)
    if statement.surplus:
        last = ("paper_row_surplus", statement.surplus)
    figures = occasion.column([*(amount for _, amount in shown), last[1]])
    return Grid(
        title=occasion.text("paper_grid_summary"),
        head=[],
        rows=[
            [occasion.text(key), figure]
            for (key, _), figure in zip(shown, figures[:-1], strict=True)
        ],
        total=[occasion.text(last[0]), figures[-1]],
        figures=1,
    )


def _movements(occasion: Occasion, statement: Statement) -> Grid:
    """The ledger, line by line."""
    amounts = [movement.amount for movement in statement.movements]
    balances, balance = [], zero(statement.currency)
    for amount in amounts:
        balance += amount
        balances.append(balance)
    figures = occasion.column([*amounts, *balances])
    return Grid(
        title=occasion.text("paper_grid_movements"),
        head=[
            occasion.text(f"paper_head_{name}") for name in ("date", "concept", "amount", "balance")
        ],
        rows=[
            [
                occasion.day(movement.on, short=True),
                _concept(occasion, movement),
                figures[place],
                figures[len(amounts) + place],
            ]
            for place, movement in enumerate(statement.movements)
        ],
        total=[],
        figures=2,
    )


def _concept(occasion: Occasion, movement: Movement) -> str:
    return movement.description or occasion.text(f"paper_kind_{movement.kind}")


def settlement(occasion: Occasion, statement: Statement) -> Sheet:
    """Nothing is owed on that account, as of that day."""
    paid = [m.on for m in statement.payments if m.kind != "refund"]
    return _sheet(
        occasion,
        statement,
        title=settlement_title(occasion.debtor.country),
        details=[
            ("paper_label_opened", occasion.day(statement.opened_on)),
            ("paper_label_last_payment", occasion.day(max(paid)) if paid else ""),
            ("paper_label_balance", occasion.figure(statement.balance)),
        ],
        body=[
            occasion.text(
                "paper_settlement_body",
                issuer=_plain(occasion.creditor.legal_name),
                date=occasion.today,
                name=_plain(occasion.debtor.name),
            )
        ],
        notes=[occasion.text("paper_settlement_note")],
    )


def _plain(name: str) -> str:
    """A name to put inside a sentence: the mark for bold is ours."""
    return name.replace("*", "")

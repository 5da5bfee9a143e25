"""The columns of a portfolio file, as data: the reader, the parser and the manual all use these."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from rapidfuzz import process

from bot.portfolio.errors import FileRefused
from bot.portfolio.masking import cloaked


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what creditors call it and what goes in it."""

    name: str
    aliases: tuple[str, ...]
    required: bool
    type: str
    example: str
    explanation: str
    personal: bool = False
    """Whether its cells say something of a person, and so are never shown in full."""


COLUMNS: tuple[Column, ...] = (
    Column(
        "creditor",
        ("acreedor", "empresa", "credor"),
        False,
        "slug",
        "girasol",
        "The creditor as Acuerdo knows it. Leave it out and give `--creditor` instead.",
    ),
    Column(
        "debtor_ref",
        ("cliente", "id_cliente", "numero_cliente", "deudor", "id_deudor", "devedor", "customer"),
        True,
        "reference",
        "C-1042",
        "The creditor's own number for the person. It must not change from file to file.",
    ),
    Column(
        "name",
        ("nombre", "nombre_completo", "nome", "nome_completo", "full_name"),
        True,
        "text",
        "María Fernanda López Ruiz",
        "Full name.",
        personal=True,
    ),
    Column(
        "country",
        ("pais", "country_code"),
        True,
        "country",
        "MX",
        "Country of the person, whose law applies: two letters (ISO 3166), or its name.",
    ),
    Column(
        "language",
        ("idioma", "lengua", "lingua"),
        False,
        "language",
        "es",
        "`es`, `pt` or `en`. Taken from the country where empty.",
    ),
    Column(
        "timezone",
        ("zona_horaria", "huso_horario", "fuso_horario", "time_zone"),
        False,
        "time zone",
        "America/Tijuana",
        "IANA name. Where empty: that of the region, else the capital's.",
    ),
    Column(
        "region",
        (
            "estado",
            "provincia",
            "departamento",
            "comunidad",
            "comunidad_autonoma",
            "entidad_federativa",
            "uf",
            "regiao",
            "state",
            "province",
        ),
        False,
        "region",
        "MX-BCN",
        "State, province, department or autonomous community where the person lives: its code "
        "(ISO 3166-2), with the country or without, or its name. Its holidays and hours are kept.",
    ),
    Column(
        "document",
        (
            "documento",
            "dni",
            "nif",
            "curp",
            "rfc",
            "cedula",
            "rut",
            "cpf",
            "cuit",
            "identificacion",
        ),
        False,
        "document",
        "4821",
        "Identity document: whole, or its last four characters. Only a hash of the last four is "
        "kept.",
        personal=True,
    ),
    Column(
        "birth_date",
        (
            "fecha_nacimiento",
            "fecha_de_nacimiento",
            "nacimiento",
            "data_nascimento",
            "data_de_nascimento",
            "date_of_birth",
            "dob",
            "birthday",
        ),
        False,
        "date",
        "1985-03-12",
        "Date of birth. Only a hash is kept.",
        personal=True,
    ),
    Column(
        "postcode",
        ("codigo_postal", "cp", "cep", "zip", "zip_code", "postal_code"),
        False,
        "postcode",
        "03100",
        "Postal code of the home. Only a hash is kept.",
        personal=True,
    ),
    Column(
        "phone",
        ("telefono", "celular", "movil", "whatsapp", "telefone", "mobile"),
        False,
        "phone",
        "+52 55 0000 1234",
        "Mobile phone, best with its country code; the address for WhatsApp.",
        personal=True,
    ),
    Column(
        "email",
        ("correo", "correo_electronico", "e_mail", "mail"),
        False,
        "e-mail",
        "maria@example.com",
        "E-mail address.",
        personal=True,
    ),
    Column(
        "consent",
        ("consentimiento", "consentimento", "autorizacion", "opt_in"),
        False,
        "yes/no",
        "sí",
        "Whether the person agreed to be written to at this phone and e-mail. `no` withdraws it; "
        "empty changes nothing.",
    ),
    Column(
        "consent_date",
        ("fecha_consentimiento", "data_consentimento", "opt_in_date"),
        False,
        "date",
        "2025-01-15",
        "When they agreed. Needed where consent is `yes`.",
    ),
    Column(
        "consent_source",
        ("origen_consentimiento", "origem_consentimento", "opt_in_source"),
        False,
        "text",
        "contrato firmado",
        "Where they agreed, as it would be shown to an inspector. Needed where consent is `yes`.",
    ),
    Column(
        "account_ref",
        ("cuenta", "numero_cuenta", "credito_numero", "contrato", "factura", "conta", "account"),
        True,
        "reference",
        "F-2025-118",
        "The creditor's own number for the debt. One row an account.",
    ),
    Column(
        "product",
        ("producto", "concepto", "produto", "descripcion"),
        True,
        "text",
        "Refrigerador",
        "What was bought or lent, in words the person recognises.",
    ),
    Column(
        "original_creditor",
        ("acreedor_original", "acreedor_originario", "credor_original"),
        False,
        "text",
        "Telefonía Lumbre",
        "Whose debt it was, where an agency collects it.",
    ),
    Column(
        "currency",
        ("moneda", "divisa", "moeda"),
        True,
        "currency",
        "MXN",
        "Three letters (ISO 4217). An account never changes currency.",
    ),
    Column(
        "principal",
        ("capital", "monto", "importe", "valor", "saldo_capital"),
        True,
        "amount",
        "4520.50",
        "The debt without interest or fees.",
    ),
    Column(
        "interest",
        ("intereses", "interes", "juros"),
        False,
        "amount",
        "310.00",
        "Interest so far. Nothing where empty; left as it was where the column is missing.",
    ),
    Column(
        "fees",
        ("comisiones", "cargos", "gastos", "recargos", "tarifas", "multas"),
        False,
        "amount",
        "0",
        "Fees and late charges so far. Likewise.",
    ),
    Column(
        "paid",
        ("pagado", "pagos", "abonado", "abonos", "pago"),
        False,
        "amount",
        "500.00",
        "Everything paid to the creditor so far, written as a positive number. Without payments "
        "made through Acuerdo, which are known already.",
    ),
    Column(
        "paid_on",
        ("fecha_pago", "fecha_ultimo_pago", "ultimo_pago", "data_pagamento", "last_payment_date"),
        False,
        "date",
        "2025-06-02",
        "Date of the latest payment, so that \u201cI have paid\u201d can be answered.",
    ),
    Column(
        "credit",
        ("saldo_a_favor", "a_favor", "anticipo", "credito"),
        False,
        "amount",
        "0",
        "Money received and not yet applied, positive. It lowers what is asked for.",
    ),
    Column(
        "opened_on",
        ("fecha_apertura", "fecha_compra", "fecha_emision", "data_abertura", "opened"),
        True,
        "date",
        "2025-02-10",
        "When the debt began.",
    ),
    Column(
        "due_on",
        (
            "vencimiento",
            "fecha_vencimiento",
            "fecha_limite",
            "data_vencimento",
            "due_date",
            "due",
        ),
        True,
        "date",
        "2025-05-10",
        "When it had, or has, to be paid.",
    ),
)

BY_NAME = {column.name: column for column in COLUMNS}
AMOUNTS = tuple(column.name for column in COLUMNS if column.type == "amount")
DATES = tuple(column.name for column in COLUMNS if column.type == "date")
PERSONAL = frozenset(column.name for column in COLUMNS if column.personal)
IDENTITY = ("document", "birth_date", "postcode")
"""Two of these prove who somebody is."""

_FEWEST_KNOWN = 3
"""With fewer titles that mean anything, the first row is not a header."""

PROBLEM = "problem"
MEND = "mend"
EXTRA = (PROBLEM, MEND)
"""Added to the file of rejected rows; ignored when that file is imported again."""


@lru_cache(maxsize=1024)
def fold(title: str) -> str:
    """A column title without accents, capitals or punctuation: `Fecha Límite` is `fecha_limite`."""
    plain = unicodedata.normalize("NFKD", title).casefold()
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"[\u0300-\u036f]", "", plain)).strip("_")


@cache
def titles_known() -> dict[str, str]:
    """Every title that is understood, folded, and the column it stands for."""
    known = {extra: extra for extra in EXTRA}
    for column in COLUMNS:
        known |= dict.fromkeys((column.name, *column.aliases), column.name)
    return known


def recognise(titles: Sequence[str], *, creditor_given: bool) -> list[str]:
    """The column each title stands for, in the file's order.

    Refuses a file with titles that mean nothing here, twice the same, or without a column that is
    needed: better than loading half of what was meant.
    """
    known = titles_known()
    unnamed = [number for number, title in enumerate(titles, 1) if not title.strip()]
    if unnamed:
        raise FileRefused("columns.unnamed", numbers=", ".join(map(str, unnamed)))
    if sum(fold(title) in known for title in titles) < _FEWEST_KNOWN:
        raise FileRefused("columns.header")  # without showing it: it may be a row of data
    unknown = [title for title in titles if fold(title) not in known]
    if unknown:
        raise FileRefused("columns.unknown", names=", ".join(_hint(title) for title in unknown))
    found = [known[fold(title)] for title in titles]
    twice = sorted({name for name in found if found.count(name) > 1})
    if twice:
        raise FileRefused("columns.repeated", names=", ".join(twice))
    missing = [column.name for column in COLUMNS if column.required and column.name not in found]
    if "creditor" not in found and not creditor_given:
        missing.insert(0, "creditor (--creditor)")
    if missing:
        raise FileRefused("columns.missing", names=", ".join(missing))
    if sum(name in found for name in IDENTITY) < 2:
        raise FileRefused("columns.identity")
    return found


def _hint(title: str) -> str:
    best = process.extractOne(fold(title), titles_known().keys(), score_cutoff=75)
    shown = cloaked(title)
    return f"{shown} (→ {best[0]}?)" if best else shown


def markdown_table() -> str:
    """The table of the manual (`docs/import.md`); a test keeps the two equal."""
    lines = [
        "| column | needed | type | example | what it is | also called |",
        "|---|---|---|---|---|---|",
    ]
    for c in COLUMNS:
        needed = "yes" if c.required else ""
        if c.name in IDENTITY:
            needed = "two of three"
        elif c.name == "creditor":
            needed = "or `--creditor`"
        aliases = ", ".join(f"`{alias}`" for alias in c.aliases)
        lines.append(
            f"| `{c.name}` | {needed} | {c.type} | {c.example} | {c.explanation} | {aliases} |"
        )
    return "\n".join(lines)

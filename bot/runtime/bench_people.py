"""A made-up portfolio of any size, written by the database itself: for `acuerdo bench nudges`."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import bindparam, text
from sqlmodel import Session

from bot.kit.db import Database, UtcDateTime
from bot.nudges.habit_models import HabitRun
from bot.nudges.scorer import PropensityModel, Weight

COUNTRIES = (
    ("MX", "America/Mexico_City", "MXN"),
    ("CO", "America/Bogota", "COP"),
    ("CL", "America/Santiago", "CLP"),
    ("PE", "America/Lima", "PEN"),
    ("AR", "America/Argentina/Buenos_Aires", "ARS"),
    ("ES", "Europe/Madrid", "EUR"),
    ("BR", "America/Sao_Paulo", "BRL"),
    ("US", "America/New_York", "USD"),
    ("GB", "Europe/London", "GBP"),
)
CREDITORS = ("bench-shop", "bench-lender", "bench-telecom")


def populate(database: Database, accounts: int, *, today: date, habits: bool = False) -> None:
    """Write `accounts` debts of nine tenths as many people in nine countries, with their history.

    Due dates lie from twenty days ahead to a hundred and ten days back. A third paid something,
    one in twenty everything; one in five was written to lately; 3 % have an open case, 4 % a
    promise, 1 % opted out; three in ten came by Telegram, six in seven agreed to e-mail.

    With `habits` also what would have been learned of half of them, and a propensity in use: what
    that costs a plan. Nothing waits for an hour then that would not wait without.
    """
    people = max(accounts * 9 // 10, 1)
    with database.transaction() as session:
        _write(session, database.is_sqlite, people, accounts, today)
        if habits:
            _write_habits(session, database.is_sqlite, people, today)
    if not database.is_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as plain:
            plain.execute(text("ANALYZE"))


def _write(session: Session, sqlite: bool, people: int, accounts: int, today: date) -> None:
    def series(most: int) -> str:
        if sqlite:
            return f"(WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM s WHERE i<{most}) SELECT i FROM s) AS s"  # noqa: E501, S608
        return f"generate_series(1, {most}) AS s(i)"

    def day(ahead: str) -> str:
        if sqlite:
            return f"date('{today}', ({ahead}) || ' days')"
        return f"(date '{today}' + ({ahead}))"

    def moment(ahead: str) -> str:
        if sqlite:
            return f"({day(ahead)} || ' 15:00:00.000000')"
        return f"(({day(ahead)} + time '15:00') AT TIME ZONE 'UTC')"

    no = "0" if sqlite else "false"

    def pick(place: int, number: str = "i") -> str:
        cases = " ".join(f"WHEN {n} THEN '{c[place]}'" for n, c in enumerate(COUNTRIES))
        return f"CASE ({number}) % {len(COUNTRIES)} {cases} END"

    def insert(table: str, columns: str, values: str, most: int, where: str = "true") -> None:
        session.execute(
            text(
                f"INSERT INTO {table} ({columns}) "  # noqa: S608 - our own words only
                f"SELECT {values} FROM {series(most)} WHERE {where}"
            )
        )

    for number, slug in enumerate(CREDITORS, start=1):
        session.execute(
            text(
                "INSERT INTO creditor (id, slug, brand, legal_name, tax_id, address, phone, role, country,"  # noqa: S608
                " language, formal, colour, public_key, allowed_origins, policy, balance_feed)"
                f" VALUES ({number}, '{slug}', 'Bench', 'Bench', '', '', '', 'first_party', 'MX',"
                f" 'es', {no}, '', '{slug}', '[]', 'standard', '')"
            )
        )
    insert(
        "debtor",
        "id, creditor_id, ref, name, country, language, timezone, opted_out_at",
        f"i, i % {len(CREDITORS)} + 1, 'D-' || i, 'x', {pick(0)}, 'es', {pick(1)},"
        f" CASE WHEN i % 100 = 7 THEN {moment('-30')} END",
        people,
    )
    for channel, agreed in (("email", "i % 7 <> 3"), ("whatsapp", "i % 2 = 0")):
        insert(
            "contact_point",
            "debtor_id, channel, address, consented_at, consent_source, suppressed_reason",
            f"i, '{channel}', '{channel}-' || i, CASE WHEN {agreed} THEN {moment('-200')} END, '', ''",
            people,
        )
    owner = f"((i - 1) % {people} + 1)"
    due = "20 - (i * 17) % 131"
    insert(
        "account",
        "id, creditor_id, debtor_id, ref, product, original_creditor, currency, due_on, opened_on,"
        " imported_at, accrued_carry",
        f"i, {owner} % {len(CREDITORS)} + 1, {owner}, 'A-' || i, 'x', '', {pick(2, owner)},"
        f" {day(due)}, {day('-150')}, {moment('-100')}, 0",
        accounts,
    )
    ledger = (
        "account_id, kind, minor, currency, effective_on, description, source, source_id, details,"
        " recorded_at"
    )
    rest = f"{pick(2, owner)}, {day('-120')}, '', 'import'"
    insert(
        "ledger_entry",
        ledger,
        f"i, 'charge', 500000 + (i % 1000) * 7919, {rest}, 'c', '{{}}', {moment('-100')}",
        accounts,
    )
    insert(
        "ledger_entry",
        ledger,
        "i, 'payment', CASE WHEN i % 20 = 1 THEN -9600000 ELSE -100000 END,"
        f" {rest}, 'p', '{{}}', {moment('-9')}",
        accounts,
        "i % 3 = 0 OR i % 20 = 1",
    )
    insert(
        "conversation",
        "id, creditor_id, debtor_id, channel, address, language, owner, red, identity_attempts,"
        " identity_evidence, form, yes_means, pending, misunderstandings, epoch, epoch_turns, origin,"
        " created_at, last_inbound_at, seq",
        f"i, i % {len(CREDITORS)} + 1, i, CASE WHEN i % 20 = 1 THEN 'web' ELSE 'telegram' END,"
        f" 'c-' || i, 'es', CASE WHEN i % 200 = 11 THEN 'person' ELSE 'bot' END, {no}, 0, '{{}}',"
        f" '', '', '{{}}', 0, 0, 0, '', {moment('-60')}, {moment('-(i % 40) - 2')}, 1",
        people,
        "i % 10 IN (1, 4, 8)",
    )
    insert(
        "message",
        "conversation_id, seq, direction, author, author_name, text, name, buttons, links, files,"
        " purpose, provider_id, state, intent, created_at, attempts, notified_delay",
        "i, 1, 'out', 'system', '', '', '', '[]', '[]', '[]', 'nudge', 'bench', 'sent', '',"
        f" {moment('-(i % 28) - 1')}, 0, {no}",
        people,
        "i % 10 IN (1, 4)",
    )
    insert(
        '"case"',
        "number, creditor_id, debtor_id, kind, reason, status, opened_at, answer_by, details",
        f"'C-' || i, i % {len(CREDITORS)} + 1, i, 'objection', 'objection_wrong_amount', 'open',"
        f" {moment('-5')}, {moment('5')}, '{{}}'",
        people,
        "i % 33 = 5",
    )
    insert(
        "promise",
        "account_id, conversation_id, currency, minor, due_on, status, recorded_at, moves",
        f"i, i, {pick(2)}, 100000, {day('3')}, 'active', {moment('-2')}, 0",
        people,
        "i % 10 IN (1, 4, 8) AND i % 8 = 1",
    )
    insert(
        "nudge_slot",
        "account_id, debtor_id, creditor_id, rule, due_on, ladder, channel, template, variant, state,"
        " reasons, planned_at, decided_at, approved_by, sent_at",
        f"i, {owner}, {owner} % {len(CREDITORS)} + 1, 'T-7', {day(due + ' - 7')}, 'standard/standard',"
        f" 'email', '', 'a', 'sent', '[]', {moment('-9')}, {moment('-9')}, 'automatic', {moment('-9')}",
        accounts,
        "i % 3 = 1",
    )


_WEIGHTS = {"days": -0.4, "payments": 0.9, "broken_promises": -0.5, "answered_last": 0.6}


def _write_habits(session: Session, sqlite: bool, people: int, today: date) -> None:
    now = datetime.combine(today, time(3), UTC) - timedelta(days=1)
    weights = {n: Weight(mean=1.0, scale=2.0, coefficient=c) for n, c in _WEIGHTS.items()}
    model = PropensityModel.model_validate(
        {
            "learned_on": now.date(),
            "outcome_days": 7,
            "examples": 5000,
            "people": 4000,
            "outcomes": 1500,
            "usable": True,
            "why": "made up",
            "brier": 0.19,
            "base_brier": 0.21,
            "weights": weights,
            "balance_cuts": {},
        }
    )
    session.add(
        HabitRun(
            learned_at=now,
            policy_since=date(2026, 1, 1),
            portfolio={},
            propensity=model.model_dump(mode="json"),
        )
    )
    session.flush()
    no, yes = ("0", "1") if sqlite else ("false", "true")
    session.execute(
        text(
            "INSERT INTO debtor_habit (debtor_id, hour, hour_hits, hour_seen, hour_others, channel,"  # noqa: S608
            " channel_answered, channel_sent, channel_others, importance, kept, answered_last,"
            " learned_at) SELECT id, CASE WHEN id % 4 = 0 THEN 9 END, 5, 7, 12,"
            " CASE WHEN id % 8 = 0 THEN 'email' ELSE '' END, 4, 6, 20,"
            " CASE id % 3 WHEN 0 THEN 'A' WHEN 1 THEN 'B' ELSE 'C' END, id % 2,"
            f" CASE WHEN id % 6 = 0 THEN {yes} ELSE {no} END, :now"
            f" FROM debtor WHERE id <= {people} AND id % 2 = 0"
        ).bindparams(bindparam("now", now, UtcDateTime))
    )

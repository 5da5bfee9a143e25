"""`acuerdo policy`: is a pack whole, why may this person be written to or not, what would change."""

from __future__ import annotations

import difflib
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from sqlmodel import Session, col, func, select

from bot.conversations.models import Conversation, Purpose
from bot.debtors.models import Creditor, Debtor
from bot.kit.db import Database
from bot.nudges import policy_view
from bot.nudges.facts import gather
from bot.policies.contact import (
    STRICTEST,
    ContactPack,
    compile_pack,
    countries,
    gaps_of,
    pack_file,
    pack_for,
    read_pack,
)
from bot.policies.local_time import local_of, moment_of
from bot.policies.schema import NoPolicyInForce
from bot.policies.terms import standing_of
from bot.settings import Settings

policy_app = typer.Typer(help="Lawful contact: the packs of each country.", no_args_is_help=True)
out, err = Console(), Console(stderr=True)
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
SAMPLE_WEEK = date(2026, 12, 28)
"""A Monday; the week has New Year's Day in it."""


@policy_app.command()
def check(as_json: Json = False) -> None:
    """Read every pack: what is wrong, what is not known and what stands in, where values differ."""
    today = datetime.now(UTC).date()
    found: dict[str, Any] = {}
    for country in (*sorted(countries()), STRICTEST):
        try:
            file = pack_file(country)
            packs = [
                compile_pack(country, file, start, pack_file(STRICTEST), _strict(start))
                for start in sorted(file.values)
            ]
        except (ValidationError, NoPolicyInForce, KeyError, ValueError) as problem:
            found[country] = {
                "problems": [str(problem)],
                "gaps": [],
                "overlaps": [],
                "terms": [],
                "from": [],
            }
            continue
        newest = packs[-1]
        found[country] = {
            "from": [pack.start.isoformat() for pack in packs],
            "read_on": newest.values.read_on.isoformat(),
            "problems": [p for pack in packs for p in policy_view.problems_of(pack, today)],
            "gaps": [
                {"value": value, "about": about, "instead": instead}
                for value, about, instead in gaps_of(newest)
            ],
            "overlaps": policy_view.overlaps_of(newest),
            "terms": [
                {"term": one.term, "key": one.key, "kept": list(one.kept), "source": one.source}
                for one in standing_of(country, today)
            ],
        }
    if as_json:
        _print_json(found)
    else:
        _print_check(found)
    if any(entry["problems"] for entry in found.values()):
        raise typer.Exit(1)


def _strict(day: date) -> date:
    starts = [start for start in pack_file(STRICTEST).values if start <= day]
    return max(starts, default=min(pack_file(STRICTEST).values))


def _print_check(found: dict[str, Any]) -> None:
    for country, entry in found.items():
        mark = "[red]✗[/red]" if entry["problems"] else "[green]✓[/green]"
        out.print(f"{mark} [bold]{country}[/bold]  in force from {', '.join(entry['from'])}")
        for problem in entry["problems"]:
            out.print(f"    [red]{escape(problem)}[/red]")
        for gap in entry["gaps"]:
            out.print(f"    not known: {gap['value']} ({gap['about']}); instead: {gap['instead']}")
        for overlap in entry["overlaps"]:
            out.print(f"    the stricter applies: {escape(overlap)}")
        for term in entry["terms"]:
            kept = escape("; ".join(term["kept"]))
            out.print(f"    {' '.join((term['term'], term['key'])).strip()}: {kept}")


Books = Callable[[datetime], AbstractContextManager[Database]]


@contextmanager
def _own(now: datetime) -> Iterator[Database]:  # noqa: ARG001  (the sample has a day)
    database = Database(Settings().database_url)
    try:
        yield database
    finally:
        database.dispose()


_books: list[Books] = [_own]


def use_books(books: Books) -> None:
    """Called once by the edge that knows of the sample portfolio."""
    _books[:] = [books]


def _moment_of(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no moment; write it as 2026-12-24T18:00:00-05:00"
        ) from None


@policy_app.command("explain")
def explain_(
    debtor: Annotated[str, typer.Option("--debtor", help="The creditor's number for them.")],
    at: Annotated[
        datetime,
        typer.Option(
            "--at",
            parser=_moment_of,
            metavar="MOMENT",
            help="ISO 8601; without an offset it is on the debtor's own clock.",
        ),
    ],
    channel: Annotated[str, typer.Option(help="web, telegram, whatsapp, email.")] = "web",
    purpose: Annotated[Purpose, typer.Option(help="Why it is written.")] = Purpose.NUDGE,
    creditor: Annotated[str, typer.Option(help="Slug, where two have the same number.")] = "",
    as_json: Json = False,
) -> None:
    """Whether a person may be written to at a moment, by which rules, and when in the week after."""
    with _books[0](datetime.now(UTC)) as database, database.reading() as session:
        who = _debtor(session, debtor, creditor)
        moment = _moment(at, who.timezone)
        facts, country = gather(
            session, _talk(session, who, channel), purpose=purpose, now=moment, debtor=who
        )
        answer = policy_view.explain(facts, pack_for(country, moment.date()))
        zone = who.timezone
    if as_json:
        _print_json({"debtor": debtor, "channel": channel, "purpose": purpose.value, **answer})
    else:
        _print_answer(answer, zone)


def _moment(at: datetime, zone: str) -> datetime:
    return moment_of(at, zone) if at.tzinfo is None else at.astimezone(UTC)


def _debtor(session: Session, ref: str, slug: str) -> Debtor:
    query = select(Debtor).join(Creditor, col(Creditor.id) == col(Debtor.creditor_id))
    query = query.where(Debtor.ref == ref)
    if slug:
        query = query.where(Creditor.slug == slug)
    found = session.exec(query).all()
    if len(found) == 1:
        return found[0]
    why = (
        f"no debtor has the number {ref}" if not found else f"{ref} is known twice: add --creditor"
    )
    err.print(f"[red]✗[/red] {escape(why)}")
    raise typer.Exit(2)


def _talk(session: Session, debtor: Debtor, channel: str) -> Conversation:
    """The conversation in which they would be written to; an imagined one where there is none."""
    known = session.exec(
        select(Conversation)
        .where(Conversation.debtor_id == debtor.id, Conversation.channel == channel)
        .order_by(
            col(Conversation.last_inbound_at).desc().nulls_last(), col(Conversation.id).desc()
        )
    ).first()
    return known or Conversation(
        creditor_id=debtor.creditor_id,
        claimed_debtor_id=debtor.id,
        channel=channel,
        address="",
        created_at=datetime.now(UTC),
    )


def _print_answer(answer: dict[str, Any], zone: str) -> None:
    def local(moment: str) -> str:
        return f"{local_of(datetime.fromisoformat(moment), zone):%A %Y-%m-%d %H:%M}"

    colour = {"send": "green", "later": "yellow", "blocked": "red"}[answer["decision"]]
    when = f", from {local(answer['at'])}" if answer["decision"] == "later" else ""
    out.print(f"[{colour} bold]{answer['decision']}[/]{when}   (pack {answer['pack']}, {zone})")
    out.print(f"  {_where(answer)}", highlight=False)
    for rule in answer["against"]:
        out.print(f"  [red]no[/red]  {rule['rule']}  {_kind(rule)}")
        out.print(f"      {escape(rule['source'])}", style="dim")
    for rule in answer["in_order"]:
        out.print(f"  [green]yes[/green] {rule['rule']}  {_kind(rule)}")
        out.print(f"      {escape(rule['source'])}", style="dim")
    out.print("Open in the week from then, if nothing else is sent:")
    for stretch in answer["coming_week"]:
        out.print(f"  {local(stretch['from'])} to {local(stretch['to'])}")
    for gap in answer["unknown"]:
        out.print(f"  not known: {gap['value']} ({gap['about']}); instead: {gap['instead']}")


def _where(answer: dict[str, Any]) -> str:
    """The region and the clocks that are kept, in words."""
    region, cost = answer["region"], answer["region"]["closed_for_unknown"]
    if cost is None:
        said = f"region {region['code']} {region['name']}"
    elif cost["most"]:
        said = (
            f"region not known: of the next {cost['days']} days {cost['fewest']} to {cost['most']} "
            "are closed for that alone, depending on the region"
        )
    else:
        said = f"region not known: closes none of the next {cost['days']} days"
    clocks = answer["clocks"]
    return said if len(clocks) == 1 else f"{said}; kept on every clock of {', '.join(clocks)}"


def _kind(rule: dict[str, Any]) -> str:
    if not rule["legal"]:
        return "(not law)"
    sure = rule.get("confidence")
    return f"(law, read with {sure} confidence)" if sure else "(law)"


@policy_app.command()
def diff(
    from_: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="A day before.")
    ] = None,
    to: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="A day after.")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="A changed pack, compared with ours.")] = None,
    as_json: Json = False,
) -> None:
    """What changes between two days, or with a changed pack: rules, hours, and how many people."""
    pairs = _pairs(from_.date() if from_ else None, to.date() if to else None, file)
    before = policy_view.snapshot([b for b, _ in pairs], SAMPLE_WEEK)
    after = policy_view.snapshot([a for _, a in pairs], SAMPLE_WEEK)
    lines = list(
        difflib.unified_diff(
            before.splitlines(), after.splitlines(), "before", "after", lineterm="", n=1
        )
    )
    people = _people()
    touched: list[dict[str, Any]] = []
    for was, now_is in pairs:
        for (country, zone, region), number in sorted(people.items()):
            if pack_for(country, SAMPLE_WEEK).file != now_is.file:
                continue
            hours = policy_view.opened_and_closed(
                was, now_is, zone, SAMPLE_WEEK - timedelta(days=14), region
            )
            if hours:
                touched.append(
                    {
                        "country": country,
                        "zone": zone,
                        "region": region,
                        "debtors": number,
                        "hours": hours,
                    }
                )
    if as_json:
        _print_json({"changes": lines, "portfolio": touched})
        return
    out.print("\n".join(map(escape, lines)) or "Nothing changes.")
    for entry in touched:
        place = entry["region"] or f"{entry['country']}, region not known"
        out.print(f"{place}, {entry['zone']}: {entry['debtors']} debtors")
        for hours in entry["hours"]:
            out.print(f"  {hours}")


def _pairs(
    before: date | None, after: date | None, file: Path | None
) -> list[tuple[ContactPack, ContactPack]]:
    if file is not None:
        try:
            changed = read_pack(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as problem:
            err.print(f"[red]✗[/red] {escape(str(problem))}")
            raise typer.Exit(2) from None
        start = max(changed.values)
        strict = changed if changed.country == STRICTEST else pack_file(STRICTEST)
        known = changed.country == STRICTEST or changed.country in countries()
        day = max(start, SAMPLE_WEEK)
        ours = pack_for(changed.country if known and changed.country != STRICTEST else "UY", day)
        country = ours.country if changed.country == STRICTEST else changed.country
        if not known:
            ours = pack_for(changed.country, day)
        return [(ours, compile_pack(country, changed, start, strict, max(strict.values)))]
    if before is None or after is None:
        err.print("[red]✗[/red] give --from and --to, or --file")
        raise typer.Exit(2)
    try:
        return [
            (pack_for(country, before), pack_for(country, after))
            for country in (*sorted(countries()), "UY")
        ]
    except NoPolicyInForce as problem:
        err.print(f"[red]✗[/red] {escape(str(problem))}")
        raise typer.Exit(2) from None


def _people() -> Counter[tuple[str, str, str]]:
    """How many debtors live in which country, zone and region, in the portfolio that is loaded."""
    database = Database(Settings().database_url)
    try:
        with database.reading() as session:
            rows = session.execute(
                select(Debtor.country, Debtor.timezone, Debtor.region, func.count()).group_by(
                    col(Debtor.country), col(Debtor.timezone), col(Debtor.region)
                )
            )
            return Counter({(row[0], row[1], row[2]): int(row[3]) for row in rows.all()})
    finally:
        database.dispose()


def _print_json(data: object) -> None:
    sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2) + "\n")

"""The machine: room and rights on its disk, and its clock."""

from __future__ import annotations

import shutil
import stat
import tempfile
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

from sqlalchemy import text

from bot.runtime.checks.database import needed
from bot.runtime.checks.finding import Away, Check, Finding, Scene, State, host_of

_GIGABYTE = 1_000_000_000
_LITTLE = 1 * _GIGABYTE
_NOTHING = _GIGABYTE // 10
_SKEW = timedelta(seconds=30)
_SET_CLOCK = "sudo timedatectl set-ntp true (or run chrony), then check with `timedatectl`"


def _room(scene: Scene) -> list[Finding]:
    check, folder = CHECKS[0], scene.settings.data_dir
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    free = shutil.disk_usage(place).free
    words = f"{free / _GIGABYTE:.1f} GB free"
    todo = "make room, or move ACUERDO_DATA_DIR (and a SQLite DATABASE_URL) to a larger disk"
    if free < _NOTHING:
        return [check.says(State.BROKEN, f"{words}: receipts and messages will be lost", todo)]
    if free < _LITTLE:
        return [check.says(State.WARNING, words, todo)]
    return [check.says(State.OK, words)]


def _writable(scene: Scene) -> list[Finding]:
    check, folder = CHECKS[1], scene.settings.data_dir
    if not folder.exists():
        return [
            check.says(
                State.WARNING,
                "ACUERDO_DATA_DIR is not there yet",
                "`acuerdo serve` makes it; or make it by hand: install -d -m 700 "
                f"-o acuerdo {folder}",
            )
        ]
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return [
            check.says(
                State.BROKEN,
                f"nothing can be written in ACUERDO_DATA_DIR ({type(error).__name__})",
                f"give it to the app's user: chown -R acuerdo {folder}",
            )
        ]
    return [check.says(State.OK, "the app may write in ACUERDO_DATA_DIR")]


def _modes(scene: Scene) -> list[Finding]:
    check, folder = CHECKS[2], scene.settings.data_dir
    if not folder.exists():
        return [check.says(State.OFF, "ACUERDO_DATA_DIR is not there yet")]
    shut = not folder.stat().st_mode & stat.S_IXOTH
    held = [*folder.glob("*"), Path(".env")]
    open_ones = [
        path
        for path in held
        if path.exists()
        and path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH)
        and not (shut and path.parent == folder)
    ]
    if not open_ones:
        return [check.says(State.OK, "only the app's user may read what is kept")]
    mend = f"chmod 700 {folder}" if open_ones != [Path(".env")] else "chmod 600 .env"
    if open_ones[-1] == Path(".env") and len(open_ones) > 1:
        mend += "; chmod 600 .env"
    if scene.settings.demo:
        return [check.says(State.OK, "others on this machine may read it (a demo)", mend)]
    return [
        check.says(
            State.WARNING,
            f"every user of this machine may read {len(open_ones)} files of ours",
            mend,
        )
    ]


def _against_database(scene: Scene) -> list[Finding]:
    check = CHECKS[3]
    database = needed(scene)
    try:
        if database.is_sqlite:
            return [check.says(State.OFF, "SQLite has no clock of its own")]
        with database.reading() as session:
            asked = scene.now()
            theirs = session.connection().execute(text("SELECT clock_timestamp()")).scalar_one()
    finally:
        database.dispose()
    return [_compared(check, asked, theirs, "the database server")]


def _against_the_outside(scene: Scene) -> list[Finding]:
    check, settings = CHECKS[4], scene.settings
    asked = []
    if not settings.uses_sandbox:
        asked.append(settings.stripe_api_base or "https://api.stripe.com")
    if settings.telegram_bots:
        asked.append(settings.telegram_api_base)
    if settings.whatsapp_numbers:
        asked.append(settings.whatsapp_api_base)
    if not asked:
        return [check.says(State.OFF, "nothing outside is set up to compare with")]
    for address in asked:
        try:
            answer = scene.ask("HEAD", address)
            theirs = parsedate_to_datetime(answer.headers["date"])
        except (Away, KeyError, ValueError, TypeError):
            continue
        theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
        return [_compared(check, scene.now(), theirs, host_of(address))]
    return [
        check.says(
            State.WARNING,
            "none of those asked said what time it is",
            "look at the clock by hand: `timedatectl` must say that it is synchronised",
        )
    ]


def _compared(check: Check, ours: datetime, theirs: datetime, whose: str) -> Finding:
    skew = ours - theirs
    if abs(skew) <= _SKEW:
        return check.says(State.OK, f"within {_SKEW.seconds} s of {whose}")
    way = "ahead of" if skew > timedelta(0) else "behind"
    return check.says(
        State.BROKEN,
        f"{abs(skew).total_seconds():.0f} s {way} {whose}: signatures and lawful hours go wrong",
        _SET_CLOCK,
    )


CHECKS = [
    Check("disk", "room", _room),
    Check("disk", "writable", _writable),
    Check("disk", "file modes", _modes),
    Check("clock", "against the database", _against_database),
    Check("clock", "against the outside", _against_the_outside),
]

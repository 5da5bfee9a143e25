"""Labelled messages in tab-separated files: those that measure, and those that people labelled."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from nlu.components.normalise import normalise
from nlu.components.taxonomy import STANCE_OF
from nlu.evaluation.examples import LANGUAGES, ROOT, Example

HELDOUT = ROOT / "tests/understanding/heldout"
HELDOUT_FILES = ("intents", "blind", "raw", "acts", "safety")
MIXED = "mixed"
"""Two languages in one message: may measure, and teaches no voice of one language."""

SAFETY_LABELS = ("crisis", "opt_out", "wrong_person", "ordinary")


class Message(NamedTuple):
    """A message with what it is known to mean."""

    text: str
    labels: tuple[str, ...]
    """Either is right; for a message of several acts, all of them, the most urgent first."""
    language: str
    country: str = ""
    line: int = 0


class BadFile(ValueError):
    """A file of labelled messages cannot be used; the message says which lines and why."""


def read_messages(
    file: Path,
    *,
    column: str = "label",
    known: Iterable[str] = STANCE_OF,
    may_wait: bool = False,
) -> list[Message]:
    """The rows of a file with the columns lang, text, `column` and perhaps country.

    With `may_wait`, rows without a label are left out: somebody has yet to read them.

    Raises:
        BadFile: a column is missing, or lines have a language or a label that does not exist.
    """
    allowed = set(known)
    languages = LANGUAGES if may_wait else (*LANGUAGES, MIXED)
    found: list[Message] = []
    problems = []
    for number, row in _rows(file, ("lang", "text", column)):
        labels = tuple(part.strip() for part in re.split(r"[|,]", row[column]))
        wrong = [label for label in labels if label not in allowed]
        if may_wait and not row[column].strip():
            continue
        if wrong:
            problems.append(f"line {number}: no such label: {wrong[0]!r}")
        elif row["lang"] not in languages:
            problems.append(
                f"line {number}: no such language: {row['lang']!r} ({', '.join(languages)})"
            )
        elif not row["text"].strip():
            problems.append(f"line {number}: no text")
        else:
            text, country = row["text"].strip(), row.get("country", "")
            found.append(Message(text, labels, row["lang"], country, number))
    if problems:
        raise BadFile("\n".join([f"{file}:", *problems]))
    return found


def _rows(file: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Each line with its number and its cells by column; quotation marks are only characters."""
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except OSError as problem:
        raise BadFile(f"cannot read {file}: {problem.strerror}") from None
    except UnicodeDecodeError:
        raise BadFile(f"{file} is not UTF-8") from None
    header = lines[0].split("\t") if lines else []
    missing = [name for name in columns if name not in header]
    if missing:
        raise BadFile(f"{file}: the first line lacks the column {', '.join(missing)}")
    for number, line in enumerate(lines[1:], 2):
        if line.strip():
            cells = line.split("\t")
            cells += [""] * (len(header) - len(cells))
            yield number, dict(zip(header, cells[: len(header)], strict=True))


def heldout(name: str) -> list[Message]:
    """One of the held-out files, which measure and never train: `HELDOUT_FILES`.

    `intents`, `blind` and `raw` have one intent a message. The authors of the last two knew the names
    of the intents and neither our examples nor our rules of labelling; those of `raw` were asked to
    write as people do when they are tired, angry or ashamed.
    """
    file = HELDOUT / f"{name}.tsv"
    if name == "acts":
        return read_messages(file, column="acts")
    return read_messages(file, known=SAFETY_LABELS if name == "safety" else STANCE_OF)


def unseen(messages: Sequence[Message], corpus: Iterable[Example]) -> list[bool]:
    """For each message, whether no example of the corpus reads the same."""
    known = {normalise(example.text) for example in corpus}
    return [normalise(message.text) not in known for message in messages]

"""The corpus: every example of `nlu/*.yml`, with who said it and where it stands."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ("es", "pt", "en")

_FIELD = re.compile(r"(?:- |\s+)(intent|language|voice): (\S+)$")
_EXAMPLE = re.compile(r"    - (.*\S)\s*$")
_FRAME = re.compile(r'(?:#.*|version: "3\.1"|nlu:|\s+metadata:|\s+examples: \||\s*)$')


class Example(NamedTuple):
    """One thing that somebody would write."""

    text: str
    intent: str
    language: str
    voice: str
    file: Path
    line: int

    @property
    def where(self) -> str:
        """Its place, as editors understand it."""
        return f"{shown(self.file)}:{self.line}"


class Voice(NamedTuple):
    """A person (or a kind of person) in whose words examples are written."""

    name: str
    language: str
    country: str
    about: str


class NotACorpus(ValueError):
    """A line of an example file is not what these files consist of; the message says where."""


def shown(file: Path) -> str:
    """A file's name as people of this project write it."""
    return str(file.relative_to(ROOT)) if file.is_relative_to(ROOT) else str(file)


def read_corpus(folder: Path = ROOT / "nlu") -> list[Example]:
    """Every example of the folder's files.

    Reads the one layout that these files have, since that is quick and keeps line numbers.

    Raises:
        NotACorpus: a line is not of that layout.
    """
    found: list[Example] = []
    for file in sorted(folder.glob("*.yml")):
        block: dict[str, str] = {}
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            example, field = _EXAMPLE.match(line), _FIELD.match(line)
            if field and not example:
                if field[1] == "intent":
                    block = {}
                block[field[1]] = field[2]
            elif example and len(block) == 3:
                found.append(
                    Example(
                        example[1],
                        block["intent"],
                        block["language"],
                        block["voice"],
                        file,
                        number,
                    )
                )
            elif not _FRAME.match(line):
                raise NotACorpus(f"{shown(file)}:{number}: not understood: {line[:60]!r}")
    return found


def read_voices(folder: Path = ROOT / "nlu") -> dict[str, Voice]:
    """Who the voices are, by name."""
    with (folder / "voices.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["voice"]: Voice(row["voice"], row["language"], row["country"], row["about"])
            for row in csv.DictReader(file)
        }

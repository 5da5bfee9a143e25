"""Numbers that are never a value: sayings ("my two cents", "cada dos por tres"), papers and plates."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from bot.kit.yaml_file import parse_yaml
from bot.understanding.sheet import Sheet

_FIGURES = re.compile(r"\d+|\b(?:half|onca|million|millon|milhao|billion)\b")

_FAR = 1_500
"""Characters that are looked through; a longer letter is read by a person anyway."""


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    data = parse_yaml(files(__package__).joinpath("data/false_sums.yml").read_text("utf-8"))
    many, of = data["many"], "|".join(data["many_of"])
    lines = (
        rf"{many}(?: (?:de|of))?(?: [a-z]+)? (?:{of})",
        rf"{data['thanking']} {many}",
        *data["sayings"],
        *data["papers"],
    )
    return tuple(re.compile(rf"(?<![\w.,$€£])(?:{line})(?!\w)") for line in lines)


def blot_false_sums(sheet: Sheet) -> None:
    """Take the figures of sayings and papers as read; the words around them stay."""
    for pattern in _patterns():
        for match in pattern.finditer(sheet.text, 0, _FAR):
            for figures in _FIGURES.finditer(match.group()):
                sheet.blot(match.start() + figures.start(), match.start() + figures.end())

"""`acuerdo nlu review import`: real messages, labelled by people, become examples."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

from nlu.components.normalise import normalise
from nlu.evaluation.examples import Example, read_corpus
from nlu.evaluation.messages import BadFile, read_messages

_UNMASKED = re.compile(r"[1-9]|\S@\S+\.\w|https?://|www\.")


def add_labelled(file: Path, folder: Path) -> dict[str, Any]:
    """Append the labelled rows of `file` to the examples in `folder`; rows with no label wait.

    A text that is there already is left alone, so that importing twice changes nothing.

    Raises:
        BadFile: a label or language does not exist, a text is not masked, or it is an example of
            another intent already. Nothing is changed then.
    """
    known: dict[str, Example] = {}
    homes: dict[str, Path] = {}
    for example in read_corpus(folder):
        known.setdefault(normalise(example.text), example)
        homes.setdefault(example.intent, example.file)
    new: dict[tuple[Path, str, str], list[str]] = defaultdict(list)
    problems, there = [], 0
    for message in read_messages(file, may_wait=True):
        at, text, intent = f"line {message.line}:", message.text, message.labels[0]
        before = known.get(normalise(text))
        if len(message.labels) > 1:
            problems.append(f"{at} one label, please: an example teaches one intent")
        elif _UNMASKED.search(text):
            problems.append(f"{at} a number, an address or a link is not masked")
        elif intent not in homes:
            problems.append(f"{at} no file of nlu/ has examples of {intent}")
        elif before and before.intent != intent:
            problems.append(f"{at} {text!r} is {before.intent} already, at {before.where}")
        elif before:
            there += 1
        else:
            voice = f"real-{message.language}"
            known[normalise(text)] = Example(
                text, intent, message.language, voice, file, message.line
            )
            new[homes[intent], intent, message.language].append(text)
    if problems:
        raise BadFile("\n".join([f"{file}:", *problems]))
    for (home, intent, language), texts in new.items():
        _append(home, intent, language, texts)
    if new:
        _introduce(folder / "voices.csv", {language for _, _, language in new})
    return {
        "added": sum(map(len, new.values())),
        "there_already": there,
        "files": sorted({home.name for home, _, _ in new}),
    }


def _append(file: Path, intent: str, language: str, texts: list[str]) -> None:
    """Add examples to the block of the real voice, which is made where there is none."""
    head = (
        f"- intent: {intent}\n  metadata:\n    language: {language}\n"
        f"    voice: real-{language}\n  examples: |\n"
    )
    lines = "".join(f"    - {text}\n" for text in texts)
    before = file.read_text(encoding="utf-8").rstrip("\n") + "\n"
    after = before.replace(head, head + lines, 1) if head in before else before + head + lines
    file.write_text(after, encoding="utf-8")


def _introduce(voices: Path, languages: Any) -> None:
    """Name the real voices among the voices."""
    before = voices.read_text(encoding="utf-8").rstrip("\n") + "\n"
    for language in sorted(languages):
        if f"\nreal-{language}," not in before:
            before += f'real-{language},{language},,,"real debtors, anonymised and labelled"\n'
    voices.write_text(before, encoding="utf-8")

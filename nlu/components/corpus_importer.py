"""Gives Rasa the examples of `nlu/`; its own reader takes minutes for what takes a second here."""

from __future__ import annotations

from pathlib import Path
from typing import List, Text

import yaml
from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class CorpusImporter(RasaFileImporter):
    """Rasa's file importer, with a reader for our one kind of example file.

    Each block has an intent and lines of examples, nothing else: no entities, no synonyms. Rasa
    reads its YAML with a pure Python parser and checks it against a schema line by line; our files
    are checked by the tests.
    """

    def get_nlu_data(self, language: Text = "en") -> TrainingData:
        """All examples, in the order of the files."""
        found: List[Message] = []
        for path in sorted(self._nlu_files):
            text = Path(path).read_text(encoding="utf-8")
            blocks = yaml.load(text, Loader=_LOADER)["nlu"]  # noqa: S506 - the safe loader
            for block in blocks:
                found += [
                    Message.build(text=line[2:], intent=block["intent"])
                    for line in block["examples"].splitlines()
                    if line.startswith("- ")
                ]
        return TrainingData(found)

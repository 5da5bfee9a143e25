"""Models to measure: made here from examples, or taken from the archive that Rasa runs."""

from __future__ import annotations

import tarfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import joblib
import numpy as np

from nlu.components.acts import Heard, hear
from nlu.components.intent_model import IntentModel, Settings
from nlu.components.sentence_encoder import DIMENSIONS, SentenceEncoder
from nlu.evaluation.examples import Example
from nlu.evaluation.messages import Message
from nlu.evaluation.metrics import Judged


class Memory:
    """The sentence encoder, which reads each text only once in all of a measurement."""

    def __init__(self) -> None:
        self._encoder = SentenceEncoder()
        self._known: dict[str, np.ndarray] = {}

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """As the encoder does, quicker the second time."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(new, self._encoder.encode(new), strict=True))
        if not texts:
            return np.empty((0, DIMENSIONS), dtype=np.float32)
        return np.stack([self._known[text] for text in texts])


def fitted(examples: Sequence[Example], memory: Memory) -> IntentModel:
    """The model in use, trained on these examples."""
    model = IntentModel(memory.encode, Settings())
    model.fit([one.text for one in examples], [one.intent for one in examples])
    return model


def from_archive(path: Path) -> IntentModel:
    """The model inside the archive that `acuerdo train` made."""
    with tarfile.open(path) as archive:
        name = next(n for n in archive.getnames() if n.endswith("/model.joblib"))
        file = archive.extractfile(name)
        assert file is not None
        # Our own file, inside the archive that this machine trained.
        model: IntentModel = joblib.load(file)
    return model.restore(SentenceEncoder().encode)


def hear_all(model: IntentModel, messages: Iterable[Message]) -> list[Heard]:
    """Each message as the product hears it, one at a time."""
    return [hear(message.text, model) for message in messages]


def judge(messages: Sequence[Message], heard: Sequence[Heard]) -> list[Judged]:
    """Messages with the likeliest intent of the whole."""
    return [
        Judged(m.labels, h.ranking[0].intent, h.ranking[0].confidence, m.language, m.country)
        for m, h in zip(messages, heard, strict=True)
    ]


def judge_examples(model: IntentModel, examples: Sequence[Example]) -> list[Judged]:
    """Examples that the model was not trained on, many at a time."""
    sure = model.read([one.text for one in examples]).probabilities
    best = sure.argmax(axis=1)
    return [
        Judged((one.intent,), model.intents[place], float(row[place]), one.language)
        for one, row, place in zip(examples, sure, best, strict=True)
    ]


def parse_times(model: IntentModel, texts: Sequence[str]) -> dict[str, float]:
    """Milliseconds to hear one message: half of them take less than p50, 19 in 20 less than p95."""
    spent = []
    for text in texts:
        begun = time.perf_counter()
        hear(text, model)
        spent.append((time.perf_counter() - begun) * 1000)
    return {
        "p50_ms": float(np.percentile(spent, 50)),
        "p95_ms": float(np.percentile(spent, 95)),
    }

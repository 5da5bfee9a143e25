"""`acuerdo nlu errors`: what was misunderstood, and which examples may be why."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nlu.components.acts import hear
from nlu.components.normalise import normalise
from nlu.components.sentence_encoder import SentenceEncoder
from nlu.evaluation.examples import ROOT, Example, read_corpus
from nlu.evaluation.messages import heldout, read_messages
from nlu.evaluation.models import from_archive
from nlu.evaluation.progress import step

_NEAREST = 3


def errors(*, archive: Path, file: Path | None, intent: str | None) -> list[dict[str, Any]]:
    """Every message whose intent was not found, with the examples nearest to it.

    With `intent`, only those that have it or were taken for it.
    """
    messages = read_messages(file) if file else heldout("intents")
    step("Reading the messages", 0, 2)
    model = from_archive(archive)
    wrong = []
    for message in messages:
        best = hear(message.text, model).ranking[0]
        if best.intent in message.labels or (
            intent and intent not in {*message.labels, best.intent}
        ):
            continue
        wrong.append(
            {
                "text": message.text,
                "language": message.language,
                "country": message.country,
                "labels": list(message.labels),
                "intent": best.intent,
                "confidence": round(best.confidence, 3),
            }
        )
    step("Looking for the nearest examples", 1, 2)
    corpus = read_corpus()
    for found, near in zip(
        wrong, nearest([str(one["text"]) for one in wrong], corpus), strict=True
    ):
        found["nearest"] = near
    return wrong


def nearest(texts: Sequence[str], corpus: Sequence[Example]) -> list[list[dict[str, Any]]]:
    """For each text the examples whose meaning is closest, by the encoder."""
    if not texts:
        return []
    encoder = SentenceEncoder()
    plain = [normalise(example.text) for example in corpus]
    alike = encoder.encode([normalise(text) for text in texts]) @ _vectors(encoder, plain).T
    return [
        [
            {
                "text": corpus[place].text,
                "intent": corpus[place].intent,
                "voice": corpus[place].voice,
                "where": corpus[place].where,
                "cosine": round(float(row[place]), 3),
            }
            for place in row.argsort()[::-1][:_NEAREST]
        ]
        for row in alike
    ]


def _vectors(encoder: SentenceEncoder, plain: Sequence[str]) -> np.ndarray:
    """The corpus as vectors, kept between runs: encoding it takes a minute."""
    name = hashlib.sha256("\n".join(plain).encode()).hexdigest()[:16]
    file = ROOT / f".cache/nlu/vectors-{name}.npy"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        for old in file.parent.glob("vectors-*.npy"):
            old.unlink()
        partly = file.with_suffix(".part.npy")
        np.save(partly, encoder.encode(plain).astype(np.float16))
        partly.replace(file)
    return np.asarray(np.load(file), dtype=np.float32)

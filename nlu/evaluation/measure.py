"""`acuerdo nlu evaluate`: what is measured, and in which order."""

from __future__ import annotations

import hashlib
import pickle
import resource
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import GroupKFold

from nlu.components.acts import Heard
from nlu.components.intent_model import IntentModel
from nlu.evaluation import metrics
from nlu.evaluation.examples import LANGUAGES, Example, read_corpus, read_voices
from nlu.evaluation.likeness import likeness
from nlu.evaluation.messages import Message, heldout, read_messages, unseen
from nlu.evaluation.models import (
    Memory,
    fitted,
    from_archive,
    hear_all,
    judge,
    judge_examples,
    parse_times,
)
from nlu.evaluation.progress import step

UNLIKE = 0.6
"""A message less like its most alike example than this is not a variation of it."""

PARTS = ((1, 8), (1, 4), (1, 2))
"""Of the voices, for the learning curve; all of them are the model itself."""


def evaluate(*, folds: int, quick: bool, file: Path | None) -> dict[str, Any]:
    """All figures that need no database and no running Rasa."""
    extra = read_messages(file) if file else []
    corpus = read_corpus()
    steps = 2 + bool(file) + (0 if quick else len(PARTS) + folds)
    done = 0
    step(f"Training on {len(corpus):,} examples", done, steps)
    memory = Memory()
    begun = time.perf_counter()
    model = fitted(corpus, memory)
    found: dict[str, Any] = {"corpus": counts(corpus), "fit_s": time.perf_counter() - begun}
    done += 1

    step("Reading the held-out messages", done, steps)
    found |= held_out(model, corpus)
    texts = [message.text for message in heldout("intents")]
    found["costs"] = costs(model, texts) | {"fit_s": found.pop("fit_s")}
    done += 1

    if file:
        step(f"Reading {file.name}", done, steps)
        found["file"] = {"name": file.name} | described(extra, model, corpus)
        done += 1
    if quick:
        return found

    found["curve"] = []
    for above, below in PARTS:
        step(f"Learning curve: {above}/{below} of the voices", done, steps)
        some = of_voices(corpus, above / below)
        found["curve"].append(on_curve(f"{above}/{below}", some, fitted(some, memory)))
        done += 1
    found["curve"].append(on_curve("all", corpus, model))

    judged: list[metrics.Judged] = []
    each = []
    voices = [example.voice for example in corpus]
    for number, (train, test) in enumerate(GroupKFold(folds).split(corpus, groups=voices), 1):
        step(f"Cross-validation {number}/{folds}: voices never heard", done, steps)
        part = judge_examples(fitted([corpus[i] for i in train], memory), [corpus[i] for i in test])
        judged += part
        each.append(metrics.summary(part))
        done += 1
    found["folds"] = {
        "count": folds,
        "all": metrics.summary(judged),
        "worst": {
            "accuracy": min(one["accuracy"] for one in each),
            "macro_f1": min(one["macro_f1"] for one in each),
        },
        "languages": metrics.groups(judged, country=False),
    }
    return found


def counts(corpus: Sequence[Example]) -> dict[str, Any]:
    """How much there is to learn from, and whose words it is."""
    voices = read_voices()
    from_where = Counter((one.language, voices[one.voice].country) for one in corpus)
    speakers = Counter((voice.language, voice.country) for voice in voices.values())
    each = Counter((example.intent, example.language) for example in corpus)
    return {
        "examples": len(corpus),
        "intents": len({example.intent for example in corpus}),
        "voices": len({example.voice for example in corpus}),
        "languages": dict(Counter(example.language for example in corpus)),
        "fewest_of_an_intent": {
            language: min(n for (_, its), n in each.items() if its == language)
            for language in LANGUAGES
        },
        "places": [
            {"language": its, "country": country, "voices": speakers[its, country], "examples": n}
            for (its, country), n in sorted(
                from_where.items(), key=lambda item: (LANGUAGES.index(item[0][0]), -item[1])
            )
        ],
    }


def held_out(model: IntentModel, corpus: Sequence[Example]) -> dict[str, Any]:
    """The held-out files, as the product hears them."""
    messages, several, dangers = (heldout(name) for name in ("intents", "acts", "safety"))
    found = {
        "heldout": described(messages, model, corpus),
        "blind": described(heldout("blind"), model, corpus),
        "raw": described(heldout("raw"), model, corpus),
    }
    found["acts"] = metrics.acts(
        [message.labels for message in several],
        [[act.intent for act in heard.acts] for heard in hear_all(model, several)],
    )
    # For the last step, which needs the app: its floors for each act, and its word lists.
    found["everyday"] = {"heard": told(messages, hear_all(model, messages))}
    heard = hear_all(model, dangers)
    found["safety"] = {
        "alone": metrics.safety(
            [message.labels[0] for message in dangers],
            [[act.intent for act in one.acts] for one in heard],
        ),
        "messages": dict(Counter(message.labels[0] for message in dangers)),
        "heard": told(dangers, heard),
    }
    return found


def told(messages: Sequence[Message], heard: Sequence[Heard]) -> list[dict[str, Any]]:
    """What the app is told of each message, beside what it is."""
    return [
        {"text": message.text, "label": message.labels[0], "parsed": as_rasa_says(one)}
        for message, one in zip(messages, heard, strict=True)
    ]


def as_rasa_says(heard: Heard) -> dict[str, Any]:
    """What the app is told of a message."""
    ranking, acts = (
        [{"name": act.intent, "confidence": act.confidence} for act in some]
        for some in (heard.ranking, heard.acts)
    )
    return {"intent": ranking[0], "intent_ranking": ranking, "acts": acts}


def described(
    messages: Sequence[Message], model: IntentModel, corpus: Sequence[Example]
) -> dict[str, Any]:
    """A set of messages from all sides."""
    judged = judge(messages, hear_all(model, messages))
    fresh = [one for one, new in zip(judged, unseen(messages, corpus), strict=True) if new]
    like = likeness([one.text for one in messages], (one.text for one in corpus))
    unlike = [one for one, much in zip(judged, like, strict=True) if much < UNLIKE]
    return {
        "all": metrics.summary(judged),
        "not_in_corpus": metrics.summary(fresh),
        "unlike_corpus": metrics.summary(unlike),
        "languages": metrics.groups(judged, country=False),
        "countries": (
            metrics.groups(judged, country=True) if any(one.country for one in judged) else {}
        ),
        "confusion": metrics.confusion(judged),
        "intents": metrics.by_intent(judged),
        "reliability": metrics.reliability(judged),
    }


def on_curve(part: str, examples: Sequence[Example], model: IntentModel) -> dict[str, Any]:
    """A point of the learning curve, on the held-out file."""
    messages = heldout("intents")
    judged = judge(messages, hear_all(model, messages))
    return {
        "part": part,
        "voices": len({example.voice for example in examples}),
        "examples": len(examples),
        **metrics.summary(judged),
    }


def of_voices(corpus: Sequence[Example], part: float) -> list[Example]:
    """The examples of a part of each language's voices: always the same, the smaller in the larger."""
    kept = set()
    for language in LANGUAGES:
        voices = {example.voice for example in corpus if example.language == language}
        # Not at random: a new voice must not change which of the others are taken.
        order = sorted(voices, key=lambda voice: hashlib.sha256(voice.encode()).digest())
        kept.update(order[: max(1, round(part * len(order)))])
    return [example for example in corpus if example.voice in kept]


def costs(model: IntentModel, texts: Sequence[str]) -> dict[str, float]:
    """What hearing costs in this process."""
    return {
        **parse_times(model, texts),
        "model_mb": len(pickle.dumps(model, protocol=5)) / 1e6,
        "peak_mb": peak_megabytes(),
    }


def peak_megabytes() -> float:
    """The most memory that this process had so far."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1e6 if sys.platform == "darwin" else 1e3)


def figures(archive: Path) -> dict[str, Any]:
    """The held-out figures of the model that Rasa runs: what the tests hold to their floors."""
    found = held_out(from_archive(archive), read_corpus())
    return rounded(found)


def rounded(value: Any) -> Any:
    """Figures with four places, which is more than any of them is worth."""
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    return round(float(value), 4) if isinstance(value, (float, np.floating)) else value

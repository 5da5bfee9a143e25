"""Run by Rasa's own Python (no pytest there): our short cuts against what they stand in for.

Prints one JSON object; `test_short_cuts.py` reads it. Nothing is trained but a linear model on a
few hundred lines, which takes a second.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import ClassVar

import numpy as np
from scipy import sparse
from sklearn.pipeline import FeatureUnion
from sklearn.svm import LinearSVC

HELD_OUT = Path(__file__).with_name("heldout")
ODD = ["", " ", "a", "😀", "zzzz qqqq", "hola " * 700, "0 0 0", "¿?¡!", "\u200b"]


def words() -> dict:
    """How far the margins of `WordReader` are from scikit-learn's own."""
    from nlu.components.intent_model import _tfidf
    from nlu.components.normalise import normalise
    from nlu.components.word_reader import WordReader

    with (HELD_OUT / "intents.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    plain = [normalise(row["text"]) for row in rows]
    half = plain[::2]
    union = FeatureUnion(
        [
            ("words", _tfidf("word", (1, 2), least=2)),
            ("pieces", _tfidf("char_wb", (2, 4), least=3)),
        ]
    )
    linear = LinearSVC(C=0.6, random_state=7)
    linear.fit(union.fit_transform(half), [row["label"] for row in rows[::2]])
    margins = np.ascontiguousarray(linear.coef_.T.astype(np.float32))
    offset = linear.intercept_.astype(np.float32)
    texts = plain + [normalise(text) for text in ODD]
    theirs = sparse.csr_matrix(union.transform(texts)) @ margins + offset
    ours = WordReader(union, margins, offset).read(texts)
    return {
        "texts": len(texts),
        "apart": float(np.abs(theirs - ours).max()),
        "spread": float(theirs.std()),
        "same_best": bool((theirs.argmax(axis=1) == ours.argmax(axis=1)).all()),
        "alone": float(np.abs(WordReader(union, margins, offset).read(texts[:1]) - ours[:1]).max()),
    }


def graph() -> dict:
    """What a graph gives through dask, and through our own run of it."""
    from rasa.core.actions.action import RemoteAction
    from rasa.engine.constants import PLACEHOLDER_MESSAGE, PLACEHOLDER_TRACKER
    from rasa.engine.graph import ExecutionContext, GraphComponent, GraphSchema, SchemaNode
    from rasa.engine.runner.dask import DaskGraphRunner
    from rasa.shared.core.domain import Domain
    from rasa.shared.core.events import Event
    from rasa.shared.core.trackers import DialogueStateTracker
    from rasa.shared.utils.common import all_subclasses
    from rasa.utils.endpoints import EndpointConfig

    asked_before = RemoteAction._action_call_format
    from nlu.components import once

    class Joins(GraphComponent):
        calls: ClassVar[list] = []

        @classmethod
        def create(cls, config, model_storage, resource, execution_context):
            return cls()

        def join(self, a, b):
            Joins.calls.append((a, b))
            return f"({a}+{b})"

    def node(a: str, b: str) -> SchemaNode:
        return SchemaNode({"a": a, "b": b}, Joins, "create", "join", {}, eager=True)

    schema = GraphSchema(
        {
            "last": node("left", "right"),
            "left": node(PLACEHOLDER_MESSAGE, PLACEHOLDER_TRACKER),
            "right": node("left", PLACEHOLDER_MESSAGE),
            "unwanted": node("left", "right"),
        }
    )
    runner = DaskGraphRunner(schema, None, ExecutionContext(schema))
    answers = []
    for run in (once._run_with_dask, once._run, once._run):
        Joins.calls.clear()
        given = {PLACEHOLDER_MESSAGE: "m", PLACEHOLDER_TRACKER: "t"}
        answers.append([run(runner, given, ["right", "last"]), sorted(Joins.calls)])
    kinds = [kind.type_name for kind in all_subclasses(Event)]
    domain = Domain.load("domain.yml")
    tracker = DialogueStateTracker.from_events("1.0", [], slots=domain.slots)
    action = RemoteAction("action_x", EndpointConfig("http://127.0.0.1"))
    theirs = asked_before(action, tracker, domain)
    ours = once._action_call(action, tracker, domain)
    return {
        "answers": answers,
        "events": [kind for kind in kinds if once._find_event(kind) is not once._event_of(kind)],
        "event_kinds": len(kinds),
        "default_kept": once._event_of("nothing", Event) is Event,
        "empty": [once._is_empty(Domain.empty()), once._is_empty(domain)],
        "call": [name for name in theirs if ours.get(name) != theirs[name]],
    }


def read() -> list:
    """Which of these messages the classifier has read."""
    from rasa.shared.nlu.training_data.message import Message

    from nlu.components.acts_classifier import ActsClassifier

    class Reads:
        intents: ClassVar[list] = ["greet", "thanks"]
        texts: ClassVar[list] = []

        def read(self, texts):
            from nlu.components.intent_model import Reading

            self.texts += texts
            return Reading(np.full((len(texts), 2), 0.5), np.zeros((len(texts), 2)))

    model = Reads()
    classifier = ActsClassifier(ActsClassifier.get_default_config(), None, None, model)
    messages = [Message({"text": text}) for text in ("/greet@0.93", '/a{"b": "c"}', "hola", "")]
    classifier.process(messages)
    return [model.texts, [bool(message.get("acts")) for message in messages]]


if __name__ == "__main__":
    # `graph` before `read`: importing the classifier puts our short cuts in Rasa's place.
    print(json.dumps({"words": words(), "graph": graph(), "read": read()}))

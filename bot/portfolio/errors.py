"""What stops an import, and what is wrong with a cell."""

from __future__ import annotations


class FileRefused(Exception):
    """The file cannot be loaded at all; `code` names the text that says why and how to mend it."""

    def __init__(self, code: str, **details: object) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


class CellRefused(Exception):
    """One cell cannot be used; `code` names the text that says why and how to mend it."""

    def __init__(self, code: str, **details: object) -> None:
        super().__init__(code)
        self.code = code
        self.details = details

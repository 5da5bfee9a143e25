"""How much of a file is taken in at once, so that no file can exhaust the machine."""

from __future__ import annotations

from typing import Final

MOST_BYTES: Final = 150 * 1024 * 1024
"""A larger file is refused before it is opened."""

MOST_UNPACKED_BYTES: Final = 2 * 1024**3
"""What an .xlsx, which is a compressed archive, may unpack to."""

MOST_SHARED_TEXT_BYTES: Final = 200 * 1024 * 1024
"""The one part of an .xlsx that has to be held in memory whole."""

MOST_LINE_CHARACTERS: Final = 1024 * 1024
"""A longer line, or a longer stretch between two quotes, is not a portfolio."""

MOST_PROBLEMS_SHOWN: Final = 1000
"""Problems kept for the report; the file of rejected rows has all of them."""

ROWS_A_BATCH: Final = 1000
"""Rows written in one transaction."""

MOST_TEXT: Final = 200
MOST_REFERENCE: Final = 64
MOST_DIGITS: Final = 15
"""Digits of an amount before its decimals."""

"""What the web chat can do, in the words in which every channel says it.

It has no sender: the browser comes for its messages (`routes.py`), and nothing is brought there.
"""

from __future__ import annotations

from bot.channels.port import Capabilities
from bot.channels.web.wire import LONGEST_TEXT

NAME = "web"

CAPABILITIES = Capabilities(
    text_length=LONGEST_TEXT,
    buttons=12,
    button_length=60,
    links=True,
    typing=True,
    read_receipts=True,
)
"""Documents stay links here: a browser opens them by itself."""

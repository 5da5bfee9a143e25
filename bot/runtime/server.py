"""The app's process."""

from __future__ import annotations

import uvicorn

from bot.app import build, create_app
from bot.dialogue.warming import warm
from bot.kit import logging
from bot.migrations import upgrade
from bot.settings import Settings


def run_server() -> None:
    """Bring the schema up to date and serve until told to stop."""
    settings = Settings()
    logging.configure(settings.log_level)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    parts = build(settings)
    upgrade(parts.database)
    # Before anybody is listened to: what comes first must not wait for it.
    warm()
    uvicorn.run(
        create_app(parts),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        ws="websockets-sansio",
        # A chat's messages are short: compressing each costs more time than it saves bytes.
        ws_per_message_deflate=False,
        # The proxy's headers are read by our own code, and only where settings allow it.
        proxy_headers=False,
        server_header=False,
    )

"""The app's process."""

from __future__ import annotations

import uvicorn
from fastapi import FastAPI

from bot.app import build, create_app
from bot.dialogue.warming import warm
from bot.kit import logging
from bot.migrations import upgrade
from bot.settings import Settings


def load() -> tuple[Settings, FastAPI]:
    """All that has to be there before anybody is listened to: schema, parts, tables, routes."""
    settings = Settings()
    logging.configure(settings.log_level)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    parts = build(settings)
    upgrade(parts.database)
    warm()
    return settings, create_app(parts)


def serve_app(settings: Settings, app: FastAPI) -> None:
    """Serve until told to stop."""
    uvicorn.run(
        app,
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

"""The app's process, and the worker's where they run apart."""

from __future__ import annotations

import asyncio

import uvicorn

from bot.app import build, create_app, jobs_of, start_work, stop_work
from bot.kit import logging
from bot.migrations import upgrade
from bot.scheduler import ticker
from bot.settings import Settings


def run_server() -> None:
    """Bring the schema up to date and serve until told to stop."""
    settings = Settings()
    logging.configure(settings.log_level)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    parts = build(settings)
    upgrade(parts.database)
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


def run_worker() -> None:
    """Answer messages, bring them to their platforms and follow up.

    For app processes that run with `ACUERDO_IN_PROCESS_WORKER=false`.
    """
    settings = Settings()
    logging.configure(settings.log_level)
    parts = build(settings)
    upgrade(parts.database)

    async def work() -> None:
        parts.hub.bind(asyncio.get_running_loop())
        scheduler = ticker(jobs_of(parts))
        scheduler.start()  # type: ignore[no-untyped-call]
        tasks = start_work(parts)
        try:
            await asyncio.gather(*tasks)
        finally:
            scheduler.shutdown(wait=False)  # type: ignore[no-untyped-call]
            await stop_work(parts, tasks)

    try:
        asyncio.run(work())
    except KeyboardInterrupt:
        return

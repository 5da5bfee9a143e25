"""The worker's process: it answers messages where the app does not, and takes jobs from the queue."""

from __future__ import annotations

import asyncio
import signal
from concurrent.futures import ThreadPoolExecutor

from bot.app import Parts, build, jobs_of, start_work, stop_work
from bot.channels.pace import forget_quiet_chats
from bot.kit import logging
from bot.kit.clock import Clock
from bot.migrations import upgrade
from bot.scheduler import queue, ticker
from bot.settings import Settings


def run_worker(
    *,
    concurrency: int,
    answer: bool | None = None,
    settings: Settings | None = None,
    clock: Clock | None = None,
    stalled_after: float = queue.STALLED_AFTER,
    tend_every: float = queue.TEND_EVERY,
) -> None:
    """Work until told to stop.

    `answer` says whether messages are answered and sent and payments kept in step here, too. By
    default they are where no app process does it (`ACUERDO_IN_PROCESS_WORKER=false`), or where
    there is no queue and so nothing else to do.
    """
    settings = settings or Settings()
    logging.configure(settings.log_level)
    parts = build(settings, clock=clock)
    upgrade(parts.database)
    if answer is None or parts.queue is None:
        answer = parts.queue is None or not settings.in_process_worker

    async def work() -> None:
        # What a message needs of the database is done in threads: one for each job, and to spare.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(concurrency + 16))
        parts.hub.bind(asyncio.get_running_loop())
        scheduler = ticker(jobs_of(parts))
        tasks = []
        if answer:
            scheduler.start()  # type: ignore[no-untyped-call]
            tasks = start_work(parts)
        else:
            parts.hub.on_changed(parts.postman.wake)
        try:
            if parts.queue:
                await parts.queue.work(
                    lambda slot: send_nudge(parts, slot),
                    concurrency=concurrency,
                    tend=lambda: _tend(parts, sweep=not answer),
                    stalled_after=stalled_after,
                    tend_every=tend_every,
                )
            else:
                await _until_told()
        finally:
            if scheduler.running:
                scheduler.shutdown(wait=False)  # type: ignore[no-untyped-call]
            await stop_work(parts, tasks)
            await parts.dialogue.close()
            parts.database.dispose()

    asyncio.run(work())


async def send_nudge(parts: Parts, slot: int) -> None:
    """What a job does: post the slot's message, if it may still go, and bring it to its platform.

    What cannot leave now stays in the outbox, which is swept as ever.
    """
    conversation = await asyncio.to_thread(parts.nudges.send_one, slot)
    if conversation is not None:
        while await parts.postman.send_next(conversation):
            pass


async def _tend(parts: Parts, *, sweep: bool) -> None:
    if sweep:
        await parts.postman.sweep()
    await asyncio.to_thread(forget_quiet_chats, parts.database)


async def _until_told() -> None:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    await told.wait()

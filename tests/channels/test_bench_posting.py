"""The load's clock: from the request's leaving, and from when it was to leave."""

from __future__ import annotations

import asyncio
import json
import time
from types import SimpleNamespace

import pytest
from aiohttp import web

from bot.channels.telegram.setup import AT_ONCE
from bot.runtime.bench_channels import _keep
from bot.runtime.channel_load.crowd import TELEGRAM, Addresses, Line, Person, Posting
from bot.runtime.channel_load.posting import _post_all

SLOW = 0.05


@pytest.fixture
async def site():
    """An endpoint that takes its time, and refuses the first request of each person if told to."""
    state = SimpleNamespace(refuses=0, under_way=0, most=0)

    async def webhook(_: web.Request) -> web.Response:
        state.under_way += 1
        state.most = max(state.most, state.under_way)
        await asyncio.sleep(SLOW)
        state.under_way -= 1
        if state.refuses:
            state.refuses -= 1
            return web.Response(status=503)
        return web.Response()

    app = web.Application()
    app.router.add_post("/webhooks/telegram/{creditor}", webhook)
    runner = web.AppRunner(app)
    await runner.setup()
    place = web.TCPSite(runner, "127.0.0.1", 0)
    await place.start()
    port = runner.addresses[0][1]
    state.to = Addresses(f"http://127.0.0.1:{port}", "girasol", "s", "1", "x")
    yield state
    await runner.cleanup()


def load(count: int) -> list[Posting]:
    return [Posting(0.0, Line(Person(2 * n, TELEGRAM, ""), 0, 0.0)) for n in range(count)]


async def test_the_wait_for_a_connection_counts_only_from_the_wish(site):
    posted = await _post_all(load(3 * AT_ONCE), site.to, time.time(), SimpleNamespace(value=0))
    assert site.most == AT_ONCE
    assert len(posted.acknowledged_ms) == len(posted.wished_ms) == 3 * AT_ONCE
    whole, sent = SLOW * 1000, sorted(posted.acknowledged_ms)
    assert sent[0] >= whole * 0.9
    assert sent[len(sent) // 2] < 2 * whole
    assert max(posted.wished_ms) > 2.7 * whole
    assert all(a <= b + 1 for a, b in zip(posted.acknowledged_ms, posted.wished_ms, strict=True))


async def test_what_was_refused_is_posted_again_and_timed_anew(site):
    site.refuses = 1
    done = SimpleNamespace(value=0)
    posted = await _post_all(load(1), site.to, time.time(), done)
    assert (posted.refused, done.value, posted.statuses) == (1, 1, {"503": 1, "200": 1})
    assert posted.wished_ms[0] < 400  # the pause before the second attempt is none of the app's


def test_the_figures_of_both_databases_stand_side_by_side(tmp_path):
    file = tmp_path / "channels.json"
    file.write_text(json.dumps({"steady": {"of": "an older shape"}}))
    for name, value in (("sqlite", 1), ("postgresql", 2), ("sqlite", 3)):
        _keep({"machine": {"database": name}, "value": value}, file)
    kept = json.loads(file.read_text())
    assert {name: one["value"] for name, one in kept.items()} == {"sqlite": 3, "postgresql": 2}

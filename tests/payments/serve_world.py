"""Serve the Stripe world on the loopback; run with its own environment's Python, given a port."""

from __future__ import annotations

import sys

import seahaven.http
import uvicorn
from seahaven_stripe_world import world
from seahaven_stripe_world.http_api import handle

app = seahaven.http.app(
    world, handle, reset_options={"startup": {"livemode": False}}, max_instances=50
)
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")

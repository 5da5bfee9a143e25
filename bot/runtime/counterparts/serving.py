"""Serves a counterpart from a thread of its own, on a free port of this machine."""

from __future__ import annotations

import socket
import threading
import time

import uvicorn
from starlette.applications import Starlette

_PATIENCE = 10.0


class Served:
    """An address that is taken by `bind`, answers from `start` on and is free again after `stop`."""

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def bind(self) -> None:
        """Take a port, so that `url` is known before anything answers there."""
        self._socket.bind(("127.0.0.1", 0))

    @property
    def url(self) -> str:
        """`http://127.0.0.1:<port>`."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def start(self, app: Starlette, *, grace: int) -> None:
        """Serve `app`; what is in hand at the end has `grace` seconds.

        Raises:
            TimeoutError: it did not start.
        """
        config = uvicorn.Config(
            app, log_config=None, access_log=False, ws="none", timeout_graceful_shutdown=grace
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + _PATIENCE
        while not self._server.started and self._thread.is_alive():
            if time.monotonic() > deadline:
                raise TimeoutError("the counterpart did not start")
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop serving; returns when it has ended."""
        assert self._server and self._thread
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

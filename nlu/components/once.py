"""What Rasa 3.6.21 works out again at every turn, worked out once. What it answers stays the same.

Each of these was measured on the whole turn (docs/benchmarks.md): together they were a quarter of
what Rasa computed. Training is left alone.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Dict, List, Optional, Text, Tuple, Type

import aiohttp
from rasa.core.actions.action import RemoteAction
from rasa.core.constants import DEFAULT_REQUEST_TIMEOUT
from rasa.engine.constants import PLACEHOLDER_TRACKER
from rasa.engine.exceptions import GraphRunError
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity
from rasa.utils.endpoints import EndpointConfig

_IDLE_SECONDS = 2
"""How long an unused connection to the app is kept; the app keeps it for 5."""

_find_event = Event.resolve_by_type
_run_with_dask = DaskGraphRunner.run


def install() -> None:
    """Use all of this from here on; a second time changes nothing."""
    Event.resolve_by_type = staticmethod(_event_of)  # type: ignore[method-assign]
    Domain.is_empty = _is_empty  # type: ignore[method-assign]
    DaskGraphRunner.run = _run  # type: ignore[method-assign]
    EndpointConfig.session = _session  # type: ignore[method-assign]
    RemoteAction._action_call_format = _action_call  # type: ignore[method-assign]


@lru_cache(maxsize=None)
def _event_of(type_name: Text, default: Optional[Type[Event]] = None) -> Optional[Type[Event]]:
    """Which class an event in a stored tracker has; Rasa walks through all classes for each."""
    return _find_event(type_name, default)


@lru_cache(maxsize=1)
def _nothing() -> Dict[Text, Any]:
    return Domain.empty().as_dict()


def _is_empty(self: Domain) -> bool:
    return self.as_dict() == _nothing()


def _run(
    self: DaskGraphRunner,
    inputs: Optional[Dict[Text, Any]] = None,
    targets: Optional[List[Text]] = None,
) -> Dict[Text, Any]:
    """Run the nodes one after the other; dask plans the same few nodes anew for every message."""
    if not inputs or PLACEHOLDER_TRACKER not in inputs:
        return _run_with_dask(self, inputs, targets)
    wanted = tuple(targets or self._graph_schema.target_names)
    found: Dict[Text, Any] = {name: (name, value) for name, value in inputs.items()}
    try:
        for name, needs in _order(self, wanted):
            found[name] = self._instantiated_nodes[name](*(found.get(n, n) for n in needs))
    except RuntimeError as error:
        raise GraphRunError("Error running runner.") from error
    return dict(found[name] for name in wanted)


def _order(
    runner: DaskGraphRunner, targets: Tuple[Text, ...]
) -> List[Tuple[Text, Tuple[Text, ...]]]:
    """The nodes that `targets` need, each after those it needs itself."""
    known = runner.__dict__.setdefault("_orders", {})
    if targets not in known:
        nodes = runner._graph_schema.nodes
        order: Dict[Text, Tuple[Text, ...]] = {}

        def visit(name: Text) -> None:
            if name in nodes and name not in order:
                needs = tuple(nodes[name].needs.values())
                for need in needs:
                    visit(need)
                order[name] = needs

        for target in targets:
            visit(target)
        known[targets] = list(order.items())
    return known[targets]


class _KeptOpen:
    """`async with` gives the session and leaves it open."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def __aenter__(self) -> aiohttp.ClientSession:
        return self._session

    async def __aexit__(self, *_: Any) -> None:
        return None


def _session(self: EndpointConfig) -> Any:
    """One session for all calls to the app, where Rasa connects anew for each action."""
    kept = self.__dict__.get("_kept")
    if kept is None or kept.closed:
        kept = aiohttp.ClientSession(
            headers=self.headers,
            timeout=aiohttp.ClientTimeout(total=DEFAULT_REQUEST_TIMEOUT),
            connector=aiohttp.TCPConnector(keepalive_timeout=_IDLE_SECONDS),
        )
        self.__dict__["_kept"] = kept
    return _KeptOpen(kept)


def _action_call(
    self: RemoteAction, tracker: DialogueStateTracker, domain: Domain
) -> Dict[Text, Any]:
    """Without the domain: no action of ours reads it, and it is most of what is sent."""
    return {
        "next_action": self._name,
        "sender_id": tracker.sender_id,
        "tracker": tracker.current_state(EventVerbosity.ALL),
        "domain": {},
    }

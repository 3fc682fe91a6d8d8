"""Which brains and ears there are on this computer, and why one is off."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from ifx_bridge.brain import chosen
from ifx_bridge.brain.llm import keys
from ifx_bridge.brain.llm.providers import PROVIDERS, Provider
from ifx_bridge.errors import Cancelled
from ifx_bridge.models.catalog import DEFAULT, KNOWN
from ifx_bridge.models.store import Store

# How long a server on this machine may take to say that it is there.
REACH_SECONDS = 0.3


@dataclass(frozen=True)
class State:
    """What may be chosen.

    Attributes:
        name: As in the preferences.
        ready: Whether it can be used now.
        text: Why, or why not.
    """

    name: str
    ready: bool
    text: str


def brains() -> dict[str, State]:
    """Every brain by name; asks the keyring and servers on this machine, so not in a hurry."""
    found = [State("offline", True, "Built in: no key, no network.")]
    found += [_hosted(each) if each.needs_key else _served(each) for each in PROVIDERS]
    states = {state.name: state for state in found}
    name = chosen("auto").partition(":")[0]
    about = states.get(name, State(name, True, ""))
    states["auto"] = State("auto", about.ready, f"Stands for {name}. {about.text}")
    return states


def _hosted(provider: Provider) -> State:
    key = keys.find(provider)
    if key is None:
        return State(provider.id, False, f"Off: no key. Enter one below, or set "
                     f"{provider.key_name}.")  # fmt: skip
    return State(provider.id, True, f"Key {key.masked} from the {key.source}. Words and "
                 "measurements are sent there, never audio.")  # fmt: skip


def _served(provider: Provider) -> State:
    place = urlsplit(provider.base_url)
    host, port = place.hostname or "localhost", place.port or 80
    try:
        socket.create_connection((host, port), REACH_SECONDS).close()
    except OSError:
        return State(provider.id, False, f"Off: no server answers at {host}:{port}.")
    return State(provider.id, True, f"A server answers at {host}:{port}.")


def ears() -> dict[str, State]:
    """Every ears by name."""
    from ifx_bridge.ears.fx import SHIPPED

    fx = SHIPPED.is_file()
    states = (
        State("fx", fx, "Built in." if fx else f"Off: {SHIPPED.name} is missing."),
        State("perceptual", True, "Built in: statistics instead of training."),
        _laion(),
    )
    name = "fx" if fx else "perceptual"
    return {"auto": State("auto", True, f"Stands for {name}. Built in.")} | {
        state.name: state for state in states
    }


def _laion() -> State:
    store, known = Store.default(), KNOWN[DEFAULT]
    if find_spec("transformers") is None:
        return State("laion", False, "Off: needs pip install 'ifx-bridge[clap]', then its weights.")
    if store.receipt(DEFAULT) is None:
        size, arrived = f"{known.size / 1e9:.1f} GB", store.arrived(known)
        there = f"of its {size} of weights {100 * arrived / known.size:.0f} % has arrived"
        return State("laion", False, f"Off: {there if arrived else f'{size} of weights to load'}.")
    return State("laion", True, "Its weights are installed.")


def load_weights(report: Callable[[Any], None], stopped: Callable[[], bool]) -> bool:
    """Load the weights of LAION-CLAP, from where it was stopped; whether they are all there.

    Args:
        report: Called with the share that is there, 0 to 1, and a line.
        stopped: Asked between chunks.

    Raises:
        UserError: They could not be had; what arrived is kept.
    """

    def progress(known: Any, done: int, total: int) -> None:
        share = done / total if total else 0.0
        report((share, f"{known.published_name}: {done / 1e6:,.0f} of {total / 1e6:,.0f} MB"))

    try:
        Store.default().fetch(DEFAULT, progress=progress, cancelled=stopped)
    except Cancelled:
        return False
    return True

"""Which brains and ears there are on this computer, and why one is off."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from gui.translations import translate
from ifx_bridge.brain import chosen
from ifx_bridge.brain.llm import keys
from ifx_bridge.brain.llm.providers import PROVIDERS, Provider
from ifx_bridge.errors import Cancelled
from ifx_bridge.models.catalog import DEFAULT, KNOWN
from ifx_bridge.models.store import Store

# How long a server on this machine may take to say that it is there.
REACH_SECONDS = 0.3
CLAP = "pip install 'ifx-bridge[clap]'"


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
    found = [State("offline", True, translate("engines", "Built in: no key, no network."))]
    found += [_hosted(each) if each.needs_key else _served(each) for each in PROVIDERS]
    states = {state.name: state for state in found}
    name = chosen("auto").partition(":")[0]
    about = states.get(name, State(name, True, ""))
    states["auto"] = State(
        "auto",
        about.ready,
        translate("engines", "Stands for {name}.").format(name=name) + f" {about.text}",
    )
    return states


def _hosted(provider: Provider) -> State:
    key = keys.find(provider)
    if key is None:
        return State(
            provider.id,
            False,
            translate("engines", "Off: no key. Enter one below, or set {key_name}.").format(
                key_name=provider.key_name
            ),
        )
    return State(
        provider.id,
        True,
        translate(
            "engines",
            "Key {masked} from the {source}. Words and measurements are sent there, never audio.",
        ).format(masked=key.masked, source=key.source),
    )


def _served(provider: Provider) -> State:
    place = urlsplit(provider.base_url)
    host, port = place.hostname or "localhost", place.port or 80
    try:
        socket.create_connection((host, port), REACH_SECONDS).close()
    except OSError:
        return State(
            provider.id,
            False,
            translate("engines", "Off: no server answers at {host}:{port}.").format(
                host=host, port=port
            ),
        )
    return State(
        provider.id,
        True,
        translate("engines", "A server answers at {host}:{port}.").format(host=host, port=port),
    )


def ears() -> dict[str, State]:
    """Every ears by name."""
    from ifx_bridge.ears.fx import SHIPPED

    fx = SHIPPED.is_file()
    states = (
        State(
            "fx",
            fx,
            translate("engines", "Built in.")
            if fx
            else translate("engines", "Off: {name} is missing.").format(name=SHIPPED.name),
        ),
        State(
            "perceptual", True, translate("engines", "Built in: statistics instead of training.")
        ),
        _laion(),
    )
    name = "fx" if fx else "perceptual"
    return {
        "auto": State(
            "auto",
            True,
            translate("engines", "Stands for {name}.").format(name=name)
            + " "
            + translate("engines", "Built in."),
        )
    } | {state.name: state for state in states}


def _laion() -> State:
    store, known = Store.default(), KNOWN[DEFAULT]
    if find_spec("transformers") is None:
        return State(
            "laion",
            False,
            translate("engines", "Off: needs {command}, then its weights.").format(command=CLAP),
        )
    if store.receipt(DEFAULT) is None:
        size, arrived = f"{known.size / 1e9:.1f} GB", store.arrived(known)
        percent = 100 * arrived / known.size
        there = translate(
            "engines", "Off: of its {size} of weights {percent:.0f} % has arrived."
        ).format(size=size, percent=percent)
        return State(
            "laion",
            False,
            there
            if arrived
            else translate("engines", "Off: {size} of weights to load.").format(size=size),
        )
    return State("laion", True, translate("engines", "Its weights are installed."))


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
        report(
            (
                share,
                translate("engines", "{name}: {done:,.0f} of {total:,.0f} MB").format(
                    name=known.published_name, done=done / 1e6, total=total / 1e6
                ),
            )
        )

    try:
        Store.default().fetch(DEFAULT, progress=progress, cancelled=stopped)
    except Cancelled:
        return False
    return True

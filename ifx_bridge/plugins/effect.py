"""Hosted plugins as effects of a chain: `Slot("zameq2", {"frequency_1_hz": 300}, engine="plugin")`.

Values are in the plugin's own units. They are not differentiable; gradients of what comes before a
plugin pass through it as if it were not there.
"""

from __future__ import annotations

import atexit
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ifx_bridge.audio import Audio
from ifx_bridge.effects import spec
from ifx_bridge.effects.spec import Effect, Parameter, Params
from ifx_bridge.errors import UserError
from ifx_bridge.plugins.description import Description, PluginParameter
from ifx_bridge.plugins.host import Host, PluginError
from ifx_bridge.plugins.library import Library

if TYPE_CHECKING:
    from torch import Tensor

ENGINE = "plugin"
KEPT = "Your session is as it was."
MOST_HOSTS = 4  # processes that are kept running
PATIENCE_SECONDS = 2.0  # with a render that was stopped
# Ranges over more than this factor are heard as ratios, where the unit is one of time or frequency.
RATIO = 20.0
RATIO_UNITS = frozenset({"hz", "ms", "s", "sec", "seconds"})
# A plugin that is not on this computer keeps its values, whatever they are.
WIDEST = 1e12


def id_of(description: Description) -> str:
    """The effect id of a plugin: its name, in small letters and digits."""
    name = "".join(c for c in description.name.lower() if c.isascii() and c.isalnum()) or "plugin"
    own = {e.id for e in spec.effects()}
    return f"{name}-plugin" if name in own else name


def as_effect(description: Description) -> Effect:
    """A plugin as an effect."""

    def process(params: Params, audio: Audio, sample_rate: float) -> Audio:
        return _rack.render(description, positions(description, params), audio, sample_rate)

    def twin(audio: Tensor, values: Any, sample_rate: float) -> Tensor:
        return through(process, audio, {k: float(v) for k, v in values.items()}, sample_rate)

    return Effect(
        id=id_of(description),
        title=description.name,
        description=f"A plugin by {description.vendor} ({description.category}).",
        parameters=tuple(as_parameter(p) for p in description.parameters),
        pedalboard=None,
        twin=twin,
        engine=ENGINE,
        process=process,
    )


def positions(description: Description, params: Params) -> dict[str, float]:
    """Values in the plugin's units as positions, 0 to 1."""
    return {p.key: p.position(params[p.key]) for p in description.parameters if p.key in params}


def through(process: spec.Process, audio: Tensor, params: Params, sample_rate: float) -> Tensor:
    """Render a batch `[batch, channels, samples]` outside of torch; the gradient passes through."""
    import numpy as np
    import torch

    with torch.no_grad():
        rows = audio.detach().cpu().numpy().astype(np.float32)
        rows = rows.reshape(-1, *audio.shape[-2:])
        made = np.stack([process(params, row, sample_rate) for row in rows])
        rendered = torch.from_numpy(made).reshape(audio.shape).to(audio.dtype)
    return audio + (rendered - audio).detach()


def as_parameter(given: PluginParameter) -> Parameter:
    """A plugin's parameter as a knob."""
    discrete = given.kind != "number"
    ratio = given.low > 0 and given.high / given.low > RATIO
    log = given.log or (ratio and given.unit.lower() in RATIO_UNITS)
    choices = given.texts if discrete else ()
    if given.kind == "switch" and not choices and {given.low, given.high} == {0.0, 1.0}:
        choices = ("off", "on")
    return Parameter(
        given.key,
        given.name,
        given.unit,
        given.low,
        given.high,
        given.tidy(given.value(given.default)),
        scale="log" if log else "linear",
        differentiable=False,
        step=1 / max(1, len(given.values) - 1) if discrete else 0.1,
        choices=choices,
    )


def find(id: str, names: Collection[str]) -> Effect:
    """The effect of an id; a stand-in that only keeps values when the plugin is not here."""
    description = described(id)
    if description is not None:
        known = {p.key for p in description.parameters}
        if known.issuperset(names):
            return _effect(description)
    return _missing(id, tuple(names), description)


def described(id: str) -> Description | None:
    """The plugin of an effect id, where it is on this computer and may be loaded."""
    library = Library.default()
    return _described(library, id, library.edition())


@lru_cache(maxsize=256)
def _described(library: Library, id: str, edition: int) -> Description | None:
    if (known := next((d for d in library.plugins() if id_of(d) == id), None)) is not None:
        return known
    try:
        return library.find(id)
    except UserError:
        return None


@lru_cache(maxsize=64)
def _effect(description: Description) -> Effect:
    return as_effect(description)


def _missing(id: str, names: tuple[str, ...], other: Description | None) -> Effect:
    def problem() -> tuple[str, str]:
        if other is not None:
            return "is another version on this computer", f"Install the one that has {names[0]}"
        if (found := Library.default().why_blocked(id)) is not None:
            return (
                f"is blocked ({found.why.removesuffix('.')})",
                f"Let it be tried again: ifx-bridge plugins block --remove {id!r}",
            )
        return "is not on this computer", "Install it and run ifx-bridge plugins scan"

    def process(params: Params, audio: Audio, sample_rate: float) -> Audio:
        why, way_out = problem()
        raise UserError(
            f"The plugin {id} {why}, so this chain cannot be rendered.",
            kept="Its values are kept.",
            next_step=f"{way_out}, or remove {id} from the chain.",
        )

    return Effect(
        id=id,
        title=id,
        description=f"A plugin that {problem()[0]}.",
        parameters=tuple(Parameter(n, n, "", -WIDEST, WIDEST, 0.0, differentiable=False)
                         for n in names),
        pedalboard=None,
        twin=lambda audio, values, rate: through(process, audio, {}, rate),
        engine=ENGINE,
        process=process,
    )  # fmt: skip


_stop: ContextVar[Callable[[], bool]] = ContextVar("stop", default=lambda: False)


@contextmanager
def stoppable(cancelled: Callable[[], bool]) -> Iterator[None]:
    """Renders of plugins inside end with `Cancelled` when the user stops them.

    One that is nearly done is waited for, since its process would have to be started anew.
    """
    since: list[float] = []

    def stop() -> bool:
        if cancelled() and not since:
            since.append(time.monotonic())
        return bool(since) and time.monotonic() - since[0] > PATIENCE_SECONDS

    token = _stop.set(stop)
    try:
        yield
    finally:
        _stop.reset(token)


class Rack:
    """Running plugins, each in its process; the one that was used longest ago makes room."""

    def __init__(self) -> None:
        self._hosts: OrderedDict[tuple[str, str], Host] = OrderedDict()
        self._lock = threading.Lock()

    def render(
        self, description: Description, values: dict[str, float], audio: Audio, sample_rate: float
    ) -> Audio:
        """See `Host.render`.

        Raises:
            PluginError: It fails; it is put on the block-list when it crashed or hung.
            Cancelled: It was stopped (`stoppable`).
        """
        try:
            with Library.default().blaming(Path(description.path), description.part):
                return self.host(description).render(audio, sample_rate, values, _stop.get())
        except PluginError as error:
            error.kept = KEPT
            raise

    def host(self, description: Description) -> Host:
        """The running plugin, started when it is not."""
        key = (description.path, description.part)
        with self._lock:
            if key in self._hosts and self._hosts[key].alive:
                self._hosts.move_to_end(key)
                return self._hosts[key]
            if key in self._hosts:
                self._hosts.pop(key).close()
            self._hosts[key] = Host(Path(description.path), description.part)
            while len(self._hosts) > MOST_HOSTS:
                self._hosts.popitem(last=False)[1].close()
            return self._hosts[key]

    def close(self) -> None:
        """End all."""
        with self._lock:
            while self._hosts:
                self._hosts.popitem()[1].close()


_rack = Rack()
atexit.register(_rack.close)
spec.register_engine(ENGINE, find)

"""Pushing a turn: first a preview of what would be set, then the values, each told as it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from ifx_bridge.chain_plugin.table import NAME as OURS
from ifx_bridge.daw import ours, stock
from ifx_bridge.daw.link import Can, DawLink, Device, PushReport, Track
from ifx_bridge.daw.writing import Cancel, Report, Wanted, write
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.errors import UserError
from ifx_bridge.presets.vstpreset import SUFFIX, VstPreset

# Of a push: what REAPER shows as the name of the preset.
PRESET = "IFX Bridge"


@dataclass(frozen=True)
class Part:
    """What one device gets.

    Attributes:
        device: Which.
        effects: Ours that it stands in for.
        wanted: Its values.
        left_out: What has no place in it.
        note: How it differs from ours, where it does.
        on: Whether it should be on; None to leave it.
        preset: Of the same values, where the link loads presets and the device is our own plugin.
    """

    device: Device
    effects: tuple[str, ...]
    wanted: tuple[Wanted, ...]
    left_out: tuple[str, ...] = ()
    note: str = ""
    on: bool | None = None
    preset: VstPreset | None = None


@dataclass(frozen=True)
class Preview:
    """What a push would do.

    Attributes:
        track: Where.
        parts: By device, in signal order of the chain.
        missing: Effects for which there is no device, with what to do.
        notes: What else would not be carried over.
    """

    track: Track
    parts: tuple[Part, ...]
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many parameters."""
        return sum(len(part.wanted) for part in self.parts)

    @property
    def summary(self) -> str:
        """In one line: `7 parameters on 'Vox' → ReaEQ`."""
        names = ", ".join(part.device.name for part in self.parts) or "nothing"
        return f"{self.count} parameters on {self.track.name!r} → {names}"


def preview(
    link: DawLink, track: Track, chain: Chain, chosen: Mapping[str, int] | None = None
) -> Preview:
    """Find the devices of a track that can take a chain, and what each would get.

    Our own plugin takes all of it wherever it is. Otherwise each effect goes to the first device
    that stands in for it.

    Args:
        link: Where.
        track: Which.
        chain: The turn's.
        chosen: By effect id, the index of the device to take.

    Raises:
        UserError: A chosen device cannot take its effect.
    """
    devices = link.devices(track)
    for device in devices:
        if channels := ours.channels_of(device.name):
            return Preview(track, (_ours(link, device, chain, channels),))
    parts, missing, notes = [], [], []
    for slot in chain:
        candidates: Sequence[Device] = devices
        if chosen and slot.fx in chosen:
            candidates = [d for d in devices if d.index == chosen[slot.fx]]
        match = stock.device_for(slot, candidates) if slot.engine != "plugin" else None
        if match is None:
            if chosen and slot.fx in chosen:
                raise UserError(
                    f"Device {chosen[slot.fx]} of {track.name!r} does not stand in for "
                    f"{slot.effect.title}.",
                    kept="Nothing was changed.",
                    next_step=f"Known: {_known(slot.fx)}.",
                )
            missing.append(f"{slot.effect.title}: {_instead(slot)}")
            continue
        device, row = match
        found = stock.resolve(row, slot, link.parameters(device))
        on = not slot.bypass if Can.ENABLE in link.capabilities else None
        parts.append(Part(device, (slot.fx,), found.wanted, found.left_out, row.approximate, on))
    order = [part.device.index for part in parts]
    if order != sorted(order):
        notes.append("The devices stand in another order than the effects: drag them so.")
    if chain.trim_db:
        notes.append(f"The output trim of {chain.trim_db:+.1f} dB is the track fader's job.")
    if chain.amount != 1:
        notes.append(f"The amount of {100 * chain.amount:.0f} % is not carried over.")
    return Preview(track, tuple(parts), tuple(missing), tuple(notes))


def insert_missing(link: DawLink, track: Track, chain: Chain) -> tuple[Device, ...]:
    """Put on a track what a preview of the chain would miss, behind what is there.

    Our own plugin, where the DAW has it; else what stands in for each effect that has none.

    Returns:
        What was inserted.

    Raises:
        UserError: The link cannot insert, or the DAW has none of it.
    """
    link.capabilities.need(Can.INSERT)
    devices = link.devices(track)
    own = [slot for slot in chain if slot.engine != "plugin"]
    missing = [slot for slot in own if stock.device_for(slot, devices) is None]
    if not missing or any(ours.channels_of(device.name) for device in devices):
        return ()
    if missing == own:
        with suppress(UserError):
            return (link.insert(track, OURS),)
    names = {row.effect: row.insert for row in reversed(stock.stock()) if row.insert}
    made: list[Device] = []
    for slot in missing:
        try:
            made.append(link.insert(track, *names[slot.fx]))
        except UserError as error:
            if not made:
                raise
            there = ", ".join(device.name for device in made)
            raise UserError(
                error.what, kept=f"{there} was put on {track.name!r}.", next_step=error.next_step
            ) from error
    return tuple(made)


def _ours(link: DawLink, device: Device, chain: Chain, channels: int) -> Part:
    found = ours.resolve(chain, link.parameters(device))
    preset = ours.preset(chain, PRESET, channels) if Can.PRESETS in link.capabilities else None
    on = True if Can.ENABLE in link.capabilities else None
    return Part(device, chain.ids, found.wanted, found.left_out, on=on, preset=preset)


def _instead(slot: Slot) -> str:
    if slot.engine == "plugin":
        return "a plugin of yours: load its preset in the DAW (ifx-bridge plugins preset)"
    return f"put one of these on the track: {_known(slot.fx)}"


def _known(fx: str) -> str:
    import re

    names = [re.sub(r"\\?[()?.*]|\(.*?\)\?", "", (*row.insert, row.name)[0])
             for row in stock.stock() if row.effect == fx]  # fmt: skip
    return ", ".join([*dict.fromkeys(names), OURS])


def push(
    link: DawLink,
    plan: Preview,
    *,
    title: str = "IFX Bridge",
    cancelled: Cancel = lambda: False,
    report: Report = lambda done, total: None,
) -> PushReport:
    """Carry out a preview, as one undo step where the DAW allows it.

    Our own plugin gets its values as a preset where the link loads presets, all at once.
    """
    wanted = [want for part in plan.parts for want in part.wanted]
    notes = [*plan.missing, *plan.notes]
    for part in plan.parts:
        notes += [f"{part.device.name}: {text}" for text in part.left_out]
        if part.note:
            notes.append(f"{part.device.name} is {part.note}.")
    with link.undo_step(title), TemporaryDirectory(prefix="ifx-") as folder:
        for part in plan.parts:
            if part.on is not None and part.on != part.device.enabled:
                link.enable(part.device, part.on)
        loaded = [part for part in plan.parts if _loaded(link, part, Path(folder), notes)]
        # A preset says nothing of itself: its values are read back, and set where they are not.
        there = frozenset(w.parameter.key for part in loaded for w in part.wanted)
        done = write(link, wanted, there=there, cancelled=cancelled, report=report)
        link.release([w.parameter for w in done.writes if w.status != "refused"])
    return replace(done, notes=(*done.notes, *notes))


def _loaded(link: DawLink, part: Part, folder: Path, notes: list[str]) -> bool:
    if part.preset is None:
        return False
    path = folder / f"{PRESET}{SUFFIX}"
    try:
        part.preset.write(path)
        link.load_preset(part.device, path)
    except UserError as error:
        notes.append(f"The preset was not loaded, each value was set instead: {error}")
        return False
    return True

"""Pushing a turn: first a preview of what would be set, then the values, each told as it ended."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from ifx_bridge.chain_plugin.table import NAME as OURS
from ifx_bridge.daw import ours, stock
from ifx_bridge.daw.link import Can, DawLink, Device, PushReport, Track
from ifx_bridge.daw.pushed import Pushed
from ifx_bridge.daw.switching import Switch, switch
from ifx_bridge.daw.writing import Cancel, Report, Wanted, write
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.effects.spec import scaled
from ifx_bridge.errors import UserError
from ifx_bridge.presets.vstpreset import SUFFIX, VstPreset

NOTHING_YET = Pushed()
# Of a push: what REAPER shows as the name of the preset.
PRESET = "IFX Bridge"


@dataclass(frozen=True)
class Part:
    """What one device gets.

    Attributes:
        device: Which.
        effects: Ours that it stands in for; empty when it is only switched off.
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

    @property
    def titled(self) -> str:
        """What it is switched for, in words."""
        if not self.effects:
            return "no longer in the turn"
        return ", ".join(self.effects) + (" on" if self.on else " off")


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
    def switches(self) -> tuple[Switch, ...]:
        """The devices that are not as they should be, on or off."""
        return tuple(
            Switch(part.device, part.on, part.titled)
            for part in self.parts
            if part.on is not None and part.on != part.device.enabled
        )

    @property
    def empty(self) -> bool:
        """Whether nothing would be done."""
        return not self.count and not self.switches

    @property
    def warnings(self) -> tuple[str, ...]:
        """All that the user should know, in sentences."""
        said = [*self.missing, *self.notes]
        for part in self.parts:
            said += [f"{part.device.name}: {text}" for text in part.left_out]
            said += [f"{part.device.name} is {part.note}."] if part.note else []
        return tuple(said)

    @property
    def summary(self) -> str:
        """In one line: `7 parameters on 'Vox' → ReaEQ; off: ReaDelay`."""
        names = ", ".join(part.device.name for part in self.parts if part.wanted)
        if not names and not self.switches:
            return f"nothing to set on {self.track.name!r}"
        said = [f"{self.count} parameters on {self.track.name!r} → {names}"] if names else []
        for word, on in (("on", True), ("off", False)):
            if switched := ", ".join(s.device.name for s in self.switches if s.on is on):
                said.append(f"{word}: {switched}")
        return "; ".join(said) if names else f"on {self.track.name!r}, {'; '.join(said)}"


def preview(
    link: DawLink,
    track: Track,
    chain: Chain,
    chosen: Mapping[str, int] | None = None,
    pushed: Pushed = NOTHING_YET,
    switching: bool = True,
) -> Preview:
    """Find the devices of a track that can take a chain, and what each would get.

    Our own plugin takes all of it wherever it is. Otherwise each effect goes to the first device
    that stands in for it. Devices that an earlier push has used and that are not needed any more
    are switched off; others that stand in for an effect and are on are named.

    Args:
        link: Where.
        track: Which.
        chain: The turn's.
        chosen: By effect id, the index of the device to take.
        pushed: What earlier pushes have used.
        switching: Whether devices may be switched on and off; over time, knobs move only.

    Raises:
        UserError: A chosen device cannot take its effect, or the chain has no such effect.
    """
    if strangers := [fx for fx in chosen or () if fx not in chain]:
        raise UserError(
            f"The turn has no {', '.join(strangers)}.",
            kept="Nothing was changed.",
            next_step=f"It has: {', '.join(chain.ids) or 'no effects'}.",
        )
    devices = link.devices(track)
    switched = switching and Can.ENABLE in link.capabilities
    own = next((d for d in devices if ours.channels_of(d.name)), None)
    if own is not None:
        parts = [_ours(link, own, chain, ours.channels_of(own.name) or 2, switched)]
        missing, notes = list[str](), list[str]()
    else:
        parts, missing, notes = _stand_ins(link, track, chain, devices, chosen or {}, switched)
    left = {d.index: d for d in devices if d.enabled}
    for part in parts:
        left.pop(part.device.index, None)
    for device in list(left.values()):
        if switched and pushed.has(link.name, track, device):
            parts.append(Part(left.pop(device.index), (), (), on=False))
    if still := [
        f"{d.name} ({d.index})"
        for d in left.values()
        if pushed.has(link.name, track, d) or stock.stands_in(d.name) or ours.channels_of(d.name)
    ]:
        notes.append(f"Still sounding there, though not of this turn: {', '.join(still)}.")
    if not switching and (off := [p.device.name for p in parts if not p.device.enabled]):
        notes.append(f"Off there, and nothing is heard of it until switched on: {', '.join(off)}.")
    return Preview(track, tuple(parts), tuple(missing), tuple(notes))


def _stand_ins(
    link: DawLink,
    track: Track,
    chain: Chain,
    devices: Sequence[Device],
    chosen: Mapping[str, int],
    switched: bool,
) -> tuple[list[Part], list[str], list[str]]:
    """Parts, missing and notes of a preview where each effect has a device of its own."""
    parts, missing, notes = [], [], []
    for slot in chain:
        candidates: Sequence[Device] = devices
        if slot.fx in chosen:
            candidates = [d for d in devices if d.index == chosen[slot.fx]]
        match = stock.device_for(slot, candidates) if slot.engine != "plugin" else None
        if match is None:
            if slot.fx in chosen:
                raise UserError(
                    f"Device {chosen[slot.fx]} of {track.name!r} does not stand in for "
                    f"{slot.effect.title}.",
                    kept="Nothing was changed.",
                    next_step=f"Known: {_known(slot.fx)}.",
                )
            missing.append(f"{slot.effect.title}: {_instead(slot)}")
            continue
        device, row = match
        if chain.amount == 0 and switched:
            parts.append(Part(device, (slot.fx,), (), on=False))
            continue
        # Where nothing can be switched off, knobs at rest come next to it.
        resting = slot.bypass and not switched
        part, ended = _amounts(slot, 0.0 if resting else chain.amount)
        found = stock.resolve(row, part, link.parameters(device))
        left_out = (*found.left_out, *ended)
        on = not slot.bypass if switched else None
        parts.append(Part(device, (slot.fx,), found.wanted, left_out, row.approximate, on))
        if Can.ENABLE not in link.capabilities and (resting or chain.amount == 0):
            notes.append(
                f"{device.name} cannot be switched off through this link: its knobs are set to "
                "where they do as good as nothing."
            )
    order = [part.device.index for part in parts]
    if order != sorted(order):
        notes.append("The devices stand in another order than the effects: drag them so.")
    if trim_db := chain.trim_db * chain.amount:
        notes.append(f"The output trim of {trim_db:+.1f} dB is the track fader's job.")
    if chain.amount not in (0, 1) and any(part.wanted for part in parts):
        notes.append(
            f"The amount of {100 * chain.amount:.0f} % is set knob by knob, so many times as far "
            "from where each does nothing: near to mixing with the dry sound, not the same."
        )
    return parts, missing, notes


def _amounts(slot: Slot, amount: float) -> tuple[Slot, list[str]]:
    """An effect with its strength multiplied, and its knobs that cannot go so far."""
    if amount == 1:
        return slot, []
    part = replace(slot, params=scaled(slot.effect, slot.params, amount))
    ended = []
    for p in slot.effect.parameters:
        if p.neutral is None:
            continue
        still = p.to_unit(p.neutral)
        meant = still + amount * (p.to_unit(slot.params[p.name]) - still)
        if not -1e-9 <= meant <= 1 + 1e-9:
            said = p.text(part.params[p.name])
            ended.append(f"{slot.effect.title} {p.title}: at its end, {said}, before the amount")
    return part, ended


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


def _ours(link: DawLink, device: Device, chain: Chain, channels: int, switched: bool) -> Part:
    found = ours.resolve(chain, link.parameters(device))
    preset = ours.preset(chain, PRESET, channels) if Can.PRESETS in link.capabilities else None
    on = True if switched else None
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
    began = time.monotonic()
    wanted = [want for part in plan.parts for want in part.wanted]
    notes = list(plan.warnings)
    plan = _as_now(link, plan)
    with link.undo_step(title), TemporaryDirectory(prefix="ifx-") as folder:
        switched = switch(link, plan.track, plan.switches, cancelled)
        loaded = [part for part in plan.parts if _loaded(link, part, Path(folder), notes)]
        # A preset says nothing of itself: its values are read back, and set where they are not.
        there = frozenset(w.parameter.key for part in loaded for w in part.wanted)
        done = write(link, wanted, there=there, cancelled=cancelled, report=report)
        link.release([w.parameter for w in done.writes if w.status != "refused"])
    seconds = time.monotonic() - began
    return PushReport((*switched, *done.writes), (*done.notes, *notes), seconds)


def _as_now(link: DawLink, plan: Preview) -> Preview:
    """A preview whose devices are as they are now, some time after it was made.

    Raises:
        UserError: Other devices stand in their places.
    """
    there = {d.index: d for d in link.devices(plan.track)} if plan.parts else {}
    parts = []
    for part in plan.parts:
        now = there.get(part.device.index)
        if now is None or now.name != part.device.name:
            raise UserError(
                f"Place {part.device.index} of {plan.track.name!r} is not {part.device.name} any "
                f"more{f', but {now.name}' if now else ''}.",
                kept="Nothing was changed.",
                next_step="Look at the track again, then push.",
            )
        parts.append(replace(part, device=now))
    return replace(plan, parts=tuple(parts))


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

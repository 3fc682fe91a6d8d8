"""The commands that bring a chain to the plugins that the user owns."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ifx_bridge import terminal
from ifx_bridge.errors import UserError, writing
from ifx_bridge.plugins.commands import AsJson, setting

if TYPE_CHECKING:
    from ifx_bridge.effects.chain import Chain, Slot
    from ifx_bridge.matching.translate import Translation
    from ifx_bridge.presets.plugin import Proof
    from ifx_bridge.presets.store import Source

UNLIKE = 1  # exit status: a plugin does not sound like what it was to stand for


def translate(
    source: Annotated[
        str,
        typer.Argument(help="A session.json, whose current turn counts, or a preset."),
    ],
    plugins: Annotated[
        list[str] | None,
        typer.Argument(
            help="EFFECT=PLUGIN, for instance eq=ZamEQ2. [default: all of it in IFX Chain, exactly]"
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the presets and what they sound like. [default: translated; for IFX "
            "Chain where hosts look for its presets]"
        ),
    ] = None,
    renders: Annotated[int, typer.Option(min=1, help="How often each plugin may be tried.")] = 250,
    name: Annotated[str, typer.Option(help="Of the presets. [default: the instruction]")] = "",
    on: Annotated[
        Path | None,
        typer.Option(
            "--clip", help="What to compare on. [default: the session's or preset's recording]"
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find the settings of your plugins that sound like a chain's effects; write their presets.

    Without any, the preset is IFX Chain's, and nothing has to be found.
    """
    from rich.console import Console

    from ifx_bridge import audio, engine
    from ifx_bridge.effects.chain import Chain
    from ifx_bridge.matching import translate as matching
    from ifx_bridge.plugins.library import Library
    from ifx_bridge.presets import chain as chain_presets
    from ifx_bridge.presets import plugin as presets
    from ifx_bridge.presets import store

    opened = store.opened(source)
    chain, title = opened.chain, name or opened.preset.name
    if not plugins:
        path = chain_presets.write(chain, title, out, opened.channels)
        exact = {"plugin": "IFX Chain", "preset": str(path)}
        print(json.dumps([exact], indent=2, ensure_ascii=False) if as_json else path)
        return
    out = out or Path("translated")
    library = Library.default()
    pairs = [_pair(text) for text in plugins]
    if twice := [fx for fx, count in Counter(fx for fx, _ in pairs).items() if count > 1]:
        raise UserError(
            f"Two plugins are given for {twice[0]}.", next_step="Give one for each effect."
        )
    owned = {fx: library.find(plugin) for fx, plugin in pairs}
    owned = {matching.named(chain, fx, plugin): plugin for fx, plugin in owned.items()}
    clip = audio.load(on or _recording(opened), allow_clipped=True)
    with writing(out):
        out.mkdir(exist_ok=True)
    found: list[tuple[Translation, Proof]] = []
    notes = Console(stderr=True)
    with terminal.stop_flag() as stopped:
        for fx, plugin in owned.items():
            if stopped.is_set():
                break
            terminal.note(f"{fx} in {plugin.name} …")
            with terminal.live(notes) as report:
                one = matching.translate(
                    clip, chain, fx, plugin, renders, 0, report, stopped.is_set
                )
            found.append((one, presets.write(plugin, one.positions, title, out / plugin.name)))
    slots = {one.fx: one.slot for one, _ in found}
    whole = Chain(tuple(slots.get(s.fx, s) for s in chain.slots), amount=chain.amount)
    rendered = engine.render(clip, whole)
    audio.save(out / "translated.wav", rendered.audio, clip.sample_rate)
    audio.save(out / "ours.wav", engine.render(clip, chain).audio, clip.sample_rate)
    if as_json:
        print(json.dumps([_data(*pair) for pair in found], indent=2, ensure_ascii=False))
    else:
        _print_translations(found)
        print(f"Listen: {out / 'ours.wav'} and {out / 'translated.wav'}.")
    _stopped(stopped.is_set())
    if failed := [one for one, _ in found if not one.good]:
        for one in failed:
            terminal.note(
                f"{one.plugin.name} cannot do this {one.fx}: {one.left:.0%} of what it does to the "
                "sound is left, and " + (
                    "without any plugin it would be nearer."
                    if one.left > 1
                    else "more than half is no translation."
                )
            )  # fmt: skip
        raise typer.Exit(UNLIKE)


def _print_translations(found: Sequence[tuple[Translation, Proof]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("effect", "plugin", "dry", "new", "by meaning", "found", "left")
    for one, _ in found:
        distances = (one.dry_db, one.default_db, one.meant_db, one.found_db)
        shown = [f"{distance:.2f} dB" for distance in distances]
        table.add_row(one.fx, one.plugin.name, *shown, f"{one.left:.0%}")
    Console().print(table)
    print(
        "Distance from the effect's sound, mean over time and frequency, 0 is equal: of the dry "
        "sound, of the plugin when new, by what its knobs mean, as found. Left is found over dry."
    )
    for _, proof in found:
        print(f"Preset: {proof.path}")


def _recording(opened: Source) -> Path:
    """What a chain was made on: a session's recording, or the demo of a factory preset.

    Raises:
        UserError: That is not known.
    """
    from ifx_bridge.demo import clips

    if opened.session is not None:
        return Path(opened.session.clip.path)
    known = {f"{name} (demo)": path for name, path in clips().items()}
    if opened.preset.clip not in known:
        raise UserError(
            "A preset has no recording to compare on.", next_step="Name one: --clip FILE."
        )
    return known[opened.preset.clip]


def _stopped(was: bool) -> None:
    if was:
        terminal.note("Stopped: these are the best so far.")
        raise typer.Exit(terminal.INTERRUPTED)


def match(
    dry: Annotated[Path, typer.Argument(help="The recording to be changed.")],
    reference: Annotated[Path, typer.Argument(help="What it shall sound like.")],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the results. [default: beside you, named after the clip]"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same result.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Find the chain that makes a recording sound like another one."""
    from rich.console import Console
    from rich.table import Table

    from ifx_bridge import audio, engine, workspace
    from ifx_bridge.effects.chain import Chain
    from ifx_bridge.effects.describe import changes
    from ifx_bridge.matching.reference import match as find
    from ifx_bridge.session import Score

    clip, wanted = audio.load(dry), audio.load(reference, allow_clipped=True)
    folder = out or Path(f"{dry.stem}-like-{reference.stem}")
    console, began = Console(), time.perf_counter()
    with (
        terminal.stop_flag() as stopped,
        terminal.live(Console(stderr=True)) as report,
    ):
        found = find(clip, wanted, seed, report, stopped.is_set)
    rendering = engine.render(clip, found.chain)
    unit = "dB" if found.same else "units"
    how = (
        "It is this recording, processed; compared moment by moment."
        if found.same
        else "It is another recording; compared are measurements of the sound as a whole."
    )
    if found.chain.slots:
        told = f"Distance {found.before:.2f} → {found.after:.2f} {unit}."
    elif found.nothing:
        told = "Nothing differs but, perhaps, the level."
    else:
        told = f"No effect of ours brings it nearer than {found.before:.2f} {unit}."
    explanation = f"{how} {told}"
    session = engine.open_session(clip).add(
        instruction=f"sound like {reference.name}",
        route="initialize_all",
        chain=rendering.chain,
        score=Score(before=0.0, after=found.share),
        seconds=round(time.perf_counter() - began, 3),
        explanation=explanation,
        finished=found.finished,
        limited_db=round(rendering.limited_db, 2),
        ears="reference",
        brain="reference",
        seed=seed,
    )
    place = workspace.Workspace(folder)
    if (aside := place.set_aside()) is not None:
        terminal.note(f"The session that was in {folder} is kept in {aside}.")
    place.open(session, clip)
    place.add(session, session.turns[0], rendering.audio, clip)
    if as_json:
        data = {
            "session": str(place.session_path),
            "audio": str(place.turn_path(1)),
            "same_recording": found.same,
            "distance": {"before": found.before, "after": found.after, "without": found.without},
            "share": found.share,
            "interrupted": not found.finished,
            "chain": rendering.chain.to_data(),
        }
        print(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False))
    else:
        table = Table("effect", "values", f"distance without it ({unit})")
        for title, rows in groupby(changes(Chain(), rendering.chain), lambda c: c.title):
            texts = [row for row in rows]
            table.add_row(
                title, "\n".join(r.text for r in texts), f"{found.without[texts[0].fx]:.2f}"
            )
        if found.chain.slots:
            console.print(table)
        print(explanation)
        print(f"Listen: {place.turn_path(1)}. Go on with words: --session {place.session_path}.")
    if not found.finished:
        terminal.note("Stopped: this is the best so far.")
        raise typer.Exit(terminal.INTERRUPTED)


def preset(
    name: Annotated[
        str, typer.Argument(help="A plugin's name, or the path of its file; all of --session's.")
    ] = "",
    title: Annotated[
        str, typer.Option("--name", help="Of the preset. [default: the turn's instruction]")
    ] = "",
    values: Annotated[
        list[str] | None, typer.Option("--set", help="A value: KEY=NUMBER or KEY=NAME.")
    ] = None,
    session: Annotated[
        str, typer.Option(help="Take the values that it has in this session.json or preset.")
    ] = "",
    turn: Annotated[
        int | None, typer.Option(min=1, help="Of the session. [default: the current one]")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder or file. [default: where hosts look for its presets]"),
    ] = None,
) -> None:
    """Write a .vstpreset through the plugin, and prove that it comes back the same.

    With --session it is what the plugin was set to in a turn, exactly.
    """
    from ifx_bridge.plugins.library import Library
    from ifx_bridge.presets import plugin as presets
    from ifx_bridge.presets import store

    given = tuple(values or ())
    if session:
        opened = store.opened(session, turn)
        slots = _hosted(opened.chain, name)
        if len(slots) > 1 and (given or (out and out.suffix)):
            raise UserError(
                f"This is for one plugin, and there are {len(slots)}.", next_step="Name one."
            )
        title = title or opened.preset.name
        found = [presets.settings(slot) for slot in slots]
    elif name and title:
        slots, found = [], [(Library.default().find(name), {})]
    else:
        raise UserError(
            f"There is no {'name for the preset' if name else 'plugin'}.",
            next_step="Give PLUGIN and --name, or --session FILE for what is in a turn.",
        )
    for plugin, positions in found:
        changed = {**positions, **dict(setting(plugin, text) for text in given)}
        place = out / plugin.name if out and len(found) > 1 else out
        proof = presets.write(plugin, changed, title, place)
        difference = f"a difference of {proof.sound_db:.0f} dB"
        same = "the same sound" if proof.sound_db < -200 else difference
        print(f"{proof.path}: {proof.parameters} parameters and {same} in a fresh instance.")
    for slot in slots:
        if slot.bypass:
            terminal.note(f"{slot.effect.title} is bypassed there; a preset cannot say that.")
    if session and opened.chain.amount != 1:
        terminal.note(f"Of the change {opened.chain.amount:.0%} is heard there, not all of it.")


def _hosted(chain: Chain, name: str) -> list[Slot]:
    """The plugins of the user's in a chain, or the one of that name.

    Raises:
        UserError: There is none.
    """
    from ifx_bridge.plugins import effect as plugins
    from ifx_bridge.plugins.library import Library

    slots = [slot for slot in chain if slot.engine == plugins.ENGINE]
    if name and name not in chain:
        name = plugins.id_of(Library.default().find(name))
    found = [slot for slot in slots if name in ("", slot.fx)]
    if not found:
        there = " → ".join(chain.ids) or "no effects"
        raise UserError(
            f"There is no {name or 'plugin of yours'} in this chain ({there}).",
            next_step="For effects of ours: ifx-bridge plugin preset, or ifx-bridge translate.",
        )
    return found


def _pair(text: str) -> tuple[str, str]:
    fx, equals, plugin = text.partition("=")
    if not equals or not plugin:
        raise UserError(f"{text!r} names no plugin.", next_step="Write EFFECT=PLUGIN: eq=ZamEQ2.")
    return fx.strip(), plugin.strip()


def _data(one: Translation, proof: Proof) -> dict[str, object]:
    return {
        "fx": one.fx,
        "plugin": one.plugin.name,
        "values": dict(one.slot.params),
        "distance_db": {
            "dry": one.dry_db,
            "new": one.default_db,
            "by_meaning": one.meant_db,
            "found": one.found_db,
            "found_on_the_clip": one.clip_db,
        },
        "left": one.left,
        "good": one.good,
        "preset": str(proof.path),
    }

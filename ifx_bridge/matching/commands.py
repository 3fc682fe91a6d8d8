"""The commands that bring a chain to the plugins that the user owns."""

from __future__ import annotations

import json
import time
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ifx_bridge import terminal
from ifx_bridge.errors import UserError
from ifx_bridge.plugins.commands import AsJson, Name, setting

if TYPE_CHECKING:
    from ifx_bridge.matching.translate import Translation
    from ifx_bridge.presets.plugin import Proof


def translate(
    session: Annotated[Path, typer.Argument(help="A session.json; its current turn counts.")],
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
    as_json: AsJson = False,
) -> None:
    """Find the settings of your plugins that sound like a turn's effects; write their presets.

    Without any, the preset is IFX Chain's, and nothing has to be found.
    """
    from rich.console import Console
    from rich.table import Table

    from ifx_bridge import audio, engine
    from ifx_bridge.effects.chain import Chain
    from ifx_bridge.matching import translate as matching
    from ifx_bridge.plugins.library import Library
    from ifx_bridge.presets import chain as chain_presets
    from ifx_bridge.presets import plugin as presets
    from ifx_bridge.session import load

    opened = load(session)
    chain = opened.chain
    title = name or (opened.history[-1] if opened.history else session.parent.name)
    if not plugins:
        path = chain_presets.write(chain, title, out, min(opened.clip.channels, 2))
        exact = {"plugin": "IFX Chain", "preset": str(path)}
        print(json.dumps([exact], indent=2, ensure_ascii=False) if as_json else path)
        return
    out = out or Path("translated")
    library = Library.default()
    pairs = [_pair(text) for text in plugins]
    owned = {fx: library.find(plugin) for fx, plugin in pairs}
    clip = audio.load(Path(opened.clip.path), allow_clipped=True)
    for fx in owned:
        chain[fx]  # there, or a message
    out.mkdir(parents=True, exist_ok=True)
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
        _stopped(stopped.is_set())
        return
    table = Table("effect", "plugin", "new", "by meaning", "found", "preset")
    for one, proof in found:
        distances = (one.default_db, one.meant_db, one.found_db)
        shown = [f"{distance:.2f} dB" for distance in distances]
        table.add_row(one.fx, one.plugin.name, *shown, proof.path.name)
    Console().print(table)
    print("Distance of the sounds, mean over time and frequency; 0 is equal.")
    print(f"Listen: {out / 'ours.wav'} and {out / 'translated.wav'}.")
    _stopped(stopped.is_set())


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
    explanation = f"{how} Distance {found.before:.2f} → {found.after:.2f} {unit}."
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
        console.print(table)
        print(explanation)
        print(f"Listen: {place.turn_path(1)}. Go on with words: --session {place.session_path}.")
    if not found.finished:
        terminal.note("Stopped: this is the best so far.")
        raise typer.Exit(terminal.INTERRUPTED)


def preset(
    name: Name,
    title: Annotated[str, typer.Option("--name", help="Of the preset.")],
    values: Annotated[
        list[str] | None, typer.Option("--set", help="A value: KEY=NUMBER or KEY=NAME.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder or file. [default: where hosts look for its presets]"),
    ] = None,
) -> None:
    """Write a .vstpreset through the plugin, and prove that it comes back the same."""
    from ifx_bridge.plugins.library import Library
    from ifx_bridge.presets import plugin as presets

    found = Library.default().find(name)
    positions = dict(setting(found, text) for text in values or ())
    proof = presets.write(found, positions, title, out)
    same = "the same sound" if proof.sound_db < -200 else f"a difference of {proof.sound_db:.0f} dB"
    print(f"{proof.path}: {proof.parameters} parameters and {same} in a fresh instance.")


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
            "new": one.default_db,
            "by_meaning": one.meant_db,
            "found": one.found_db,
            "found_on_the_clip": one.clip_db,
        },
        "preset": str(proof.path),
    }

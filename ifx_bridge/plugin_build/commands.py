"""The commands `ifx-bridge plugin …`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ifx_bridge.errors import UserError, writing

if TYPE_CHECKING:
    from ifx_bridge.effects.chain import Chain, Slot
    from ifx_bridge.plugin_build.check import Compared

app = typer.Typer(
    help="IFX Chain, the plugin that plays our chains in a DAW.", no_args_is_help=True
)
AsJson = Annotated[bool, typer.Option("--json", help="The same as data.")]


class Layout(StrEnum):
    """Which of the two plugins."""

    AUTO, MONO, STEREO = "auto", "mono", "stereo"


@app.command()
def build() -> None:
    """Compile the plugin, unless that is done already; nothing is installed."""
    from ifx_bridge.plugin_build import build as building

    for bundle in building.bundles(_note).values():
        print(bundle)


@app.command()
def install(
    to: Annotated[
        Path | None, typer.Option(help="Folder. [default: the user's VST3 folder]")
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option("--from", help="Folder with bundles that CMake built, instead of compiling."),
    ] = None,
) -> None:
    """Compile the plugin if need be, and put it where DAWs look."""
    from ifx_bridge.plugin_build import build as building

    if source is None:
        found = list(building.bundles(_note).values())
    else:
        found = [source / f"{name}{building.SUFFIX}" for name in building.LAYOUTS.values()]
        if missing := [path.name for path in found if not path.exists()]:
            raise UserError(f"There is no {' and no '.join(missing)} in {source}.")
    for place in building.install(found, to):
        print(place)
    print("Let your DAW look for new plugins; it is called IFX Chain.", file=sys.stderr)


@app.command()
def check(
    folder: Annotated[
        Path | None,
        typer.Option("--in", help="Folder of the plugin. [default: where install puts it]"),
    ] = None,
    rate: Annotated[
        list[int] | None, typer.Option(min=22050, max=192000, help="In Hz. [default: three]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare the installed plugin's sound with the session's; says what differs."""
    from ifx_bridge.plugin_build import build as building
    from ifx_bridge.plugin_build.check import RATES
    from ifx_bridge.plugin_build.check import check as compare

    place = folder or building.user_folder()
    found = {c: place / f"{name}{building.SUFFIX}" for c, name in building.LAYOUTS.items()}
    if not all(path.exists() for path in found.values()):
        raise UserError(
            f"IFX Chain is not in {place}.", next_step="Put it there: ifx-bridge plugin install."
        )

    def report(one: Compared) -> None:
        if not as_json:
            said = "the same" if one.difference_db < -300 else f"{one.difference_db:.0f} dB"
            mark = "" if one.good else f"   more than the {one.allowed_db:.0f} dB allowed"
            layout = "mono" if one.channels == 1 else "stereo"
            print(f"{one.rate:6} Hz  {layout:6}  {one.what}: {said}{mark}", flush=True)

    results = compare(found, tuple(rate or RATES), report)
    if as_json:
        print(json.dumps([_data(one) for one in results], indent=2, ensure_ascii=False))
    if not all(one.good for one in results):
        raise UserError(
            "The plugin does not sound like the session.",
            next_step="Install it again: ifx-bridge plugin install.",
        )


@app.command()
def header(
    out: Annotated[
        Path | None, typer.Option(help="File. [default: the one in the plugin's sources]")
    ] = None,
) -> None:
    """Write the plugin's parameters from the effect registry (for developers)."""
    from ifx_bridge.audio import atomic_path
    from ifx_bridge.chain_plugin.table import header as text
    from ifx_bridge.plugin_build.build import sources

    path = out or sources() / "generated" / "parameters.hpp"
    with writing(path), atomic_path(path) as temporary:
        temporary.write_text(text(), "utf-8")
    print(path)


@app.command()
def preset(
    source: Annotated[
        str, typer.Argument(help="A session.json, a preset's name or a preset file.")
    ],
    turn: Annotated[
        int | None, typer.Option(min=1, help="Which turn. [default: the current one]")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder or file. [default: where hosts look for its presets]"),
    ] = None,
    name: Annotated[str, typer.Option(help="Of the preset. [default: the instruction]")] = "",
    layout: Annotated[
        Layout,
        typer.Option(
            help="IFX Chain or IFX Chain Mono; auto is the recording's, stereo for presets."
        ),
    ] = Layout.AUTO,
) -> None:
    """Write a turn or preset as a preset of IFX Chain; nothing is translated."""
    from ifx_bridge.chain_plugin.values import playable
    from ifx_bridge.presets import chain as presets
    from ifx_bridge.presets import store

    opened = store.opened(source, turn)
    channels = {Layout.AUTO: opened.channels, Layout.MONO: 1, Layout.STEREO: 2}[layout]
    whole = opened.chain
    chain, left_out = playable(whole)
    names = " and ".join(slot.effect.title for slot in left_out)
    own = f"ifx-bridge plugins preset --session {source}" + (f" --turn {turn}" if turn else "")
    if left_out and not chain:
        raise UserError(
            f"There is nothing but {names} in this chain, which IFX Chain does not have.",
            next_step=f"That has presets of its own: {own}.",
        )
    print(presets.write(chain, name or opened.preset.name, out, channels))
    for slot in left_out:
        _note(
            f"{slot.effect.title} is left out, since IFX Chain holds effects of ours only: "
            f"{_place(slot, whole)}. Its own preset: {own}."
        )


def _place(slot: Slot, chain: Chain) -> str:
    """Where a plugin of the user's stands beside IFX Chain."""
    from ifx_bridge.chain_plugin.values import playable

    ours = [place for place, one in enumerate(chain) if one in playable(chain)[0].slots]
    at = chain.slots.index(slot)
    if at < ours[0]:
        return "put it in front"
    return "put it behind" if at > ours[-1] else "it stood between them, where there is no place"


def _data(one: Compared) -> dict[str, object]:
    same = one.difference_db == float("-inf")
    return {**asdict(one), "difference_db": None if same else one.difference_db, "good": one.good}


def _note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)

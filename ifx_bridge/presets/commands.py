"""The commands `ifx-bridge presets …`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ifx_bridge.errors import UserError

if TYPE_CHECKING:
    from ifx_bridge.presets.vstpreset import VstPreset

# What is measured, in words, the plainest first.
FIGURES = {
    "tail_s": "rings on for {:.2f} s",
    "echo_s": "comes back after {:.0f} ms",
    "brighter": "brightness times {:.2f}",
    "pitch": "pitch times {:.2f}",
    "bass_db": "bass {:+.1f} dB",
    "mid_db": "middle {:+.1f} dB",
    "treble_db": "treble {:+.1f} dB",
    "range_db": "loud over quiet {:+.1f} dB",
    "crest_db": "peaks {:+.1f} dB",
    "dirt_db": "what no filter does at {:.0f} dB",
    "rough_db": "what no gain does at {:.0f} dB",
}

app = typer.Typer(help="Chains to start from.", invoke_without_command=True)
Source = Annotated[str, typer.Argument(help="A preset's name, a preset file or a session.json.")]
AsJson = Annotated[bool, typer.Option("--json", help="The same as data.")]
Tag = Annotated[str, typer.Option(help="Only those with this tag.")]
Search = Annotated[str, typer.Option(help="Only those that all these words are said of.")]


@app.callback()
def _presets(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        list_presets()


@app.command("list")
def list_presets(tag: Tag = "", search: Search = "", as_json: AsJson = False) -> None:
    """List the factory presets."""
    from rich.console import Console
    from rich.table import Table

    from ifx_bridge.presets import store

    found = {name: store.load(name) for name in store.factory()}
    known = sorted({t for preset in found.values() for t in preset.tags})
    found = {n: p for n, p in found.items() if (not tag or tag in p.tags) and p.matches(search)}
    if as_json:
        data = {name: preset.model_dump(mode="json") for name, preset in found.items()}
        print(json.dumps(data, indent=2, ensure_ascii=False))
        return
    if not found:
        raise UserError("No preset is like that.", next_step=f"Tags: {', '.join(known)}.")
    table = Table("preset", "what", "chain", "tags")
    for name, preset in found.items():
        chain = " → ".join(preset.as_chain().ids)
        table.add_row(name, preset.description or preset.name, chain, ", ".join(preset.tags))
    Console().print(table)
    print("Start from one: ifx-bridge refine CLIP WORDS --chain PRESET")


@app.command()
def show(source: Source, as_json: AsJson = False) -> None:
    """Show a preset's values and what was measured of it; also of any plugin's .vstpreset."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from ifx_bridge.effects.chain import Chain
    from ifx_bridge.effects.describe import changes
    from ifx_bridge.presets import store, vstpreset
    from ifx_bridge.presets.chain import is_ours

    path = Path(source)
    if source not in store.factory() and path.suffix.lower() == vstpreset.SUFFIX and path.is_file():
        of_plugin = vstpreset.VstPreset.read(path)
        if not is_ours(of_plugin):
            _show_of_plugin(of_plugin, as_json)
            return
    preset = store.opened(source).preset
    if as_json:
        print(preset.model_dump_json(indent=2))
        return
    print(preset.name)
    if preset.description:
        print(preset.description)
    chain = preset.as_chain()
    table = Table("effect", "values")
    for slot in chain:
        own = [c.text for c in changes(Chain(), chain) if c.fx == slot.fx]
        table.add_row(escape(slot.effect.title), escape("\n".join(own)))
    Console().print(table)
    print(f"Output {chain.trim_db:+.1f} dB.")
    if preset.instructions:
        print(f"Made by: {', then '.join(preset.instructions)} (on {preset.clip}).")
    if preset.measured:
        print(f"Measured there: {_figures(preset.measured)}.")
    if source in store.factory():
        print(f"Tags: {', '.join(preset.tags)}.")


@app.command()
def save(
    source: Source,
    out: Annotated[Path, typer.Option(help="The file; it gets the ending .ifx.json.")],
    name: Annotated[str, typer.Option(help="Of the preset. [default: the file's name]")] = "",
    tag: Annotated[list[str] | None, typer.Option(help="Once for each.")] = None,
    turn: Annotated[int, typer.Option(help="Of a session; 0 is the current one.")] = 0,
) -> None:
    """Keep a chain as a preset: a turn's, or that of another preset."""
    from ifx_bridge.presets import store

    path = out if out.name.endswith(store.SUFFIX) else out.with_name(out.name + store.SUFFIX)
    preset = store.opened(source, turn or None).preset
    fields = preset.model_dump(exclude={"chain", "trim_db", "amount"})
    fields["name"] = name or path.name.removesuffix(store.SUFFIX)
    fields["tags"] = tuple(t.lower() for t in tag) if tag else preset.tags
    store.save(store.Preset.of(preset.as_chain(), **fields), path)
    print(f"{path}: {' → '.join(preset.as_chain().ids) or 'no effects'}")


@app.command()
def impulse(
    source: Source,
    out: Annotated[Path, typer.Option(help="The file; it gets the ending .wav.")],
    rate: Annotated[int, typer.Option(min=8000, max=192000, help="Sample rate in Hz.")] = 48000,
    with_dry: Annotated[
        bool, typer.Option("--with-dry", help="Leave the dry sound in; convolvers mix it.")
    ] = False,
) -> None:
    """Write the impulse response of a chain's reverb, delay and equalizer for a convolver."""
    from ifx_bridge import audio
    from ifx_bridge.presets import store
    from ifx_bridge.presets.impulse import impulse_response

    out = out if out.suffix.lower() == ".wav" else out.with_name(out.name + ".wav")
    response, left_out = impulse_response(store.chain(source), rate, with_dry)
    audio.save(out, response, rate)
    print(f"{out}: {response.shape[1] / rate:.2f} s, stereo, {rate} Hz.")
    if left_out:
        print(f"Not in it, since an impulse cannot say what they do: {', '.join(left_out)}.")


@app.command()
def schema() -> None:
    """Print the JSON schema of preset files."""
    from ifx_bridge.presets.store import Preset

    print(json.dumps(Preset.model_json_schema(), indent=2))


def _show_of_plugin(preset: VstPreset, as_json: bool) -> None:
    """What a preset says of itself, its chunks, and the values where its plugin is known."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from ifx_bridge.presets import plugin as presets
    from ifx_bridge.presets.text import line

    plugin = presets.whose(preset)
    positions = presets.read(preset, plugin) if plugin else {}
    info = {line(key): line(value) for key, value in preset.info.items()}
    chunks = {name: len(content) for name, content in preset.chunks}
    if as_json:
        values = {p.key: p.value(positions[p.key]) for p in plugin.parameters} if plugin else None
        data = {
            "class_id": preset.class_id,
            "info": info,
            "chunks": chunks,
            "plugin": plugin.name if plugin else None,
            "values": values,
        }
        print(json.dumps(data, indent=2, ensure_ascii=False))
        return
    table = Table("what", "it says", show_header=False)
    for key, value in info.items():
        table.add_row(escape(key), escape(value))
    table.add_row("class id", preset.class_id)
    table.add_row("chunks", ", ".join(f"{name} {size:,} bytes" for name, size in chunks.items()))
    Console().print(table)
    if plugin is None:
        print("Its plugin is not known here, so its values cannot be read; look for plugins: "
              "ifx-bridge plugins scan")  # fmt: skip
        return
    table = Table("parameter", "name", "value")
    for p in plugin.parameters:
        table.add_row(escape(p.key), escape(p.name), escape(p.text(positions[p.key])))
    Console().print(table)
    print(f"Begin with it: ifx-bridge refine CLIP WORDS --plugin '{plugin.name}=FILE'")


def _figures(measured: Mapping[str, float]) -> str:
    """What was measured, in words; seconds until an echo as milliseconds, none left out."""
    known = [
        text.format(1000 * measured[name] if name == "echo_s" else measured[name])
        for name, text in FIGURES.items()
        if name in measured and not (name == "echo_s" and measured[name] == 0)
    ]
    return ", ".join([*known, *(f"{k} {v:g}" for k, v in measured.items() if k not in FIGURES)])

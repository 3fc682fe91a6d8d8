"""The command line: `ifx-bridge`."""

from __future__ import annotations

import io
import json
import signal
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ifx_bridge import __version__, terminal
from ifx_bridge.daw import commands as daw_commands
from ifx_bridge.errors import Cancelled, UserError
from ifx_bridge.matching import commands as matching_commands
from ifx_bridge.models import commands as model_commands
from ifx_bridge.plugin_build import commands as chain_plugin_commands
from ifx_bridge.plugins import commands as plugin_commands
from ifx_bridge.presets import commands as preset_commands

if TYPE_CHECKING:
    from rich.console import Console

    from ifx_bridge.engine import TurnResult
    from ifx_bridge.session import Turn
    from ifx_bridge.workspace import Workspace

BAD_INPUT = 2
DEMO_INSTRUCTIONS = ("make it sound like a church", "add some grit", "too harsh, soften it")

app = typer.Typer(
    help="Refine an effect chain with words, beside your DAW.",
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line; no traceback reaches the user."""
    signal.signal(signal.SIGINT, lambda number, frame: sys.exit(terminal.INTERRUPTED))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # consoles without arrows and dashes
    for entry in entry_points(group="ifx_bridge.commands"):
        try:
            entry.load()(app)
        except ImportError as error:
            print(f"The command {entry.name!r} is off: {error}.", file=sys.stderr)
    try:
        app()
    except UserError as error:
        _fail(error, as_json="--json" in sys.argv)


def _fail(error: UserError, as_json: bool) -> None:
    if as_json:
        fields = {"what": error.what, "kept": error.kept, "next_step": error.next_step}
        print(json.dumps({"error": fields}, ensure_ascii=False))
    print(f"Error: {error}", file=sys.stderr)
    sys.exit(BAD_INPUT)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"ifx-bridge {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        _open_window(context)


def _open_window(context: typer.Context) -> None:
    """What a bare `ifx-bridge` does; where no window can be opened, the help, then the reason."""
    window = getattr(context.command, "commands", {}).get("gui")
    try:
        if window is None:
            raise UserError("The window is not installed.", next_step="The commands above work.")
        window.invoke(window.make_context("gui", [], parent=context))
    except UserError:
        print(context.get_help())
        raise


@app.command()
def refine(
    clip: Annotated[Path, typer.Argument(help="Dry recording: WAV, AIFF, FLAC, MP3 or OGG.")],
    instructions: Annotated[list[str], typer.Argument(help="What to do, one turn each.")],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the results. [default: beside you, named after the clip]"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same result.")] = 0,
    session: Annotated[
        Path | None, typer.Option(help="Go on from this saved session.json.")
    ] = None,
    chain: Annotated[
        str | None,
        typer.Option(help="Start from this chain: a preset's name, a preset or a session file."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print data instead of tables.")] = False,
    allow_clipped: Annotated[
        bool, typer.Option("--allow-clipped", help="Accept a recording with cut-off peaks.")
    ] = False,
    brain: Annotated[
        str,
        typer.Option(
            help="What understands the words: offline, a provider or model, or a URL; auto takes "
            "the provider whose key is set, else offline."
        ),
    ] = "auto",
    ears: Annotated[
        str,
        typer.Option(
            help="What listens: auto, fx, laion, perceptual, a file of weights, or several with "
            "their weights (fx:0.7+laion:0.3)."
        ),
    ] = "auto",
    recipe: Annotated[
        str, typer.Option(help="How to refine: whole-chain, or staged as published.")
    ] = "whole-chain",
    loss: Annotated[
        str,
        typer.Option(
            help="What is minimized: aimed (a point), or as published directional, semantic or "
            "guided, the last two with LAION's ears."
        ),
    ] = "aimed",
    anchor: Annotated[
        str, typer.Option(help="What a change is measured from: previous (turn), or dry.")
    ] = "previous",
    plugin: Annotated[
        list[str] | None,
        typer.Option(
            help="Use a plugin of yours: NAME, or rev=NAME for your reverb; with a place in the "
            "chain, NAME@after:rev, @before:rev, @first, @last."
        ),
    ] = None,
    lock: Annotated[
        list[str] | None,
        typer.Option(help="Leave an effect or knob alone: rev, rev.room_size, zameq2.bandwidth_1."),
    ] = None,
) -> None:
    """Turn a recording and instructions into a refined effect chain."""
    run_turns(
        clip,
        instructions,
        out=out,
        seed=seed,
        session_file=session,
        chain=chain,
        as_json=as_json,
        allow_clipped=allow_clipped,
        parts={"brain": brain, "ears": ears, "recipe": recipe},
        goal={"loss": loss, "anchor": anchor},
        plugins=plugin or (),
        locked=lock or (),
    )


@app.command()
def demo(
    clip: Annotated[str, typer.Option(help="Which demo recording.")] = "guitar",
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("ifx-demo"),
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same result.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print data instead of tables.")] = False,
) -> None:
    """Show the three-turn case on a recording that comes with the program."""
    from ifx_bridge.demo import clips

    known = clips()
    if clip not in known:
        raise UserError(f"There is no demo {clip!r}.", next_step=f"Choose: {', '.join(known)}.")
    run_turns(known[clip], list(DEMO_INSTRUCTIONS), out=out, seed=seed, as_json=as_json)


@app.command()
def effects() -> None:
    """List the effects, their knobs, units and ranges."""
    from rich.console import Console
    from rich.table import Table

    import ifx_bridge.effects  # noqa: F401
    from ifx_bridge.effects import spec

    table = Table("effect", "knob", "name", "range", "default", "turned up")
    for effect in spec.effects():
        for row, parameter in enumerate(effect.parameters):
            low, high = parameter.text(parameter.low), parameter.text(parameter.high)
            table.add_row(
                f"{effect.title} ({effect.id})" if row == 0 else "",
                parameter.title,
                parameter.name,
                f"{low} to {high}",
                parameter.text(parameter.default),
                parameter.description,
                end_section=row == len(effect.parameters) - 1,
            )
    Console().print(table)


@app.command("train-ears")
def train_ears(
    data: Annotated[Path, typer.Option(help="Folder with SocialFX and SAFE data.")],
    out: Annotated[Path, typer.Option(help="Folder for the weights.")] = Path("fx-ears"),
    dry: Annotated[
        Path | None,
        typer.Option(
            help="Folder of dry sounds (see ifx_bridge.study.dry_sounds). [default: "
            "the demo recordings]"
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same ears.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where it stopped.")] = False,
) -> None:
    """Train the FX ears on crowd data; takes some 20 minutes."""
    from ifx_bridge.study.train_ears import Recipe, run

    with terminal.stop_flag() as stopped:
        try:
            path = run(data, dry, out, Recipe(seed=seed), resume, terminal.note, stopped.is_set)
        except Cancelled:
            terminal.note(f"Stopped; go on with --resume --out {out}.")
            raise typer.Exit(terminal.INTERRUPTED) from None
    print(f"{path}: listen with --ears {path}")


studies = typer.Typer(help="How well things work, measured.", no_args_is_help=True)
app.add_typer(studies, name="study")


@studies.command("ears")
def study_ears(
    data: Annotated[Path, typer.Option(help="Folder with SocialFX and SAFE data.")],
    dry: Annotated[Path, typer.Option(help="Folder of dry sounds, as for train-ears.")],
    out: Annotated[Path, typer.Option(help="Folder for the report.")] = Path("ears-report"),
    cache: Annotated[
        Path | None, typer.Option(help="Where train-ears keeps what it measured. [default: OUT]")
    ] = None,
) -> None:
    """Measure how well ears hear what crowds of people mean."""
    from ifx_bridge.study.ears import run

    print(run(data, dry, out, cache or out / "cache", terminal.note))


app.add_typer(model_commands.app, name="models")
app.add_typer(plugin_commands.app, name="plugins")
app.add_typer(preset_commands.app, name="presets")
app.add_typer(chain_plugin_commands.app, name="plugin")
app.add_typer(daw_commands.app, name="daw")
plugin_commands.app.command("preset")(matching_commands.preset)
app.command("translate")(matching_commands.translate)
app.command("match")(matching_commands.match)
brains = typer.Typer(help="What understands the words.", no_args_is_help=True)
app.add_typer(brains, name="brain")


@brains.command("list")
def list_brains() -> None:
    """List the brains, and whose key is there."""
    from rich.console import Console
    from rich.table import Table

    from ifx_bridge.brain import chosen
    from ifx_bridge.brain.llm import keys
    from ifx_bridge.brain.llm.providers import PROVIDERS

    table = Table("--brain", "what", "model")
    table.add_column("key", overflow="fold")
    table.add_row("offline", "built in: no key, no network", "", "none needed")
    for provider in PROVIDERS:
        key = keys.find(provider)
        found = f"{key.masked} ({key.source})" if key else f"set {provider.key_name}"
        table.add_row(
            provider.id,
            provider.title,
            provider.model or "the first one served",
            found if provider.key_name else "none needed",
        )
    Console().print(table)
    print(f"Without --brain: {chosen()}.")


@brains.command("test")
def test_brain(
    spec: Annotated[
        str, typer.Argument(help="A provider, a model, a URL, or auto.", show_default=True)
    ] = "auto",
) -> None:
    """Check a brain with one call."""
    from ifx_bridge.brain import Context, announcement, brain, chosen
    from ifx_bridge.brain.llm.agent import Agent

    spec = chosen(spec)
    found = brain(spec)
    if said := announcement(spec):
        print(said, file=sys.stderr)
    with terminal.stop_flag() as stopped:
        try:
            if isinstance(found, Agent):
                print(found.check(stopped.is_set))
            else:
                plan = found.plan(DEMO_INSTRUCTIONS[0], Context(), stopped.is_set)
                print(f"{found.name} answers: {plan.explanation}")
        except Cancelled:
            raise typer.Exit(terminal.INTERRUPTED) from None


@brains.command("key")
def keep_key(
    provider: Annotated[str, typer.Argument(help="Whose key.")],
    forget: Annotated[bool, typer.Option("--forget", help="Delete it instead.")] = False,
) -> None:
    """Keep an API key in the system's keyring; it is asked for, and not shown."""
    from ifx_bridge.brain.llm import keys
    from ifx_bridge.brain.llm.providers import endpoint

    place = endpoint(provider).provider
    if forget:
        keys.forget(place)
        print(f"No key for {place.title} is in the keyring any more.")
        return
    if not place.needs_key:
        print(f"{place.title} needs no key.")
        return
    asked = f"Key for {place.title}"
    # Without a terminal it is read as it comes: `... brain key openai < file`.
    given = typer.prompt(asked, hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
    if not given.strip():
        raise UserError("No key was given.", next_step="Type it, or write one line to the input.")
    keys.store(place, given.strip())
    print(f"Kept in the system's keyring. Check it: ifx-bridge brain test {provider}")


def _goal(given: Mapping[str, str]) -> dict[str, Any]:
    """The loss and its anchor, by their names; checked."""
    from ifx_bridge.ears.losses import OBJECTIVES

    for what, known in (("loss", OBJECTIVES), ("anchor", ("previous", "dry"))):
        if given.get(what, known[0]) not in known:
            raise UserError(
                f"There is no {what} {given[what]!r}.", next_step=f"Known: {', '.join(known)}."
            )
    return dict(given)


def run_turns(
    clip_path: Path,
    instructions: list[str],
    *,
    out: Path | None = None,
    seed: int = 0,
    session_file: Path | None = None,
    chain: str | None = None,
    as_json: bool = False,
    allow_clipped: bool = False,
    parts: dict[str, str] | None = None,
    goal: Mapping[str, str] | None = None,
    plugins: Sequence[str] = (),
    locked: Sequence[str] = (),
) -> None:
    """The main job: load, carry out every instruction, write and print each turn.

    Raises:
        UserError: Something given cannot be worked with.
        typer.Exit: With 130 after an interruption; what was found is saved.
    """
    from rich.console import Console

    from ifx_bridge import audio, ears, engine, workspace
    from ifx_bridge.brain import announcement, chosen
    from ifx_bridge.chain_plugin.values import playable
    from ifx_bridge.presets import store
    from ifx_bridge.refine import RECIPES, Settings

    parts = dict(parts or {})
    parts["brain"] = chosen(parts.get("brain", "offline"))
    if parts.get("recipe", "whole-chain") not in RECIPES:
        raise UserError(
            f"There is no recipe {parts['recipe']!r}.", next_step=f"Known: {', '.join(RECIPES)}."
        )
    if session_file is not None and chain is not None:
        raise UserError(
            "--session and --chain both say where to start.", next_step="Give one of them."
        )
    notes = Console(stderr=True)
    uses, locked = [engine.use(text) for text in plugins], [engine.lock(key) for key in locked]
    clip = audio.load(clip_path, allow_clipped=allow_clipped)
    settings = Settings(seed=seed, **_goal(goal or {}))
    machine = engine.Engine(settings=settings, **parts)
    machine.load()
    if said := announcement(machine.brain):
        notes.print(said, highlight=False)
    if said := ears.chosen(machine.ears)[1]:
        notes.print(said, highlight=False)
    if session_file is not None:
        session = workspace.resume(session_file, clip)
        folder = out or session_file.resolve().parent
    else:
        session = engine.open_session(clip)
        if chain is not None:
            session = engine.start_from(session, store.chain(chain))
        folder = out or Path(f"{clip_path.stem}-ifx")
    place = workspace.Workspace(folder)
    continuing = (
        session_file is not None
        and place.session_path.exists()
        and (place.session_path.resolve() == session_file.resolve())
    )
    if not continuing and (aside := place.set_aside()) is not None:
        notes.print(f"The session that was in {folder} is kept in {aside}.", highlight=False)
    place.open(session, clip)

    console, done = Console(), []
    with terminal.stop_flag() as stopped:
        for instruction in instructions:
            if stopped.is_set():
                break
            try:
                with terminal.live(notes) as report:
                    result = machine.turn(
                        session, clip, instruction, report, stopped.is_set, uses, locked
                    )
                uses, locked = [], []  # the session has them now
            except Cancelled:  # before this turn had anything to keep
                break
            session = result.session
            for problem in place.add(session, result.turn, result.audio, clip):
                notes.print(problem, highlight=False, markup=False)
            done.append(result)
            if not as_json:
                _print_turn(console, result, place.turn_path(result.turn.index))
    if as_json:
        data = {
            "session": str(place.session_path),
            "dry": str(place.folder / workspace.DRY_FILE),
            "interrupted": stopped.is_set(),
            "turns": [_turn_data(result, place) for result in done],
        }
        print(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False))
    elif not stopped.is_set():
        console.print(f"Saved in {place.folder}: dry.wav, {len(session.turns)} turn(s), "
                      "session.json.", highlight=False)  # fmt: skip
        mixed = [t for t in session.turns if not place.preset_path(t.index).exists()]
        if mixed:
            console.print(
                f"IFX Chain holds effects of ours only; it has no preset of turn {_listed(mixed)}.",
                highlight=False,
            )
        for turn in mixed:
            for title, path in place.presets(turn).items():
                console.print(f"{title} preset: {path}", highlight=False, markup=False)
        if any(playable(t.as_chain())[0] for t in mixed):
            console.print(
                "The effects of ours beside it: ifx-bridge plugin preset "
                f"{place.session_path} --turn N", highlight=False, markup=False,
            )  # fmt: skip
    if stopped.is_set():
        notes.print(
            f"Stopped. The best so far and the session are in {place.folder}; go on with "
            f"--session {place.session_path}.",
            highlight=False,
        )
        raise typer.Exit(terminal.INTERRUPTED)


def _turn_data(result: TurnResult, place: Workspace) -> dict[str, Any]:
    data: dict[str, Any] = result.turn.model_dump(mode="json")
    data["changes"] = [
        {
            "kind": c.kind, "fx": c.fx, "name": c.name,
            "before": c.before, "after": c.after, "text": c.text,
        }
        for c in result.changes
    ]  # fmt: skip
    data["audio"] = str(place.turn_path(result.turn.index))
    preset = place.preset_path(result.turn.index)
    data["preset"] = str(preset) if preset.exists() else None
    data["plugin_presets"] = [
        str(path) for path in place.presets(result.turn).values() if path != preset
    ]
    return data


def _listed(turns: Sequence[Turn]) -> str:
    return ", ".join(str(turn.index) for turn in turns)


def _print_turn(console: Console, result: TurnResult, path: Path) -> None:
    from rich.markup import escape
    from rich.table import Table

    turn = result.turn
    chain = " → ".join(slot.fx for slot in turn.as_chain()) or "dry"
    title = f"[bold]Turn {turn.index}: {escape(turn.instruction)}[/]"
    console.print(title, highlight=False, soft_wrap=True)
    table = Table()
    table.add_column("effect")
    table.add_column("what changed", overflow="fold")
    last = ""
    for change in result.changes:
        name = change.title
        kind = {"added": "new: ", "removed": "", "moved": "", "changed": ""}[change.kind]
        table.add_row(f"{kind}{name}" if name != last else "", change.text)
        last = name
    if not result.changes:
        table.add_row("-", "nothing")
    console.print(table)
    if turn.explanation:
        console.print(escape(turn.explanation), highlight=False, soft_wrap=True)
    for note in turn.notes:
        console.print(escape(note), style="yellow", highlight=False, soft_wrap=True)
    notes = [
        f"chain {chain}",
        turn.route,
        f"score {turn.score.before:.2f} → {turn.score.after:.2f}",
    ]
    notes += [f"trim {turn.trim_db:+.1f} dB", f"{turn.seconds:.1f} s", str(path)]
    if turn.limited_db:
        notes.append(f"peaks limited by {turn.limited_db:.1f} dB")
    if turn.brain != "offline":
        notes.append(turn.brain)
    if turn.usage is not None:
        notes.append(turn.usage.text)
    if not turn.finished:
        notes.append("stopped: best so far")
    console.print(escape(" · ".join(notes)) + "\n", style="dim", highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()

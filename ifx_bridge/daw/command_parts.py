"""What the commands `ifx-bridge daw …` share: the link, what is asked for, how it is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ifx_bridge.errors import UserError

if TYPE_CHECKING:
    from ifx_bridge.daw.link import DawLink, DawParameter, Device, PushReport
    from ifx_bridge.daw.push import Preview
    from ifx_bridge.daw.writing import Wanted
    from ifx_bridge.session import Session

UNCONFIRMED = 1

app = typer.Typer(help="Your DAW: see it, capture from it, push back to it.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print data instead of tables.")]
TrackName = Annotated[
    str, typer.Option("--track", help="Name or number of the track, or: selected.")
]


@dataclass(frozen=True)
class Where:
    """Which DAW, and how to reach it."""

    daw: str
    host: str | None
    port: int | None
    session: Path | None
    resource_path: Path | None

    @property
    def options(self) -> dict[str, Any]:
        """As links take them."""
        return {
            "host": self.host,
            "port": self.port,
            "session": self.session,
            "resource_path": self.resource_path,
        }


@app.callback()
def _where(
    context: typer.Context,
    daw: Annotated[
        str, typer.Option(help="ardour, reaper, live, a map file, or auto: whichever answers.")
    ] = "auto",
    host: Annotated[str | None, typer.Option(help="Where it runs. [default: here]")] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Its OSC port. [default: its own]")
    ] = None,
    ardour_session: Annotated[
        Path | None, typer.Option(help="Folder of the session that is open in Ardour.")
    ] = None,
    resource_path: Annotated[
        Path | None, typer.Option(help="REAPER's resource folder. [default: the system's]")
    ] = None,
    record_osc: Annotated[
        Path | None, typer.Option(help="Write all OSC to this file, for a bug report.")
    ] = None,
) -> None:
    context.obj = Where(daw, host, port, ardour_session, resource_path)
    if record_osc is not None:
        from ifx_bridge.daw.traffic import recording

        context.with_resource(recording(record_osc))


@contextmanager
def link_of(context: typer.Context) -> Iterator[DawLink]:
    """The link that the options ask for."""
    from ifx_bridge.daw.links import open_link

    where: Where = context.obj
    with open_link(where.daw, **where.options) as link:
        yield link


def print_json(data: Any) -> None:
    """Data on standard output."""
    print(json.dumps(data, indent=2, ensure_ascii=False, default=str))


def session_at(path: Path) -> tuple[Session, Path]:
    """The session of a file or folder, and its folder."""
    from ifx_bridge.session import load

    file = path / "session.json" if path.is_dir() else path
    return load(file), file.parent


def device_on(link: DawLink, track: str, name: str) -> Device:
    """The device of that name or number on a track."""
    devices = link.devices(link.track(track))
    found = [d for d in devices if str(d.index) == name]
    found = found or [d for d in devices if d.name.lower() == name.lower()]
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{d.index} {d.name}" for d in devices) or "none"
    what = f"{len(found)} devices are" if found else "No device is"
    raise UserError(f"{what} named {name!r} there.", next_step=f"There are: {known}.")


def wanted_by(link: DawLink, device: Device, text: str, known: tuple[DawParameter, ...]) -> Wanted:
    """What `NAME=VALUE` asks for: a value, a choice, or what the display should say.

    A value with a unit is converted where the parameter's own unit is known, and else searched for
    on its display.

    Raises:
        UserError: It asks for nothing that the parameter has.
    """
    from ifx_bridge.daw import stock
    from ifx_bridge.daw.link import Can
    from ifx_bridge.daw.units import convert, quantity
    from ifx_bridge.daw.writing import Wanted

    name, equals, value = text.rpartition("=")
    found = [p for p in known if p.name.lower() == name.strip().lower()]
    found = found or [p for p in known if str(p.index) == name.strip()]
    if not equals or not found:
        raise UserError(
            f"{text!r} sets nothing.",
            kept="Nothing was changed.",
            next_step="Write NAME=VALUE; ifx-bridge daw parameters lists the names.",
        )
    parameter = found[0]
    for number, choice in parameter.choices:
        if choice.lower() == value.strip().lower():
            return Wanted(parameter, number, title=text)
    try:
        return Wanted(parameter, float(value), title=text)
    except ValueError:
        display = quantity(value)
    if display is None:
        raise UserError(f"{value!r} is no number.", kept="Nothing was changed.")
    if unit := parameter.unit or stock.unit_of(device.name, parameter.name):
        try:
            return Wanted(parameter, convert(display.value, display.unit, unit), title=text)
        except ValueError as error:
            raise UserError(
                f"{parameter.name} is in {unit}: {error}.", kept="Nothing was changed."
            ) from error
    if Can.TEXTS not in link.capabilities:
        raise UserError(
            f"{link.name} does not say in which unit {parameter.name} is.",
            kept="Nothing was changed.",
            next_step=f"Give the number alone: it goes from {parameter.low:g} to "
            f"{parameter.high:g}.",
        )
    return Wanted(parameter, display=stock.with_slack(display), title=text)


def chosen_by(texts: list[str]) -> dict[str, int]:
    """Devices by effect, as `eq=2` says."""
    from ifx_bridge.effects.spec import effects

    known, chosen = [e.id for e in effects()], {}
    for text in texts:
        fx, _, index = text.partition("=")
        if not index.isdecimal() or fx.strip() not in known:
            raise UserError(
                f"{text!r} names no device for an effect.",
                kept="Nothing was changed.",
                next_step=f"Write EFFECT=NUMBER (eq=2); effects are {', '.join(known)}.",
            )
        chosen[fx.strip()] = int(index)
    return chosen


def show(plan: Preview, as_json: bool) -> None:
    """Tell what a push would set."""
    if as_json:
        rows = [
            {"device": part.device.name, "index": part.device.index, "name": w.parameter.name,
             "title": w.title,
             "value": None if w.display else w.value,
             "display": str(w.display) if w.display else None}
            for part in plan.parts for w in part.wanted
        ]  # fmt: skip
        left_out = [text for part in plan.parts for text in part.left_out]
        switches = [{"device": s.device.name, "index": s.device.index, "on": s.on}
                    for s in plan.switches]  # fmt: skip
        print_json({"summary": plan.summary, "parameters": rows, "switches": switches,
                    "missing": plan.missing, "left_out": left_out,
                    "notes": plan.notes})  # fmt: skip
        return
    print(plan.summary)
    for item in plan.switches:
        print(f"  {item.device.index} {item.device.name}: {'on' if item.on else 'off'}")
    for part in plan.parts:
        for want in part.wanted:
            value = str(want.display) if want.display else f"{want.value:g}"
            place = f"{part.device.index} {part.device.name}"
            print(f"  {place}, {want.parameter.name}: {value} ({want.title})")
    for text in plan.warnings:
        print(f"Mind: {text}")


def tell(report: PushReport, as_json: bool) -> None:
    """Tell what became of a push; ends with status 1 when not all of it was confirmed."""
    counts = {s: len(report.of(s)) for s in ("confirmed", "unconfirmed", "refused")}
    if as_json:
        rows = [
            {"device": w.parameter.device, "name": w.parameter.name, "title": w.title,
             "wanted": w.wanted, "found": w.found, "display": w.text, "status": w.status,
             "reason": w.reason}
            for w in report.writes
        ]  # fmt: skip
        print_json({**counts, "writes": rows, "notes": report.notes, "seconds": report.seconds})
    else:
        said = ", ".join(f"{n} {what}" for what, n in counts.items() if n) or "nothing to set"
        print(f"{said} in {report.seconds:.2f} s")
        for w in report.writes:
            if w.status != "confirmed":
                place = f"device {w.parameter.device}, {w.parameter.name}"
                print(f"  {place} ({w.title}): {w.status}, {w.reason}")
        for text in report.notes:
            print(f"Mind: {text}")
    if not report.done:
        raise typer.Exit(UNCONFIRMED)

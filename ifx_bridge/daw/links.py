"""The links by name, and looking for what runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ifx_bridge.daw.link import DawLink, Probe
from ifx_bridge.daw.osc import table
from ifx_bridge.daw.wire import LOOPBACK
from ifx_bridge.errors import UserError


def _ardour(**options: Any) -> DawLink:
    from ifx_bridge.daw.ardour import ArdourLink

    return ArdourLink(**_given(options, "host", "port", "session"))


def _live(**options: Any) -> DawLink:
    from ifx_bridge.daw.live import LiveLink

    return LiveLink(**_given(options, "host", "port", "listen"))


def _reaper(**options: Any) -> DawLink:
    from ifx_bridge.daw.reaper import ReaperLink
    from ifx_bridge.daw.reaper_helper import Helper
    from ifx_bridge.daw.reaper_install import helper_folder

    folder = helper_folder(options.get("resource_path"))
    helper = Helper(folder) if folder else None
    return ReaperLink(**_given(options, "host", "port", "listen"), helper=helper)


@dataclass(frozen=True)
class Known:
    """A program that there is a link to.

    Attributes:
        title: What the user calls it.
        open: Makes the link; options that it does not have are passed over.
    """

    title: str
    open: Callable[..., DawLink]


LINKS = {
    "ardour": Known("Ardour", _ardour),
    "reaper": Known("REAPER", _reaper),
    "live": Known("Ableton Live", _live),
}


def _given(options: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: options[name] for name in names if options.get(name) is not None}


def open_link(
    name: str,
    *,
    host: str | None = None,
    port: int | None = None,
    session: Path | None = None,
    **more: Any,
) -> DawLink:
    """A link by name; `auto` takes the only DAW that answers.

    Raises:
        UserError: There is no such link, or not exactly one DAW answers.
    """
    options = {"host": host, "port": port, "session": session, **more}
    if name != "auto":
        if name.endswith(".toml"):
            from ifx_bridge.daw.generic import GenericLink

            return GenericLink(Path(name))
        if name not in LINKS:
            raise UserError(
                f"There is no link {name!r}.",
                next_step=f"Known: {', '.join(LINKS)}, auto, or a map (.toml).",
            )
        return LINKS[name].open(**options)
    running = [(key, p) for key, p in probes(**options) if p.connected]
    if len(running) == 1:
        return LINKS[running[0][0]].open(**options)
    if running:
        names = ", ".join(key for key, _ in running)
        raise UserError("Several DAWs answer.", next_step=f"Choose with --daw: {names}.")
    raise UserError(
        "No DAW answers.",
        kept="Nothing was changed.",
        next_step="ifx-bridge daw probe says what each of them needs.",
    )


def probes(**options: Any) -> Iterator[tuple[str, Probe]]:
    """What is at the known ports, all asked at once; connected only after a round trip."""

    def ask(name: str) -> Probe:
        try:
            with LINKS[name].open(**options) as link:
                return link.probe()
        except UserError as error:
            host = options.get("host") or LOOPBACK
            port = options.get("port") or int(table(name).settings["port"])
            return Probe(LINKS[name].title, host, port, False, str(error))

    with ThreadPoolExecutor(len(LINKS)) as pool:
        yield from zip(LINKS, pool.map(ask, LINKS), strict=True)

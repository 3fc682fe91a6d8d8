"""Reading what the user opens; runs in the background."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from gui.files import results_folder
from gui.translations import translate
from ifx_bridge import audio, engine, workspace
from ifx_bridge.audio import Clip
from ifx_bridge.effects import spec
from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.engine import Engine
from ifx_bridge.errors import UserError
from ifx_bridge.session import Session
from ifx_bridge.session import load as load_session
from ifx_bridge.workspace import Workspace


@dataclass(frozen=True)
class Opened:
    """What was opened.

    Attributes:
        clip: The dry clip.
        session: About it.
        workspace: Where results go.
        aside: Where the session that was there has been put, if one was.
    """

    clip: Clip
    session: Session
    workspace: Workspace
    aside: Path | None


@lru_cache(maxsize=4)
def warm(machine: Engine) -> None:
    """Load all that a turn needs, once.

    Libraries that are imported, and loops that are compiled, hold up every thread for a moment:
    this is done before the user has said anything, not in the middle of a refinement.
    """
    import numpy as np
    import torch

    machine.load()
    chain = Chain(tuple(Slot(effect.id) for effect in spec.effects()))
    noise = 0.1 * np.random.default_rng(0).standard_normal((1, 2, 22050)).astype(np.float32)
    knobs = {
        slot.fx: {
            name: torch.tensor(value, requires_grad=True) for name, value in slot.params.items()
        }
        for slot in chain
    }
    chain.forward(torch.from_numpy(noise), 44100, knobs).square().mean().backward()
    chain.render(noise[0], 44100)
    torch.optim.Adam([torch.zeros(1, requires_grad=True)])


def read(source: Path, out: Path | None, machine: Engine, folder: str = "") -> Opened:
    """Open a recording, or a saved session about one.

    Args:
        source: A recording or a `session.json`.
        out: Folder for the results; by default a session stays where it is, and a clip gets a
            folder named after it.
        machine: Made ready meanwhile.
        folder: Where that is made; empty is beside the recording.

    Raises:
        UserError: It cannot be read or worked on.
    """
    if source.suffix.lower() != ".json":
        clip = audio.load(source)
        place = out or results_folder(clip.path, folder)
        return _placed(clip, engine.open_session(clip), None, place, machine)
    about = load_session(source).clip
    recording = Path(about.path)
    if not recording.is_file():
        raise UserError(
            translate(
                "opening", "The recording that {name} is about, {recording}, is not there any more."
            ).format(name=source.name, recording=recording),
            kept=translate("opening", "The session is untouched."),
            next_step=translate(
                "opening", "Put {name} back there, or open it alone for a new session."
            ).format(name=about.name),
        )
    clip = audio.load(recording, allow_clipped=True)  # accepted when the session was made
    place = out or source.resolve().parent
    return _placed(clip, workspace.resume(source, clip), source, place, machine)


def _placed(clip: Clip, session: Session, found: Path | None, out: Path, machine: Engine) -> Opened:
    place = Workspace(out)
    continuing = found is not None and place.session_path.resolve() == found.resolve()
    aside = None if continuing else place.set_aside()
    place.open(session, clip)
    warm(machine)
    return Opened(clip, session, place, aside)

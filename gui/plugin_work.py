"""Plugins and references, in the background: no widgets here."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gui.translations import translate
from ifx_bridge import audio, engine
from ifx_bridge.audio import Audio, Clip
from ifx_bridge.effects.chain import Chain
from ifx_bridge.plugins.effect import ENGINE as PLUGIN_ENGINE
from ifx_bridge.plugins.effect import id_of
from ifx_bridge.refine import Progress
from ifx_bridge.session import Score, Session, Turn, route_of

if TYPE_CHECKING:
    from ifx_bridge.plugins.description import Description

Report = Callable[[Any], None]
Stopped = Callable[[], bool]
# What a turn that follows a recording has in place of a brain and of ears.
REFERENCE = "reference"
# How often a plugin may be tried for one effect.
RENDERS = 250


@dataclass(frozen=True)
class Step:
    """How far it is.

    Attributes:
        text: What is being done.
        done: Of `total`.
        total: How much there is; 0 where that is not known.
    """

    text: str
    done: int
    total: int


def plugins() -> list[Description]:
    """Those that were found by scanning, by name."""
    from ifx_bridge.plugins.library import Library

    return Library.default().plugins()


def effect_of(plugin: Description) -> tuple[str, str]:
    """Id and engine of a plugin in a chain."""
    return id_of(plugin), PLUGIN_ENGINE


def scan(report: Report, stopped: Stopped) -> str:
    """Look for plugins in the system's folders; what was found, in a line.

    Raises:
        Cancelled: `stopped` said so; what was found is kept.
    """
    from ifx_bridge.plugins.library import Library, bundles, folders

    roots = folders()
    results = Library.default().scan(
        bundles(roots),
        progress=lambda done, total, path: report(
            Step(translate("plugin_work", "Looking at {stem}").format(stem=path.stem), done, total)
        ),
        cancelled=stopped,
    )
    usable = [each for each in results if each.description is not None]
    where = ", ".join(str(root) for root in roots if root.is_dir()) or translate(
        "plugin_work", "the plugin folders"
    )
    text = translate("plugin_work", "{usable} of {results} plugins in {where} can be used.").format(
        usable=len(usable), results=len(results), where=where
    )
    off = [f"{each.path.stem}: {each.problem}" for each in results if each.problem]
    if off:
        text += " " + translate("plugin_work", "Off: {plugins}.").format(plugins="; ".join(off))
    return text


def matching(
    reference: Path, seed: int
) -> Callable[[Session, Clip, Callable[[Progress], None], Stopped], tuple[Session, Turn, Audio]]:
    """What makes a turn whose chain brings the clip near another recording.

    Args:
        reference: The recording.
        seed: Same seed, same result.
    """

    def make(session: Session, clip: Clip, report, stopped: Stopped):
        from ifx_bridge.matching.reference import match

        began = time.perf_counter()
        found = match(clip, audio.load(reference, allow_clipped=True), seed, report, stopped)
        rendering = engine.render(clip, found.chain)
        how = "moment by moment" if found.same else "by measurements of the sound as a whole"
        unit = " dB" if found.same else ""
        following = session.add(
            instruction=f"sound like {reference.name}",
            route=route_of(session.chain, set(found.chain.ids) - set(session.chain.ids)),
            chain=rendering.chain,
            score=Score(before=0.0, after=found.share),
            seconds=round(time.perf_counter() - began, 3),
            explanation=f"Compared with {reference.name} {how}: "
            f"distance {found.before:.2f} → {found.after:.2f}{unit}.",
            finished=found.finished,
            limited_db=round(rendering.limited_db, 2),
            ears=REFERENCE,
            brain=REFERENCE,
            seed=seed,
            locked=sorted(k for k in session.locked if k.split(".")[0] in found.chain),
        )
        return following, following.turn(following.head), rendering.audio

    return make


def translating(
    clip: Clip, chain: Chain, pairs: Mapping[str, Description], folder: Path
) -> Callable[[Report, Stopped], str]:
    """What finds a plugin's settings for each effect, and writes their presets.

    Args:
        clip: The dry clip.
        chain: Of ours.
        pairs: By effect id, the plugin that stands for it.
        folder: Where each plugin's preset goes, in a folder of its name.
    """

    def work(report: Report, stopped: Stopped) -> str:
        from ifx_bridge.matching.translate import translate as found_in
        from ifx_bridge.presets import plugin as presets

        told = []
        for fx, plugin in pairs.items():
            if stopped():
                break
            title = translate("plugin_work", "{title} in {name}").format(
                title=chain[fx].effect.title, name=plugin.name
            )

            def step(now: Progress, title: str = title) -> None:
                report(Step(title, now.step, now.steps))

            found = found_in(clip, chain, fx, plugin, RENDERS, 0, step, stopped)
            proof = presets.write(plugin, found.positions, title, folder / plugin.name)
            told.append(
                translate(
                    "plugin_work",
                    "{title}: {name}, sounds {found_db:.1f} dB apart (new: {default_db:.1f} dB)",
                ).format(
                    title=title,
                    name=proof.path.name,
                    found_db=found.found_db,
                    default_db=found.default_db,
                )
            )
        return (
            translate("plugin_work", "{told}. In {folder}.").format(
                told=". ".join(told), folder=folder
            )
            if told
            else translate("plugin_work", "Nothing was translated.")
        )

    return work

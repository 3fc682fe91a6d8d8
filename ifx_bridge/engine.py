"""One turn from instruction to sound: what every door (command line, window) calls."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ifx_bridge import audio, facts
from ifx_bridge.audio import Audio, Clip
from ifx_bridge.brain import Brain, Context, Past, brain
from ifx_bridge.brain.plan import Owned, Use
from ifx_bridge.ears import Ears, ears
from ifx_bridge.effects import spec
from ifx_bridge.effects.chain import Chain
from ifx_bridge.effects.describe import Change, changes
from ifx_bridge.errors import Cancelled, UserError
from ifx_bridge.plugins import effect as plugins
from ifx_bridge.plugins.closed_form import role
from ifx_bridge.plugins.description import Description
from ifx_bridge.plugins.library import Library
from ifx_bridge.presets import plugin as plugin_presets
from ifx_bridge.presets import vstpreset
from ifx_bridge.presets.text import line
from ifx_bridge.refine import RECIPES, Progress, Settings
from ifx_bridge.refine.hosted import refine_hosted
from ifx_bridge.session import ClipInfo, Score, Session, Turn, route_of, standing

# Rounds of matching loudness where peaks have to be limited.
MOST_MATCHES = 5
DEAF = "The ears do not hear these words in this recording, so the usual values stand."


@dataclass(frozen=True)
class Engine:
    """The parts that turns are made with.

    Attributes:
        brain: Name of the brain.
        ears: Which ears, as `ifx_bridge.ears.ears` takes it.
        recipe: Name of the way to refine.
        settings: Of the refinement.
    """

    brain: str = "offline"
    ears: str = "auto"
    recipe: str = "whole-chain"
    settings: Settings = field(default_factory=Settings)

    def load(self) -> tuple[Brain, Ears]:
        """Brain and ears, ready; slow the first time."""
        return brain(self.brain), ears(self.ears)

    def turn(
        self,
        session: Session,
        clip: Clip,
        instruction: str,
        progress: Callable[[Progress], None] = lambda step: None,
        cancelled: Callable[[], bool] = lambda: False,
        uses: Sequence[Use] = (),
        locked: Sequence[str] = (),
    ) -> TurnResult:
        """Carry out one instruction.

        Args:
            session: What was said and found so far; `clip` is its dry clip.
            clip: The dry clip.
            instruction: What the person says.
            progress: Called after every step of the refinement.
            cancelled: Asked often; when true, the best so far becomes the turn.
            uses: Plugins to be used from now on, beside those of the session.
            locked: Effects and knobs (`fx`, `fx.name`) to be left alone from now on.

        Returns:
            The session with one more turn, its sound, and what changed.

        Raises:
            UserError: Brain, ears or recipe are unknown.
            Cancelled: It was stopped before there was anything to keep.
        """
        began = time.perf_counter()
        thinking, listening = self.load()
        before, own = session.chain, session.own
        plan = thinking.plan(instruction, context(session, clip, uses, locked), cancelled)
        added = set(plan.start.ids) - set(own.ids)
        outcome = RECIPES[self.recipe](
            clip, dry(own), plan, listening, self.settings, progress, cancelled
        )
        notes, used, own_chain = plan.notes, plan.uses, None
        if outcome.deaf:
            notes = (*notes, DEAF)
        if plan.uses:
            own_chain = outcome.chain.to_data()
            hosted = refine_hosted(
                clip,
                dry(before),
                outcome,
                plan,
                _past(session),
                listening,
                self.settings,
                progress,
                cancelled,
            )
            outcome, used = hosted.outcome, hosted.uses
            notes = (*notes, *hosted.notes)
            if not added:
                added = {u.plugin for u in used if not u.fx} - set(before.ids)
        rendering = render(clip, outcome.chain)
        next_session = session.add(
            instruction=instruction,
            route=route_of(before, added),
            chain=rendering.chain,
            score=Score(before=0.0, after=outcome.score),
            seconds=round(time.perf_counter() - began, 3),
            explanation=plan.explanation,
            understood=plan.understood,
            finished=outcome.finished,
            limited_db=round(rendering.limited_db, 2),
            ears=listening.name,
            brain=plan.brain,
            locked=sorted(plan.locked),
            pinned=sorted(plan.pinned),
            notes=notes,
            usage=plan.usage if plan.usage.calls else None,
            seed=self.settings.seed,
            uses=used,
            own_chain=own_chain,
            resumed=plan.resumed,
        )
        turn = next_session.turn(next_session.head)
        return TurnResult(
            next_session,
            turn,
            rendering.audio,
            tuple(changes(before, rendering.chain)),
            outcome.trace,
        )


@dataclass(frozen=True, eq=False)
class Rendering:
    """A chain heard.

    Attributes:
        chain: The chain with the output trim that matches its loudness to the dry clip.
        audio: `[channels, samples]` like the clip.
        limited_db: What the safety limiter took off the highest peak; 0 as a rule.
    """

    chain: Chain
    audio: Audio
    limited_db: float


@dataclass(frozen=True, eq=False)
class TurnResult:
    """What a turn brought.

    Attributes:
        session: The session with the turn.
        turn: The turn.
        audio: Its sound, `[channels, samples]`.
        changes: Differences from the chain before.
        trace: Best score after every step.
    """

    session: Session
    turn: Turn
    audio: Audio
    changes: tuple[Change, ...]
    trace: tuple[float, ...]


def open_session(clip: Clip) -> Session:
    """A new session about a clip."""
    return Session(
        clip=ClipInfo(
            path=str(clip.path.resolve()),
            name=clip.path.name,
            sha256=clip.sha256,
            sample_rate=clip.sample_rate,
            channels=clip.channels,
            seconds=round(clip.seconds, 3),
        )
    )


def start_from(session: Session, chain: Chain) -> Session:
    """A session whose first turn goes on from a chain."""
    return session.model_copy(update={"start": chain.to_data()})


def dry(chain: Chain) -> Chain:
    """A chain as refinement takes it: whole, without the trim that matches loudness."""
    return replace(chain, trim_db=0.0, amount=1.0)


def context(
    session: Session, clip: Clip, uses: Sequence[Use] = (), locked: Sequence[str] = ()
) -> Context:
    """What the brain may know of a session, and of its clip in numbers.

    Args:
        session: What was said and found so far.
        clip: The dry clip.
        uses: Plugins to be used beside those of the session.
        locked: To be left alone beside what the session leaves alone.
    """
    used = {use.plugin: use for use in (*session.uses, *uses)}
    return Context(
        chain=session.own,
        turns={
            t.index: Past(t.instruction, t.as_own(), t.uses, frozenset(t.pinned))
            for t in session.turns
        },
        standing=standing(session),
        start=Past("", session.go_to(0).own, session.go_to(0).uses),
        locked=frozenset((*session.locked, *locked)),
        pinned=frozenset(session.pinned),
        facts=facts.measure(clip),
        owned=_owned(tuple(used)),
        uses=tuple(used.values()),
    )


def use(text: str) -> Use:
    """A plugin to be used, as it is written on the command line.

    Args:
        text: `NAME`, or `rev=NAME` for the effect that it stands for; then `=FILE.vstpreset` to
            begin with that preset's values (the file alone says whose it is); then `@first`,
            `@last`, `@after:rev` or `@before:rev`.

    Raises:
        UserError: There is no such plugin, effect, place or preset.
    """
    whole, place = text.strip(), ""
    if "@" in whole and not whole.lower().endswith(vstpreset.SUFFIX):
        whole, _, place = whole.rpartition("@")
    own = [effect.id for effect in spec.effects()]
    fx, equals, rest = whole.partition("=")
    stands = bool(equals) and fx in own
    named = rest if stands else whole
    name, equals, file = named.partition("=")
    if not equals and name.lower().endswith(vstpreset.SUFFIX):
        name, file = "", name
    if equals and not file.lower().endswith(vstpreset.SUFFIX):
        raise UserError(f"There is no effect {fx!r}.", next_step=f"Known: {', '.join(own)}.")
    description, values = _with_preset(name, Path(file)) if file else (_found(name), {})
    side, _, other = place.partition(":")
    if side in ("after", "before") and other not in own and plugins.described(other) is None:
        raise UserError(
            f"There is no effect or plugin {other!r} that {description.name} could stand {side}.",
            next_step=f"Known: {', '.join(own)}, and plugins of yours.",
        )
    id = plugins.id_of(description)
    try:
        return Use(id, fx if stands else role(description), not stands, place, values)
    except ValueError:
        raise UserError(
            f"{place!r} is no place in a chain.",
            next_step="Write @first, @last, @after:rev or @before:rev.",
        ) from None


def _found(name: str) -> Description:
    return Library.default().find(name)


def _with_preset(name: str, path: Path) -> tuple[Description, dict[str, float]]:
    """A plugin, and what it makes of a preset, in its own units."""
    preset = vstpreset.VstPreset.read(path)
    description = _found(name) if name else plugin_presets.whose(preset)
    if description is None or description.class_id.upper() != preset.class_id:
        other = line(preset.info.get("PlugInName", "")) or "another plugin"
        raise UserError(
            f"{path.name} is a preset of {other}"
            + (f", not of {description.name}." if description else ", which is not known here."),
            next_step="ifx-bridge presets show FILE says whose it is; ifx-bridge plugins scan "
            "looks for plugins.",
        )
    positions = plugin_presets.read(preset, description)
    return description, {p.key: p.value(positions[p.key]) for p in description.parameters}


def lock(key: str) -> str:
    """What is to be left alone, `fx` or `fx.name`, of our effects or of plugins; checked.

    Raises:
        UserError: There is no such effect or knob.
    """
    fx, _, name = key.strip().partition(".")
    own = {effect.id: effect for effect in spec.effects()}
    found = own.get(fx) or spec.effect(fx, plugins.ENGINE)
    if name:
        found.parameter(name)
    elif fx not in own and not found.parameters:
        raise UserError(
            f"There is no effect or plugin {fx!r}.", next_step=f"Known: {', '.join(own)}."
        )
    return key.strip()


def _owned(used: Sequence[str]) -> tuple[Owned, ...]:
    """The plugins that were found on this computer, and those that are used."""
    found = {plugins.id_of(d): d for d in Library.default().plugins()}
    owned = [Owned(id, d.name, role(d)) for id, d in found.items()]
    return (*owned, *(Owned(id, id) for id in used if id not in found))


def _past(session: Session) -> list[tuple[Chain, Chain]]:
    """The chains that led here, in effects of ours and as they are, the newest first."""
    turns = [(turn.as_own(), turn.as_chain()) for turn in reversed(session.path())]
    start = session.go_to(0)
    return [*turns, (start.own, start.chain)]


def render(clip: Clip, chain: Chain, cancelled: Callable[[], bool] = lambda: False) -> Rendering:
    """Render the whole clip, matched in loudness to the dry.

    The trim is part of the chain. Where the matched sound's true peak would exceed the ceiling by
    more than the tolerance of the match allows, a limiter keeps the file safe, and the rendering
    says so.
    """
    if cancelled():
        raise Cancelled
    if not chain.slots or chain.amount == 0:
        silent = replace(chain, trim_db=0.0)
        return Rendering(silent, clip.samples, 0.0)
    wet = replace(chain, trim_db=0.0).render(clip.samples, clip.sample_rate)
    trim_db = audio.match_trim_db(clip.samples, wet, clip.sample_rate)
    target = audio.loudness(clip.samples, clip.sample_rate)
    for _ in range(MOST_MATCHES):
        trimmed = replace(chain, trim_db=round(trim_db, 3))
        matched = trimmed.render(clip.samples, clip.sample_rate)
        safe, limited_db = audio.limited(matched, clip.sample_rate)
        # What the limiter takes off a loud clip's peaks is made up for.
        short = target - audio.loudness(safe, clip.sample_rate)
        if not limited_db or not short > 0.9 * audio.LOUDNESS_TOLERANCE_LU:
            break
        trim_db += short
    return Rendering(trimmed, safe, limited_db)

"""One turn from instruction to sound: what every door (command line, window) calls."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ifx_bridge import audio, facts
from ifx_bridge.audio import Audio, Clip
from ifx_bridge.brain import Brain, Context, Past, brain
from ifx_bridge.ears import Ears, ears
from ifx_bridge.effects.chain import Chain
from ifx_bridge.effects.describe import Change, changes
from ifx_bridge.errors import Cancelled
from ifx_bridge.refine import RECIPES, Progress, Settings
from ifx_bridge.session import ClipInfo, Score, Session, Turn, route_of

# Rounds of matching loudness where peaks have to be limited.
MOST_MATCHES = 5


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
    ) -> TurnResult:
        """Carry out one instruction.

        Args:
            session: What was said and found so far; `clip` is its dry clip.
            clip: The dry clip.
            instruction: What the person says.
            progress: Called after every step of the refinement.
            cancelled: Asked often; when true, the best so far becomes the turn.

        Returns:
            The session with one more turn, its sound, and what changed.

        Raises:
            UserError: Brain, ears or recipe are unknown.
            Cancelled: It was stopped before there was anything to keep.
        """
        began = time.perf_counter()
        thinking, listening = self.load()
        before = session.chain
        plan = thinking.plan(instruction, context(session, clip), cancelled)
        added = set(plan.start.ids) - set(before.ids)
        dry = replace(before, trim_db=0.0, amount=1.0)
        outcome = RECIPES[self.recipe](
            clip, dry, plan, listening, self.settings, progress, cancelled
        )
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
            notes=plan.notes,
            usage=plan.usage if plan.usage.calls else None,
            seed=self.settings.seed,
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


def context(session: Session, clip: Clip) -> Context:
    """What the brain may know of a session, and of its clip in numbers."""
    path = session.path()
    return Context(
        chain=replace(session.chain, trim_db=0.0),
        history=tuple(turn.instruction for turn in path),
        chains=tuple(replace(turn.as_chain(), trim_db=0.0) for turn in path),
        turns={
            t.index: Past(t.instruction, replace(t.as_chain(), trim_db=0.0)) for t in session.turns
        },
        locked=frozenset(session.locked),
        pinned=frozenset(session.pinned),
        facts=facts.measure(clip),
    )


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

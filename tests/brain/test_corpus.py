"""The offline brain against what an engineer expects; `ifx_bridge.study.instructions` says how."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ifx_bridge.brain import brain
from ifx_bridge.study.instructions import Case, judge, read, table

CORPUS = Path(__file__).parent / "corpus"
# What it gets right of those set aside, less a margin for changes elsewhere.
LEAST_SET_ASIDE = 44


@pytest.mark.parametrize("case", read(CORPUS / "tuned.toml"), ids=lambda case: case.say)
def test_tuned_on(case: Case) -> None:
    assert not judge(case, brain("offline")).wrong


def test_set_aside() -> None:
    verdicts = [judge(case, brain("offline")) for case in read(CORPUS / "held_out.toml")]
    *_, (_, right, count) = table(verdicts)
    assert count == 59 and right >= LEAST_SET_ASIDE


def test_no_instruction_is_in_both() -> None:
    tuned, aside = (
        {c.say.lower() for c in read(CORPUS / f"{n}.toml")} for n in ("tuned", "held_out")
    )
    assert len(tuned) == 199 and len(aside) == 59 and not tuned & aside


@pytest.mark.parametrize("wrong", ["chain", "moves", "route", "amount", "understood"])
def test_the_judge_sees_what_is_wrong(wrong: str) -> None:
    right = Case("way too harsh", "complaint", [["rev", "dist"]], before=["rev", "dist"],
                 before_params={"dist": {"drive_db": 18}}, moves=["dist.drive_db down", "rev same"],
                 amount="much", route="reuse_all")  # fmt: skip
    assert not judge(right, brain("offline")).wrong
    changed = {
        "chain": [["dist", "rev"]], "moves": ["dist.drive_db up"], "route": "initialize_all",
        "amount": "little", "understood": False,
    }[wrong]  # fmt: skip
    assert judge(replace(right, **{wrong: changed}), brain("offline")).wrong

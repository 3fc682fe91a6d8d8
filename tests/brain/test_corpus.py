"""The offline brain against what an engineer expects; `ifx_bridge.study.instructions` says how."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ifx_bridge.brain import brain
from ifx_bridge.study.instructions import Case, judge, read, table

CORPUS = Path(__file__).parent / "corpus"
# What it gets right of those set aside, less a margin for changes elsewhere.
SET_ASIDE = [("held_out", 59, 46), ("held_out_2", 60, 38), ("held_out_3", 96, 72)]


@pytest.mark.parametrize("case", read(CORPUS / "tuned.toml"), ids=lambda case: case.say)
def test_tuned_on(case: Case) -> None:
    assert not judge(case, brain("offline")).wrong


@pytest.mark.parametrize(("name", "count", "least"), SET_ASIDE)
def test_set_aside(name: str, count: int, least: int) -> None:
    verdicts = [judge(case, brain("offline")) for case in read(CORPUS / f"{name}.toml")]
    *_, (_, right, cases) = table(verdicts)
    assert cases == count and right >= least


def test_no_instruction_is_in_two() -> None:
    files = ("tuned", *(name for name, *_ in SET_ASIDE))
    said = [case.say.lower() for name in files for case in read(CORPUS / f"{name}.toml")]
    assert len(said) == len(set(said))


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

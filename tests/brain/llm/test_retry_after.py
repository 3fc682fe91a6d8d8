"""How long a busy server asks to wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

import pytest

from ifx_bridge.brain.llm.client import _retry_after


def asked(headers: dict[str, str]) -> float | None:
    error: Any = SimpleNamespace(response=SimpleNamespace(headers=headers))
    return _retry_after(error)


def test_seconds_milliseconds_and_dates() -> None:
    assert asked({"retry-after": "3"}) == 3
    assert asked({"retry-after-ms": "250", "retry-after": "9"}) == 0.25
    later = datetime.now(UTC) + timedelta(seconds=20)
    assert asked({"retry-after": format_datetime(later, usegmt=True)}) == pytest.approx(20, abs=2)
    past = datetime.now(UTC) - timedelta(days=2)
    assert asked({"retry-after": format_datetime(past, usegmt=True)}) == 0


@pytest.mark.parametrize("said", ["", "soon", "-4", "nan", "inf", "Mon, 99 Foo 2026 00:00:00 GMT"])
def test_what_is_no_time_is_not_obeyed(said: str) -> None:
    assert asked({"retry-after": said}) is None

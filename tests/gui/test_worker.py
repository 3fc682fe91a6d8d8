"""Jobs: results, messages, and progress that does not flood the window."""

from __future__ import annotations

import threading
import time

from pytestqt.qtbot import QtBot

from gui.worker import REPORTS_PER_SECOND, Job
from ifx_bridge.effects.chain import Chain
from ifx_bridge.errors import UserError
from ifx_bridge.refine import Progress

STEP = Progress("refining", 1, 2, 0.5, Chain())


def test_the_work_runs_elsewhere_and_its_result_comes_back_here(qtbot: QtBot) -> None:
    here, threads = threading.get_ident(), []
    job = Job(lambda report, stopped: threading.get_ident())
    job.succeeded.connect(lambda result: threads.extend([result, threading.get_ident()]))
    with qtbot.waitSignals([job.started, job.succeeded, job.finished]):
        job.start()
    job.wait()
    assert threads[0] != here and threads[1] == here


def test_progress_is_throttled(qtbot: QtBot) -> None:
    def work(report, stopped) -> float:
        began = time.monotonic()
        while time.monotonic() - began < 0.4:
            report(STEP)
        return time.monotonic() - began

    seen: list[Progress] = []
    took: list[float] = []
    job = Job(work)
    job.progressed.connect(seen.append)
    job.succeeded.connect(took.append)
    with qtbot.waitSignal(job.finished):
        job.start()
    job.wait()
    assert 1 <= len(seen) <= took[0] * REPORTS_PER_SECOND + 1


def test_cancel_is_a_question_that_the_work_asks(qtbot: QtBot) -> None:
    def work(report, stopped) -> str:
        while not stopped():
            time.sleep(0.005)
        return "best so far"

    job = Job(work)
    with qtbot.waitSignal(job.succeeded) as got:
        job.start()
        job.cancel()
    job.wait()
    assert got.args == ["best so far"]


def test_whatever_goes_wrong_is_a_message(qtbot: QtBot) -> None:
    known = UserError("It is too loud.", next_step="Turn it down.")

    def fail(error: Exception) -> None:
        raise error

    for error in (known, ZeroDivisionError("by zero")):
        job = Job(lambda report, stopped, error=error: fail(error))
        with qtbot.waitSignal(job.failed) as got:
            job.start()
        job.wait()
        assert isinstance(got.args[0], UserError)
        assert (got.args[0] is known) == (error is known)
        assert "Traceback" not in str(got.args[0]) and got.args[0].next_step

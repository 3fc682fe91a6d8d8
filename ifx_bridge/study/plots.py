"""The pictures of the reports, as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ifx_bridge.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

# A picture made twice is the same file.
FIXED: Any = {"svg.hashsalt": "ifx", "svg.fonttype": "none", "font.size": 9}


def curves(
    path: Path, x: Sequence[float], ys: Mapping[str, Sequence[float]], x_title: str, y_title: str
) -> None:
    """One line for each of `ys`.

    Raises:
        UserError: matplotlib is not installed.
    """
    with _picture(path, (6.5, 3.5)) as axes:
        for name, y in ys.items():
            axes.plot(x, y, marker=".", label=name)
        axes.axhline(1.0, color="gray", linewidth=0.5)
        axes.set_xlabel(x_title)
        axes.set_ylabel(y_title)
        axes.legend(frameon=False)


def bars(path: Path, values: Mapping[str, Mapping[str, float]], title: str) -> None:
    """For every row, a bar of each series that has it.

    Args:
        path: Where to.
        values: By series and row.
        title: Of the axis.

    Raises:
        UserError: matplotlib is not installed.
    """
    rows = list(dict.fromkeys(row for series in values.values() for row in series))
    thickness = 0.8 / len(values)
    with _picture(path, (7.5, 0.7 * len(rows) + 1)) as axes:
        for number, (name, series) in enumerate(values.items()):
            at = [rows.index(row) + (number + 0.5) * thickness - 0.4 for row in series]
            axes.barh(at, list(series.values()), thickness, label=name)
        axes.set_yticks(range(len(rows)), rows)
        axes.invert_yaxis()
        axes.set_xlabel(title)
        axes.legend(frameon=False)


@contextmanager
def _picture(path: Path, inches: tuple[float, float]) -> Iterator[Any]:
    try:
        import matplotlib
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
    except ImportError as error:
        raise UserError(
            "The report has plots, which need matplotlib.",
            next_step="Install it: pip install 'ifx-bridge[study]'.",
        ) from error
    with matplotlib.rc_context(FIXED):
        figure = Figure(figsize=inches, layout="constrained")
        FigureCanvasSVG(figure)
        yield figure.subplots()
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata={"Date": None})

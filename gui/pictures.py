"""Pictures: the waveform, spectra with the equalizer's curve, and the way of the score."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import QTimer, pyqtSignal

from gui import theme
from gui.curves import BANDS, GRID_HZ, TAIL_DB, Array, falls_to, transfer
from gui.translations import translate
from ifx_bridge.effects.chain import Chain
from ifx_bridge.refine import Progress

FRAME_MS = 16


class Picture(pg.PlotWidget):
    """A plot in the window's colours that does not take the wheel or the menu."""

    def __init__(self, name: str, bottom: str = "", left: str = "") -> None:
        """Empty."""
        super().__init__()
        self._paints: list[Callable[[theme.Theme], object]] = []
        self.coloured(lambda colours: self.setBackground(colours.field))
        self.setAccessibleName(name)
        self.setMenuEnabled(False)
        self.setMouseEnabled(x=False, y=False)
        self.hideButtons()
        for side, text in (("bottom", bottom), ("left", left)):
            axis = self.getAxis(side)
            self.coloured(partial(_draw_axis, axis))
            axis.enableAutoSIPrefix(False)
            if text:
                axis.setLabel(text)
            else:
                self.hideAxis(side)

    def coloured(self, paint: Callable[[theme.Theme], object]) -> None:
        """Colour something now, and again when the window takes other colours."""
        self._paints.append(paint)
        paint(theme.current)

    def recolour(self) -> None:
        """Take the window's colours as they are now."""
        for paint in self._paints:
            paint(theme.current)


class Waveform(Picture):
    """The dry clip and what is heard, where it plays, and the part that repeats.

    Attributes:
        sought: The user clicked a place, in seconds.
        looped: The part that the user wants repeated, in seconds, or None.
    """

    sought = pyqtSignal(float)
    looped = pyqtSignal(object)

    def __init__(self) -> None:
        """Empty."""
        super().__init__(translate("pictures", "Waveform"), translate("pictures", "seconds"))
        # Told apart by more than colour: an outline, and a filled shape.
        self._wet = self._band("accent", 110)
        self._dry = self._band("dry", 0)
        self.head = pg.InfiniteLine(0)
        self.coloured(lambda colours: self.head.setPen(pg.mkPen(colours.text, width=2)))
        self.addItem(self.head)
        self.region = pg.LinearRegionItem()
        self.coloured(lambda colours: self.region.setBrush(_faint(colours.text, 30)))
        self.region.sigRegionChangeFinished.connect(self._looped)
        self.region.hide()
        self.addItem(self.region)
        self.setYRange(-1, 1)
        self.seconds = 0.0
        self.scene().sigMouseClicked.connect(self._clicked)

    def _band(self, colour: str, alpha: int) -> tuple[pg.PlotDataItem, pg.PlotDataItem]:
        low, high = pg.PlotDataItem(), pg.PlotDataItem()
        between = pg.FillBetweenItem(low, high)
        for item in (low, high, between):
            self.addItem(item)

        def paint(colours: theme.Theme) -> None:
            of = getattr(colours, colour)
            low.setPen(pg.mkPen(of, width=1))
            high.setPen(pg.mkPen(of, width=1))
            between.setBrush(_faint(of, alpha))

        self.coloured(paint)
        return low, high

    def show_clip(self, shape: tuple[Array, Array], seconds: float) -> None:
        """A new clip."""
        self.seconds = seconds
        self.region.hide()
        self.region.setBounds((0, seconds))
        self._draw(self._dry, shape)
        self._draw(self._wet, (np.zeros(1), np.zeros(1)))
        self.setXRange(0, max(seconds, 0.01), padding=0.02)

    def show_wet(self, shape: tuple[Array, Array]) -> None:
        """What is heard."""
        self._draw(self._wet, shape)

    def _draw(self, band: tuple, shape: tuple[Array, Array]) -> None:
        at = np.linspace(0, self.seconds, len(shape[0]))
        for line, values in zip(band, shape, strict=True):
            line.setData(at, values)

    def toggle_loop(self) -> None:
        """Repeat a part, or all again."""
        if self.region.isVisible():
            self.region.hide()
            self.looped.emit(None)
        elif self.seconds:
            self.region.setRegion((self.seconds * 0.25, self.seconds * 0.75))
            self.region.show()
            self._looped()

    def _looped(self) -> None:
        if self.region.isVisible():
            self.looped.emit(tuple(self.region.getRegion()))

    def _clicked(self, event) -> None:
        if self.seconds:
            at = self.getViewBox().mapSceneToView(event.scenePos()).x()
            self.sought.emit(float(min(max(at, 0.0), self.seconds)))


class Spectrum(Picture):
    """The dry sound's spectrum, what is heard, and the equalizer's curve with a handle per band.

    Attributes:
        bent: Band, frequency in Hz and gain in dB of a handle that the user dragged.
    """

    bent = pyqtSignal(str, float, float)

    def __init__(self) -> None:
        """Empty."""
        super().__init__(
            translate("pictures", "Spectrum before and after, with the equalizer"), "Hz", "dB"
        )
        legend = self.addLegend(offset=(-2, 1), labelTextSize="8pt", colCount=3)
        self.setLogMode(x=True)
        self.getAxis("bottom").setTicks(
            [[(np.log10(f), t) for f, t in ((50, "50"), (200, "200"), (1000, "1k"), (5000, "5k"))]]
        )  # fmt: skip
        dash = pg.QtCore.Qt.PenStyle.DashLine
        self.dry, self.wet, self.eq = (
            self.plot(name=n)
            for n in (translate("pictures", "dry"), translate("pictures", "heard"), "EQ")
        )
        self.coloured(lambda c: self.dry.setPen(pg.mkPen(c.dry, width=1.5, style=dash)))
        self.coloured(lambda c: self.wet.setPen(pg.mkPen(c.accent, width=2)))
        self.coloured(lambda c: self.eq.setPen(pg.mkPen(c.text, width=1)))

        def words(colours: theme.Theme) -> None:
            for _, text in legend.items:
                text.setText(text.text, color=colours.quiet)

        self.coloured(words)
        self._top, self._middle = 0.0, -35.0
        self.setXRange(np.log10(20), np.log10(20000), padding=0)
        self.setYRange(-70, 18)  # the legend is above the curves
        self.handles: dict[str, pg.TargetItem] = {}
        for band in BANDS:
            handle = pg.TargetItem(size=11, symbol="o")
            self.coloured(partial(_draw_handle, handle))
            handle.setZValue(10)
            handle.hide()
            handle.sigPositionChanged.connect(lambda _, band=band: self._dragged(band))
            self.handles[band] = handle
            self.addItem(handle)

    def show_bands(self, chain: Chain, free: bool) -> None:
        """Put the handles where the equalizer's bands are; they can be dragged where `free`."""
        there = "eq" in chain and not chain["eq"].bypass and chain["eq"].engine == "pedalboard"
        for band, handle in self.handles.items():
            handle.setVisible(there)
            handle.movable = free
            if there and not handle.moving:
                params = chain["eq"].params
                x = np.log10(params[f"{band}_cutoff_freq"])
                handle.blockSignals(True)
                handle.setPos(x, self._middle + params[f"{band}_gain_db"])
                handle.blockSignals(False)

    def _dragged(self, band: str) -> None:
        place = self.handles[band].pos()
        self.bent.emit(band, float(10 ** place.x()), float(place.y() - self._middle))

    def show_dry(self, values: Array) -> None:
        """Of a new clip."""
        self._top = float(values.max())  # 0 dB in the picture
        self.dry.setData(GRID_HZ, values - self._top)
        self.wet.setData([], [])

    def show_wet(self, values: Array) -> None:
        """Of what is heard."""
        self.wet.setData(GRID_HZ, values - self._top)

    def show_eq(self, values: Array | None) -> None:
        """Of the chain; None where there is no equalizer."""
        if values is None:
            self.eq.setData([], [])
        else:
            self.eq.setData(GRID_HZ, self._middle + values)


class Transfer(Picture):
    """Level out over level in."""

    def __init__(self) -> None:
        """Empty."""
        super().__init__(
            translate("pictures", "Transfer curve of compressor and distortion"),
            translate("pictures", "level in, dB"),
            translate("pictures", "out, dB"),
        )
        dash = pg.QtCore.Qt.PenStyle.DashLine
        same = self.plot([-60, 0], [-60, 0])
        self.curve = self.plot()
        self.note = pg.TextItem("", anchor=(1, 1))
        self.coloured(lambda c: same.setPen(pg.mkPen(c.dry, style=dash)))
        self.coloured(lambda c: self.curve.setPen(pg.mkPen(c.accent, width=2)))
        self.coloured(lambda c: self.note.setColor(c.quiet))
        self.note.setPos(0, -60)
        self.addItem(self.note)
        self.setXRange(-60, 0)
        self.setYRange(-60, 6)

    def show_chain(self, chain: Chain) -> None:
        """Of a chain; flat where it has neither."""
        found = transfer(chain)
        self.note.setText(
            "" if found else translate("pictures", "No compressor or distortion in the chain")
        )
        self.curve.setData(*(found if found is not None else ([], [])))


class Decay(Picture):
    """How reverb and delay fade, after an impulse."""

    def __init__(self) -> None:
        """Empty."""
        super().__init__(
            translate("pictures", "Decay of reverb and delay"),
            translate("pictures", "seconds"),
            "dB",
        )
        self.curve = self.plot(fillLevel=TAIL_DB)
        self.note = pg.TextItem("", anchor=(1, 0))
        self.coloured(lambda c: self.curve.setPen(pg.mkPen(c.accent, width=2)))
        self.coloured(lambda c: self.curve.setFillBrush(_faint(c.accent)))
        self.coloured(lambda c: self.note.setColor(c.quiet))
        self.addItem(self.note)
        self.setYRange(TAIL_DB, 0)
        self.show_curve(None)

    def show_curve(self, curve: tuple[Array, Array] | None) -> None:
        """A decay, or None where nothing rings on."""
        self.curve.setData(*(curve if curve is not None else ([], [])))
        end = 1.0 if curve is None else max(0.2, falls_to(curve, TAIL_DB))
        self.setXRange(0, end)
        self.note.setPos(end, 0)
        if curve is None:
            self.note.setText(translate("pictures", "No reverb or delay in the chain"))
        else:
            first, last = falls_to(curve, -20), falls_to(curve, -60)
            self.note.setText(
                translate(
                    "pictures", "-20 dB after {first:.2f} s, -60 dB after {last:.2f} s"
                ).format(first=first, last=last)
            )
        self.setAccessibleDescription(self.note.toPlainText())


def _draw_axis(axis: pg.AxisItem, colours: theme.Theme) -> None:
    axis.setPen(colours.line)
    axis.setTextPen(colours.quiet)


def _draw_handle(handle: pg.TargetItem, colours: theme.Theme) -> None:
    handle.setPen(pg.mkPen(colours.text, width=1.5))
    handle.setBrush(colours.card)
    handle.setHoverBrush(colours.accent)
    handle.setHoverPen(pg.mkPen(colours.text, width=1.5))


def _faint(colour: str, alpha: int = 50) -> pg.QtGui.QColor:
    faint = pg.mkColor(colour)
    faint.setAlpha(alpha)
    return faint


class ScorePath(Picture):
    """The best score after every step; a click or the arrow keys choose a step.

    Attributes:
        chosen: The `Progress` of a step, or None for the end.
    """

    chosen = pyqtSignal(object)

    def __init__(self) -> None:
        """Empty."""
        super().__init__(
            translate("pictures", "Score over the steps; left and right arrows choose one"),
            translate("pictures", "step"),
            translate("pictures", "score"),
        )
        self.curve = self.plot(symbol="o", symbolSize=5)
        self.mark = pg.InfiniteLine(0, movable=True)
        self.coloured(lambda c: self.curve.setPen(pg.mkPen(c.accent, width=2)))
        self.coloured(lambda c: self.curve.setSymbolBrush(c.accent))
        self.coloured(lambda c: self.mark.setPen(pg.mkPen(c.text, width=2)))
        self.mark.sigDragged.connect(self._scrubbed)
        self.mark.hide()
        self.addItem(self.mark)
        self.path: tuple[Progress, ...] = ()
        self.at = -1
        self.setFocusPolicy(pg.QtCore.Qt.FocusPolicy.StrongFocus)
        self.scene().sigMouseClicked.connect(self._clicked)

    def show_path(self, path: tuple[Progress, ...]) -> None:
        """Of a turn."""
        if path is self.path:
            return
        self.path, self.at = path, -1
        self.mark.hide()
        self.curve.setData(range(len(path)), [step.score for step in path])
        self.autoRange()

    def choose(self, at: int) -> None:
        """A step by its number; the last one is the turn itself."""
        if self.path:
            self.at = min(max(at, 0), len(self.path) - 1)
            self.mark.setValue(self.at)
            self.mark.show()
            last = self.at == len(self.path) - 1
            self.chosen.emit(None if last else self.path[self.at])

    def _scrubbed(self, line) -> None:
        at = round(line.value())
        if at != self.at:
            self.choose(at)

    def keyPressEvent(self, event) -> None:
        """Arrows walk along the path."""
        by = {pg.QtCore.Qt.Key.Key_Left: -1, pg.QtCore.Qt.Key.Key_Right: 1}.get(event.key())
        if by is None:
            super().keyPressEvent(event)
        else:
            now = self.at if self.at >= 0 else len(self.path) - 1
            self.choose(now + by)

    def _clicked(self, event) -> None:
        at = self.getViewBox().mapSceneToView(event.scenePos()).x()
        self.choose(round(at))


def frames(parent, draw) -> QTimer:
    """A timer of 60 frames a second, not started."""
    timer = QTimer(parent)
    timer.setInterval(FRAME_MS)
    timer.timeout.connect(draw)
    return timer

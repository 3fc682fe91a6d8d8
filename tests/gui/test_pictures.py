"""Pictures that show what the effects do, and can be taken hold of."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gui import theme
from gui.curves import decay, eq_db, falls_to
from ifx_bridge.effects.chain import Chain, Slot
from tests.gui.conftest import Opener, idle


def reverb(room: float) -> Chain:
    params = {"room_size": room, "damping": 0.2, "wet_level": 0.5, "dry_level": 0.0, "width": 1.0}
    return Chain((Slot("rev"),)).with_params({"rev": params})


def test_a_larger_room_rings_longer() -> None:
    small, large = decay(reverb(0.2)), decay(reverb(0.9))
    assert small is not None and large is not None
    assert falls_to(small, -30) < falls_to(large, -30) / 2
    assert (np.diff(large[1]) <= 1e-9).all()  # what is left only becomes less
    assert decay(Chain((Slot("dist"),))) is None


def test_an_echo_falls_in_steps_of_its_time() -> None:
    chain = Chain((Slot("delay"),)).with_params(
        {"delay": {"delay_seconds": 0.5, "feedback": 0.5, "mix": 0.5}}
    )
    curve = decay(chain)
    assert curve is not None
    # Of the energy 3/7 is in the dry impulse, and each echo has a quarter of the one before.
    assert falls_to(curve, -2) < 0.02
    assert falls_to(curve, -5) == pytest.approx(0.5, abs=0.02)
    assert falls_to(curve, -12) == pytest.approx(1.0, abs=0.02)


def test_pictures_take_other_colours_at_once(qtbot: QtBot, opened: Opener) -> None:
    window = opened()
    application = QApplication.instance()
    assert isinstance(application, QApplication)

    def seen() -> tuple[str, str]:
        picture = window.listen.spectrum
        inside = picture.grab().toImage().pixelColor(picture.width() - 3, picture.height() // 2)
        return inside.name(), picture.wet.opts["pen"].color().name()

    try:
        window.settings["look/theme"] = "light"
        assert seen() == (theme.LIGHT.field, theme.LIGHT.accent)
        window.settings["look/theme"] = "dark"
        assert seen() == (theme.DARK.field, theme.DARK.accent)
    finally:
        theme.apply(application)


def test_the_equalizer_is_bent_in_the_picture(qtbot: QtBot, opened: Opener) -> None:
    window = opened()
    window.chain.add("eq")
    idle(qtbot, window)
    spectrum = window.listen.spectrum
    handle = spectrum.handles["band1"]
    assert handle.isVisible()
    handle.setPos(np.log10(500), spectrum._middle + 6)
    idle(qtbot, window)
    params = window.document.edit.chain["eq"].params
    assert params["band1_cutoff_freq"] == pytest.approx(500)
    assert params["band1_gain_db"] == pytest.approx(6)
    curve = eq_db(window.document.edit.chain, 44100)
    assert curve is not None and curve.max() == pytest.approx(6, abs=0.1)
    card = next(card for card in window.chain.cards if card.fx == "eq")
    card.knobs["band1_gain_db"].lock.click()
    idle(qtbot, window)
    handle.setPos(np.log10(600), spectrum._middle - 6)
    spectrum.handles["band2"].setPos(np.log10(2000), spectrum._middle - 3)
    idle(qtbot, window)
    params = window.document.edit.chain["eq"].params
    assert params["band1_gain_db"] == pytest.approx(6)  # locked, and its frequency with it
    assert params["band1_cutoff_freq"] == pytest.approx(500)
    assert params["band2_cutoff_freq"] == pytest.approx(2000)  # another band is free
    session = window.document.session
    assert session is not None and "Equalizer mid locked" in session.turn(3).instruction
    assert {key for key in session.locked} == {
        "eq.band1_gain_db", "eq.band1_cutoff_freq", "eq.band1_q_factor"
    }  # fmt: skip
    window.run("undo")
    idle(qtbot, window)
    assert handle.pos().x() == pytest.approx(np.log10(500))

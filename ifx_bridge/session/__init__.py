"""Sessions: the turns about a clip, how they route, and saving them."""

from ifx_bridge.session.model import ClipInfo, Route, Score, Session, Turn, route_of
from ifx_bridge.session.standing import standing
from ifx_bridge.session.store import load, save

__all__ = [
    "ClipInfo", "Route", "Score", "Session", "Turn", "load", "route_of", "save", "standing",
]  # fmt: skip

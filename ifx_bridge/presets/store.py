"""Chain presets: `.ifx.json` files, a factory set of which ships with the package."""

from __future__ import annotations

import json
import reprlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    Strict,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

import ifx_bridge
from ifx_bridge.audio import atomic_path
from ifx_bridge.effects.chain import Chain
from ifx_bridge.errors import UserError, writing
from ifx_bridge.presets import vstpreset
from ifx_bridge.presets.chain import chain_in
from ifx_bridge.presets.text import CONTROL, line, shown
from ifx_bridge.session import Session
from ifx_bridge.session import load as load_session
from ifx_bridge.session.model import FORMAT as SESSION_FORMAT
from ifx_bridge.session.model import checked_rows, problem

if TYPE_CHECKING:
    from pedalboard import Pedalboard

FORMAT, VERSION, SUFFIX = "ifx-chain", 1, ".ifx.json"
LARGEST_BYTES = 2**24
ROW_KEYS = frozenset({"fx", "params", "bypass", "engine"})


def _plain(text: str) -> str:
    if CONTROL.search(text):
        raise ValueError(f"{reprlib.repr(text)} holds a control character")
    return text


Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=500),
    AfterValidator(_plain),
]
# Lists, as JSON has no tuples; what stands in them is as strict as the rest.
Lines = Annotated[tuple[Line, ...], Strict(False)]


class Preset(BaseModel):
    """A chain with a name, and what is known of it.

    Attributes:
        name: For people.
        description: One sentence.
        tags: Words, instruments, scenes; small letters.
        instructions: What it was made with, oldest first.
        clip: What it was made on.
        chain: Effects in signal order, as `Chain.to_data` gives them.
        trim_db: Output trim that matched the loudness to the clip's.
        amount: How much of the change is heard, 0 to 2.
        measured: What it did to that clip, as `ifx_bridge.study.heard` measures it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)

    format: Literal["ifx-chain"] = "ifx-chain"
    version: Literal[1] = 1
    name: Line = ""
    description: Line = ""
    tags: Lines = Field(default=(), max_length=50)
    instructions: Lines = Field(default=(), max_length=100)
    clip: Line = ""
    chain: list[dict[str, Any]]
    trim_db: float = Field(default=0.0, ge=-100, le=100)
    amount: float = Field(default=1.0, ge=0, le=2)
    measured: dict[Line, float] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _readable(cls, data: Any) -> Any:
        """What is not ours, or newer, is said so before anything else is looked at."""
        if not isinstance(data, dict) or data.get("format", FORMAT) != FORMAT:
            raise ValueError(f"it is not an {FORMAT} file")
        version = data.get("version", VERSION)
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            raise ValueError("it has no valid version")
        if version > VERSION:
            raise ValueError(f"it was made by a newer IFX Bridge (version {version}); update ours")
        return data

    @field_validator("chain")
    @classmethod
    def _known(cls, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        whole = checked_rows(rows)
        for place, (given, full) in enumerate(zip(rows, whole, strict=True), 1):
            if problem := _altered(given, full):
                raise ValueError(f"effect {place} ({shown(given['fx'])}): {problem}")
        return whole

    @classmethod
    def of(cls, chain: Chain, **fields: Any) -> Preset:
        """A preset of a chain, with its other fields.

        Raises:
            UserError: A field's value cannot be.
        """
        data = {"chain": chain.to_data(), "trim_db": chain.trim_db, "amount": chain.amount}
        try:
            return cls.model_validate({**data, **fields})
        except ValidationError as error:
            raise UserError(f"That is no preset: {problem(error)}.") from error

    def as_chain(self) -> Chain:
        """The chain."""
        return Chain.from_data(self.chain, self.trim_db, self.amount)

    def matches(self, words: str) -> bool:
        """Whether every word is in its name, tags, description or instructions."""
        told = " ".join((self.name, self.description, *self.tags, *self.instructions)).lower()
        return all(word in told for word in words.lower().split())


def factory_folder() -> Path:
    """Where the factory presets are: in the package when installed, else beside it."""
    packed = Path(str(resources.files("ifx_bridge.presets"))) / "factory"
    return packed if packed.is_dir() else Path(ifx_bridge.__file__).parents[1] / "presets"


def factory() -> dict[str, Path]:
    """Factory presets by name."""
    paths = sorted(factory_folder().glob(f"*{SUFFIX}"))
    return {path.name.removesuffix(SUFFIX): path for path in paths}


def load(source: str) -> Preset:
    """A preset from its name in the factory set, from a file, or from IFX Chain's `.vstpreset`.

    Raises:
        UserError: There is none of that name, or the file is not a chain preset.
    """
    known = factory()
    path = known.get(source, Path(source))
    if not path.is_file():
        raise UserError(
            f"There is no preset or file called {source!r}.", next_step=_nearest(source, known)
        )
    if path.suffix.lower() == vstpreset.SUFFIX:
        return Preset.of(chain_in(vstpreset.VstPreset.read(path)), name=shown(path.stem))
    data = _json(path)
    for key in ("format", "version"):  # in a file, other than in `Preset.of`, they are a must
        if isinstance(data, dict) and data.get("format", FORMAT) == FORMAT and key not in data:
            raise UserError(f"{path.name} is no preset: it has no {key!r}.")
    try:
        return Preset.model_validate(data)
    except ValidationError as error:
        raise UserError(f"{path.name} is no preset: {shown(problem(error))}.") from error


@dataclass(frozen=True)
class Source:
    """A chain, and what is known of where it is from.

    Attributes:
        preset: The chain with its name and what it was made with.
        session: The session, at the turn that was asked for; None of a preset.
    """

    preset: Preset
    session: Session | None = None

    @property
    def chain(self) -> Chain:
        """The chain."""
        return self.preset.as_chain()

    @property
    def channels(self) -> int:
        """1 or 2: of the session's recording; presets are stereo."""
        return 2 if self.session is None else min(2, self.session.clip.channels)


def opened(source: str, turn: int | None = None) -> Source:
    """A factory preset, a preset file (also IFX Chain's `.vstpreset`), or a turn of a session.

    Args:
        source: The preset's name, or the file.
        turn: Which of a session; None is the current one.

    Raises:
        UserError: It is none of them, or it has no such turn.
    """
    path = Path(source)
    is_json = path.suffix.lower() != vstpreset.SUFFIX
    if source not in factory() and path.is_file() and is_json:
        data = _json(path)
        if isinstance(data, dict) and data.get("format") == SESSION_FORMAT:
            session = load_session(path)
            return _of_session(session if turn is None else session.go_to(turn), path)
    if turn is not None:
        raise UserError(f"{source} is a preset, and has no turns.")
    return Source(load(source))


def _of_session(session: Session, path: Path) -> Source:
    said = tuple(line(text) for text in session.history[-100:])
    name = said[-1] if said else line(path.absolute().parent.name)
    clip = line(session.clip.name)
    return Source(Preset.of(session.chain, name=name, instructions=said, clip=clip), session)


def chain(source: str) -> Chain:
    """The chain of a factory preset, a preset file (also IFX Chain's `.vstpreset`) or a session.

    Raises:
        UserError: It is none of them.
    """
    return opened(source).chain


def load_chain(source: str | Path) -> Pedalboard:
    """The effects of a factory preset, a preset file or a session, ready to process audio.

    Args:
        source: A factory preset's name (`ifx-bridge presets` lists them) or a path.

    Returns:
        A `pedalboard.Pedalboard`, output trim included.

    Raises:
        UserError: There is no such preset, or an effect in it has no Pedalboard plugin.
    """
    return chain(str(source)).to_pedalboard()


def save(preset: Preset, path: Path) -> None:
    """Write a preset, atomically."""
    data = preset.model_dump(mode="json")
    text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with writing(path), atomic_path(path) as temporary:
        temporary.write_text(text, "utf-8")


def _altered(given: dict[str, Any], full: dict[str, Any]) -> str:
    """What reading an effect would leave out or change, in words; nothing is corrected silently."""
    for text in (given["fx"], *given.get("params", {})):
        if CONTROL.search(text):
            return f"{reprlib.repr(text)} holds a control character"
    if unknown := given.keys() - ROW_KEYS:
        return f"it has an entry {min(unknown)!r}, which no effect has"
    if not isinstance(given.get("bypass", False), bool):
        return f"bypass is {given['bypass']!r} and should be true or false"
    if not isinstance(given.get("engine", ""), str):
        return f"engine is {given['engine']!r} and should be text"
    for name, value in given.get("params", {}).items():
        if value != full["params"][name]:
            return f"{name} is {value!r}, which is out of range"
    return ""


def _json(path: Path) -> Any:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise ValueError("too large")
        return json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UserError(f"{path} could not be read ({error.strerror}).") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path.name} is no preset: it is not JSON.") from error


def _nearest(source: str, known: dict[str, Path]) -> str:
    from rapidfuzz import process

    near = [match[0] for match in process.extract(source, list(known), limit=3)]
    return f"Nearest: {', '.join(near)}. ifx-bridge presets lists all." if near else ""

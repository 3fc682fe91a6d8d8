"""Session files: written atomically, read with suspicion."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ifx_bridge.effects.chain import Chain, Slot
from ifx_bridge.errors import UserError
from ifx_bridge.session import ClipInfo, Score, Session, load, save, store

MINIMAL = {
    "format": "ifx-session",
    "version": 1,
    "clip": {
        "path": "takes/guitar.flac",
        "name": "guitar.flac",
        "sha256": "00",
        "sample_rate": 44100,
        "channels": 2,
        "seconds": 9.2,
    },
    "history": ["like a large hall", "darker"],
    "current_params": {"rev": {"room_size": 0.8}},
    "turns": [
        {
            "index": index,
            "instruction": instruction,
            "route": route,
            "chain": [{"fx": "rev", "params": {"room_size": size}}],
            "score": {"before": 0.0, "after": 0.8},
            "seconds": 2.1,
            "explanation": "A hall is large.",
        }
        for index, instruction, route, size in [
            (1, "like a large hall", "initialize_all", 0.9),
            (2, "darker", "reuse_all", 0.8),
        ]
    ],
}


def example():
    """Two branches, one turn undone, text beyond ASCII."""
    session = Session(clip=ClipInfo(name="Gitarre – größer.flac", sha256="00", seconds=9.2))
    for instruction, kind in [("wärmer 🎸", "eq"), ("wide", "rev"), ("crunchy", "dist")]:
        session = session.add(
            chain=session.chain.added(Slot(kind)),
            instruction=instruction,
            route="reuse_and_initialize",
            score=Score(before=0.0, after=1 / 3),
        )
    echo = session.go_to(1).add(
        chain=Chain((Slot("delay"),), trim_db=-1.2, amount=0.5),
        instruction="echo",
        route="initialize_all",
        score=Score(before=0.0, after=0.1),
    )
    return echo.undo()


EXAMPLE = json.dumps(example().to_data(), ensure_ascii=False).encode()


def changed(**changes):
    return {**json.loads(json.dumps(MINIMAL)), **changes}


@pytest.fixture
def file(tmp_path):
    return tmp_path / "session.json"


def refusal(file, content):
    """The error that a file's content brings; the file stays as it is."""
    if not isinstance(content, bytes):
        content = json.dumps(content).encode()
    file.write_bytes(content)
    with pytest.raises(UserError) as caught:
        load(file)
    assert file.read_bytes() == content
    error = caught.value
    assert error.what and error.kept and error.next_step
    assert "session.json" in error.what and "\n" not in str(error)
    return error


# Round trips.


def test_round_trip(file):
    session = example()
    save(session, file)
    assert load(file) == session
    assert load(file).redo().head == 4
    text = file.read_text("utf-8")
    assert text.endswith("}\n") and "wärmer 🎸" in text and '\n  "turns": [\n' in text
    data = json.loads(text)
    assert list(data)[:5] == ["format", "version", "clip", "history", "current_params"]
    assert data["history"] == ["wärmer 🎸"]
    assert data["current_params"] == session.turn(1).as_chain().params


def test_a_minimal_file(file):
    file.write_text(json.dumps(MINIMAL), "utf-8")
    session = load(file)
    assert session.head == 2 and [turn.parent for turn in session.turns] == [0, 1]
    assert session.history == ("like a large hall", "darker")
    turn = session.turn(2)
    assert turn.as_chain()["rev"].params["room_size"] == 0.8
    assert (turn.amount, turn.trim_db, turn.understood, turn.finished) == (1.0, 0.0, True, True)
    assert session.undo().redo() == session


def test_an_empty_session(file):
    file.write_text(json.dumps(changed(turns=[], history=[], current_params={})), "utf-8")
    assert load(file).head == 0 and load(file).chain == Chain()


def test_derived_fields_are_made_anew(file):
    file.write_text(json.dumps(changed(history=["?"], current_params=7)), "utf-8")
    save(load(file), file)
    data = json.loads(file.read_text("utf-8"))
    assert data["history"] == MINIMAL["history"]
    assert data["current_params"]["rev"]["room_size"] == 0.8


def test_fields_of_others_are_kept(file):
    data = changed(mood={"of": ["the", None, 1.5]}, path="their own", self=1)
    data["clip"]["tempo"] = 120
    data["turns"][0]["starred"] = True
    data["turns"][0]["score"]["by"] = "ears"
    data["turns"][1]["chain"][0]["note"] = "ours"
    file.write_text(json.dumps(data), "utf-8")
    save(load(file), file)
    again = json.loads(file.read_text("utf-8"))
    assert (again["mood"], again["path"], again["self"]) == (data["mood"], "their own", 1)
    assert again["clip"]["tempo"] == 120
    assert again["turns"][0]["starred"] is True
    assert again["turns"][0]["score"]["by"] == "ears"
    assert again["turns"][1]["chain"][0]["note"] == "ours"


def test_a_byte_order_mark_does_no_harm(file):
    file.write_bytes(b"\xef\xbb\xbf" + EXAMPLE)
    assert load(file) == example()


# Reading what is not a session.


def test_a_file_that_is_not_there(file):
    with pytest.raises(UserError, match="There is no session file"):
        load(file)
    with pytest.raises(UserError, match="There is no session file"):
        load(file / "\0")


def test_a_folder(tmp_path):
    with pytest.raises(UserError, match="is a folder") as caught:
        load(tmp_path)
    assert "session.json" in caught.value.next_step


def test_a_file_that_may_not_be_read(file, monkeypatch):
    file.write_bytes(EXAMPLE)

    def refuse(*args, **kwargs):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UserError, match="could not be read"):
        load(file)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not valid JSON"),
        (EXAMPLE[:-5], "cut off"),
        (b"\xff\xfe\x00", "not text in UTF-8"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"a":' * 200_000, "nested too deeply"),
        (b"NaN", "NaN"),
        (b"9" * 10_000, "endless number"),
        (EXAMPLE.replace(b"0.5", b"Infinity"), "infinity"),
        (b"[]", "not a session of IFX Bridge"),
        (b"{}", "not a session of IFX Bridge"),
        (changed(format="ifx-chain"), "not a session of IFX Bridge"),
        ({"format": "ifx-session"}, "no version"),
        (changed(version=True), "version True"),
        (changed(version="1"), "version '1'"),
        (changed(version=1.0), "version 1.0"),
        (changed(version=0), "version 0"),
        (changed(version=[[]]), "version"),
        ({"format": "ifx-session", "version": 1}, "it has no 'clip'"),
        (changed(turns={}), "turns is {}"),
        (changed(turns=None), "turns is None"),
        (changed(turns=[{}]), "turn 1 has no 'index' (and"),
        (changed(turns=[7]), "turn 1 is 7 and should be a table"),
        (changed(clip=None), "clip is None and should be a table"),
        (changed(head=3), "the head is turn 3"),
        (changed(head="x" * 10**6), "head is 'xxx"),
        (changed(undone="all"), "undone is 'all'"),
        (changed(start=[{"fx": "x" * 10**6}]), "start: There is no effect"),
        (changed(turns=[MINIMAL["turns"][0]] * 2), "turn 2 says that it is turn 1"),
    ],
    ids=lambda value: None if isinstance(value, str) else "",
)
def test_refusals_say_why(file, content, says):
    error = refusal(file, content)
    assert says in error.what
    assert len(str(error)) < 600


@pytest.mark.parametrize("field", ["index", "instruction", "route", "chain", "score"])
def test_a_missing_field_is_named(file, field):
    data = changed()
    del data["turns"][1][field]
    assert f"turn 2 has no '{field}'." in refusal(file, data).what


@pytest.mark.parametrize("value", ["1e999", "-1e999", "1" + "0" * 400])
@pytest.mark.parametrize("place", ["2.1", "0.9", '"A hall is large."', "120"])
def test_numbers_out_of_this_world(file, value, place):
    text = json.dumps(changed(tempo=120)).replace(place, value)
    assert "damaged" in refusal(file, text.encode()).what


def test_a_file_nested_deeper_than_it_could_be_written(file):
    text = json.dumps(changed(later=0)).replace('"later": 0', '"later": ' + "[" * 200 + "]" * 200)
    assert "nested" in refusal(file, text.encode()).what


@pytest.mark.parametrize("version", [2, 10**30])
def test_a_newer_version(file, version):
    error = refusal(file, changed(version=version, clip="of another shape"))
    assert "newer IFX Bridge (version" in error.what
    assert error.kept == "The file is untouched." and "Update" in error.next_step


def test_a_huge_file_is_not_read(file):
    with file.open("wb") as sparse:
        sparse.truncate(store.LARGEST_BYTES + 1)
    with pytest.raises(UserError, match="too large") as caught:
        load(file)
    assert caught.value.kept and caught.value.next_step


# Fuzz: whatever stands in the file, a session that can be saved again or a UserError.


def attempt(file, content):
    file.write_bytes(content)
    try:
        session = load(file)
    except UserError:
        assert file.read_bytes() == content
        return
    save(session, file)
    assert load(file) == session


fuzz = settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@fuzz
@given(content=st.binary(max_size=200))
def test_arbitrary_bytes(file, content):
    attempt(file, content)


@fuzz
@given(data=st.data())
def test_mutated_bytes(file, data):
    content = bytearray(EXAMPLE)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        length = data.draw(st.integers(0, 3))
        content[at : at + length] = data.draw(
            st.binary(max_size=3) | st.sampled_from([b"9", b"-", b"e99", b'"', b"\\ud800", b"null"])
        )
    attempt(file, bytes(content))


odd = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from([2**63, 2**64, 10**400, -1, 0, 10**9, "\ud800", "rev", "", "1"])
    | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["fx", "params", "index", "before", "x"]), inner)
    ),
    max_leaves=6,
)


@fuzz
@given(data=st.data())
def test_mutated_fields(file, data):
    """One or two values at any place of a valid file replaced, removed or joined by another."""
    whole = changed() if data.draw(st.booleans()) else json.loads(EXAMPLE)
    for _ in range(data.draw(st.integers(1, 2))):
        inside = whole
        while True:
            places = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
            place = data.draw(st.sampled_from([*places, None]))
            if place is None or not inside[place] or not isinstance(inside[place], dict | list):
                break
            inside = inside[place]
        action = data.draw(st.sampled_from(["replace", "remove", "join"]))
        if place is None or action == "join":
            value = data.draw(odd)
            if isinstance(inside, dict):
                inside[data.draw(st.text(max_size=3) | st.just("later"))] = value
            else:
                inside.append(value)
        elif action == "remove":
            del inside[place]
        else:
            inside[place] = data.draw(odd)
        if not whole:
            break
    attempt(file, json.dumps(whole).encode())


# Writing.


def disk_full(*args, **kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    ("owner", "name"), [(Path, "replace"), (Path, "write_bytes"), (os, "fsync")]
)
def test_a_full_disk_keeps_what_was_saved(file, monkeypatch, owner, name):
    save(example(), file)
    before = file.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, disk_full)
        with pytest.raises(UserError, match="could not be written") as caught:
            save(example().redo(), file)
    assert caught.value.kept and caught.value.next_step
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("crash", [KeyboardInterrupt, SystemExit, MemoryError])
def test_a_crash_keeps_what_was_saved(file, monkeypatch, crash):
    save(example(), file)
    before = file.read_bytes()

    def half(self, data):
        with self.open("wb") as out:
            out.write(data[: len(data) // 2])
        raise crash

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", half)
        with pytest.raises(crash):
            save(example().redo(), file)
    assert file.read_bytes() == before
    assert load(file) == example()


def test_places_that_cannot_be_written(tmp_path, monkeypatch):
    with pytest.raises(UserError, match="could not be written"):
        save(example(), tmp_path / "nowhere" / "session.json")
    with pytest.raises(UserError, match="could not be written"):
        save(example(), tmp_path)
    with pytest.raises(UserError, match="could not be written"):
        save(example(), tmp_path / "session\0.json")

    def refuse(*args, **kwargs):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    with pytest.raises(UserError, match="could not be written"):
        save(example(), tmp_path / "session.json")
    assert list(tmp_path.iterdir()) == []


def test_what_could_not_be_read_again_is_not_written(file, monkeypatch):
    save(example(), file)
    monkeypatch.setattr(store, "LARGEST_BYTES", 100)
    with pytest.raises(UserError, match="too large to be saved"):
        save(example().redo(), file)
    monkeypatch.undo()
    assert load(file) == example()


def test_importing_is_light():
    code = (
        "import sys, ifx_bridge.session\n"
        "print([m for m in ('torch', 'pedalboard', 'numba') if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(Path(store.__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == "[]"

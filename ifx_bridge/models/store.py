"""The store: a folder of checked files, each with a receipt that says what it is.

A file counts as installed when its receipt is there; the receipt is written last.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from ifx_bridge.audio import atomic_path, file_sha256
from ifx_bridge.errors import UserError
from ifx_bridge.models import clap
from ifx_bridge.models.catalog import DEFAULT, KNOWN, MERGES, VOCABULARY, Known
from ifx_bridge.models.download import check_address, download, forget

VARIABLE = "IFX_MODELS"
# A converted checkpoint is the published one without its training state.
CONVERTED_SHARE = 0.4


@dataclass(frozen=True)
class Receipt:
    """What is installed.

    Attributes:
        name: What it is called in the store.
        file: Its file, in the store's folder.
        size: Of that file, in bytes.
        sha256: Of that file.
        source: Where it came from: an address or a path.
        source_sha256: Of the file as it was published.
        checked: What that hash was compared with: `table`, or `given` by the user.
    """

    name: str
    file: str
    size: int
    sha256: str
    source: str
    source_sha256: str
    checked: str


@dataclass(frozen=True)
class Store:
    """The models on this computer.

    Attributes:
        folder: Where they are.
    """

    folder: Path

    @classmethod
    def default(cls) -> Store:
        """What `IFX_MODELS` names, else the user's data folder."""
        if named := os.environ.get(VARIABLE):
            return cls(Path(named).expanduser())
        from platformdirs import user_data_path

        return cls(user_data_path("ifx-bridge", appauthor=False) / "models")

    def receipt(self, name: str) -> Receipt | None:
        """What is installed under a name; None when nothing is, or it is not whole."""
        try:
            receipt = Receipt(**json.loads(self._receipt_path(name).read_text(encoding="utf-8")))
            whole = (self.folder / receipt.file).stat().st_size == receipt.size
        except (OSError, ValueError, TypeError):
            return None
        return receipt if whole else None

    def receipts(self) -> list[Receipt]:
        """All that is installed."""
        names = [path.name.removesuffix(".receipt") for path in self.folder.glob("*.receipt")]
        return [receipt for name in sorted(names) if (receipt := self.receipt(name))]

    def path(self, name: str) -> Path:
        """The file of an installed model.

        Raises:
            UserError: It, or something that it needs, is missing.
        """
        self._check_complete(name, (name, *_known(name).needs))
        return self._file(name)

    def vocabulary(self) -> tuple[Path, Path]:
        """The tokenizer's words and merges.

        Raises:
            UserError: They are missing.
        """
        self._check_complete("The tokenizer of LAION-CLAP", (VOCABULARY, MERGES))
        return self._file(VOCABULARY), self._file(MERGES)

    def arrived(self, known: Known) -> int:
        """How many bytes of an unfinished download are there."""
        part = self._part(known)
        return part.stat().st_size if part.exists() else 0

    def fetch(
        self,
        what: str = DEFAULT,
        sha256: str = "",
        progress: Callable[[Known, int, int], None] = lambda known, done, total: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> list[Receipt]:
        """Load a model and what it needs, and install it.

        Args:
            what: A known name, or the HTTPS address of a CLAP checkpoint.
            sha256: What the file's hash must be; needed where the table has none.
            progress: Called with what is loaded, the bytes that are there, and all its bytes.
            cancelled: Asked between chunks.

        Returns:
            What was newly installed.

        Raises:
            UserError: It could not be had or is not what it should be.
            Cancelled: It was stopped; what arrived is kept for the next time.
        """
        known = _at(what) if "://" in what else _known(what)
        if known.kind == "clap":
            clap.needs_transformers()
        self._make_folder()
        done = []
        for item in (known, *(KNOWN[name] for name in known.needs)):
            if self.receipt(item.name) is not None:
                continue
            part = self._part(item)
            download(
                item.url,
                part,
                size=item.size,
                spare_bytes=round(CONVERTED_SHARE * item.size) if item.kind == "clap" else 0,
                progress=lambda there, total, item=item: progress(item, there, total),  # type: ignore[misc]
                cancelled=cancelled,
            )
            digest = file_sha256(part)
            wanted = item.sha256 or (sha256 if item is known else "")
            if not wanted:
                raise _unconfirmed(item.url, digest, f"models fetch {item.url}")
            if digest != wanted.lower():
                forget(part)
                raise UserError(
                    f"{item.published_name} from {item.url} has the SHA-256 {digest}, not "
                    f"{wanted.lower()}. It was discarded.",
                    next_step="Try again; if that repeats, the published file has changed.",
                )
            how = "table" if item.sha256 else "given"
            done.append(self._install(part, item, item.url, digest, how))
            forget(part)
        return done

    def bring(self, file: Path, sha256: str = "") -> Receipt:
        """Install a file that was carried here; it is told by its hash.

        Args:
            file: A published file: a checkpoint, `vocab.json` or `merges.txt`.
            sha256: What the file's hash must be; needed where the table does not have it.

        Raises:
            UserError: It is not what it should be.
        """
        if not file.is_file():
            raise UserError(f"There is no file {file}.", next_step="Check the name and the folder.")
        digest = file_sha256(file)
        known = next((k for k in KNOWN.values() if k.sha256 == digest), None)
        if known is None:
            named = next((k for k in KNOWN.values() if k.published_name == file.name), None)
            if named is not None and not sha256:
                size = file.stat().st_size
                raise UserError(
                    f"{file.name} is not the file published under that name: it has {size} bytes "
                    f"and the SHA-256 {digest}, not {named.size} and {named.sha256}.",
                    next_step="Copy it again.",
                )
            if not sha256:
                raise _unconfirmed(str(file), digest, f"models import {file}")
            # A name of the table stands for the published file, nothing else.
            name = f"{file.stem}-{digest[:8]}" if file.stem in KNOWN else file.stem
            known = _unlisted(name, "")
        if sha256 and digest != sha256.lower():
            raise UserError(
                f"{file.name} has the SHA-256 {digest}, not {sha256.lower()}.",
                next_step="Copy it again.",
            )
        self._make_folder()
        how = "table" if known.sha256 else "given"
        return self._install(file, known, str(file.resolve()), digest, how)

    def damage(self, receipt: Receipt) -> str:
        """What is wrong with an installed file, for people; empty when nothing is."""
        try:
            digest = file_sha256(self.folder / receipt.file)
        except OSError as error:
            return f"it cannot be read ({error.strerror or error})"
        return "" if digest == receipt.sha256 else f"its SHA-256 is {digest}, not {receipt.sha256}"

    def _install(self, file: Path, known: Known, source: str, digest: str, how: str) -> Receipt:
        kept = self.folder / known.kept_name
        if known.kind == "clap":
            clap.convert(file, kept, {"source": source, "source_sha256": digest})
        else:
            with atomic_path(kept) as temporary:
                shutil.copyfile(file, temporary)
        receipt = Receipt(
            known.name, kept.name, kept.stat().st_size, file_sha256(kept), source, digest, how
        )
        with atomic_path(self._receipt_path(known.name)) as temporary:
            temporary.write_text(json.dumps(asdict(receipt), indent=2), encoding="utf-8")
        return receipt

    def _check_complete(self, what: str, names: tuple[str, ...]) -> None:
        missing = [KNOWN[name] for name in names if self.receipt(name) is None]
        if missing:
            size = sum(known.size for known in missing) / 1e6
            raise UserError(
                f"{what} is not complete on this computer; missing: "
                f"{', '.join(known.published_name for known in missing)}.",
                next_step=f"Fetch it: ifx-bridge models fetch {names[0]} ({size:,.0f} MB). Or "
                "bring the files by hand: ifx-bridge models import FILE.",
            )

    def _file(self, name: str) -> Path:
        receipt = self.receipt(name)
        assert receipt is not None
        return self.folder / receipt.file

    def _make_folder(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"The folder {self.folder} cannot be made ({error.strerror or error}).",
                next_step=f"Set {VARIABLE} to a folder that can be written.",
            ) from error

    def _part(self, known: Known) -> Path:
        return self.folder / f"{known.published_name}.part"

    def _receipt_path(self, name: str) -> Path:
        return self.folder / f"{name}.receipt"


def _at(url: str) -> Known:
    """What an address holds: a mirror of a published file, or a checkpoint unknown to the table."""
    check_address(url)
    name = Path(urlsplit(url).path).stem
    if not name.strip("."):
        raise UserError(f"{url} names no file.", next_step="Give the address of a checkpoint.")
    mirrored = next((k for k in KNOWN.values() if Path(k.published_name).stem == name), None)
    return replace(mirrored, url=url) if mirrored else _unlisted(name, url)


def _unlisted(name: str, url: str) -> Known:
    return Known(name, "LAION-CLAP from elsewhere", "clap", url, needs=(VOCABULARY, MERGES))


def _known(name: str) -> Known:
    if name not in KNOWN:
        raise UserError(
            f"There is no model called {name!r}.",
            next_step=f"Known: {', '.join(KNOWN)}; or give an https:// address.",
        )
    return KNOWN[name]


def _unconfirmed(source: str, digest: str, command: str) -> UserError:
    return UserError(
        f"Nothing here tells whether {source} is what it should be; its SHA-256 is {digest}.",
        kept="It is not installed.",
        next_step="Compare that with what its publisher says; if they agree: ifx-bridge "
        f"{command} --sha256 {digest}",
    )

"""The files that the store knows: where they are published, how large they are, and their hashes.

The hashes were not computed by us from a download. They are those under which several independent
public projects pin these very files; whoever fetches one has it checked against them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

CLAP = "https://huggingface.co/lukewys/laion_clap/resolve/b3708341862f581175dba5c356a4ebf74a9b6651"
ROBERTA = (
    "https://huggingface.co/FacebookAI/roberta-base/resolve/"
    "e2da8e2f811d1448a5b465c236feacd80ffbac7b"
)
VOCABULARY, MERGES = "roberta-vocab", "roberta-merges"
DEFAULT = "music_audioset_epoch_15_esc_90.14"


@dataclass(frozen=True)
class Known:
    """A file that the store knows.

    Attributes:
        name: What it is called here.
        what: For people.
        kind: `clap` is a checkpoint that is converted; `tokenizer` is kept as it is.
        url: Where it is published; empty for a file that only someone's disk has.
        size: In bytes; 0 when not known.
        sha256: Of the published file; empty when not known.
        needs: Names of other files without which it is of no use.
    """

    name: str
    what: str
    kind: Literal["clap", "tokenizer"]
    url: str
    size: int = 0
    sha256: str = ""
    needs: tuple[str, ...] = ()

    @property
    def published_name(self) -> str:
        """The file's own name."""
        return urlsplit(self.url).path.rpartition("/")[2]

    @property
    def kept_name(self) -> str:
        """The file's name in the store."""
        return self.published_name if self.kind == "tokenizer" else f"{self.name}.safetensors"


KNOWN = {
    known.name: known
    for known in (
        Known(
            DEFAULT,
            "LAION-CLAP trained on music (HTSAT-base), the default",
            "clap",
            f"{CLAP}/music_audioset_epoch_15_esc_90.14.pt",
            2_352_471_003,
            "fae3e9c087f2909c28a09dc31c8dfcdacbc42ba44c70e972b58c1bd1caf6dedd",
            (VOCABULARY, MERGES),
        ),
        Known(
            "630k-audioset-best",
            "LAION-CLAP trained on all sounds (HTSAT-tiny), faster",
            "clap",
            f"{CLAP}/630k-audioset-best.pt",
            1_863_587_645,
            "8053c9775516af2f4902e1e8281e356cc1bf7a85e8b761908170767b77c3f037",
            (VOCABULARY, MERGES),
        ),
        Known(
            VOCABULARY,
            "Words of CLAP's tokenizer",
            "tokenizer",
            f"{ROBERTA}/vocab.json",
            898_823,
            "9e7f63c2d15d666b52e21d250d2e513b87c9b713cfa6987a82ed89e5e6e50655",
            (MERGES,),
        ),
        Known(
            MERGES,
            "Merges of CLAP's tokenizer",
            "tokenizer",
            f"{ROBERTA}/merges.txt",
            456_318,
            "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5",
        ),
    )
}
"""The published files, by name."""

"""LAION's own package as ears, for comparison with `laion`: the same weights, its code.

The package needs numpy before 2 and brings much else, so it is not installed with this project.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from ifx_bridge.ears import clap_text
from ifx_bridge.ears.base import register
from ifx_bridge.ears.laion import load
from ifx_bridge.errors import UserError
from ifx_bridge.models import clap

if TYPE_CHECKING:
    from torch import Tensor


class PackageModel:
    """CLAP as `laion_clap` computes it. It takes one channel: others are mixed to it."""

    def __init__(self, weights: dict[str, Tensor], vocabulary: Path, merges: Path) -> None:
        """Made of weights as `ifx_bridge.models.clap.read` gives them, and RoBERTa's files.

        Raises:
            UserError: The package is not installed.
        """
        tokenizer = clap_text.tokenizer(vocabulary, merges)
        with _kept_local(tokenizer):
            try:
                import laion_clap
            # torchvision raises RuntimeError beside another torch than it was built for.
            except (ImportError, OSError, RuntimeError) as error:
                raise UserError(
                    f"The ears 'laion-package' need LAION's package, which cannot be used here "
                    f"({error}).",
                    next_step="Install laion-clap==1.1.7, torchvision and pillow in an environment "
                    "of its own (it needs numpy before 2), or use --ears laion: the same weights.",
                ) from error
            self.network = laion_clap.CLAP_Module(
                enable_fusion=False, amodel=clap.encoder(weights).name, device="cpu"
            )
        # Strictly but for what is of no use here: spectrogram constants, indices, heads.
        missing, extra = self.network.model.load_state_dict(clap.published(weights), strict=False)
        wanted = [n for n in missing if not n.startswith(clap.UNUSED)]
        assert not extra and all(n.endswith(clap.COMPUTED) for n in wanted), (extra, wanted)
        self.network.requires_grad_(False)
        self.network.train(False)

    def hear(self, crops: Tensor) -> Tensor:
        """See `ifx_bridge.ears.laion.Model`."""
        mono = crops.mean(1).float()
        heard: Tensor = self.network.get_audio_embedding_from_data(mono, use_tensor=True)
        return heard.to(crops.dtype)

    def read(self, texts: list[str]) -> Tensor:
        """See `ifx_bridge.ears.laion.Model`."""
        read: Tensor = self.network.get_text_embedding(texts, use_tensor=True)
        return read


@contextmanager
def _kept_local(tokenizer: Any) -> Iterator[None]:
    """Let the package import and build without a network.

    It loads three tokenizers when imported, and RoBERTa's weights when built, only to replace them
    by the checkpoint's.
    """
    import transformers

    def random_roberta(*args: object, **options: object) -> Any:
        config = transformers.RobertaConfig(
            vocab_size=clap_text.VOCABULARY, max_position_embeddings=514, type_vocab_size=1,
            layer_norm_eps=1e-5,
        )  # fmt: skip
        return transformers.RobertaModel(config)

    def ours(*args: object, **options: object) -> Any:
        return tokenizer

    with (
        patch.object(transformers.RobertaModel, "from_pretrained", random_roberta),
        patch.object(transformers.RobertaTokenizer, "from_pretrained", ours),
        patch.object(transformers.BertTokenizer, "from_pretrained", ours),
        patch.object(transformers.BartTokenizer, "from_pretrained", ours),
    ):
        yield


register("laion-package", cache(partial(load, "laion-package", run=PackageModel)))

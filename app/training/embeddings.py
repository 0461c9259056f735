"""Static sentence embeddings, for a teacher: each word piece has one vector, a prompt their mean.

They come from the wheel of `wordllama` (MIT, 256 numbers for each of 32,000 pieces of Llama 2's
vocabulary), which is read as files: nothing of the package is run, and nothing is downloaded. A
prompt takes some 100 microseconds, without torch or a GPU.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tierwatch.errors import UsageError

DIMENSIONS = 256
_WEIGHTS = Path("weights", "l2_supercat_256.safetensors")
_TOKENIZER = Path("tokenizers", "l2_supercat_tokenizer_config.json")
# As much of a prompt as the hashed words see.
_ENDS = 400

Vectors = NDArray[np.float32]


class StaticEmbeddings:
    """Embeds prompts; made by `load_embeddings`."""

    def __init__(self, tokenizer: Any, vectors: Vectors) -> None:
        self._tokenizer = tokenizer
        self._vectors = vectors

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embed prompts.

        Returns:
            One row of length 1 for each, shape (n, 256); zeros for a prompt without a word.
        """
        cut = [
            text if len(text) <= 2 * _ENDS else f"{text[:_ENDS]} {text[-_ENDS:]}" for text in texts
        ]
        found = np.zeros((len(texts), DIMENSIONS), np.float32)
        encoded = self._tokenizer.encode_batch(cut, add_special_tokens=False)
        for row, encoding in enumerate(encoded):
            if encoding.ids:
                mean = self._vectors[encoding.ids].mean(axis=0)
                found[row] = mean / max(float(np.linalg.norm(mean)), 1e-9)
        return found


def load_embeddings() -> StaticEmbeddings:
    """Read the embeddings from the installed wheel; a quarter of a second.

    Raises:
        UsageError: the extra ``train`` is not installed, or the wheel has other files.
    """
    found = find_spec("wordllama")
    if found is None or not found.submodule_search_locations:
        raise UsageError(
            "the teacher `static` needs the extra train: pip install 'tierwatch[train]', or choose"
            " --teacher words"
        )
    folder = Path(found.submodule_search_locations[0])
    try:
        # Here and not at the top: only a teacher needs them, and they come with the extra.
        from safetensors.numpy import load_file  # noqa: PLC0415
        from tokenizers import Tokenizer  # noqa: PLC0415

        (vectors,) = load_file(folder / _WEIGHTS).values()
        tokenizer = Tokenizer.from_file(str(folder / _TOKENIZER))
    except (ImportError, OSError, ValueError) as problem:
        raise UsageError(f"the embeddings of wordllama cannot be read: {problem}") from problem
    return StaticEmbeddings(tokenizer, np.asarray(vectors, np.float32))

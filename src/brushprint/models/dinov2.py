"""Read the weights of DINOv2 from an ONNX file that the library transformers exported."""

from pathlib import Path

import onnx
import torch
from onnx import numpy_helper

Weights = dict[str, torch.Tensor]


def from_onnx(file: Path) -> Weights:
    """Read the weights of the module `backbone`, and give them the names and the order that timm uses.

    Raises `KeyError` if the file lacks one of them.
    """
    named = _named(onnx.load(file).graph)
    blocks = {name.split(".")[2] for name in named if name.startswith("encoder.layer.")}
    positions = named["embeddings.Concat_6"], named["embeddings.Reshape_1"]
    return {
        "cls_token": named["embeddings.cls_token"],
        "pos_embed": torch.cat(positions, dim=1),
        **_both(named, "embeddings.patch_embeddings.projection", "patch_embed.proj"),
        **{
            f"blocks.{block}.{name}": value
            for block in sorted(blocks, key=int)
            for name, value in _block(named, f"encoder.layer.{block}").items()
        },
        **_both(named, "layernorm", "norm"),
    }


def _named(graph: onnx.GraphProto) -> Weights:
    """Map the names that transformers uses to the weights of the backbone.

    The file does not name all weights. Its nodes are named after their modules, so an unnamed weight gets the name of
    the node that reads it.
    """
    stored = {weight.name: torch.tensor(numpy_helper.to_array(weight)) for weight in graph.initializer}
    read = {node.name: stored[name] for node in graph.node for name in node.input if name in stored}
    return {
        name.removeprefix("/").replace("/", ".").removeprefix("backbone."): value
        for name, value in (read | stored).items()
    }


def _block(named: Weights, block: str) -> Weights:
    """The weights of one block. timm joins the matrices of queries, keys and values into one."""
    parts = [_linear(named, f"{block}.attention.attention.{part}", "") for part in ("query", "key", "value")]
    joined = {f"attn.qkv{name}": torch.cat([part[name] for part in parts]) for name in parts[0]}
    return {
        **_both(named, f"{block}.norm1", "norm1"),
        **joined,
        **_linear(named, f"{block}.attention.output.dense", "attn.proj"),
        "ls1.gamma": named[f"{block}.layer_scale1.lambda1"],
        **_both(named, f"{block}.norm2", "norm2"),
        **_linear(named, f"{block}.mlp.fc1", "mlp.fc1"),
        **_linear(named, f"{block}.mlp.fc2", "mlp.fc2"),
        "ls2.gamma": named[f"{block}.layer_scale2.lambda1"],
    }


def _both(named: Weights, module: str, target: str) -> Weights:
    return {f"{target}.{name}": named[f"{module}.{name}"] for name in ("weight", "bias")}


def _linear(named: Weights, module: str, target: str) -> Weights:
    """The weight and the bias of a linear layer. The file stores the weight matrix transposed."""
    return {f"{target}.weight": named[f"{module}.MatMul"].T, f"{target}.bias": named[f"{module}.bias"]}

"""The weights of a DINOv2 encoder from a graph that was exported from the library transformers."""

from pathlib import Path

import onnx
import torch
from onnx import numpy_helper

Weights = dict[str, torch.Tensor]


def from_onnx(file: Path) -> Weights:
    """Read the weights of the module `backbone` of a graph, with the names and in the order of timm.

    Raises `KeyError` if the graph lacks one of them.
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
    """The weights of the backbone, by the names of transformers.

    The exporter does not store the names of some weights, but a node that reads one is named after its module.
    """
    stored = {weight.name: torch.tensor(numpy_helper.to_array(weight)) for weight in graph.initializer}
    read = {node.name: stored[name] for node in graph.node for name in node.input if name in stored}
    return {
        name.removeprefix("/").replace("/", ".").removeprefix("backbone."): value
        for name, value in (read | stored).items()
    }


def _block(named: Weights, block: str) -> Weights:
    """The weights of one block, which has one matrix for queries, keys and values in timm."""
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
    """The weights of a linear layer, whose matrix a graph stores transposed."""
    return {f"{target}.weight": named[f"{module}.MatMul"].T, f"{target}.bias": named[f"{module}.bias"]}

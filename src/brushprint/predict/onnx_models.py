"""Trained networks as ONNX files, for programs and pages that have no torch; each is held against the network."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import torch
from onnx import numpy_helper
from torch import nn

from brushprint.core.atomic import replacing
from brushprint.core.digest import sha256
from brushprint.core.errors import UserError
from brushprint.evaluation.calibration import apply
from brushprint.evaluation.metrics import evaluate
from brushprint.models.inputs import as_input, batch_size
from brushprint.models.model import Model, copy_of
from brushprint.predict.answer import FACTS

# What torch's exporter writes without a conversion. ONNX Runtime reads such files since 1.18, in browsers too.
OPSET = 18
# So far the probabilities of the file may be from the network's.
TOLERANCE = 1e-4
# Fewer values than this are stored as they are: a cast would cost what it saves.
_WORTH_HALVING = 1024


class _Graph(nn.Module):
    """What the file computes: from pictures as they are to logits and calibrated probabilities."""

    def __init__(self, model: Model, temperature: float) -> None:
        super().__init__()
        # Channels-last strides would be written out as gathers.
        self.network = copy_of(model).network.to(memory_format=torch.contiguous_format)
        self.scaling = model.about["scaling"]
        self.temperature = temperature

    def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        # A copy, as pictures that are float32 already would be scaled in place.
        logits = self.network(as_input(pictures.clone(), self.scaling).contiguous())
        return logits, (logits / self.temperature).softmax(1)


def export(model: Model, facts: Mapping[str, Any], target: str | Path) -> None:
    """Write a network as one ONNX file, the same bytes each time.

    Its input is `pictures`, float32 [batch, side, side, 3], RGB, 0 to 255. Its outputs are `logits` and
    `probabilities`, float32 [batch, classes], these calibrated: the softmax of the logits by the temperature. It
    computes in float32, also where the network learned in bfloat16. Batch normalisation is folded into convolutions.

    Parameters
    ----------
    model : the trained network
    facts : `temperature`, and whatever a program should know beside the weights; JSON of them is in the file's metadata
        under the key `brushprint.predict.answer.FACTS`
    target : .onnx file

    Raises `UserError` when the weights are more than one file holds, or torch cannot export the architecture.
    """
    architecture, side = (model.about[name] for name in ("architecture", "image_size"))
    held = sum(tensor.numel() * tensor.element_size() for tensor in model.network.state_dict().values())
    if held >= onnx.checker.MAXIMUM_PROTOBUF:
        size = f"its weights take {held / 2**30:.1f} GB, an ONNX file holds 2"
        raise UserError(f"{architecture} cannot be exported: {size}; name a smaller network in the recipe")
    try:
        program = torch.onnx.export(
            _Graph(model, facts["temperature"]).eval(),
            # Of one picture torch would take the batch for a constant.
            (torch.zeros(2, side, side, 3),),
            dynamo=True,
            opset_version=OPSET,
            input_names=["pictures"],
            output_names=["logits", "probabilities"],
            dynamic_shapes={"pictures": {0: torch.export.Dim("batch")}},
            verbose=False,
        )
    except torch.onnx.OnnxExporterError as error:
        reason = " ".join(str(error.__cause__ or error).split())[:200]
        raise UserError(f"{architecture} cannot be exported: {reason}; name another network in the recipe") from error
    written = program.model_proto
    _forget_source(written.graph)
    onnx.helper.set_model_props(written, {FACTS: json.dumps(facts, sort_keys=True, allow_nan=False)})
    _write(written, target)


def halve(source: str | Path, target: str | Path) -> None:
    """Write an ONNX file again with its large weights in half precision, about half as long.

    Each is cast to float32 before its use, so that every runtime computes as before, with weights that are rounded to
    11 bits. Weights beyond what half precision holds, 65,504, stay as they are.
    """
    model = onnx.load(source)
    casts = []
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < _WORTH_HALVING:
            continue
        if np.abs(values).max() > np.finfo(np.float16).max:
            continue
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(onnx.helper.make_node("Cast", [weight.name], [name], f"{name}.cast", to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    _write(model, target)


def check(
    model: Model,
    files: Mapping[str, Path],
    pixels: np.ndarray,
    pictures: pd.DataFrame,
    *,
    temperature: float,
    seed: int,
) -> dict[str, Any]:
    """Hold ONNX files against the network that they were made from.

    Parameters
    ----------
    model : the trained network
    files : `fp32`, as `export` writes it, and `fp16`, as `halve` does
    pixels : uint8 [pictures, side, side, 3]
    pictures : a row a picture, columns `label` (class name) and `group` (the same for near duplicates)
    temperature : of the calibration
    seed : of the bootstrap

    Returns
    -------
    `opset`; `pictures`, how many; `majority`, the accuracy of always naming the most frequent class; and of `torch`,
    `fp32` and `fp16` the `accuracy` and `balanced_accuracy`, see `brushprint.evaluation.metrics.evaluate`. Of the files
    also `sha256` and `bytes`; `logits` and `probabilities`, the largest absolute difference from those of torch; and
    `changed`, for how many pictures another class is named.

    Raises `UserError` when a probability of `fp32` is further from that of torch than `TOLERANCE`.
    """
    step = batch_size(pixels.shape[1])
    batches = [pixels[start : start + step] for start in range(0, len(pixels), step)]
    with torch.no_grad():
        logits = np.concatenate([model.network(model.inputs(torch.from_numpy(batch))).numpy() for batch in batches])
    probabilities = apply(logits, temperature)
    majority, judged = _judged(probabilities, model.classes, pictures, seed)
    found = {"opset": OPSET, "pictures": len(pictures), "majority": majority, "torch": judged}
    for name, file in files.items():
        its_logits, its_probabilities = _run(file, batches)
        found[name] = {
            "sha256": sha256(file),
            "bytes": Path(file).stat().st_size,
            "logits": float(np.abs(its_logits - logits).max()),
            "probabilities": float(np.abs(its_probabilities - probabilities).max()),
            "changed": int((its_probabilities.argmax(1) != probabilities.argmax(1)).sum()),
            **_judged(its_probabilities, model.classes, pictures, seed)[1],
        }
    if (apart := found["fp32"]["probabilities"]) > TOLERANCE:
        raise UserError(f"{files['fp32']}: a probability is {apart:.2g} from the network's; name another in the recipe")
    return found


def _run(file: str | Path, batches: Iterable[np.ndarray]) -> list[np.ndarray]:
    """The logits and probabilities [pictures, classes] of uint8 pictures."""
    options = onnxruntime.SessionOptions()
    # Sums of another number of threads may differ in their last digits.
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    answers = [session.run(["logits", "probabilities"], {"pictures": np.float32(batch)}) for batch in batches]
    return [np.concatenate(outputs) for outputs in zip(*answers, strict=True)]


def _judged(
    probabilities: np.ndarray, classes: list[str], pictures: pd.DataFrame, seed: int
) -> tuple[float, dict[str, Any]]:
    predictions = pd.DataFrame(probabilities, columns=[f"p_{name}" for name in classes])
    predictions = predictions.assign(
        label=pictures["label"].to_numpy(), predicted=np.array(classes)[probabilities.argmax(1)]
    )
    found = evaluate(predictions, pd.DataFrame(index=classes), pictures["group"].to_numpy(), seed)
    return found["majority"], {name: found[name] for name in ("accuracy", "balanced_accuracy")}


def _forget_source(graph: onnx.GraphProto) -> None:
    """Take off what the exporter notes for debugging: lines of code, with the folders of this machine."""
    for part in (graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    # Shapes within the graph follow from its input.
    graph.ClearField("value_info")


def _write(model: onnx.ModelProto, target: str | Path) -> None:
    with replacing(target) as part:
        part.write_bytes(model.SerializeToString(deterministic=True))

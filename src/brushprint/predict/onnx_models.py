"""Exports trained networks to ONNX, for programs and pages without torch, and checks each file against its network."""

import json
import logging
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
from brushprint.core.job_log import LOG
from brushprint.evaluation.metrics import evaluate
from brushprint.evaluation.temperature import apply
from brushprint.models.inputs import as_input, batch_size
from brushprint.models.model import Model, copy_of
from brushprint.predict.answer import FACTS, facts
from brushprint.stats.allocation import stratified

# torch's exporter writes this version without a conversion. ONNX Runtime reads it since 1.18, also in browsers.
OPSET = 18
# The largest difference allowed between a probability of the file and of the network.
TOLERANCE = 1e-4
# This number of test pictures reveals a faulty file as well as all test pictures would.
CHECKED = 200
# Weights with fewer values stay in single precision: the cast would take as much space as half precision would save.
_WORTH_HALVING = 1024


class _Graph(nn.Module):
    """The computation that the file contains: from pictures to logits and calibrated probabilities."""

    def __init__(self, model: Model, temperature: float) -> None:
        super().__init__()
        # The exporter would write channels-last strides as gather operations.
        self.network = copy_of(model).network.to(memory_format=torch.contiguous_format)
        self.scaling = model.about.get("scaling", "unit")
        self.temperature = temperature

    def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        # Clone the pictures, because `as_input` would scale them in place if they are already float32.
        logits = self.network(as_input(pictures.clone(), self.scaling).contiguous())
        return logits, (logits / self.temperature).softmax(1)


def export_checked(
    model: Model,
    metrics: Mapping[str, Any],
    pixels: np.ndarray,
    test: pd.DataFrame,
    *,
    files: Mapping[str, Path],
    harmonise: Mapping[str, Any] | None,
    seed: int,
) -> dict[str, Any]:
    """Write a network as ONNX files in single and in half precision, and check both on test pictures.

    Parameters
    ----------
    model : the trained network
    metrics : see `brushprint.evaluation.variant.evaluate_variant`
    pixels : uint8 [rows, side, side, 3], possibly memory-mapped
    test : the network's test pictures: `row` (index into `pixels`), `label` and `group`
    files : the paths of the files to write, `fp32` and `fp16`
    harmonise : the setting `harmonise` of the collection
    seed : seed of the draw of at most `CHECKED` pictures, and of the bootstrap

    Returns
    -------
    The result of `check`. Raises the errors of `export` and `check`.
    """
    # These libraries log every pass over the graph.
    for library in ("onnx_ir", "onnxscript"):
        logging.getLogger(library).setLevel(logging.WARNING)
    about = facts(model.about, metrics, harmonise)
    export(model, about, files["fp32"])
    halve(files["fp32"], files["fp16"])
    drawn = test.iloc[stratified(test["label"], CHECKED, seed)]
    checks = check(model, files, pixels[drawn["row"]], drawn, temperature=about["temperature"], seed=seed)
    for name in files:
        LOG.info("%s: %d bytes, %d answers change", name, checks[name]["bytes"], checks[name]["changed"])
    return checks


def export(model: Model, facts: Mapping[str, Any], target: str | Path) -> None:
    """Write a network as one ONNX file, with the same bytes each time.

    The input is `pictures`, float32 [batch, side, side, 3], RGB, 0 to 255. The outputs are `logits` and
    `probabilities`, float32 [batch, classes]. The probabilities are calibrated: they are the softmax of the logits
    divided by the temperature. The file computes in float32, even if the network was trained in bfloat16. Batch
    normalisation is folded into convolutions.

    Parameters
    ----------
    model : the trained network
    facts : `temperature`, and everything else that a program needs besides the weights; the file's metadata contain
        them as JSON under the key `brushprint.predict.answer.FACTS`
    target : .onnx file

    Raises `UserError` if the weights are too large for one file, or torch cannot export the architecture.
    """
    architecture, side = model.architecture, model.about["image_size"]
    held = sum(tensor.numel() * tensor.element_size() for tensor in model.network.state_dict().values())
    if held >= onnx.checker.MAXIMUM_PROTOBUF:
        size = f"its weights take {held / 2**30:.1f} GB, an ONNX file can hold 2"
        raise UserError(f"{architecture} cannot be exported to ONNX: {size}; set a smaller architecture in the recipe")
    try:
        program = torch.onnx.export(
            _Graph(model, facts["temperature"]).eval(),
            # With a single picture, torch would treat the size of the batch as a constant.
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
        raise UserError(
            f"{architecture} cannot be exported to ONNX: {reason}; set another architecture in the recipe"
        ) from error
    assert program is not None
    written = program.model_proto
    _forget_source(written.graph)
    onnx.helper.set_model_props(written, {FACTS: json.dumps(facts, sort_keys=True, allow_nan=False)})
    _write(written, target)


def halve(source: str | Path, target: str | Path) -> None:
    """Write an ONNX file again with its large weights in half precision, at about half the size.

    The new file casts each weight to float32 before using it. Every runtime therefore computes as before, but with
    weights that are rounded to 11 bits. A weight tensor with a value beyond the range of half precision, 65,504, stays
    in single precision.
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
    """Compare ONNX files with the network that they were made from.

    Parameters
    ----------
    model : the trained network
    files : `fp32`, written by `export`, and `fp16`, written by `halve`
    pixels : uint8 [pictures, side, side, 3]
    pictures : one row for each picture, columns `label` (class name) and `group` (the same for near duplicates)
    temperature : temperature of the calibration
    seed : seed of the bootstrap

    Returns
    -------
    `opset`; `pictures`, their number; `majority`, the accuracy of always predicting the most frequent class; and, under
    each of `torch`, `fp32` and `fp16`, the `accuracy` and `balanced_accuracy`, see
    `brushprint.evaluation.metrics.evaluate`. The entries of the two files also have `sha256` and `bytes`; `logits` and
    `probabilities`, the largest absolute difference from torch's; and `changed`, the number of pictures for which the
    file predicts another class than torch.

    Raises `UserError` if a probability of `fp32` differs from torch's by more than `TOLERANCE`.
    """
    step = batch_size(pixels.shape[1])
    batches = [pixels[start : start + step] for start in range(0, len(pixels), step)]
    with torch.no_grad():
        logits = np.concatenate([model.network(model.inputs(torch.from_numpy(batch))).numpy() for batch in batches])
    probabilities = apply(logits, temperature)
    majority, judged = _judged(probabilities, model.classes, pictures, seed)
    checks: dict[str, Any] = {"opset": OPSET, "pictures": len(pictures), "majority": majority, "torch": judged}
    for name, file in files.items():
        its_logits, its_probabilities = _run(file, batches)
        checks[name] = {
            "sha256": sha256(file),
            "bytes": Path(file).stat().st_size,
            "logits": float(np.abs(its_logits - logits).max()),
            "probabilities": float(np.abs(its_probabilities - probabilities).max()),
            "changed": int((its_probabilities.argmax(1) != probabilities.argmax(1)).sum()),
            **_judged(its_probabilities, model.classes, pictures, seed)[1],
        }
    if (apart := checks["fp32"]["probabilities"]) > TOLERANCE:
        raise UserError(
            f"{files['fp32']}: a probability differs from the network's by {apart:.2g}; "
            "set another architecture in the recipe"
        )
    return checks


def _run(file: str | Path, batches: Iterable[np.ndarray]) -> list[np.ndarray]:
    """The logits and probabilities, each [pictures, classes], that a file computes for batches of uint8 pictures."""
    options = onnxruntime.SessionOptions()
    # Use one thread, because the last digits of sums depend on the number of threads.
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
    measured = evaluate(predictions, pd.DataFrame(index=classes), pictures["group"].to_numpy(), seed)
    return measured["majority"], {name: measured[name] for name in ("accuracy", "balanced_accuracy")}


def _forget_source(graph: onnx.GraphProto) -> None:
    """Remove the exporter's debugging notes: lines of source code, with the folders of this machine."""
    for part in (graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    # Nothing is lost: the shapes inside the graph follow from the shape of its input.
    graph.ClearField("value_info")


def _write(model: onnx.ModelProto, target: str | Path) -> None:
    with replacing(target) as part:
        part.write_bytes(model.SerializeToString(deterministic=True))

"""The cost of the published recipes at full size: arithmetic, memory, and pictures per second on one core.

The table has a row for each recipe: multiply-adds of a forward pass per picture, pictures per second in each phase, and
the core hours for the published number of pictures and epochs at that rate.
"""

import multiprocessing
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import torch
from measuring import recipe, table
from torch.nn.functional import cross_entropy
from torch.utils.flop_counter import FlopCounterMode

from brushprint.models.build import build
from brushprint.models.devices import choose_device
from brushprint.models.head import head_name
from brushprint.models.inputs import as_input
from brushprint.models.recipe import Recipe
from brushprint.training.augmentation import augmenter
from brushprint.training.frozen import freeze, set_training_mode

# Numbers of training pictures and classes in the published studies, less the tenth for validation.
PUBLISHED = {
    "tapering-cnn": (139_514, 2),
    "resnet50-finetuned": (189_027, 2),
    "efficientnet-b0": (189_027, 2),
    **dict.fromkeys(
        ("simple-cnn", "resnet18-frozen", "resnet18-aggressive", "resnet18-augmented", "resnet18-224"), (90_000, 20)
    ),
    "conv3": (195_835, 47),
    "cifake-32": (90_000, 2),
    "cifake-128": (90_000, 2),
}


def measure(name: str, seconds: float) -> list[str]:
    """The row of a recipe; each phase is measured for about `seconds`."""
    # Call this as a job does: it also makes the C library keep freed memory.
    choose_device("cpu")
    torch.set_num_threads(1)
    about = recipe(name)
    pictures, classes = PUBLISHED[name]
    network = build(about.architecture, classes, about.image_size)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network.eval()(torch.zeros(1, 3, about.image_size, about.image_size))
    rates, hours = [], 0.0
    for phase in about.phases():
        rate = _rate(network, about, phase.trainable_layers, seconds)
        rates.append(rate)
        # If only the head is trained, the features that it takes are computed once, in one pass.
        passes = 1 if phase.trainable_layers == [head_name(network)] else phase.epochs
        hours += passes * pictures / rate / 3600
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    said = " and ".join(f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}" for rate in rates)
    multiply_adds = counter.get_total_flops() / 2e9
    memory_and_time = [f"{hours:,.1f}", f"{memory:.1f}"]
    return [f"`{name}`", str(about.image_size), f"{pictures:,}", f"{multiply_adds:.3f}", said, *memory_and_time]


def _rate(network: torch.nn.Module, about: Recipe, trainable_layers: list[str] | None, enough: float) -> float:
    """Training pictures per second with augmentation; only the forward pass counts if only the head is trained."""
    freeze(network, trainable_layers)
    set_training_mode(network, trainable_layers)
    optimizer = torch.optim.SGD([weight for weight in network.parameters() if weight.requires_grad], 1e-6)
    changed = augmenter(about.augmentation, about.image_size)
    side, seconds, done = about.image_size, 0.0, 0
    while seconds < enough or done < 3:
        pictures = torch.randint(0, 256, (about.batch_size, side, side, 3), dtype=torch.uint8)
        start = time.perf_counter()
        with torch.set_grad_enabled(trainable_layers != [head_name(network)]):
            logits = network(as_input(changed(pictures) if changed else pictures, about.scaling))
        if logits.requires_grad:
            optimizer.zero_grad()
            cross_entropy(logits, torch.zeros(about.batch_size, dtype=torch.int64)).backward()
            optimizer.step()
        # The first batch is a warm-up and is not counted.
        seconds += (time.perf_counter() - start) * (done > 0)
        done += 1
    return (done - 1) * about.batch_size / seconds


def tables(quick: bool) -> dict[str, str]:
    """The table `training_rates`."""
    names, seconds = (["simple-cnn"], 0.1) if quick else (list(PUBLISHED), 20)
    # Measure each recipe in its own process, so that its peak memory is its own.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), max_tasks_per_child=1) as alone:
        rows = list(alone.map(partial(measure, seconds=seconds), names))
    heads = ["recipe", "pixels", "pictures", "multiply-adds, 10⁹", "pictures/s", "core hours", "GB"]
    return {"training_rates": table(heads, rows)}

"""What the published recipes cost at full size: arithmetic, memory, and pictures a second on one core of this machine.

Usage: python benchmarks/training_rates.py [RECIPE ...] [--seconds S]. Prints a row a recipe: forward multiply-adds a
picture and rate of each phase, and the core hours of the published number of pictures and epochs at that rate.
"""

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

import torch
import yaml
from torch.nn.functional import cross_entropy
from torch.utils.flop_counter import FlopCounterMode

from brushprint import networks
from brushprint.augmentation import changes
from brushprint.head import find
from brushprint.recipe import Recipe
from brushprint.training import freeze, learning_mode

# Training pictures and classes of the published studies, after a tenth is taken off to validate.
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


def measure(name: str, seconds: float) -> None:
    """Print the row of a recipe."""
    torch.set_num_threads(1)
    recipe = Recipe(**yaml.safe_load(Path("config/recipes.yaml").read_text(encoding="utf-8"))["recipes"][name])
    pictures, classes = PUBLISHED[name]
    network = networks.build(recipe.architecture, classes, recipe.image_size)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network.eval()(torch.zeros(1, 3, recipe.image_size, recipe.image_size))
    rates, hours = [], 0.0
    for phase in recipe.phases():
        rate = _rate(network, recipe, phase.trained, seconds)
        rates.append(rate)
        # The head alone learns from features that are computed once.
        passes = 1 if phase.trained == [find(network)] else phase.epochs
        hours += passes * pictures / rate / 3600
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    said = " and ".join(f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}" for rate in rates)
    multiply_adds = counter.get_total_flops() / 2e9
    memory_and_time = [f"{hours:,.1f}", f"{memory:.1f}"]
    cells = [f"`{name}`", str(recipe.image_size), f"{pictures:,}", f"{multiply_adds:.3f}", said, *memory_and_time]
    print(f"| {' | '.join(cells)} |", flush=True)


def _rate(network: torch.nn.Module, recipe: Recipe, trained: list[str] | None, enough: float) -> float:
    """Training pictures a second, augmentation included; forward alone where only the head learns."""
    freeze(network, trained)
    learning_mode(network, trained)
    optimizer = torch.optim.SGD([weight for weight in network.parameters() if weight.requires_grad], 1e-6)
    changed = changes(recipe.augmentation, recipe.image_size)
    side, seconds, done = recipe.image_size, 0.0, 0
    while seconds < enough or done < 3:
        pictures = torch.randint(0, 256, (recipe.batch_size, side, side, 3), dtype=torch.uint8)
        start = time.perf_counter()
        with torch.set_grad_enabled(trained != [find(network)]):
            logits = network(networks.as_input(changed(pictures) if changed else pictures, recipe.scaling))
        if logits.requires_grad:
            optimizer.zero_grad()
            cross_entropy(logits, torch.zeros(recipe.batch_size, dtype=torch.int64)).backward()
            optimizer.step()
        # The first batch warms up.
        seconds += (time.perf_counter() - start) * (done > 0)
        done += 1
    return (done - 1) * recipe.batch_size / seconds


def main() -> None:
    """Measure each recipe in a process of its own, so that the memory is its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipes", nargs="*", default=list(PUBLISHED))
    parser.add_argument("--seconds", type=float, default=20, help="how long each phase is measured")
    given = parser.parse_args()
    if len(given.recipes) == 1:
        measure(given.recipes[0], given.seconds)
        return
    print("| recipe | pixels | pictures | GMAC | pictures/s | core hours | GB |")
    print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
    for name in given.recipes:
        subprocess.run([sys.executable, __file__, name, f"--seconds={given.seconds}"], check=True)


if __name__ == "__main__":
    main()

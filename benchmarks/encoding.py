"""Features of a frozen encoder, compared with the bare encoder's forward pass, and the time to fit a head to them."""

import resource
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import timm
import torch
import yaml
from measuring import CORES, REPOSITORY, number, table, turns

from brushprint.models.encoders import build_encoder
from brushprint.training.encoding import write_features
from brushprint.training.heads import fit_head

# Pictures in a batch of the usual loop around an encoder.
BATCH = 32


def tables(quick: bool) -> dict[str, str]:
    """The table `encoding`."""
    recipes = yaml.safe_load((REPOSITORY / "config/recipes.yaml").read_text(encoding="utf-8"))["recipes"]
    recipe = {"pooling": "mean-std"} | recipes["encoder-lite0"] | ({"image_size": 32} if quick else {})
    pictures, side = 40 if quick else 1000, recipe["image_size"]
    pixels = np.random.default_rng(0).integers(0, 256, (pictures, side, side, 3), np.uint8)
    encoder = build_encoder(recipe)
    bare = timm.create_model("tf_efficientnet_lite0", num_classes=0).eval().to(memory_format=torch.channels_last)
    inputs = torch.from_numpy(pixels[:BATCH]).permute(0, 3, 1, 2).float().contiguous(memory_format=torch.channels_last)
    batches = -(-pictures // BATCH)

    @torch.no_grad()
    def forward(_: int = 0) -> None:
        bare.forward_intermediates(
            inputs, recipe["blocks"], stop_early=True, intermediates_only=True, extra_blocks=True
        )

    def usual() -> None:
        torch.set_num_threads(CORES)
        for _ in range(batches):
            forward()

    def side_by_side() -> None:
        torch.set_num_threads(1)
        with ThreadPoolExecutor(CORES) as pool:
            list(pool.map(forward, range(batches)))

    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "features.npy")

        def ours() -> None:
            write_features(encoder, pixels, target, jobs=CORES, device="cpu")

        ours()
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        seconds = turns({"usual": usual, "side by side": side_by_side, "ours": ours}, 1 if quick else 5)
        features = np.load(target)
    targets = np.arange(pictures) % 2
    fitting = turns(
        {
            "fit": lambda: fit_head(
                features, targets, np.arange(pictures), classes=2, balanced=False, seed=0, label="head"
            )
        },
        1,
    )
    rates = [number(pictures / taken) for taken in seconds.values()]
    ratio = f"{min(seconds['usual'], seconds['side by side']) / seconds['ours']:.2f}"
    heads = [
        *("pixels", "bare, all cores on a batch, images/s", "bare, a core for each batch, images/s"),
        *("brushprint, images/s", "ratio to the faster", "fitting a head, s", "peak memory, GB"),
    ]
    row = [side, *rates, ratio, number(fitting["fit"]), number(memory)]
    return {"encoding": table(heads, [row])}

"""Run a frozen encoder once over an array of pictures; all variants, tasks and folds share the features."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from brushprint.core.job_log import progress
from brushprint.data.pixels import new_array
from brushprint.models.devices import choose_device
from brushprint.models.encoders import Encoder
from brushprint.models.inputs import as_input, batch_size


@torch.no_grad()
def write_features(encoder: Encoder, pictures: np.ndarray, target: Path, *, jobs: int, device: str) -> str:
    """Write the features of pictures to a .npy file, float32 [..., features], and return their SHA-256 digest.

    Parameters
    ----------
    encoder : the encoder, in evaluation mode
    pictures : uint8 [..., side, side, 3], which may be memory-mapped
    target : .npy file; its leading dimensions are those of `pictures`
    jobs : number of threads, each of which takes whole batches; the bytes are the same for any number
    device : see `brushprint.models.devices.choose_device`
    """
    leading, side = pictures.shape[:-3], pictures.shape[-2]
    flat = pictures.reshape(-1, side, side, 3)
    size, computing = batch_size(side), choose_device(device)
    encoder = encoder.to(computing)
    # Torch must not divide a batch between threads, because the order of its sums would depend on their number.
    torch.set_num_threads(1)

    @torch.no_grad()
    def encode(start: int) -> tuple[int, np.ndarray]:
        # Copy the batch, because torch warns about arrays that are read-only.
        batch = torch.from_numpy(np.array(flat[start : start + size])).to(computing)
        inputs = as_input(batch).contiguous(memory_format=torch.channels_last)
        return start, encoder(inputs).cpu().numpy()

    with (
        new_array(target, (*leading, encoder.features), np.float32) as array,
        ThreadPoolExecutor(jobs if computing.type == "cpu" else 1) as pool,
        progress(len(flat), "encode") as bar,
    ):
        rows = array.reshape(-1, encoder.features)
        for start, batch in pool.map(encode, range(0, len(flat), size)):
            rows[start : start + len(batch)] = batch
            bar.update(len(batch))
        return hashlib.sha256(array.data).hexdigest()

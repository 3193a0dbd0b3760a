"""Jobs on one machine divide its GPUs among themselves."""

import subprocess
import sys
from pathlib import Path

import pytest


def test_jobs_on_one_machine_use_separate_gpus_and_share_them_if_there_are_too_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,GPU-of-a-name,4")

    def claim(count: int) -> tuple[subprocess.Popen, str]:
        claims = f"import os, sys; from brushprint.models.gpus import claim_gpus; claim_gpus({count});"
        tells = "print(os.environ['CUDA_VISIBLE_DEVICES'], flush=True); sys.stdin.read()"
        job = subprocess.Popen(
            [sys.executable, "-c", claims + tells], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return job, job.stdout.readline().strip()

    first, of_first = claim(1)
    second, of_second = claim(2)
    third, of_third = claim(1)
    assert (of_first, of_second, of_third) == ("1", "GPU-of-a-name,4", "1")
    second.communicate()
    fourth, of_fourth = claim(1)
    assert of_fourth == "GPU-of-a-name"
    fifth, of_fifth = claim(3)
    assert of_fifth == "1,GPU-of-a-name,4"
    for job in (first, third, fourth, fifth):
        job.communicate()

"""Layers in several processes and on several replicas."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from recurry.network.recurrent import Recurrent


def test_processes_that_train_together_have_the_gradients_of_one(tmp_path):
    script, meeting = Path(__file__).parent / "ranks.py", tmp_path / "meeting"
    ranks = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", script, str(rank), "2", meeting],
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    for rank in ranks:
        _, errors = rank.communicate(timeout=240)
        assert rank.returncode == 0, errors


def test_replicas_without_devices_are_the_layer_itself():
    layer, x = Recurrent("gru", 4, 8, backend="cpu"), torch.randn(3, 2, 4)
    assert torch.equal(nn.DataParallel(layer)(x)[0], layer(x)[0])


class _Encoded(Dataset):
    """Sequences that a layer has run over, in whichever process asks."""

    def __init__(self, layer: Recurrent, x: torch.Tensor) -> None:
        self.layer, self.x = layer, x

    def __len__(self) -> int:
        return self.x.shape[1]

    def __getitem__(self, number: int) -> torch.Tensor:
        with torch.no_grad():
            return self.layer(self.x[:, number : number + 1])[0][:, 0]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*worker processes.*:UserWarning")
@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_workers_that_load_data_may_run_layers(start, set_threads):
    set_threads(2)
    layer, x = Recurrent("lstm", 16, 64, backend="cpu"), torch.randn(20, 4, 16)
    with torch.no_grad():
        expected = layer(x)[0]
    loader = DataLoader(
        _Encoded(layer, x), num_workers=2, multiprocessing_context=start, timeout=120
    )
    found = torch.cat(list(loader)).transpose(0, 1)
    torch.testing.assert_close(found, expected)

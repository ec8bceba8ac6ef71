"""One of several processes that train a layer together: `python ranks.py RANK COUNT FILE`.

Run by `test_processes`. Exits with 1 unless the gradients are those of one process.
"""

import sys

import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from recurry.network.recurrent import Recurrent

STREAMS = 4


def main(rank: int, count: int, file: str) -> None:
    torch.manual_seed(0)
    layer = Recurrent("lstm", 6, 10, 2, bidirectional=True, backend="cpu", precision="float64")
    x = torch.randn(7, STREAMS * count, 6, dtype=torch.float64)
    layer(x)[0].square().mean().backward()
    expected = [parameter.grad for parameter in layer.parameters()]
    layer.zero_grad()
    distributed.init_process_group(
        "gloo", init_method=f"file://{file}", rank=rank, world_size=count
    )
    together = DistributedDataParallel(layer)
    mine = x[:, rank * STREAMS : (rank + 1) * STREAMS]
    for _ in range(2):  # the second time everything is there already
        layer.zero_grad()
        together(mine)[0].square().mean().backward()
    found = [parameter.grad for parameter in layer.parameters()]
    torch.testing.assert_close(found, expected)
    distributed.destroy_process_group()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])

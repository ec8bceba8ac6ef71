"""Every time loop refuses second derivatives in the same words."""

import pytest
import torch

from recurry.errors import UsageError
from recurry.network.recurrent import Recurrent


@pytest.mark.parametrize("backend", ["cpu", "eager"])
@pytest.mark.parametrize("loss", [torch.sum, lambda y: y.square().sum()])
def test_second_derivatives_are_an_error(backend, loss):
    layer, x = Recurrent("rnn", 3, 4, backend=backend), torch.randn(2, 1, 3, requires_grad=True)
    with pytest.raises(UsageError, match=r"(?s)no gradients of gradients.*create_graph.*to_torch"):
        torch.autograd.grad(loss(layer(x)[0]), x, create_graph=True)

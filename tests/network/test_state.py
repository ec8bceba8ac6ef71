"""States are moved, cut, indexed and saved without changing a value."""

import copy
import pickle

import pytest
import torch

from recurry.errors import RecurryError
from recurry.network.state import State


def _state(batch_size: int = 3) -> State:
    shape = (2, batch_size, 4)
    return State(tensors={"h": torch.randn(shape), "c": torch.randn(shape)})


def test_zeros_has_a_tensor_for_every_state():
    state = State.zeros(("h", "c"), num_layers=2, batch_size=3, hidden_size=4)
    assert state.names == ("h", "c")
    assert state.batch_size == 3
    assert state["c"].shape == (2, 3, 4)
    assert not state["c"].any()


def test_index_takes_streams_in_the_order_asked():
    state = _state()
    assert torch.equal(state.index([2, 0, 2])["c"], state["c"][:, [2, 0, 2]])
    assert state.index([]).batch_size == 0


def test_index_names_streams_that_do_not_exist():
    with pytest.raises(RecurryError, match=r"stream that it does not have[\s\S]*from 0 to 2"):
        _state().index([3])


@pytest.mark.parametrize(
    ("streams", "message"),
    [
        (torch.tensor([True, False, True]), r"mask\.nonzero"),
        (torch.tensor([0.75]), r"got: streams \[0\.75"),
        (torch.tensor([[0, 1]]), r"a list of numbers"),
        ([-1], r"got: streams \[-1\]"),
    ],
)
def test_index_takes_whole_numbers_only(streams, message):
    with pytest.raises(RecurryError, match=message):
        _state().index(streams)


def test_detach_and_clone_cut_what_they_say():
    state = State(tensors={"h": torch.zeros(1, 2, 3, requires_grad=True)})
    assert not state.detach()["h"].requires_grad
    assert state.detach()["h"].data_ptr() == state["h"].data_ptr()
    assert state.clone()["h"].data_ptr() != state["h"].data_ptr()


@pytest.mark.parametrize(
    "again",
    [
        lambda state: State.from_dict(state.to_dict()),
        lambda state: pickle.loads(pickle.dumps(state)),
        copy.deepcopy,
        lambda state: state.to("cpu"),
    ],
)
def test_round_trips_keep_every_bit(again):
    state = _state()
    other = again(state)
    assert other.names == state.names
    assert all(torch.equal(other[name], state[name]) for name in state.names)


def test_unknown_state_offers_the_known_ones():
    with pytest.raises(RecurryError, match=r"no state named 'cell'[\s\S]*h, c"):
        _state()["cell"]


def test_tensors_that_do_not_fit_are_refused():
    with pytest.raises(RecurryError, match=r"do not fit together[\s\S]*h \(1, 2, 3\), c \(1, 2, 4"):
        State(tensors={"h": torch.zeros(1, 2, 3), "c": torch.zeros(1, 2, 4)})
    with pytest.raises(RecurryError, match="do not fit together"):
        State(tensors={"h": torch.zeros(2, 3)})


def test_repr_shows_shapes():
    assert repr(_state()) == "State(h: (2, 3, 4), c: (2, 3, 4))"

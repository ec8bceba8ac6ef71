"""The table of peers.

Comes in: names. Goes out: peers. Imports them all; the packages they need are imported when used.
"""

from collections.abc import Sequence
from dataclasses import replace

from recurry.errors import unknown_name
from recurry.measurement.case import Case
from recurry.measurement.clock import Run
from recurry.measurement.jax_peer import JaxScan
from recurry.measurement.onnx_peer import OnnxRuntime
from recurry.measurement.peer import Numbers, Peer
from recurry.measurement.torch_peers import PlainTorch, TorchModule


class InFloat32:
    """A peer that computes in float32 whatever the case asks for.

    Args:
        peer: Who computes.
    """

    def __init__(self, peer: Peer) -> None:
        self.peer, self.name = peer, f"{peer.name}-f32"

    def refusal(self, case: Case) -> str | None:
        """In float32 it is the peer itself."""
        if case.precision == "float32":
            return f"in float32 it is {self.peer.name}"
        return self.peer.refusal(replace(case, precision="float32"))

    def prepare(self, numbers: Numbers) -> Run:
        """The same case in float32."""
        return self.peer.prepare(Numbers(case=replace(numbers.case, precision="float32")))


PEERS: tuple[Peer, ...] = (
    TorchModule(),
    PlainTorch(),
    JaxScan(),
    OnnxRuntime(),
    InFloat32(TorchModule()),
    InFloat32(PlainTorch()),
)


def find_peers(names: Sequence[str]) -> tuple[Peer, ...]:
    """Peers by name.

    Raises:
        UsageError: There is no such peer.
    """
    known = {peer.name: peer for peer in PEERS}
    for name in names:
        if name not in known:
            raise unknown_name("peer", name, known=tuple(known))
    return tuple(known[name] for name in names)

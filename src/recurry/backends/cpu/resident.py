"""Small forward passes without gradients, again and again: streams served one symbol at a time.

Comes in: a pass, its packed weights and what they were made of. Goes out: what the pass gives for
an input and states. Scratch memory and frames stay where they are, and one native call looks at
the weights and runs the pass. Imports torch, call, calls, commands, digest, emitter, forward, jit,
machine.
"""

import ctypes
import threading
import weakref
from array import array
from collections.abc import Callable, Sequence
from functools import lru_cache

import torch
from torch import Tensor

from recurry.backends.cpu.call import Packs
from recurry.backends.cpu.calls import Decision
from recurry.backends.cpu.commands import commands_addresses
from recurry.backends.cpu.digest import DIGEST_BYTES, digest_address, is_dense, is_shared
from recurry.backends.cpu.emitter import Emitter, Lanes, Module
from recurry.backends.cpu.forward import ForwardPass
from recurry.backends.cpu.jit import compile_module
from recurry.backends.cpu.machine import Machine, host

# Scratch memory that stays is no larger: the cost of a call does not matter in larger passes.
_MOST_BYTES = 256 * 1024
# Entries of a frame: whether the weights were those of the seal; how a digest is made, and of how
# many words; the seal; how many memories there are; how words are put into place; what runs them.
_IS_SAME, _WORKER, _FRAME, _WORDS, _SEAL, _MEMORIES = range(6)
_PLACE, _TEMPLATE, _COUNT, _ROOM, _RUN = range(6, 11)
# In the frame of a digest: a counter, and where the tensors begin.
_TICKET, _PLACES = 0, 2


class Resident:
    """A pass whose memory stays where it is; a thread that finds it in use takes another way.

    Args:
        one: The pass.
        decision: What was decided for its calls.
    """

    def __init__(self, one: ForwardPass, decision: Decision) -> None:
        self.one, self.decision = one, decision
        self._lock = threading.Lock()
        self._scratch = torch.empty(one.scratch_bytes, dtype=torch.uint8, device="cpu")
        self._address = self._scratch.data_ptr()
        self._weights: Callable[[], Packs | None] = lambda: None
        self._is_known: Callable[..., bool] = lambda *own: False
        self._seal, self._out = bytes(DIGEST_BYTES), (ctypes.c_char * DIGEST_BYTES)()
        count = len(decision.sizes)
        self._digest = array(
            "q", [0, 1, 0, decision.sizes.buffer_info()[0], count, ctypes.addressof(self._out)]
        )
        place, run = commands_addresses()
        template = one.commands.template
        self._frame = array("q", [0] * 11)
        self._start = self._frame.buffer_info()[0]
        self._put(_WORKER, digest_address(), self._digest.buffer_info()[0], DIGEST_BYTES // 8)
        self._put(_PLACE, place, template.buffer_info()[0], len(template) // 2)
        self._put(_ROOM, self._address + one.commands.room, run)
        self._run = _code()

    @staticmethod
    def serves(one: ForwardPass, decision: Decision) -> bool:
        """Whether a pass is small enough, and one thread runs it from memory alone."""
        is_alone = one.commands.num_threads == 1 and not is_shared(decision.sizes, decision.threads)
        return is_alone and not one.externals and one.scratch_bytes <= _MOST_BYTES

    def _put(self, start: int, *words: int) -> None:
        self._frame[start : start + len(words)] = array("q", words)

    def adopt(self, own: Sequence[Tensor], seal: bytes, weights: Packs) -> None:
        """Run with these weights from now on; a packed copy lives as long as its cache keeps it.

        Args:
            own: The parameters.
            seal: The digest of their numbers.
            weights: What was packed of them.
        """
        if not self._lock.acquire(blocking=False):
            return
        try:
            self._is_known = _make_check(own, self.decision)
            self._seal, self._weights = ctypes.create_string_buffer(seal), weakref.ref(weights)
            one = self.one
            count = 5 + 2 * len(one.states) + len(one.buffers) + len(weights.addresses)
            self._put(_SEAL, ctypes.addressof(self._seal), count)
        finally:
            self._lock.release()

    def run(
        self, x: Tensor, given: list[Tensor], own: Sequence[Tensor]
    ) -> tuple[Tensor, list[Tensor]] | None:
        """Output rows and last states; None where weights are others or another thread is here.

        Args:
            x: Input without gaps.
            given: Initial states without gaps.
            own: The parameters.
        """
        if not self._lock.acquire(blocking=False):
            return None
        try:
            weights = self._weights()
            if weights is None or not self._is_known(*own):
                return None
            room = self.one.room(given)
            memories = self.one.memories(self._address, x, None, given, room, weights)
            memories += [value.data_ptr() for value in own]
            words = array("q", memories)  # lives until the call has come back
            self._run(self._start, words.buffer_info()[0])
            return room[1:] if self._frame[_IS_SAME] else None
        finally:
            self._lock.release()


def _make_check(own: Sequence[Tensor], decision: Decision) -> Callable[..., bool]:
    """What says whether tensors are of the kind of these ones, which kernels can read."""
    try:
        from torch._C._dynamo.guards import TensorGuards

        sizes, strides = [[*t.shape] for t in own], [[*t.stride()] for t in own]
        # One native call that looks at types, sizes and strides of all of them.
        return TensorGuards(*own, dynamic_dims_sizes=sizes, dynamic_dims_strides=strides).check  # type: ignore[arg-type]
    except (ImportError, TypeError):
        return lambda *now: decision.fits(now) and is_dense(now)


@lru_cache(maxsize=1)
def _code() -> Callable[..., None]:
    code = compile_module(write_resident(host()), ("resident",))
    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)
    return kind(code.addresses["resident"])


def write_resident(machine: Machine) -> str:
    """The text of a module with `@resident`: a pass, unless the weights have another digest.

    Its second argument are the addresses of the memories of the pass, and of the parameters.
    """
    module = Module(machine, Lanes(bits=64, count=1))
    with module.function("resident", "ptr %frame, ptr %memories", is_exported=True) as e:
        asked = e.field("%frame", _FRAME, "ptr")
        _set(e, asked, _TICKET, "i64 0")
        places = e.move("%memories", e.field("%frame", _MEMORIES), "i64")
        _set(e, asked, _PLACES, f"ptr {places}")
        e.put(f"call void {e.field('%frame', _WORKER, 'ptr')}(ptr {asked})")
        found, seal = e.field(asked, 5, "ptr"), e.field("%frame", _SEAL, "ptr")
        changed = e.variable("i64", "0")
        with e.loop("0", e.field("%frame", _WORDS)) as at:
            differing = e.take(f"xor i64 {e.field(found, at)}, {e.field(seal, at)}")
            before = e.take(f"load i64, ptr {changed}, align 8")
            e.put(f"store i64 {e.take(f'or i64 {before}, {differing}')}, ptr {changed}, align 8")
        same = e.compare("eq", e.take(f"load i64, ptr {changed}, align 8"), 0)
        _set(e, "%frame", _IS_SAME, f"i64 {e.truth(same)}")
        with e.when(same):
            place, template, room, run = (
                e.field("%frame", n, "ptr") for n in (_PLACE, _TEMPLATE, _ROOM, _RUN)
            )
            count = e.field("%frame", _COUNT)
            e.put(f"call void {place}(ptr {template}, i64 {count}, ptr %memories, ptr {room})")
            e.put(f"call void {run}(ptr {room})")
    return str(module)


def _set(e: Emitter, table: str, index: int, value: str) -> None:
    e.put(f"store {value}, ptr {e.move(table, index, 'i64')}, align 8")

"""Lists of commands: everything that a pass does around and with its kernel, in one native call.

Comes in: workers with their frames, decided once for a shape. Goes out: a launch, once the memory
of a call is known. Imports emitter, jit, machine, pauses, team, threads.

An entry of a frame is a number, or a place in some memory that a call brings: the list holds which
memory and how far from its beginning, and adding the two is all that is left to do in a call.
"""

import ctypes
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from recurry.backends.cpu.emitter import Emitter, Lanes, Module
from recurry.backends.cpu.jit import Code, compile_module
from recurry.backends.cpu.machine import Machine, host
from recurry.backends.cpu.pauses import ARRIVALS, GIVE_WAY, THREADS, write_meeting
from recurry.backends.cpu.team import write_team
from recurry.backends.cpu.threads import available_threads, give_way_address, run_worker

Entry = int | tuple[int, int]
"""A number; or which memory, and bytes from its beginning."""

# The memory with number 0 begins at address 0; number 1 holds the frames, and more.
NOWHERE, SCRATCH = 0, 1
# Stands for the memory of counters until their place is known.
_COUNTERS = -1
# Words between counters that several threads write: one cache line and its neighbour.
_APART = 16
# Entries of the head of a list beside those that `pauses` reads, and its size.
_COUNT, _STEPS, _TICKET, _HEAD = 0, 1, 3, 8
# Words of a step: a worker, its frame, and how many threads run it.
_STEP = 3


@dataclass(frozen=True, slots=True)
class Launch:
    """A native call that is ready to run.

    Args:
        address: The worker.
        frame: Where what it reads begins.
        num_threads: How many threads run it.
    """

    address: int
    frame: int
    num_threads: int


class Commands:
    """Commands in the order in which they run; threads meet between them."""

    def __init__(self) -> None:
        self._steps: list[tuple[int, Sequence[Entry], int]] = []
        self._counters = 0

    def counter(self) -> Entry:
        """A number that is zero when the list begins, far from others."""
        self._counters += 1
        return (_COUNTERS, (self._counters - 1) * _APART * 8)

    def add(self, address: int, frame: Sequence[Entry], threads: int) -> None:
        """A worker with its frame."""
        self._steps.append((address, frame, threads))

    def finish(self, room: int) -> "CommandList":
        """The list; its frames begin at byte `room` of the scratch memory."""
        ticket, arrivals = self.counter(), self.counter()
        threads = max((threads for _, _, threads in self._steps), default=1)
        start = _HEAD + _STEP * len(self._steps)
        counters = start + sum(len(frame) for _, frame, _ in self._steps)
        head: list[Entry] = [0] * _HEAD
        head[_COUNT], head[_STEPS] = len(self._steps), (SCRATCH, room + 8 * _HEAD)
        head[_TICKET], head[ARRIVALS] = ticket, arrivals
        head[THREADS], head[GIVE_WAY] = threads, give_way_address()
        steps, frames = list[Entry](), list[Entry]()
        for address, frame, count in self._steps:
            steps += [address, (SCRATCH, room + 8 * (start + len(frames))), count]
            frames += frame
        places = list[int]()
        for word in (*head, *steps, *frames):
            if word.__class__ is int:
                places += (NOWHERE, word)  # type: ignore[arg-type]
            elif word[0] == _COUNTERS:  # type: ignore[index]
                places += (SCRATCH, word[1] + room + 8 * counters)  # type: ignore[index]
            else:
                places += word  # type: ignore[arg-type]
        template = array("q", places)
        template.frombytes(bytes(16 * _APART * self._counters))  # zeros, from nowhere
        return CommandList(template=template, room=room, num_threads=threads)


@dataclass(frozen=True, kw_only=True, eq=False)
class CommandList:
    """Commands for every call of one shape.

    Args:
        template: For each word the number of a memory and what is added to its address.
        room: Where in the scratch memory the words go.
        num_threads: How many threads run it.
    """

    template: array
    room: int
    num_threads: int

    @property
    def end(self) -> int:
        """Bytes of scratch memory up to the end of the words."""
        return self.room + 8 * (len(self.template) // 2)

    def launch(self, memories: list[int]) -> Launch:
        """The call on memory at these addresses, in the order of its numbers."""
        table, room = array("q", memories), memories[SCRATCH] + self.room
        place, address = _code()
        words = self.template.buffer_info()
        place(words[0], words[1] // 2, table.buffer_info()[0], room)
        return Launch(address, room, self.num_threads)


def run_launches(launches: Sequence[Launch]) -> None:
    """Run native calls that do not wait for one another: at once where there are enough threads."""
    if len(launches) > 1:
        count = sum(launch.num_threads for launch in launches)
        if count <= available_threads():
            entries = [0]
            for launch in launches:
                entries += [launch.address, launch.frame] * launch.num_threads
            table = array("q", entries)
            run_worker(_team_address(), table.buffer_info()[0], count)
            return
    for launch in launches:
        run_worker(launch.address, launch.frame, launch.num_threads)


@lru_cache(maxsize=1)
def _team_address() -> int:
    return compile_module(write_team(host()), ("team",)).addresses["team"]


def commands_addresses() -> tuple[int, int]:
    """What puts the words of a list into place, and what runs them."""
    code = _compiled()
    return code.addresses["place"], code.addresses["run_all"]


def _compiled() -> Code:
    return compile_module(write_commands(host()), ("place", "run_all"))


@lru_cache(maxsize=1)
def _code() -> tuple[Callable[..., None], int]:
    """What puts the words of a list into place, and the address of what runs it."""
    code = _compiled()
    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p)
    return kind(code.addresses["place"]), code.addresses["run_all"]


def write_commands(machine: Machine) -> str:
    """The text of a module with `@place` and `@run_all`."""
    module = Module(machine, Lanes(bits=64, count=1))
    write_meeting(module)
    parameters = "ptr %template, i64 %count, ptr %memories, ptr %room"
    with module.function("place", parameters, is_exported=True) as e, e.loop("0", "%count") as at:
        pair = e.multiply_int(at, 2)
        start = e.field("%memories", e.field("%template", pair))
        value = e.add_int(start, e.field("%template", e.add_int(pair, 1)))
        e.put(f"store i64 {value}, ptr {e.move('%room', at)}, align 8")
    with module.function("run_all", "ptr %frame", is_exported=True) as e:
        _write_run(e)
    return str(module)


def _write_run(e: Emitter) -> None:
    """Every thread walks through the steps and takes part in those that have enough threads."""
    count, steps = e.field("%frame", _COUNT), e.field("%frame", _STEPS, "ptr")
    thread = e.take(f"atomicrmw add ptr {e.field('%frame', _TICKET, 'ptr')}, i64 1 acq_rel")
    met = e.variable("i64", "0")
    with e.loop("0", count) as number:
        step = e.multiply_int(number, _STEP)
        with e.when(e.compare("sgt", number, 0)):
            e.put(f"call void @meet(ptr %frame, ptr {met})")
        with e.when(e.compare("sgt", e.field(steps, e.add_int(step, 2)), thread)):
            worker, frame = (e.field(steps, e.add_int(step, n), "ptr") for n in (0, 1))
            e.put(f"call void {worker}(ptr {frame})")

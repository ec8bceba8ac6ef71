"""Several kernel calls at once: each thread of the pool takes the next entry of a list.

Comes in: the emitter's target. Goes out: the text of a module with `@team(list)`. Imports emitter.
"""

from recurry.backends.cpu.emitter import Lanes, Module
from recurry.backends.cpu.machine import Machine


def write_team(machine: Machine) -> str:
    """The text of the module.

    Entry 0 of the list counts the threads that have come; behind it lie, for each thread, the
    function that it runs and the frame that it gives to it.
    """
    module = Module(machine, Lanes(bits=64, count=1))
    with module.function("team", "ptr %list", is_exported=True) as e:
        thread = e.take("atomicrmw add ptr %list, i64 1 acq_rel")
        place = e.multiply_int(thread, 2)
        worker = e.field("%list", e.add_int(place, 1), "ptr")
        frame = e.field("%list", e.add_int(place, 2), "ptr")
        e.put(f"call void {worker}(ptr {frame})")
    return str(module)

"""What threads do besides arithmetic: meet between stages, and treat denormal numbers as zero.

Comes in: a module or an emitter. Goes out: `@meet` in the module; code around a body. Imports
emitter.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from recurry.backends.cpu.emitter import Emitter, Module

# Positions of the entries of a frame that meetings read; `kernel.frame_fields` puts them there.
THREADS, ARRIVALS, GIVE_WAY = 2, 5, 6
# Looks at the counter before the core is offered to others: about 10 microseconds.
_PATIENCE = 400
# Bits 15 and 6 of MXCSR: results and operands that are denormal count as zero.
_FLUSH = 0x8040


def write_meeting(module: Module) -> None:
    """Add `@meet(frame, met)`: return once all threads have come here as often as this one.

    A thread that waits long calls `give_way` (the operating system's yield), because the thread it
    waits for may have no core to run on.
    """
    with module.function("meet", "ptr %frame, ptr %met") as e:
        threads = e.field("%frame", THREADS)
        alone, several = e.new_label("alone"), e.new_label("several")
        wait, look, long, end = (e.new_label(s) for s in ("wait", "look", "long", "end"))
        e.branch(e.compare("sle", threads, 1), alone, several)
        e.label(several)
        arrivals = e.field("%frame", ARRIVALS, "ptr")
        give_way = e.field("%frame", GIVE_WAY, "ptr")
        looks = e.variable("i64", "0")
        times = e.add_int(e.take("load i64, ptr %met, align 8"), 1)
        e.put(f"store i64 {times}, ptr %met, align 8")
        target = e.multiply_int(times, threads)
        e.take(f"atomicrmw add ptr {arrivals}, i64 1 acq_rel")
        e.put(f"br label %{look}")
        e.label(look)
        seen = e.take(f"load atomic i64, ptr {arrivals} acquire, align 8")
        e.branch(e.compare("sge", seen, target), end, wait)
        e.label(wait)
        count = e.add_int(e.take(f"load i64, ptr {looks}, align 8"), 1)
        e.put(f"store i64 {count}, ptr {looks}, align 8")
        _pause(e)
        is_long = e.compare("sgt", count, _PATIENCE)
        e.branch(is_long, long, look)
        e.label(long)
        e.take(f"call i32 {give_way}()")
        e.put(f"br label %{look}")
        e.label(alone)
        e.put(f"br label %{end}")
        e.label(end)


def _pause(e: Emitter) -> None:
    if e.module.machine.is_x86:
        e.module.declare("llvm.x86.sse2.pause", "void", "")
        e.put("call void @llvm.x86.sse2.pause()")
    else:
        e.put("fence acquire")


@contextmanager
def write_denormals(e: Emitter) -> Iterator[None]:
    """Around a body: denormal numbers count as zero inside, and as before behind it."""
    if not e.module.machine.is_x86:
        yield
        return
    e.module.declare("llvm.x86.sse.stmxcsr", "void", "ptr")
    e.module.declare("llvm.x86.sse.ldmxcsr", "void", "ptr")
    before, inside = e.variable("i32", align=4), e.variable("i32", align=4)
    e.put(f"call void @llvm.x86.sse.stmxcsr(ptr {before})")
    flushing = e.take(f"or i32 {e.take(f'load i32, ptr {before}, align 4')}, {_FLUSH}")
    e.put(f"store i32 {flushing}, ptr {inside}, align 4")
    e.put(f"call void @llvm.x86.sse.ldmxcsr(ptr {inside})")
    yield
    e.put(f"call void @llvm.x86.sse.ldmxcsr(ptr {before})")

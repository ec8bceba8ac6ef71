"""From LLVM IR to callable code: optimise, translate, keep on disk, link.

Comes in: the text of a module. Goes out: addresses of its functions. Imports llvmlite, machine and
disk.
"""

import hashlib
import threading
from dataclasses import dataclass
from typing import Any

import llvmlite
import llvmlite.binding as llvm

from recurry.backends.cpu import disk
from recurry.backends.cpu.machine import Machine, host

# Linked code lives as long as the process: kernels are few, and a pointer to freed code kills.
_LINKED: dict[str, "Code"] = {}
_LOCK = threading.RLock()
# Of the translation into machine code, 0 to 3: 3 takes longer and gives no faster kernels.
_OPTIMISATION = 2
# Vectors, tiles and unrolled terms are written out by the emitters. What is left to do: variables
# into registers, loops with one test at their end, expressions made simple before and after that.
# LLVM's own list for its highest level takes ten times as long and gives no faster kernels.
_PASSES = (
    *("sroa", "simplify_cfg", "instruction_combine", "loop_rotate"),
    *("simplify_cfg", "instruction_combine", "simplify_cfg"),
)


@dataclass(frozen=True, kw_only=True)
class Code:
    """Machine code in memory.

    Args:
        addresses: Where each exported function starts.
        tracker: What keeps the code alive.
        is_from_disk: Whether it was compiled earlier.
    """

    addresses: dict[str, int]
    tracker: Any
    is_from_disk: bool


def compile_module(ir: str, exports: tuple[str, ...]) -> Code:
    """The code of a module for this machine, compiled at most once.

    Args:
        ir: Text of an LLVM module.
        exports: The functions whose addresses are wanted.
    """
    key = cache_key(ir, host())
    with _LOCK:
        if key not in _LINKED:
            _LINKED[key] = _load(ir, key, exports)
        return _LINKED[key]


def cache_key(ir: str, machine: Machine) -> str:
    """A name for everything that the machine code depends on."""
    parts = (
        ir,
        machine.triple,
        machine.feature_string,
        llvmlite.__version__,
        ".".join(map(str, llvm.llvm_version_info)),
        f"{_OPTIMISATION} {_PASSES}",
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _load(ir: str, key: str, exports: tuple[str, ...]) -> Code:
    """From the disk where an intact entry links, else compiled and kept."""
    kept = disk.read(key)
    if kept is not None:
        try:
            return _link(kept, key, exports, is_from_disk=True)
        except RuntimeError:
            disk.remove(key)
    made = translate(ir, host())
    disk.write(key, made)
    return _link(made, key, exports, is_from_disk=False)


def translate(ir: str, machine: Machine) -> bytes:
    """An object file for a machine."""
    target = _target(machine)
    return target.emit_object(_optimised(ir, target))


def assembly(ir: str, machine: Machine | None = None) -> str:
    """What the processor is given, as text."""
    target = _target(machine or host())
    return target.emit_assembly(_optimised(ir, target))


def _optimised(ir: str, target: llvm.TargetMachine) -> llvm.ModuleRef:
    module = llvm.parse_assembly(ir)
    module.verify()
    passes = llvm.create_new_module_pass_manager()
    for name in _PASSES:
        getattr(passes, f"add_{name}_pass")()
    options = llvm.create_pipeline_tuning_options()
    passes.run(module, llvm.create_pass_builder(target, options))
    return module


def _target(machine: Machine) -> llvm.TargetMachine:
    _initialise()
    return llvm.Target.from_triple(machine.triple).create_target_machine(
        features=machine.feature_string,
        opt=_OPTIMISATION,
        reloc="pic",
        codemodel="small",
        jit=True,
    )


_STARTED: dict[str, Any] = {}


def _initialise() -> None:
    with _LOCK:
        if "targets" not in _STARTED:
            llvm.initialize_native_target()
            llvm.initialize_native_asmprinter()
            _STARTED["targets"] = True


def _link(object_file: bytes, key: str, exports: tuple[str, ...], *, is_from_disk: bool) -> Code:
    _initialise()
    if "linker" not in _STARTED:
        _STARTED["linker"] = llvm.create_lljit_compiler(_target(host()), use_jit_link=True)
    library = llvm.JITLibraryBuilder().add_object_img(object_file).add_current_process()
    for name in exports:
        library.export_symbol(name)
    attempt = len(_LINKED) if not is_from_disk else f"{len(_LINKED)}_kept"
    tracker = library.link(_STARTED["linker"], f"recurry_{key[:16]}_{attempt}")
    addresses = {name: int(tracker[name]) for name in exports}
    return Code(addresses=addresses, tracker=tracker, is_from_disk=is_from_disk)

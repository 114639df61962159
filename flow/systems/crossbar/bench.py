"""Benchmark: the numbers that the project promises, measured in one run as ratios wherever machines would differ."""

from __future__ import annotations

import json
import os
import resource
import struct
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np

from remora.flow.generate.directory import Generated, write_directory
from remora.flow.report.targets import Target
from remora.flow.systems.crossbar.generate import crossbar_parts
from remora.flow.systems.crossbar.harness import build_plain, crossbar_harness
from remora.flow.systems.crossbar.learning_kernel import learning_kernel
from remora.flow.systems.crossbar.run import CrossbarCase
from remora.flow.systems.crossbar.stimulus import Stimulus
from remora.flow.tools.children import run_child
from remora.flow.tools.simulator import Build
from remora.flow.verify.harness import build_harness
from remora.flow.verify.run import RtlRun, run_case
from remora.golden.crossbar.cell import Coefficients
from remora.golden.crossbar.miru import infer
from remora.golden.crossbar.weights import Weights, initial_weights
from remora.golden.data.load import SequenceSet, load
from remora.golden.learning.replay import ReplayTrainer
from remora.golden.learning.training import learn_sequences
from remora.golden.offline.float_model import FloatModel, to_float
from remora.spec.crossbar.counters import Counter
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.files import write_bytes
from remora.spec.lib.packets import encode_packet
from remora.spec.lib.registers import register_map

NOISY_DEVICES = {
    "on_off": 10, "step_spread": 0.1, "cycle_noise": 0.3, "cycle_noise_range": 0.006, "read_noise": 0.01,
    "converter_noise": 0.5, "converter_offset": 1,
}  # fmt: skip
"""Spread, noise of pulses and samples, and converters: what learning on a chip is timed with."""
INFERENCE_BATCH = 512
TRAINING_SEQUENCES = 400


def benchmark(design: DesignPoint, sequences: int, repeats: int, say: Callable[[str], None]) -> dict:
    """Measure everything; figures are medians over ``repeats``, alternating what is compared.

    Raises:
        SimulatorError: a build or a simulation failed.
    """
    training, test = load(design, train=TRAINING_SEQUENCES, test=sequences)
    weights = initial_weights(design)
    say("golden")
    golden = measure_golden(design, weights, training, test, repeats)
    with TemporaryDirectory(prefix="remora-bench-") as folder:
        say("builds, cold and warm")
        generated = write_directory(crossbar_parts(design, weights), Path(folder) / "generated")
        builds, build, plain = measure_builds(generated, Path(folder) / "sim_build")
        say("simulation, three ways")
        simulation, cycles = measure_simulation(design, generated, build, plain, test, weights, Path(folder), repeats)
    targets = [
        Target("cycles a step, single stream", cycles, "<=", 26),
        Target("simulation with comparison / without", simulation["compared_to_uncompared"], ">=", 1 / 2),
        Target("simulation without comparison / plain C++", simulation["uncompared_to_plain"], ">=", 1 / 3),
        Target("cold build, CPU seconds", builds["cold_cpu_seconds"], "<=", 120),
        Target("warm build, seconds", builds["warm_seconds"], "<=", 5),
        Target("golden inference / float32 numpy", golden["inference_to_float32"], ">=", 1 / 4),
        Target("golden online training, sequences a second", golden["training_sequences_per_second"], ">=", 500),
        Target("compiled online training / numpy", golden["compiled_training_to_numpy"], ">=", 3),
    ]
    return {
        "design": design.name,
        "design_hash": design.hash,
        "sequences": len(test),
        "repeats": repeats,
        "cycles_per_step": cycles,
        "simulation": simulation,
        "build": builds,
        "golden": golden,
        "targets": [target.as_dict() for target in targets],
        "all_met": all(target.met for target in targets),
    }


def measure_golden(
    design: DesignPoint, weights: Weights, training: SequenceSet, test: SequenceSet, repeats: int
) -> dict:
    """Batched inference against float32 numpy on the same network and sequences; online training by both kernels, and
    by both on a chip of real devices."""
    x = np.concatenate([test.x] * -(-INFERENCE_BATCH // len(test)))[:INFERENCE_BATCH]
    model, real = FloatModel.of(design, weights), to_float(design, x)
    floats, integers, kernels = [], [], {name: learning_kernel(name) for name in ("numpy", "compiled")}
    designs = {"ideal": design, "noisy": design.evolve(devices=NOISY_DEVICES)}
    learning: dict[tuple[str, str], list[float]] = {(name, chip): [] for name in kernels for chip in designs}
    infer(design, weights, x)
    for _ in range(max(3, repeats)):
        floats.append(_timed(lambda: model.decide(real)))
        integers.append(_timed(lambda: infer(design, weights, x)))
    for _ in range(repeats):
        for (name, chip), seconds in learning.items():
            trainer = ReplayTrainer(designs[chip], weights, kernel=kernels[name])
            seconds.append(_timed(partial(learn_sequences, trainer, training, range(len(training)))))

    def ratio(one: tuple[str, str], other: tuple[str, str]) -> float:
        return median(mine / theirs for mine, theirs in zip(learning[one], learning[other], strict=True))

    numpy, compiled = ("numpy", "ideal"), ("compiled", "ideal")
    return {
        "inference_sequences_per_second": len(x) / median(integers),
        "float32_sequences_per_second": len(x) / median(floats),
        "inference_to_float32": median(f / i for f, i in zip(floats, integers, strict=True)),
        "training_sequences_per_second": len(training) / median(learning[numpy]),
        "compiled_training_sequences_per_second": len(training) / median(learning[compiled]),
        "compiled_training_to_numpy": ratio(numpy, compiled),
        "noisy_training_to_ideal": ratio(numpy, ("numpy", "noisy")),
        "compiled_noisy_training_to_ideal": ratio(compiled, ("compiled", "noisy")),
    }


def measure_builds(generated: Generated, root: Path) -> tuple[dict, Build, Build]:
    """CPU seconds of a build from nothing, wall-clock seconds of the same again, and both builds."""
    previous = os.environ.get("REMORA_SIM_BUILD")
    os.environ["REMORA_SIM_BUILD"] = str(root)
    try:
        before = _children_cpu()
        build = build_harness(generated, crossbar_harness)
        cold = _children_cpu() - before
        warm = _timed(lambda: build_harness(generated, crossbar_harness))
        plain = build_plain(generated)
    finally:
        os.environ.pop("REMORA_SIM_BUILD")
        if previous is not None:
            os.environ["REMORA_SIM_BUILD"] = previous
    return {"cold_cpu_seconds": cold, "warm_seconds": warm}, build, plain


def measure_simulation(
    design: DesignPoint,
    generated: Generated,
    build: Build,
    plain: Build,
    test: SequenceSet,
    weights: Weights,
    folder: Path,
    repeats: int,
) -> tuple[dict, float]:
    """Cycles a second of the harness in C++, under cocotb, and with every step recorded and compared; and cycles a
    step."""
    stimulus = Stimulus.of(test, weights, Coefficients.of(design))
    packets = folder / "packets.bin"
    framed = (_framed(encode_packet(x, label=int(y))) for x, y in zip(test.x, test.y, strict=True))
    write_bytes(packets, b"".join(framed))
    rates: dict[str, list[float]] = {"plain": [], "uncompared": [], "compared": []}
    for _ in range(repeats):
        decisions, rate = _run_plain(design, plain, packets, generated.images)
        rates["plain"].append(rate)
        for name, trace in (("uncompared", False), ("compared", True)):
            case = CrossbarCase(design, stimulus, trace=trace, images=generated.images)
            run = run_case(build, case, folder / name)
            run.comparison.require("answer", *(["step"] if trace else []))
            if list(run.decisions) != decisions:
                raise AssertionError("the plain harness and cocotb do not run the same simulation")
            rates[name].append(_rate(run))
    result = {f"{name}_cycles_per_second": median(values) for name, values in rates.items()}
    result["compared_to_uncompared"] = median(
        a / b for a, b in zip(rates["compared"], rates["uncompared"], strict=True)
    )
    result["uncompared_to_plain"] = median(a / b for a, b in zip(rates["uncompared"], rates["plain"], strict=True))
    return result, run.counters[Counter.STEP_CYCLES] / run.counters[Counter.STEPS]


def _rate(run: RtlRun) -> float:
    """Simulated cycles a second, with the comparison's own time where every step was compared."""
    compare = run.seconds["compare"] if run.comparison.compared.get("step") else 0.0
    return run.counters[Counter.CYCLES] / (run.seconds["stream"] + compare)


def _run_plain(design: DesignPoint, plain: Build, packets: Path, images: Path) -> tuple[list[int], float]:
    control = register_map(design)["CONTROL"]
    command = [
        str(plain.executable),
        str(packets),
        hex(control.address),
        hex(control.encode(run=1)),
        f"+remora_images={images}",
    ]
    result = json.loads(_output(command))
    return [answer & 0xFFFF for answer in result["answers"]], result["cycles"] / result["seconds"]


def _output(command: list[str]) -> str:
    done = run_child(command, stdout=subprocess.PIPE)
    done.check_returncode()
    return done.stdout


def _framed(packet: bytes) -> bytes:
    return struct.pack("<I", len(packet)) + packet


def _timed(action: Callable) -> float:
    began = perf_counter()
    action()
    return perf_counter() - began


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime

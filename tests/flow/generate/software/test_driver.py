"""The driver in C: gcc compiles it, and it loads, sends, learns and saves on the simulated chip as golden does."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from remora.flow.systems.bmru.reference import run_reference
from remora.flow.systems.bmru.scan_words import scan_words
from remora.flow.systems.crossbar.software import COUNTS, SETTINGS
from remora.flow.tools.build import build_executable
from remora.golden.bmru.clips import VoteSettings
from remora.golden.bmru.random_codes import clip_packets, lively_codes, random_features
from remora.golden.crossbar.inference import infer
from remora.golden.crossbar.weights import Weights
from remora.golden.learning.memory_words import unpack_accumulators
from remora.golden.learning.replay import ReplayTrainer
from remora.spec.bmru.design import BmruDesign
from remora.spec.bmru.frames import ReportFlag
from remora.spec.crossbar.design import DesignPoint
from remora.spec.crossbar.memories import HostMemory, host_memories
from remora.spec.lib.registers import register_map
from remora.spec.lib.section import Design
from remora.spec.presets import load_design
from tests.support import generated_once, missing_tool

HERE = Path(__file__).parent
CHIP = Path(__file__).parents[4] / "tb" / "cpp" / "chip.cpp"
LEARNS = load_design("tiny", DesignPoint).evolve(learning={"enabled": True, "replay_capacity": 5, "compensation": True})
KINDS = ("infer", "learn and answer", "learn")


@dataclass(frozen=True)
class Sequence:
    """A sequence and what becomes of it, by its place in `KINDS`."""

    kind: int
    label: int
    features: np.ndarray

    def record(self, tag: int) -> bytes:
        return bytes([self.kind, self.label, len(self.features), tag]) + self.features.tobytes()


def compiler(*options: str | Path, cwd: Path, name: str = "gcc", standard: str = "c99") -> str:
    """What gcc or g++ says; empty where it has nothing to say."""
    if shutil.which(name) is None:
        missing_tool(f"{name} is not installed: on Debian or Ubuntu: sudo apt install {name}")
    flags = [f"-std={standard}", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O1"]
    done = subprocess.run([name, *flags, *options], cwd=cwd, capture_output=True, text=True, check=False)
    return done.stderr or ("" if done.returncode == 0 else f"exit status {done.returncode}")


def program(design: Design, folder: Path, name: str = "program") -> Path:
    """The program around the driver of a design point."""
    software = generated_once(design).directory / "software"
    sources = [*software.glob("*.c"), HERE / f"{'bmru' if design.CORE == 'bmru' else 'crossbar'}_program.c"]
    assert compiler("-I", software, *sources, "-o", name, cwd=folder) == ""
    return folder / name


def built(design: Design, folder: Path) -> tuple[Path, Path]:
    """The program around the driver, and the simulated chip."""
    made = generated_once(design)
    chip = build_executable(
        [made.netlist, *made.models], made.sidecar["top"], CHIP, name="tests-driver", optimise="build"
    )
    return program(design, folder), chip.executable


def on_a_chip(command: list[str | Path], chip: Path, folder: Path) -> int:
    """Run a program on a chip of its own; returns what the driver returned."""
    with subprocess.Popen([chip], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder) as running:
        done = subprocess.run(command, stdin=running.stdout, stdout=running.stdin, timeout=300, check=False)
        running.stdin.close()
    return done.returncode


def carried_out(program: Path, chip: Path, folder: Path, sequences: list[Sequence]) -> int:
    """Sequences through the program; returns what the driver returned."""
    (folder / "sequences.bin").write_bytes(b"".join(each.record(tag) for tag, each in enumerate(sequences)))
    return on_a_chip([program, folder], chip, folder)


def drawn(design: DesignPoint, kinds: list[int], seed: int) -> list[Sequence]:
    random, network = np.random.default_rng(seed), design.network
    return [
        Sequence(
            kind, int(random.integers(network.classes)),
            random.integers(0, 256, (int(random.integers(1, network.max_steps + 1)), network.features), dtype=np.uint8),
        )
        for kind in kinds
    ]  # fmt: skip


def weights_of(design: DesignPoint, seed: int) -> Weights:
    random, most = np.random.default_rng(seed), design.crossbar.levels - 1
    shapes = (design.hidden_rows, design.network.hidden), (design.readout_rows, design.network.classes)
    hidden, readout = (random.integers(-most, most + 1, shape).astype(np.int16) for shape in shapes)
    return Weights(hidden, readout)


def packed(weights: Weights) -> bytes:
    return weights.hidden.astype(np.int8).tobytes() + weights.readout.astype(np.int8).tobytes()


def answers(design: DesignPoint, folder: Path) -> np.ndarray:
    """Tag, flags, class and scores of every answer."""
    return np.fromfile(folder / "answers.bin", "<i4").reshape(-1, 3 + design.network.classes)


def expected(design: DesignPoint, trainer: ReplayTrainer, sequences: list[Sequence]) -> np.ndarray:
    """The same of golden, which learns on the way."""
    rows = []
    for tag, each in enumerate(sequences):
        found = infer(design, trainer.checkpoint().weights, each.features[None])
        if each.kind != 2:
            flags = 2 if each.kind == 0 else 7
            rows.append([tag, flags, int(found.decision[0]), *found.scores[0].tolist()])
        if each.kind:
            trainer.train_sequence(each.features, each.label)
    return np.array(rows)


def accumulators(design: DesignPoint, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Those of a checkpoint of the driver."""
    names = {register.name for register in register_map(design)}
    registers = sum(name in names for name in (*SETTINGS, *COUNTS))
    size = design.hidden_rows * design.network.hidden + design.readout_rows * design.network.classes
    words = np.fromfile(folder / "checkpoint.bin", "<u4")[2 + registers + -(-size // 4) :]
    memory = host_memories(design)[HostMemory.ACCUMULATORS]
    columns = words[: memory.depth * memory.groups].reshape(memory.depth, memory.groups)
    return unpack_accumulators(design, [int.from_bytes(column.tobytes(), "little") for column in columns])


def compare(design: DesignPoint, trainer: ReplayTrainer, folder: Path) -> int:
    """Weights and accumulators of the chip with golden's; returns how many numbers were compared."""
    after = trainer.checkpoint()
    assert (folder / "read_back.bin").read_bytes() == packed(after.weights)
    hidden, readout = accumulators(design, folder)
    np.testing.assert_array_equal(hidden, after.hidden_accumulators)
    np.testing.assert_array_equal(readout, after.readout_accumulators)
    return hidden.size + readout.size


def test_the_driver_loads_sends_learns_and_saves_as_golden_does(tmp_path):
    around, chip = built(LEARNS, tmp_path)
    weights, trainer = weights_of(LEARNS, 1), None
    trainer = ReplayTrainer(LEARNS, weights)
    first = drawn(LEARNS, [0, 1, 2, 1, 1, 2, 1, 1, 0, 1], 2)
    (tmp_path / "weights.bin").write_bytes(packed(weights))
    assert carried_out(around, chip, tmp_path, first) == 0
    wanted = expected(LEARNS, trainer, first)
    np.testing.assert_array_equal(answers(LEARNS, tmp_path), wanted)
    assert len(wanted) == 8 and trainer.checkpoint().updates > 8
    assert (packed(trainer.checkpoint().weights) != packed(weights)) and compare(LEARNS, trainer, tmp_path) > 100
    # Another chip takes the checkpoint, and goes on as the first would have, replays included.
    (tmp_path / "checkpoint.bin").rename(tmp_path / "restore.bin")
    second = drawn(LEARNS, [1, 2, 1, 0, 1], 3)
    assert carried_out(around, chip, tmp_path, second) == 0
    np.testing.assert_array_equal(answers(LEARNS, tmp_path), expected(LEARNS, trainer, second))
    compare(LEARNS, trainer, tmp_path)
    # A checkpoint of another design point, and one that was cut short.
    words = (tmp_path / "restore.bin").read_bytes()
    for wrong in (b"\0\0\0\0" + words[4:], words[:-4]):
        (tmp_path / "restore.bin").write_bytes(wrong)
        assert carried_out(around, chip, tmp_path, second) == 5


def test_the_driver_of_a_bmru_accelerator_loads_and_sends_as_golden_does(tmp_path):
    design = load_design("kws", BmruDesign)
    around, chip = built(design, tmp_path)
    codes = lively_codes(design, 3)
    settings = VoteSettings.of(design, report_frames=True)
    packets = clip_packets(random_features(design, 3, 6, 3))
    reference = run_reference(design, codes, packets, settings)
    answers_of = Counter()
    frame = -1
    for answer in reference.answers:
        frame += bool(answer.flags & ReportFlag.FRAME)
        answers_of[frame] += 1
    records = [
        bytes([each.data[2], each.data[3], answers_of[index], 0]) + each.data[4:] for index, each in enumerate(packets)
    ]
    words = np.array(scan_words(codes), "<u4").tobytes()
    (tmp_path / "codes.bin").write_bytes(words)
    (tmp_path / "frames.bin").write_bytes(b"".join(records))
    numbers = (
        0, settings.frames, int(settings.sliding), settings.wake_class, settings.threshold, int(settings.report_votes),
        int(settings.report_frames),
    )  # fmt: skip
    assert on_a_chip([around, tmp_path, *map(str, numbers)], chip, tmp_path) == 0
    found = np.fromfile(tmp_path / "answers.bin", "<i4").reshape(-1, 3 + design.network.classes).tolist()
    wanted = [[each.tag, int(each.flags), each.decision, *each.scores] for each in reference.answers]
    assert found == wanted and len(wanted) > len(packets) == frame + 1
    assert (tmp_path / "read_back.bin").read_bytes() == words
    states = np.asarray(reference.records["state"][-1]).reshape(-1).astype(bool)
    shown = np.unpackbits(np.fromfile(tmp_path / "states.bin", np.uint8), bitorder="little")
    assert shown[: states.size].astype(bool).tolist() == states.tolist() and not shown[states.size :].any()
    assert states.any() and not states.all()


@pytest.mark.parametrize("name", ["one", "tiny", "mnist", "mnist-bmru", "mnist-learn-fast", "kws"])
def test_gcc_takes_the_driver_of_every_kind_of_design(name, tmp_path):
    software = generated_once(load_design(name, Design)).directory / "software"
    sources = sorted(software.glob("*.c"))
    assert len(sources) == 2 and compiler("-c", *sources, cwd=tmp_path) == ""


@pytest.mark.parametrize(("name", "call"), [("mnist-learn-fast", "remora_restore"), ("kws", "remora_send")])
def test_a_program_in_cpp_uses_the_driver(name, call, tmp_path):
    """Its functions have the names of C, so that what g++ compiles is linked with what gcc compiled."""
    software = generated_once(load_design(name, Design)).directory / "software"
    headers = sorted(software.glob("*.h"))
    includes = "".join(f'#include "{header.name}"\n' for header in headers)
    text = f"{includes}auto *volatile used = {call};\nint main() {{ return used == nullptr; }}\n"
    (tmp_path / "use.cpp").write_text(text)
    assert len(headers) >= 5 and compiler("-c", *sorted(software.glob("*.c")), cwd=tmp_path) == ""
    objects = sorted(tmp_path.glob("*.o"))
    assert compiler("-I", software, "use.cpp", *objects, cwd=tmp_path, name="g++", standard="c++11") == ""


def test_a_driver_of_another_design_point_refuses_the_chip(tmp_path):
    _, chip = built(LEARNS, tmp_path)
    other = generated_once(LEARNS.evolve(learning={"seed": LEARNS.learning.seed + 1}))
    assert other.design.hash != LEARNS.hash
    (tmp_path / "weights.bin").write_bytes(packed(weights_of(LEARNS, 1)))
    around = program(other.design, tmp_path, "other")
    assert carried_out(around, chip, tmp_path, drawn(LEARNS, [0], 1)) == 2

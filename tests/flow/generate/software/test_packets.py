"""The packet header: a C compiler reads it, and its macros make and take apart what the spec encodes."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

from remora.spec.bmru.frames import FrameDrop, FrameFlag, ReportFlag, encode_frame
from remora.spec.lib.packets import Drop, Flag, decode_answer, encode_packet
from remora.spec.lib.section import Design
from remora.spec.presets import load_design
from tests.flow.generate.software.test_driver import compiler
from tests.support import generated_once

KINDS = {"tiny": {"FLAG": Flag, "DROP": Drop}, "kws": {"FRAME": FrameFlag, "REPORT": ReportFlag, "DROP": FrameDrop}}


@pytest.mark.parametrize("preset", KINDS)
def test_a_c_program_sees_the_numbers_and_the_headers_of_the_spec(preset, tmp_path):
    made = generated_once(load_design(preset, Design))
    names = [f"REMORA_{prefix}_{member.name}" for prefix, kind in KINDS[preset].items() for member in kind]
    values = [int(member) for kind in KINDS[preset].values() for member in kind]
    asked = [*names, "REMORA_HEADER(0x1234, 5, 0xab)", "REMORA_HEADER(0, 2, 7)"]
    asked += [f"REMORA_HEADER_{part}(0xcd06fedcu)" for part in ("LOW", "FLAGS", "TAG")]
    lines = "".join(f'    printf("%lu\\n", (unsigned long)({each}));\n' for each in asked)
    (tmp_path / "main.c").write_text(
        f'#include <stdint.h>\n#include <stdio.h>\n#include "remora_packets.h"\n'
        f"int main(void) {{\n{lines}    return 0;\n}}\n"
    )
    assert compiler("-I", made.directory / "software", "main.c", "-o", "main", cwd=tmp_path) == ""
    printed = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True).stdout.split()
    one = encode_packet(np.zeros((1, 4)), tag=0xAB, label=0x1234, flags=Flag.LEARN)
    two = encode_frame([0], flags=2, tag=7) if preset == "kws" else encode_packet(np.zeros((1, 4)), tag=7)
    answer = decode_answer((0xCD06FEDC).to_bytes(4, "little") + bytes(4))
    wanted = [*values, *(int.from_bytes(each[:4], "little") for each in (one, two))]
    wanted += [answer.decision, int(answer.flags), answer.tag]
    assert [int(each) for each in printed] == wanted and len(wanted) > 12


@pytest.mark.parametrize("preset", KINDS)
def test_the_document_has_every_number_with_its_meaning(preset):
    made = generated_once(load_design(preset, Design))
    text = (made.directory / made.sidecar["files"]["packet_document"]).read_text()
    for kind in KINDS[preset].values():
        for member in kind:
            [row] = [line for line in text.splitlines() if line.startswith(f"| `{member.name}` | {int(member)} | ")]
            assert len(row) > 25

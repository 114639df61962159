"""The C header and the register document: complete, the same every time, and compilers take the header."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from remora.flow.generate.registers import HEADER_NAME, c_header, register_markdown
from remora.spec.bmru.design import BmruDesign
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib.registers import Kind, Register, register_map
from remora.spec.presets import load_design

DESIGN = DesignPoint(name="documented")
REGISTERS = register_map(DESIGN)


def _member(register: Register) -> str:
    """Path of a register in the C struct, where a counter is a struct of two words."""
    for half in ("LOW", "HIGH"):
        if register.address >= 0x100 and register.name.endswith(f"_{half}"):
            return f"{register.name.removesuffix(f'_{half}')}.{half}"
    return register.name


def _checks(registers) -> list[str]:
    """One C assertion for every address, mask and reset value."""
    checks = []
    for register in registers:
        checks.append(f"offsetof(remora_t, {_member(register)}) == {register.address:#x}")
        for field in register.fields:
            macro = f"REMORA__{_member(register).replace('.', '__')}__{field.name}".upper()
            checks.append(f"{macro}_bm == {field.mask:#x}u")
            if field.kind not in (Kind.STATUS, Kind.EXTERNAL):
                checks.append(f"{macro}_reset == {field.reset:#x}u")
    return checks


STANDARDS = [("cc", "c99"), ("cc", "c11"), ("cc", "gnu17"), ("c++", "c++11"), ("c++", "c++17"), ("c++", "c++20")]


@pytest.mark.parametrize(("compiler", "standard"), STANDARDS)
@pytest.mark.parametrize("design", [DESIGN, load_design("kws", BmruDesign)], ids=lambda design: design.name)
def test_compilers_agree_with_the_map(compiler, standard, design, tmp_path):
    (tmp_path / HEADER_NAME).write_text(c_header(design), encoding="utf-8")
    registers = register_map(design)
    checks, plus = _checks(registers), compiler == "c++"
    assert len(checks) > 2 * len(registers)
    source = [f'#include "{HEADER_NAME}"', "#include <stddef.h>"]
    source += [f"typedef char check{number}[({check}) ? 1 : -1];" for number, check in enumerate(checks)]
    if plus:
        source.append("#include <type_traits>")
        for register in registers:
            kind = f"decltype(static_cast<remora_t *>(nullptr)->{_member(register)})"
            source.append(f'static_assert(std::is_volatile<std::remove_reference<{kind}>::type>::value, "");')
    command = [compiler, f"-std={standard}", "-xc++" if plus else "-xc", "-fsyntax-only", "-Wall", "-Wextra"]
    command += ["-Wpedantic", "-Werror", "-I", str(tmp_path), "-"]
    answer = subprocess.run(command, input="\n".join(source) + "\n", capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr


def test_a_wrong_layout_does_not_compile(tmp_path):
    header = c_header(DESIGN).replace("    volatile uint32_t ID;\n", "")
    command = ["cc", "-std=c99", "-fsyntax-only", "-xc", "-"]
    answer = subprocess.run(command, input=header, capture_output=True, text=True, check=False)
    assert answer.returncode != 0 and "remora_t_has_this_size" in answer.stderr


@pytest.mark.parametrize("function", [c_header, register_markdown])
def test_every_process_makes_the_same_bytes(function):
    program = (
        f"from remora.flow.generate.registers import {function.__name__} as make; "
        f"from remora.spec.crossbar.design import DesignPoint;"
        f"import sys; sys.stdout.buffer.write(make(DesignPoint(name='documented')).encode())"
    )
    for seed in ("0", "1"):
        answer = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed}, check=True
        )
        assert answer.stdout.decode() == function(DESIGN)


@pytest.mark.parametrize("function", [c_header, register_markdown])
def test_text_names_the_design_and_no_path(function):
    text = function(DESIGN)
    assert f"design point documented, hash {DESIGN.hash}" in text
    assert os.sep + "tmp" not in text and ".rdl" not in text


def test_document_has_every_register_and_field():
    text = register_markdown(DESIGN)
    for register in REGISTERS:
        assert f"| 0x{register.address:03X} | " in text
        assert register.description in text
        for field in register.fields:
            # Counters have one field each, which the table of counters does not name.
            assert register.address >= 0x100 or (f"`{field.name}`" in text and field.description in text)


def test_document_says_maximum_and_guard():
    section = register_markdown(DESIGN).partition("## RESET_COEFFICIENT")[2].partition("## ")[0]
    assert "Writes need guard `halted`." in section
    assert "| 8:0 | `value` | read and write | 128 | 256 |" in section

"""What two systems do alike is in one place: their rooms in flow have no long runs of equal lines."""

from __future__ import annotations

import ast
from pathlib import Path

import remora.flow.systems

ROOT = Path(remora.flow.systems.__file__).parent
LONGEST = 8
"""Code lines that may be equal in a row."""


class Masked(ast.NodeTransformer):
    """A syntax tree in which every name, number and text is the same."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for field in ("id", "attr", "arg", "name"):
            if isinstance(getattr(node, field, None), str):
                setattr(node, field, "_")
        return ast.Constant(0) if isinstance(node, ast.Constant | ast.JoinedStr) else node


def code_lines(text: str) -> list[str]:
    """Statements of a module, without their names, comments, docstrings, imports and layout."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            kept = [each for each in body if not isinstance(each, ast.Import | ast.ImportFrom)]
            kept = [each for each in kept if not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))]
            node.body = kept or [ast.Pass()]
    return [line.strip() for line in ast.unparse(Masked().visit(tree)).splitlines() if line.strip()]


def longest_run(first: list[str], second: list[str]) -> list[str]:
    """The longest run of lines that both have."""
    best, end, before = 0, 0, [0] * (len(second) + 1)
    for index, line in enumerate(first):
        row = [0] * (len(second) + 1)
        for other, candidate in enumerate(second):
            if line == candidate:
                row[other + 1] = before[other] + 1
                if row[other + 1] > best:
                    best, end = row[other + 1], index + 1
        before = row
    return first[end - best : end]


def test_no_run_of_the_rooms_is_equal_for_longer():
    rooms = {
        room: {path.name: code_lines(path.read_text(encoding="utf-8")) for path in sorted((ROOT / room).glob("*.py"))}
        for room in ("crossbar", "bmru")
    }
    assert all(len(room) > 5 for room in rooms.values())
    runs = [
        (longest_run(lines, others), name, other)
        for name, lines in rooms["crossbar"].items()
        for other, others in rooms["bmru"].items()
    ]
    longest, name, other = max(runs, key=lambda run: len(run[0]))
    found = "\n".join(longest)
    assert len(longest) <= LONGEST, f"crossbar/{name} and bmru/{other} have {len(longest)} lines in common:\n{found}"


def test_a_copy_is_found_under_other_names_and_in_another_layout():
    text = """
def drive(build, directory, *, seed=None):
    seed = chosen() if seed is None else seed
    directory.mkdir(parents=True)
    for name in ("answers", "events"):
        (directory / name).unlink()
    config = {"seed": seed}
    run(build, config, timeout=None)
    return read(directory)
"""
    copy = text.replace("seed", "number").replace("answers", "frames").replace("(parents=True)", "(\n  parents=False)")
    copy = "import os\nlimit = 1\n" + copy.replace("    run(", "    # why\n\n    carry_out(")
    assert len(longest_run(code_lines(text), code_lines(copy))) == LONGEST
    assert len(longest_run(code_lines(text), code_lines(copy.replace("return read(directory)", "return 1")))) < LONGEST

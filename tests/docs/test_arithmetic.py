"""The numbered rules of the arithmetic: their examples are true of golden, and code, tests and documents cite them."""

from __future__ import annotations

import doctest
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.docs import examples

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "reference" / "arithmetic.md"
RULE = re.compile(r"^\*\*(?P<number>[A-Z]\d+)\*\*(?: \*\((?P<marks>[a-z, ]+)\)\*)? ", re.MULTILINE)
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = r"[A-Z]\d+"
CITATION = re.compile(rf"\b[Rr]ules? ({NUMBER}(?:(?:, | and | to ){NUMBER})*)")
MARKS = {"definition", "golden", "hardware"}

READERS = {
    "golden": ("golden/**/*.py",),
    "hdl": ("hdl/**/*.py", "hdl/macros/*.sv"),
    "tests": ("tests/**/*.py", "tb/**/*.py"),
    "other": ("spec/**/*.py", "flow/**/*.py", "docs/**/*.md", "README.md"),
}


@dataclass(frozen=True)
class Example:
    """A block of the document: its text, and the line where it begins, from 0."""

    text: str
    line: int


def blocks(text: str) -> list[Example]:
    """All blocks. One that goes on beyond its examples, because nothing closes it, is an error."""
    found = [Example(block[1], text.count("\n", 0, block.start()) + 1) for block in BLOCK.finditer(text)]
    for block in found:
        strange = [line for line in block.text.splitlines() if line.startswith(("```", "**"))]
        assert not strange, f"the block of line {block.line} is not closed before {strange[0]!r}"
    return found


@cache
def document() -> str:
    return DOCUMENT.read_text(encoding="utf-8")


def rules() -> dict[str, set[str]]:
    """Marks of every rule."""
    return {rule["number"]: set((rule["marks"] or "").split(", ")) - {""} for rule in RULE.finditer(document())}


def run_block(block: Example) -> doctest.TestResults:
    """Run a block in the names of `examples`, and nothing that an earlier block left."""
    names = examples.names()
    test = doctest.DocTestParser().get_doctest(block.text, names, DOCUMENT.name, str(DOCUMENT), block.line)
    shown: list[str] = []
    results = doctest.DocTestRunner(verbose=False).run(test, out=shown.append)
    assert not results.failed, "".join(shown)
    return results


def expand(numbers: str) -> list[str]:
    """The rules of a citation: ``X2 to X5`` are four."""
    cited: list[str] = []
    for joint, number in re.findall(rf"(, | and | to |)({NUMBER})", numbers):
        if joint == " to ":
            letter, first = cited[-1][0], int(cited[-1][1:])
            assert number[0] == letter and int(number[1:]) > first, f"{cited[-1]} to {number} is no range"
            cited += [f"{letter}{rule}" for rule in range(first + 1, int(number[1:]))]
        cited.append(number)
    return cited


def citations(text: str) -> set[str]:
    """Rules that a text cites, across the ends of its lines."""
    joined = re.sub(r"\s*\n\s*(?:# |// )?", " ", text)
    return {number for found in CITATION.finditer(joined) for number in expand(found[1])}


@cache
def cited_by(reader: str) -> dict[str, list[str]]:
    """Files of a reader by the rules that they cite. The tests of the document itself do not count."""
    files: dict[str, list[str]] = {}
    for pattern in READERS[reader]:
        for path in sorted(ROOT.glob(pattern)):
            if path.parent != Path(__file__).parent:
                for number in citations(path.read_text(encoding="utf-8")):
                    files.setdefault(number, []).append(str(path.relative_to(ROOT)))
    return files


def test_rules_have_numbers_of_their_own_in_rising_order():
    found = [rule["number"] for rule in RULE.finditer(document())]
    assert len(found) > 100 and len(set(found)) == len(found)
    for letter in {number[0] for number in found}:
        numbers = [int(number[1:]) for number in found if number[0] == letter]
        assert numbers == sorted(numbers), f"the rules {letter} are not in order"
    assert set().union(*rules().values()) <= MARKS
    bold = re.findall(rf"^\*\*{NUMBER}", document(), re.MULTILINE)
    assert len(bold) == len(found), "a line that begins like a rule is none"


@pytest.mark.parametrize("block", blocks(document()), ids=lambda block: f"line{block.line}")
def test_examples_are_what_golden_gives(block):
    assert run_block(block).attempted > 0


def test_every_block_is_a_test_of_its_own():
    found = blocks(document())
    assert len(found) == len(re.findall(r"^```python$", document(), re.MULTILINE)) > 15
    assert len(re.findall(r"^```", document(), re.MULTILINE)) % 2 == 0
    for letter in "WS":
        section = document().partition(f"**{letter}1** ")[2].partition("\n## ")[0]
        begin = document().count("\n", 0, document().index(section))
        within = [block for block in found if begin < block.line <= begin + section.count("\n")]
        assert within and section.rstrip().endswith("```"), f"the rules {letter} end with no example"


def test_every_rule_but_definitions_has_an_example():
    shown = {
        number
        for block in blocks(document())
        for comment in re.findall(r"^>>> .*  # (.*)$", block.text, re.MULTILINE)
        for number in re.findall(rf"\b{NUMBER}\b", comment)
    }
    needed = {number for number, marks in rules().items() if "definition" not in marks}
    assert len(needed) > 80
    assert sorted(needed - shown) == [], "rules without an example"
    assert sorted(shown - rules().keys()) == [], "examples of rules that do not exist"


@pytest.mark.parametrize("reader", READERS)
def test_cited_rules_exist(reader):
    cited = cited_by(reader)
    assert cited, f"{reader} cites no rule"
    unknown = {number: files for number, files in cited.items() if number not in rules()}
    assert not unknown


@pytest.mark.parametrize(("reader", "exempt"), [("golden", "hardware"), ("hdl", "golden"), ("tests", None)])
def test_every_rule_is_cited(reader, exempt):
    needed = {number for number, marks in rules().items() if exempt not in marks}
    assert len(needed) > 90
    assert sorted(needed - cited_by(reader).keys()) == [], f"rules that {reader} does not cite"


def test_the_independent_reading_shares_no_code_with_golden():
    readings = sorted((ROOT / "tests" / "golden").glob("scalar_*.py"))
    assert len(readings) >= 5
    for path in readings:
        imported = re.findall(r"^\s*(?:from|import) ([\w.]+)", path.read_text(encoding="utf-8"), re.MULTILINE)
        foreign = [name for name in imported if not name.startswith("tests.golden.scalar_")]
        assert set(foreign) <= {"__future__", "decimal", "functools"}, f"{path.name} imports {foreign}"


def test_a_wrong_example_and_a_citation_of_nothing_are_found():
    good = Example(">>> rs(5, 1)  # N2\n3\n", 0)
    assert run_block(good).attempted == 1
    with pytest.raises(AssertionError, match=r"Got:\s+3"):
        run_block(Example(good.text.replace("\n3\n", "\n2\n"), 0))
    assert run_block(Example("no example\n", 0)).attempted == 0
    assert citations("As rules X2 to X4, N1 and\n    # L12 say, and rule F3; rule of thumb.") == {
        "X2", "X3", "X4", "N1", "L12", "F3"
    }  # fmt: skip
    assert blocks("```python\n>>> 1\n1\n```\n") == [Example(">>> 1\n1\n", 1)]
    for inside in ("\n**S1** A rule.\n\n", "```python\n>>> 2\n2\n"):
        with pytest.raises(AssertionError, match="the block of line 1 is not closed before"):
            blocks(f"```python\n>>> 1\n1\n{inside}```\n")

"""The digest of the program follows every file of the layers: its content and where it lies; and of
every package that adds to a registry."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from types import SimpleNamespace

import pytest

from remora.flow.systems.crossbar.generate import crossbar_parts
from remora.flow.tools import program
from remora.flow.verify.simulation import _key
from remora.golden.crossbar.weights import random_weights
from remora.spec.crossbar.design import DesignPoint
from remora.spec.lib import plugins
from remora.spec.presets import load_design


@pytest.fixture
def digest(tmp_path, monkeypatch):
    """Of layers that hold only the files given, path → text."""
    monkeypatch.setattr(program, "LAYERS", tmp_path)

    def of(**files: str) -> str:
        for path in [each for each in tmp_path.rglob("*") if each.is_file()]:
            path.unlink()
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return program.program_digest.__wrapped__()

    return of


def test_content_name_and_folder_of_every_file_count(digest):
    variants = [{"hdl__a__x": "1"}, {"hdl__b__x": "1"}, {"hdl__a__y": "1"}, {"tb__a__x": "1"}, {"hdl__a__x": "2"}]
    assert len({digest(**files) for files in variants}) == len(variants)
    assert digest(**variants[0]) == digest(**variants[0])


def test_what_python_compiled_and_other_folders_do_not_count(digest):
    plain = digest(hdl__x="1")
    (program.LAYERS / "hdl" / "__pycache__").mkdir()
    (program.LAYERS / "hdl" / "__pycache__" / "x.pyc").write_text("2")
    (program.LAYERS / "docs").mkdir()
    (program.LAYERS / "docs" / "x").write_text("3")
    assert program.program_digest.__wrapped__() == plain


def distribution(*points: tuple[str, str], packages: str = "") -> SimpleNamespace:
    """That registers objects in groups and installs these packages."""
    return SimpleNamespace(
        entry_points=[EntryPoint("any", value, group) for group, value in points],
        read_text=lambda name: packages if name == "top_level.txt" else None,
    )


@pytest.mark.parametrize("file", ["rule.py", "deeper/rule.h"])
@pytest.mark.parametrize("group", ["remora.update_rules.hdl", "remora.pairs.of_another_room"])
def test_a_changed_package_makes_the_hardware_anew(tmp_path, monkeypatch, group, file):
    """What lies in the build root is not taken for that of the package as it is now; and nothing of it is loaded."""
    package = tmp_path / "remora_changing"
    (package / "deeper").mkdir(parents=True)
    (package / "__init__.py").write_text("raise AssertionError")
    monkeypatch.syspath_prepend(tmp_path)
    design = load_design("one", DesignPoint)
    parts, keys = crossbar_parts(design, random_weights(design, 1)), []

    def key() -> None:
        program.program_digest.cache_clear()
        keys.append(_key(parts))

    key()
    monkeypatch.setattr(plugins, "distributions", lambda: [distribution((group, "remora_changing.rule:RULE"))])
    for text in ("1", "1", "2"):
        (package / file).write_text(text)
        key()
    other = distribution(("console_scripts", "remora_changing:X"), packages="remora_changing")
    monkeypatch.setattr(plugins, "distributions", lambda: [other])
    key()
    program.program_digest.cache_clear()
    without, first, again, changed, elsewhere = keys
    assert (first, elsewhere) == (again, without) and len({without, first, changed}) == 3


def test_files_and_what_a_distribution_installs_beside_count(tmp_path, monkeypatch):
    """A package may be one file, and may use another of its distribution; one that is gone has no files."""
    (tmp_path / "remora_single.py").write_text("")
    (tmp_path / "remora_beside").mkdir()
    (tmp_path / "remora_beside" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    found = [
        distribution(("remora.x", "remora_single:A"), packages="remora_single\nremora_beside\n"),
        distribution(("remora.x", "remora_gone.b:B")),
    ]
    monkeypatch.setattr(plugins, "distributions", lambda: found)
    sources = plugins.plugin_sources()
    assert sources == {
        "remora_beside": [tmp_path / "remora_beside"],
        "remora_gone": [],
        "remora_single": [tmp_path / "remora_single.py"],
    }
    told = [name for package, paths in sources.items() for path in paths for _, name in program._files(path, package)]
    assert told == ["remora_beside/__init__.py", "remora_single"]

"""The digest of the program follows every file of the layers: its content and where it lies."""

from __future__ import annotations

import pytest

from remora.flow.tools import program


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

"""Lists of clips as people write them: what is taken, and the line that says why not."""

from __future__ import annotations

import pytest

from remora.golden.data.idx import DATA_VARIABLE, DataError
from remora.golden.data.manifest import read_manifest

HEADER, ROW = "path,word,speaker,split", "a.wav,yes,ann,train"
TAKEN = [{"path": "a.wav", "word": "yes", "speaker": "ann", "split": "train"}]


@pytest.mark.parametrize(
    "text",
    [
        f"{HEADER}\n{ROW}\n",
        f"{HEADER}\n{ROW}",
        f"{HEADER}\r\n{ROW}\r\n",
        f"\ufeff{HEADER}\n{ROW}\n",
        f"{HEADER}\n{ROW}\n".replace(",", ";"),
        f"{HEADER}\n{ROW}\n".replace(",", "\t"),
        f"{HEADER.upper()}\n{ROW}\n",
        " Path , Word , Speaker , Split \n a.wav , Yes , ann , TRAIN \n",
        "split,speaker,word,path\ntrain,ann,yes,a.wav\n",
        f"{HEADER},note\n{ROW},loud\n",
        f"{HEADER},note\n{ROW},\n",
        f"{HEADER}\n\n{ROW}\n\n",
        f"{HEADER}\n,,,\n{ROW}\n",
        f'{HEADER}\n"a.wav","yes","ann","train"\n',
    ],
)
def test_tables_that_say_the_same_are_the_same(tmp_path, text):
    (tmp_path / "manifest.csv").write_text(text, encoding="utf-8", newline="")
    assert read_manifest(tmp_path / "manifest.csv") == TAKEN


def test_a_quoted_field_may_hold_the_separator(tmp_path):
    (tmp_path / "manifest.csv").write_text(f'{HEADER}\n"a,b.wav",yes,ann,test\n', encoding="utf-8")
    assert read_manifest(tmp_path / "manifest.csv")[0]["path"] == "a,b.wav"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f"{HEADER}\n{ROW},loud\n", "line 2: has 5 fields, the first line names 4 columns; quote"),
        (f"{HEADER}\n{ROW}\na.wav,yes\n", "line 3: has 2 fields"),
        (f"{HEADER}\n{ROW}\nb.wav,yes,,train\n", "line 3: needs path, word, speaker, split"),
        (f"{HEADER}\na.wav,yes,ann,tent\n", "line 2: needs .* with a split of train, validation, test"),
        (f"{HEADER}\na\0b.wav,yes,ann,train\n", "line 2: a field holds a NUL character"),
        (f"{HEADER}\n{ROW}\na.wav,yes,ann,test\n", "line 3: a.wav is listed in two splits, train and test"),
        (f"{HEADER}\n{ROW}\n./a.wav,yes,ann,test\n", "line 3: ./a.wav is listed in two splits, train and test"),
        (f"{HEADER}\nb//c.wav,yes,ann,test\nb/d/../c.wav,yes,ann,train\n", "line 3: .* is listed in two splits"),
        (f'{HEADER}\n"a.wav,yes,ann,train\n{ROW}\n', "line 2: unexpected end of data; a field that begins with a quot"),
        (f'{HEADER}\n"a.wav"x,yes,ann,train\n', "line 2: ',' expected after '\"'; a field that begins with a quot"),
        (f"{HEADER.replace('word', chr(34) + 'word')}\n{ROW}\n", "line 1: unexpected end of data"),
        (f"{HEADER}\n{ROW}\n{'a' * 200_000},yes,ann,train\n", "line 3: field larger than .*at most 131,072 characters"),
        ("path,word,split\na.wav,yes,train\n", "line 1: needs path, word, speaker, split .*; speaker is not so"),
        ("path,word,speaker,split,Split\n", "line 1: needs .*; split is not so"),
        (f"{ROW}\n", "line 1: needs path"),
        ("", "line 1: needs path"),
        ("\n\n", "line 1: needs path"),
        (f"{HEADER}\n", "lists no clips"),
        (f"{HEADER}\n{ROW}\n".encode("utf-16"), "line 1: is no text in UTF-8; save the file as"),
        (f"{HEADER}\n{ROW}\n".replace("ann", "änn").encode("latin-1"), "line 2: is no text in UTF-8"),
    ],
)
def test_anything_else_ends_in_one_line(tmp_path, content, message):
    path = tmp_path / "manifest.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=message) as caught:
        read_manifest(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    assert "missing" not in str(caught.value) and DATA_VARIABLE not in str(caught.value)


def test_an_absent_file_is_said(tmp_path):
    with pytest.raises(DataError, match=f"manifest.csv is missing; put the data there or unset {DATA_VARIABLE}"):
        read_manifest(tmp_path / "manifest.csv")


def test_a_folder_in_its_place_is_said(tmp_path):
    (tmp_path / "manifest.csv").mkdir()
    with pytest.raises(DataError, match=r"manifest.csv cannot be read \(Is a directory\); put the data"):
        read_manifest(tmp_path / "manifest.csv")

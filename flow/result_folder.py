"""Folders of results: written beside and moved in, marked by a manifest, never mixed with other people's files.

The manifest, `MANIFEST`, names every file that was written with its SHA-256, in the form that ``sha256sum --check``
reads. So a later run knows which files it may replace, and which a person has changed since.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from spec.errors import RemoraError
from spec.files import naming, write_text

MANIFEST = "remora.sha256"
_SHOWN = 4
"""Names that a refusal shows."""


class FolderError(RemoraError):
    """A folder holds what a result must not replace; the message names it and says what to do."""


@contextmanager
def folder_result(
    directory: Path, *, force: bool = False, unmarked: Mapping[str, str | None] | None = None
) -> Iterator[Path]:
    """Around the work that fills ``directory``: gives an empty folder on the same file system to write into.

    When the block ends, the files move to ``directory`` and the manifest is written; files of the earlier run that the
    new one lacks are removed, and files that Remora did not write stay. When the block fails or is interrupted,
    ``directory`` is as it was.

    Args:
        force: replace files that stand in the way, whoever wrote or changed them.
        unmarked: what an earlier run wrote where there is no manifest: path → SHA-256, None where that is not known.

    Raises:
        FolderError: without ``force``: ``directory`` holds files but no manifest; a file of the earlier run was changed
            since; a file that Remora did not write stands where a new one goes.
        OSError: it cannot be written; the error names a file or the folder.
    """
    with naming(directory):
        if directory.exists() and not directory.is_dir():
            raise FolderError(f"{directory} is a file; give the name of a folder")
        earlier = _earlier(directory, unmarked or {})
        if not force:
            _check(directory, earlier)
        directory.parent.mkdir(parents=True, exist_ok=True)
        # Inside where the folder exists: it may be a mount point, and files move only within one file system.
        stage = directory / f".remora.{os.getpid()}.part" if directory.exists() else _beside(directory)
        shutil.rmtree(stage, ignore_errors=True)
    made = stage / "new"
    try:
        with naming(directory, made):
            made.mkdir(parents=True)
            yield made
            _write_manifest(made)
            if directory.exists():
                _move_in(made, directory, stage / "old", earlier, force)
            else:
                made.rename(directory)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _beside(directory: Path) -> Path:
    return directory.with_name(f".{directory.name[:40]}.{os.getpid()}.part")


def _earlier(directory: Path, unmarked: Mapping[str, str | None]) -> dict[str, str | None]:
    """What the earlier run wrote, path → SHA-256, the manifest included; empty where there is none."""
    try:
        lines = (directory / MANIFEST).read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
        return dict(unmarked)
    pairs = (line.split("  ", 1) for line in lines if not line.startswith("#") and "  " in line)
    return {name: digest for digest, name in pairs if _inside(name)} | {MANIFEST: None}


def _inside(name: str) -> bool:
    return not Path(name).is_absolute() and ".." not in Path(name).parts


def _check(directory: Path, earlier: Mapping[str, str | None]) -> None:
    if not earlier and directory.is_dir() and any(directory.iterdir()):
        raise FolderError(
            f"{directory} holds files that Remora did not write: choose an empty or a new folder, or write into this "
            "one with --force, which replaces files of the same names"
        )
    changed = [
        name
        for name, digest in earlier.items()
        if digest and (directory / name).is_file() and file_digest(directory / name) != digest
    ]
    if changed:
        raise FolderError(
            f"{directory}: {_some(changed, 'changed')} since Remora wrote {'it' if len(changed) == 1 else 'them'}: "
            "move your changes elsewhere, or replace them with --force"
        )


def _some(names: list[str], what: str) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more} {'was' if len(names) == 1 else 'were'} {what}"


def file_digest(path: Path) -> str:
    """SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files(folder: Path) -> list[str]:
    """Every file below a folder by its path with slashes, sorted."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def _write_manifest(made: Path) -> None:
    lines = [f"{file_digest(made / name)}  {name}" for name in _files(made)]
    # Comments do not disturb sha256sum.
    text = "# Files that Remora wrote. Check them with: sha256sum --check remora.sha256\n" + "\n".join(lines) + "\n"
    write_text(made / MANIFEST, text)


def _move_in(made: Path, directory: Path, old: Path, earlier: Mapping[str, str | None], force: bool) -> None:
    """Move what was made into an existing folder, and all of it back where one move fails."""
    new = sorted(_files(made), key=lambda name: name == MANIFEST)
    in_the_way = [name for name in new if name not in earlier and os.path.lexists(directory / name)]
    if in_the_way and not force:
        raise FolderError(
            f"{directory}: {_some(in_the_way, 'not written by Remora')} and in the way: move it elsewhere, "
            "or replace it with --force"
        )
    moves: list[tuple[Path, Path]] = []

    def move(source: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
        moves.append((source, target))

    try:
        for name in dict.fromkeys([*earlier, *in_the_way]):
            if os.path.lexists(directory / name):
                move(directory / name, old / name)
        for name in new:
            move(made / name, directory / name)
    except BaseException:
        for source, target in reversed(moves):
            target.rename(source)
        raise
    for name in earlier.keys() - set(new):
        _remove_empty((directory / name).parent, directory)


def _remove_empty(folder: Path, root: Path) -> None:
    while folder != root and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent

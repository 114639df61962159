"""Folders of results: written beside and moved in, marked by a manifest, never mixed with other people's files.

The manifest, `MANIFEST`, names every file that was written with its SHA-256, in the form that ``sha256sum --check``
reads. So a later run knows which files it may replace, and which a person has changed since.
"""

from __future__ import annotations

import filecmp
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from remora.flow.tools.children import undisturbed
from remora.spec.lib.errors import RemoraError
from remora.spec.lib.files import folders_of, missing_folders, naming, remove_empty, write_text

MANIFEST = "remora.sha256"
_SHOWN = 4
"""Names that a refusal shows."""


class FolderError(RemoraError):
    """A folder holds what a result must not replace; the message names it and says what to do."""


@contextmanager
def folder_result(
    directory: Path,
    *,
    force: bool = False,
    unmarked: Mapping[str, str | None] | None = None,
    manifest: str = MANIFEST,
) -> Iterator[Path]:
    """Around the work that fills ``directory``: gives an empty folder on the same file system to write into.

    When the block ends, the files move to ``directory`` and the manifest is written; a file whose content is there
    already stays where it is. Files of the earlier run that the new one lacks are removed, and files that Remora did
    not write stay. When the block fails or is interrupted, ``directory`` is as it was.

    Args:
        force: replace files that stand in the way, whoever wrote or changed them.
        unmarked: what an earlier run wrote where there is no manifest: path → SHA-256, None where that is not known.
        manifest: name of the manifest; one for each kind of result, so that none takes another's files for its own.

    Raises:
        FolderError: without ``force``: ``directory`` holds files but no manifest; a file of the earlier run was changed
            since, or whether it was is not known; a file that Remora did not write stands where a new one goes. In any
            case: a folder stands where a file goes.
        OSError: it cannot be written; the error names a file or the folder.
    """
    with naming(directory):
        if directory.exists() and not directory.is_dir():
            raise FolderError(f"{directory} is a file; give the name of a folder")
        earlier = _earlier(directory, unmarked or {}, manifest)
        if not force:
            _check(directory, earlier)
        # Inside where the folder exists: it may be a mount point, and files move only within one file system.
        stage = directory / f".remora.{os.getpid()}.part" if directory.exists() else _beside(directory)
        shutil.rmtree(stage, ignore_errors=True)
    made, old = stage / "new", stage / "old"
    with naming(directory, stage), naming(directory, old), naming(directory, made), folders_of(directory):
        try:
            made.mkdir(parents=True)
            yield made
            _write_manifest(made, manifest)
            with undisturbed():
                if directory.exists():
                    _move_in(made, directory, old, earlier, manifest, force)
                else:
                    made.rename(directory)
        finally:
            shutil.rmtree(stage, ignore_errors=True)


def _beside(directory: Path) -> Path:
    return directory.with_name(f".{directory.name[:40]}.{os.getpid()}.part")


def _earlier(directory: Path, unmarked: Mapping[str, str | None], manifest: str) -> dict[str, str | None]:
    """What the earlier run wrote, path → SHA-256, the manifest included; empty where there is none."""
    try:
        lines = (directory / manifest).read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
        return dict(unmarked)
    pairs = (line.split("  ", 1) for line in lines if not line.startswith("#") and "  " in line)
    return {name: digest for digest, name in pairs if _inside(name)} | {manifest: None}


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
    return f"{_listed(names)} {'was' if len(names) == 1 else 'were'} {what}"


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def file_digest(path: Path) -> str:
    """SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files(folder: Path) -> list[str]:
    """Every file below a folder by its path with slashes, sorted."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def _write_manifest(made: Path, manifest: str) -> None:
    lines = [f"{file_digest(made / name)}  {name}" for name in _files(made)]
    # Comments do not disturb sha256sum.
    text = f"# Files that Remora wrote. Check them with: sha256sum --check {manifest}\n" + "\n".join(lines) + "\n"
    write_text(made / manifest, text)


def _move_in(
    made: Path, directory: Path, old: Path, earlier: Mapping[str, str | None], manifest: str, force: bool
) -> None:
    """Move what was made into an existing folder, and all of it back where one move fails."""
    every = sorted(_files(made), key=lambda name: name == manifest)
    # What is the same stays: another process may be reading it, and make goes by its time.
    new = [name for name in every if not _same_file(made / name, directory / name)]
    in_the_way = _in_the_way(new, directory, earlier)
    gone = earlier.keys() - set(every)
    leaving = [name for name in earlier if name in gone.union(new) and os.path.lexists(directory / name)]
    if not force:
        _check_leaving(directory, in_the_way, [name for name in leaving if name != manifest and not earlier[name]])
    moves = _Moves()
    try:
        for name in [*leaving, *in_the_way]:
            moves.move(directory / name, old / name)
        for name in new:
            moves.move(made / name, directory / name)
    except BaseException:
        moves.undo()
        raise
    for name in gone:
        _remove_empty((directory / name).parent, directory)


def _same_file(made: Path, there: Path) -> bool:
    """Whether a file is there already, byte for byte."""
    return there.is_file() and not there.is_symlink() and filecmp.cmp(made, there, shallow=False)


def _in_the_way(new: Sequence[str], directory: Path, earlier: Mapping[str, str | None]) -> list[str]:
    """What must give way to new files, and is not of the earlier run: files, also where a folder is to be.

    Raises:
        FolderError: a folder stands where a file goes.
    """
    if folders := [name for name in new if (directory / name).is_dir() and not (directory / name).is_symlink()]:
        raise FolderError(f"{directory}: {_listed(folders)}: a folder stands where a file goes; move it elsewhere")
    found = [name for name in new if os.path.lexists(directory / name)]
    parents = {parent.as_posix() for name in new for parent in Path(name).parents}
    found += sorted(each for each in parents if os.path.lexists(directory / each) and not (directory / each).is_dir())
    return [name for name in found if name not in earlier]


def _check_leaving(directory: Path, in_the_way: list[str], unknown: list[str]) -> None:
    """Refuse to replace what a person wrote or may have changed.

    Args:
        in_the_way: files that Remora did not write.
        unknown: files of an earlier run that left no digests.
    """
    if in_the_way:
        raise FolderError(
            f"{directory}: {_some(in_the_way, 'not written by Remora')} and in the way: move it elsewhere, "
            "or replace it with --force"
        )
    if unknown:
        raise FolderError(
            f"{directory}: there is no {MANIFEST} that says whether you changed {_listed(unknown)}, and what would "
            "be written differs: move your changes elsewhere, or replace them with --force"
        )


class _Moves:
    """Moves of files, which can be undone."""

    def __init__(self) -> None:
        self._moves: list[tuple[Path, Path]] = []
        self._folders: list[Path] = []

    def move(self, source: Path, target: Path) -> None:
        """Move a file, and make the folders that it needs."""
        # Noted before it is done: whatever comes between would lose it.
        self._folders += reversed(missing_folders(target))
        target.parent.mkdir(parents=True, exist_ok=True)
        self._moves.append((source, target))
        source.rename(target)

    def undo(self) -> None:
        """Take back every move that was done, and remove the folders that were made."""
        for source, target in reversed(self._moves):
            if os.path.lexists(target) and not os.path.lexists(source):
                target.rename(source)
        remove_empty(reversed(self._folders))


def _remove_empty(folder: Path, root: Path) -> None:
    while folder != root and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent

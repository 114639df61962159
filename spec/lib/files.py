"""Results on disk: each file appears whole or not at all, and an error names the file that a person asked for.

Whatever the project leaves for a person or for a later command is written through `replacing`; that holds for results
as JSON, `.npz` files, figures, headers and memory images alike.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def naming(path: Path, stand_in: Path | None = None) -> Iterator[None]:
    """Around work on ``path``: an ``OSError`` without a file name, as of a full disk, names ``path``; one that names
    ``stand_in``, or a file in it, names what that stands for.
    """
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = str(path)
        elif stand_in and isinstance(error.filename, str | Path) and Path(error.filename).is_relative_to(stand_in):
            error.filename = str(path / Path(error.filename).relative_to(stand_in))
        raise


@contextmanager
def folders_of(path: Path) -> Iterator[None]:
    """Around the work that writes ``path``: makes its folders. When the block fails or is interrupted, those that were
    made go again, unless something else is in them.

    Raises:
        OSError: a folder cannot be made, or a file stands in its place; the error then names ``path``.
    """
    missing = missing_folders(path)
    try:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except FileExistsError as error:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path)) from error
        yield
    except BaseException:
        remove_empty(missing)
        raise


def missing_folders(path: Path) -> list[Path]:
    """The folders above ``path`` that do not exist, the deepest first."""
    return [folder for folder in path.parents if not folder.exists()]


def remove_empty(folders: Iterable[Path]) -> None:
    """Remove those of some folders that are there and empty, in their order."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Around the work that writes ``path``: gives the path of a new file beside it with the same suffix.

    When the block ends, the new file is flushed to the disk and takes the place of ``path``, whose mode it keeps. When
    the block fails or is interrupted, the new file is removed, and ``path`` is as it was. A link stays a link. A
    device, a pipe, or what the process has open, such as ``/dev/stdout``, is written directly. Makes the folder.

    Raises:
        OSError: ``path`` cannot be written; the error names it.
    """
    with naming(path):
        target = path.resolve()
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if _is_open_file(path) or (target.exists() and not target.is_file()):
            yield path
            return
    partial = target.with_name(f".{target.name[:40]}.{os.getpid()}.part{target.suffix}")
    with naming(path, target), naming(path, partial), folders_of(target):
        try:
            partial.touch()
            yield partial
            with partial.open("rb") as written:
                os.fsync(written.fileno())
            if target.exists():
                shutil.copymode(target, partial)
            partial.replace(target)
        finally:
            # On a disk that is read-only even removing what is not there is an error, and says nothing new.
            with suppress(OSError):
                partial.unlink()


def _is_open_file(path: Path) -> bool:
    """Whether a path, or a link on its way, names what a process has open, as ``/dev/stdout`` and ``/dev/fd/3`` do."""
    while not path.parent.resolve().is_relative_to("/proc"):
        if not path.is_symlink():
            return False
        path = path.parent / path.readlink()
    return True


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8 through `replacing`.

    Raises:
        OSError: ``path`` cannot be written; the error names it.
    """
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes through `replacing`.

    Raises:
        OSError: ``path`` cannot be written; the error names it.
    """
    with replacing(path) as partial:
        partial.write_bytes(content)


def check_writable(path: Path) -> None:
    """Whether `replacing` could write ``path``, known before the work that fills it; what is there stays as it is.

    Makes no folder: where it is missing, what counts is whether it could be made.

    Raises:
        OSError: it cannot be written; the error names it.
    """

    class Enough(Exception):
        """Ends the block before anything is replaced."""

    missing = missing_folders(path.absolute())
    target = missing[-1] if missing else path
    with suppress(Enough), naming(path, target), replacing(target):
        raise Enough

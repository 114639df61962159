"""Results on disk: each file appears whole or not at all, and an error names the file that a person asked for.

Whatever the project leaves for a person or for a later command is written through `replacing`; that holds for results
as JSON, `.npz` files, figures, headers and memory images alike.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
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
def replacing(path: Path) -> Iterator[Path]:
    """Around the work that writes ``path``: gives the path of a new file beside it with the same suffix.

    When the block ends, the new file is flushed to the disk and takes the place of ``path``, whose mode it keeps. When
    the block fails or is interrupted, the new file is removed, and ``path`` is as it was. A link stays a link. A device
    or a pipe, such as ``/dev/stdout``, is written directly. Makes the folder.

    Raises:
        OSError: ``path`` cannot be written; the error names it.
    """
    with naming(path):
        target = path.resolve()
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if path.is_relative_to("/dev") or (target.exists() and not target.is_file()):
            yield path
            return
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except FileExistsError as error:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path)) from error
    partial = target.with_name(f".{target.name[:40]}.{os.getpid()}.part{target.suffix}")
    try:
        with naming(path, partial):
            partial.touch()
            yield partial
            with partial.open("rb") as written:
                os.fsync(written.fileno())
            if target.exists():
                shutil.copymode(target, partial)
            partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


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

    Makes the folder.

    Raises:
        OSError: it cannot be written; the error names it.
    """

    class Enough(Exception):
        """Ends the block before anything is replaced."""

    try:
        with replacing(path):
            raise Enough
    except Enough:
        pass

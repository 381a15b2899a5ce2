"""Files and folders that appear whole or not at all, also across a power cut.

Each is written beside its place under a name of its own, flushed to the disk, and then given its
name in one step: a reader sees what was there before, or all of what is new.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PARTIAL = ".partial"
_NAME_CHARACTERS = 40  # a file name may have 255 bytes, and a character of ours takes three


def write_whole(path: Path, content: str | bytes) -> None:
    """Writes a file, and the folders above it where they are missing.

    Raises:
        OSError: it cannot be written; the file before is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as aside:
        aside.write_bytes(content.encode() if isinstance(content, str) else content)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """The path to write to; the file there takes its place when the block ends well.

    A pipe or a device is written to directly: it takes what comes.

    Raises:
        OSError: it cannot be written; the file before is untouched.
    """
    if path.exists() and not path.is_file():
        yield path
        return
    aside = _aside(path)
    try:
        yield aside
        sync(aside)
        os.replace(aside, path)
        sync(path.parent)
    finally:
        aside.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A new folder to fill; it takes its place when the block ends well.

    Raises:
        OSError: it cannot be written; the folder before is untouched.
    """
    import shutil

    aside = _aside(path)
    aside.mkdir(parents=True)
    try:
        yield aside
        publish(aside, path)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def publish(finished: Path, path: Path) -> None:
    """Gives a finished folder of the same disk its name; one that has the name goes."""
    import shutil

    make_durable(finished)
    shutil.rmtree(path, ignore_errors=True)
    os.replace(finished, path)
    sync(path.parent)


def left_behind(path: Path) -> Iterator[Path]:
    """What killed writers of a file left beside it; whoever writes alone may remove it."""
    return path.parent.glob(f".{path.name[:_NAME_CHARACTERS]}.*{_PARTIAL}*")


def make_durable(folder: Path) -> None:
    """Flushes every file below a folder, and the folders, to the disk."""
    for parent, _, names in os.walk(folder):
        for name in names:
            sync(Path(parent) / name)
        sync(Path(parent))


def sync(path: Path) -> None:
    """Flushes one file, or the names in one folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _aside(path: Path) -> Path:
    return path.with_name(f".{path.name[:_NAME_CHARACTERS]}.{os.urandom(4).hex()}{_PARTIAL}")

"""The checker of a running process: it takes up an activated pack without a restart."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from copilot.compliance.activation import next_change, pointer_of, read_schedule
from copilot.compliance.checker import Checker
from copilot.compliance.pack import SHIPPED, Pack, current_pack_path
from copilot.errors import StateError

_Stamp = tuple[tuple[int, int, int] | None, ...]


@dataclass(frozen=True, slots=True)
class _Held:
    """A checker with what it was loaded for; replaced as one, so that threads need no lock."""

    checker: Checker
    stamp: _Stamp
    until: datetime | None


class LiveChecker:
    """The checker in force at the moment of asking.

    A pack or schedule that cannot be read leaves the last good one in use; ``fault`` then says
    what is wrong.

    Args:
        data_dir: the data directory with the activated packs, if any.
        knowledge_dir: the knowledge with the shipped pack.

    Raises:
        StateError: there is no good pack to begin with.
    """

    def __init__(self, data_dir: Path | None, knowledge_dir: Path) -> None:
        self._data_dir = data_dir
        self._knowledge_dir = knowledge_dir
        self.fault: StateError | None = None
        stamp = self._stamp()
        self._held = self._load(stamp, None)

    def current(self) -> Checker:
        """The checker to use now; asks the file system two questions and reads nothing else."""
        held, stamp = self._held, self._stamp()
        due = held.until is not None and held.until <= datetime.now(UTC)
        if stamp == held.stamp and not due:
            return held.checker
        try:
            self._held = self._load(stamp, held)
            self.fault = None
        except StateError as error:
            self.fault = error
            self._held = _Held(held.checker, stamp, None if due else held.until)
        return self._held.checker

    def _load(self, stamp: _Stamp, before: _Held | None) -> _Held:
        now = datetime.now(UTC)
        until = None if self._data_dir is None else next_change(read_schedule(self._data_dir), now)
        pack = Pack.read(current_pack_path(self._data_dir, self._knowledge_dir))
        held = before.checker if before and before.checker.pack_version == pack.version else None
        return _Held(held or Checker(pack), stamp, until)

    def _stamp(self) -> _Stamp:
        paths = [self._knowledge_dir / SHIPPED]
        if self._data_dir is not None:
            paths.append(pointer_of(self._data_dir))
        return tuple(_stat(path) for path in paths)


def _stat(path: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size

"""Which pack is in force when: the schedule beside the activated packs of a data directory.

``packs/CURRENT`` holds one line an activation, ``<effective time> <version>``; a bare version has
always been in force. The file is replaced whole, so that a reader sees the old schedule or the new.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from copilot.errors import StateError
from copilot.files import write_whole

PACKS = "packs"
_POINTER = "CURRENT"
_ALWAYS = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Activation:
    """A pack and the moment from which it is in force (with its time zone)."""

    effective: datetime
    version: str


def pointer_of(data_dir: Path) -> Path:
    """The schedule's file."""
    return data_dir / PACKS / _POINTER


def read_schedule(data_dir: Path) -> tuple[Activation, ...]:
    """Every activation, the earliest first; empty when none was made.

    Raises:
        StateError: the file is not a schedule.
    """
    path = pointer_of(data_dir)
    try:
        lines = path.read_text("utf-8").splitlines()
        return tuple(sorted(_activation(line) for line in lines if line.strip()))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError):
        raise StateError(
            "规则包的启用记录无法读取。",
            next="请用 `copilot rules activate` 重新启用，或从备份恢复该文件。",
            file=str(path),
        ) from None


def in_force(schedule: Sequence[Activation], now: datetime) -> Activation | None:
    """The activation in force at a moment, if any."""
    return next((a for a in reversed(schedule) if a.effective <= now), None)


def next_change(schedule: Sequence[Activation], now: datetime) -> datetime | None:
    """When another pack comes into force, if one is waiting."""
    return next((a.effective for a in schedule if a.effective > now), None)


def schedule_pack(data_dir: Path, activation: Activation, now: datetime) -> None:
    """Adds an activation; what it overtakes and what is long past is dropped.

    The pack's file must be there already.
    """
    schedule = read_schedule(data_dir)
    current = in_force(schedule, now)
    waiting = [a for a in schedule if now < a.effective < activation.effective]
    kept = [a for a in (current,) if a is not None and activation.effective > now]
    lines = [_line(a) for a in (*kept, *waiting, activation)]
    write_whole(pointer_of(data_dir), "\n".join(lines) + "\n")


def _activation(line: str) -> Activation:
    *moment, version = line.split()
    if not version.isalnum():
        raise ValueError(version)
    if not moment:
        return Activation(_ALWAYS, version)
    effective = datetime.fromisoformat(moment[0])
    if effective.tzinfo is None:
        raise ValueError(line)
    return Activation(effective.astimezone(UTC), version)


def _line(activation: Activation) -> str:
    if activation.effective == _ALWAYS:
        return activation.version
    return f"{activation.effective.isoformat()} {activation.version}"

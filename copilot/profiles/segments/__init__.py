"""Segments: the bank's rules first, clusters only when they are stable and can be said plainly."""

from copilot.profiles.segments.changes import SegmentChange, segment_changes
from copilot.profiles.segments.service import (
    SegmentBuild,
    build_segments,
    members_of,
    read_segments,
    segments_of,
)

__all__ = [
    "SegmentBuild",
    "SegmentChange",
    "build_segments",
    "members_of",
    "read_segments",
    "segment_changes",
    "segments_of",
]

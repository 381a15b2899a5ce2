"""Programs that a test needs and a machine may lack."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

NEED_ALL = "COPILOT_TESTS_NEED_ALL"


def program(name: str, *elsewhere: str) -> Path:
    """Where a program is; a machine without it skips the test, the build machine fails it.

    `elsewhere` are glob patterns below ``/`` for programs that are not on the path.
    """
    found = shutil.which(name)
    if found:
        return Path(found)
    for pattern in elsewhere:
        if places := sorted(Path("/").glob(pattern)):
            return places[-1]
    missing = f"需要系统程序 {name}，本机没有安装。"
    if os.environ.get(NEED_ALL):
        pytest.fail(missing)
    pytest.skip(missing)

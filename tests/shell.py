"""The command line, run in the test's own process."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from copilot.cli.main import main


class Shell:
    """Runs the command line in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: object) -> tuple[int, str, str]:
        self._monkeypatch.setattr(sys, "argv", ["copilot", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        output = self._capsys.readouterr()
        return int(ended.value.code or 0), output.out, output.err

    def json(self, *arguments: object) -> tuple[int, dict[str, Any]]:
        code, out, _ = self(*arguments, "--format", "json")
        return code, json.loads(out)

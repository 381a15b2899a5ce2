"""The compliance stage: whether a text may be used, which article says so, what to write instead.

Checking (this face) loads compiled packs only and imports neither YAML nor pydantic; compiling
rule files is `copilot.compliance.compiler`.
"""

from copilot.compliance.checker import Checker, load_checker
from copilot.compliance.pack import Pack
from copilot.compliance.rules import Rule

__all__ = ["Checker", "Pack", "Rule", "load_checker"]

"""Each prompt as it leaves: rendered with realistic values and compared with a kept file.

After a change that is meant, write the files again: ``python tests/test_prompts.py``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from copilot.errors import InputError
from copilot.llm.prompts import load_prompt
from copilot.paths import shipped

PROMPTS = shipped("prompts")
GOLDEN = Path(__file__).parent / "golden_prompts"
SCHEMA = '{"type": "object"}'
IDS = sorted(path.stem for path in PROMPTS.glob("*.md"))


def values(prompt_id: str) -> dict[str, Any]:
    """The inputs that the kept rendering was made with."""
    path = GOLDEN / f"{prompt_id}.json"
    assert path.is_file(), f"提示词 {prompt_id} 没有样例输入：请写 {path.name}"
    loaded: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return loaded


def rendering(prompt_id: str) -> str:
    prompt = load_prompt(PROMPTS, prompt_id)
    system, user = prompt.render(values(prompt_id), output_schema=SCHEMA)
    return f"{prompt_id}@{prompt.version}\n=== system\n{system}\n=== user\n{user}\n"


@pytest.mark.parametrize("prompt_id", IDS)
def test_a_prompt_leaves_as_it_was_agreed(prompt_id: str) -> None:
    assert rendering(prompt_id) == (GOLDEN / f"{prompt_id}.txt").read_text("utf-8")


@pytest.mark.parametrize("prompt_id", IDS)
def test_a_prompt_is_not_rendered_without_one_of_its_inputs(prompt_id: str) -> None:
    given = values(prompt_id)
    for name in given:
        less = {key: value for key, value in given.items() if key != name}
        with pytest.raises(InputError, match="缺少变量") as error:
            load_prompt(PROMPTS, prompt_id).render(less)
        assert name in error.value.message


@pytest.mark.parametrize("prompt_id", IDS)
def test_a_prompt_takes_no_input_that_it_does_not_declare(prompt_id: str) -> None:
    with pytest.raises(InputError, match="未声明的变量：phone") as error:
        load_prompt(PROMPTS, prompt_id).render({**values(prompt_id), "phone": "10012345678"})
    assert "10012345678" not in str(error.value)


def test_every_kept_rendering_belongs_to_a_prompt() -> None:
    assert sorted(path.stem for path in GOLDEN.glob("*.txt")) == IDS


if __name__ == "__main__":
    for name in IDS:
        (GOLDEN / f"{name}.txt").write_text(rendering(name), "utf-8")

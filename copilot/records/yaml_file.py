"""A YAML file that the bank edits: read with line numbers, validated against a closed schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from copilot.errors import InputError

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError
    from yaml import Node

    ModelT = TypeVar("ModelT", bound=BaseModel)

Location = tuple[str | int, ...]

_DEEPEST = 60
_LARGEST = 4_000_000  # bytes
_LONGEST_SHOWN = 200
_LONG_INDENT = re.compile(rf"^[ ?:\-]{{{_DEEPEST},}}", re.M)


@dataclass(frozen=True, slots=True)
class YamlFile:
    """Parsed content with the line (from 1) of every key and item."""

    path: Path
    data: Any
    lines: Mapping[Location, int] = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> YamlFile:
        """Read a UTF-8 YAML file.

        Raises:
            InputError: as `parse`, or too large, or not UTF-8.
        """
        if path.stat().st_size > _LARGEST:
            raise InputError(
                f"文件过大，超过 {_LARGEST // 1_000_000} MB。",
                next="请拆成较小的文件。",
                file=str(path),
            )
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError as error:
            raise InputError(
                f"文件不是 UTF-8 编码（第 {error.start} 字节）。",
                next="请另存为 UTF-8 后重试。",
                file=str(path),
            ) from None
        return cls.parse(text, path)

    @classmethod
    def parse(cls, text: str, path: Path, *, first_line: int = 1) -> YamlFile:
        """Parse YAML text that stands in ``path`` from ``first_line`` on.

        Raises:
            InputError: not YAML, a key stands twice, nested too deep, or an alias is used (a few
                nested ones would unfold into gigabytes); names file and line.
        """
        import yaml

        kind = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # C: ten times faster
        try:
            _check_depth(text, kind, path, first_line)
            loader = kind(text)
            node = loader.get_single_node()
            lines = dict(_lines(node, (), path, first_line, set())) if node is not None else {}
            data = loader.construct_document(node) if node is not None else None
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            reason = getattr(error, "problem", None) or "有不允许的字符"
            raise InputError(
                f"YAML 语法错误：{reason}。",
                next="请按该行的缩进和引号检查。",
                file=str(path),
                row=mark.line + first_line if mark else None,
            ) from None
        except ValueError:  # a date such as 2026-02-30
            raise InputError(
                "YAML 中有不存在的日期或无法识别的数值。",
                next="请检查形如 2026-02-28 的日期。",
                file=str(path),
                row=_line_of_bad_value(node, first_line),
            ) from None
        return cls(path, data, lines)

    def line_of(self, location: Location) -> int | None:
        """The line of a location, or of the nearest thing around it."""
        for length in range(len(location), -1, -1):
            line = self.lines.get(location[:length])
            if line is not None:
                return line
        return None

    def error(self, message: str, location: Location = (), *, next: str = "") -> InputError:
        """An error that points at a location of this file."""
        return InputError(
            message,
            next=next or "请修改该文件后重试。",
            file=str(self.path),
            row=self.line_of(location),
            field=".".join(map(str, location)) or None,
        )

    def validated(self, model: type[ModelT], at: Location = ()) -> ModelT:
        """The content at ``at`` as ``model``.

        Raises:
            InputError: the first violation, with file, line, field and the allowed names.
        """
        from pydantic import ValidationError

        data = self.data
        for step in at:
            data = data[step]
        try:
            return model.model_validate(data)
        except ValidationError as error:
            raise self._violation(model, at, error) from None

    def _violation(
        self, model: type[BaseModel], at: Location, error: ValidationError
    ) -> InputError:
        errors = error.errors(include_url=False)
        # a misspelt key is also a missing one: the misspelling is what helps
        first = next((each for each in errors if each["type"] == "extra_forbidden"), errors[0])
        location: Location = at + first["loc"]
        name = next((key for key in reversed(first["loc"]) if isinstance(key, str)), "内容")
        match first["type"]:
            case "extra_forbidden":
                allowed = "、".join(_fields_at(model, first["loc"][:-1]))
                return self.error(f"未知的键 {name}。", location, next=f"可用的键：{allowed}。")
            case "missing":
                return self.error(f"缺少必填的键 {name}。", location)
            case "enum" | "literal_error":
                allowed = first["ctx"]["expected"].replace(" or ", ", ")
                return self.error(
                    f"{name} 的值 {_shown(first['input'])} 不在允许范围内。",
                    location,
                    next=f"可用的值：{allowed}。",
                )
            case _:
                reason = f"{name} 的值 {_shown(first['input'])} 不符合要求：{first['msg']}。"
                return self.error(reason, location)


def _shown(value: object) -> str:
    """A value as an error repeats it."""
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _check_depth(text: str, loader: Any, path: Path, first_line: int) -> None:
    """Refuses what would overflow the stack of the loader, which recurses."""
    import yaml

    brackets = text.count("[") + text.count("{")
    if brackets <= _DEEPEST and not _LONG_INDENT.search(text):
        return
    depth = 0
    for event in yaml.parse(text, Loader=loader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            mark = event.start_mark
            raise InputError(
                f"YAML 嵌套超过 {_DEEPEST} 层。",
                next="请减少嵌套后重试。",
                file=str(path),
                row=mark.line + first_line if mark else None,
            )


def _line_of_bad_value(node: Node | None, first_line: int) -> int | None:
    """The line of the first value that looks like a date or number and is none."""
    import yaml

    if isinstance(node, yaml.ScalarNode):
        try:
            yaml.safe_load(node.value)
        except (ValueError, yaml.YAMLError) as error:
            bad = not isinstance(error, yaml.YAMLError)
            return node.start_mark.line + first_line if bad else None
        return None
    children = getattr(node, "value", None) or ()
    inner = (part for child in children for part in (child if type(child) is tuple else (child,)))
    found = (_line_of_bad_value(part, first_line) for part in inner)
    return next((line for line in found if line is not None), None)


def _lines(
    node: Node, location: Location, path: Path, first_line: int, seen: set[int]
) -> Iterator[tuple[Location, int]]:
    from yaml import MappingNode, SequenceNode

    if id(node) in seen:
        raise InputError(
            "YAML 的别名（* 引用）不能使用。",
            next="请把被引用的内容写全。",
            file=str(path),
            row=node.start_mark.line + first_line,
        )
    seen.add(id(node))
    yield location, node.start_mark.line + first_line
    if isinstance(node, MappingNode):
        keys: set[str] = set()
        for key, value in node.value:
            line = key.start_mark.line + first_line
            if not isinstance(key.value, str):
                raise InputError(
                    "键只能是一个词。", next="请改成一个词。", file=str(path), row=line
                )
            if key.value in keys:
                raise InputError(
                    f"键 {key.value} 出现了两次。",
                    next="请保留其中一处。",
                    file=str(path),
                    row=line,
                    field=key.value,
                )
            keys.add(key.value)
            yield from _lines(value, (*location, key.value), path, first_line, seen)
            yield (*location, key.value), line
    elif isinstance(node, SequenceNode):
        for index, item in enumerate(node.value):
            yield from _lines(item, (*location, index), path, first_line, seen)


def _fields_at(model: type[BaseModel], location: Location) -> list[str]:
    """The field names allowed at a location below ``model``."""
    from pydantic import BaseModel

    for step in location:
        if isinstance(step, str) and step in model.model_fields:
            annotation = model.model_fields[step].annotation
            nested = [
                part
                for part in (annotation, *get_args(annotation))
                if isinstance(part, type) and issubclass(part, BaseModel)
            ]
            model = nested[0] if nested else model
    return list(model.model_fields)

"""Excel workbooks and Markdown product sheets, rewritten as CSV for the one reader."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from copilot.errors import InputError
from copilot.records.front_matter import required_front_matter
from copilot.records.tables import TABLES
from copilot.tables.fetch import GivenFile, cell_text, write_rows


def excel_as_csv(file: GivenFile, target: Path) -> None:
    """Write the first sheet, or the one called ``sheet``, as CSV.

    Raises:
        InputError: not a workbook, or no such sheet.
    """
    with target.open("w", encoding="utf-8", newline="") as out:
        write_rows(out, _excel_rows(file))


def _excel_rows(file: GivenFile) -> Iterator[list[Any]]:
    from zipfile import BadZipFile

    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = openpyxl.load_workbook(file.path, read_only=True, data_only=True)
    except (BadZipFile, InvalidFileException, KeyError, ValueError):
        raise InputError(
            "不是有效的 Excel 工作簿。", file=file.label, next="请另存为 .xlsx 后重试。"
        ) from None
    try:
        wanted = file.reading.sheet or book.sheetnames[0]
        if wanted not in book.sheetnames:
            raise InputError(
                f"没有叫 {wanted} 的工作表。",
                file=file.label,
                field="sheet",
                next=f"可用的工作表：{'、'.join(book.sheetnames)}。",
            )
        for row in book[wanted].iter_rows(values_only=True):
            yield list(row)
    finally:
        book.close()


def sheets_as_csv(files: list[GivenFile], target: Path) -> None:
    """Write the front matter of product sheets as one CSV with the columns of ``products``.

    Money is yuan in the sheets; the fees' amounts become fen, ``min_amount`` is left to the load.

    Raises:
        InputError: no front matter, an unknown key, or a missing one; names file and line.
    """
    names = [column.name for column in TABLES["products"].columns]
    with target.open("w", encoding="utf-8", newline="") as out:
        write_rows(out, [names])
        for file in files:
            sheet = _front_matter(file)
            write_rows(out, [[_cell(name, sheet.get(name), file) for name in names]])


def _front_matter(file: GivenFile) -> Mapping[str, Any]:
    try:
        text = file.path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"第 {error.start} 字节不是 utf-8 编码。", file=file.label, next="请另存为 UTF-8。"
        ) from None
    front = required_front_matter(text, Path(file.label))
    table = TABLES["products"]
    known = [column.name for column in table.columns]
    for name in front.values:
        if name not in known:
            raise front.yaml.error(
                f"未知的键 {name}。", (name,), next=f"可用的键：{'、'.join(known)}。"
            )
    for column in table.columns:
        if column.required and front.values.get(column.name) is None:
            raise front.yaml.error(f"缺少必填的键 {column.name}。", (column.name,), next="请补上。")
    return front.values


def _cell(name: str, value: Any, file: GivenFile) -> str:
    if name == "fees" and isinstance(value, list):
        value = [_fee(fee, file) for fee in value]
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return cell_text(value)


def _fee(fee: Any, file: GivenFile) -> dict[str, Any]:
    allowed = ("name", "rate_bp", "amount", "note")
    if not isinstance(fee, dict) or "name" not in fee or set(fee) - set(allowed):
        raise InputError(
            "费用的写法不对。",
            file=file.label,
            field="fees",
            next=f"可用的键：{'、'.join(allowed)}。",
        )
    amount = fee.get("amount")
    return fee if amount is None else fee | {"amount": round(float(amount) * 100)}

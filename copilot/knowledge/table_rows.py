"""A table's rows as sentences that carry their headers: ``期限：3年；年利率：1.45%``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from copilot.knowledge.blocks import one_line
from copilot.knowledge.limits import MOST_COLUMNS

Row = Sequence[str]
Cells = tuple[tuple[str, str], ...]

_PROPERTY = re.compile(
    r".*(?:名称|简称|全称|代码|编号|类型|类别|机构|管理人|托管人|发行人|金额|起点|期限|利率|费率|等级|"
    r"日期|时间|方式|渠道|对象|范围|基准|币种|规模|地区|电话|地址|部门|说明|要求|条件|材料|流程|备注)"
)


def records(rows: Iterable[Row]) -> list[Cells]:
    """The rows of a small table, each cell with its header; the first row has the headers.

    A table of two columns that lists properties (产品名称 | 三年期定存) has no header row: its
    first column names what stands in the second. A row of one repeated cell is a caption: it
    stays a cell without a header.

    >>> records([["期限", "年利率"], ["3个月", "0.65%"], ["3年", "1.25%"]])[1]
    (('期限', '3年'), ('年利率', '1.25%'))
    >>> records([["产品名称", "三年期定存"], ["起点金额", "50元"]])
    [(('产品名称', '三年期定存'),), (('起点金额', '50元'),)]
    """
    table = [[one_line(cell) for cell in row[:MOST_COLUMNS]] for row in rows]
    table = [row for row in table if any(row)]
    if not table:
        return []
    if max(map(len, table)) == 2 and not _has_headers(table):
        return [_property(row) for row in table]
    headers: list[str] | None = None
    found: list[Cells] = []
    for row in table:
        if len(set(filter(None, row))) == 1:
            found.append((("", next(filter(None, row))),))
        elif headers is None:
            headers = row
        else:
            found.append(titled(headers, row))
    if headers is not None and not any(len(cells) > 1 for cells in found):
        found.insert(0, tuple(("", cell) for cell in dict.fromkeys(headers) if cell))
    return found


def titled(headers: Row, row: Row) -> Cells:
    """The filled cells of a row with their headers; a cell merged across columns stands once."""
    cells: list[tuple[str, str]] = []
    for index, value in enumerate(row):
        header = headers[index] if index < len(headers) else ""
        if value and (not cells or cells[-1] != (header, value)):
            cells.append((header, value))
    return tuple(cells)


def sentence(cells: Cells) -> str:
    """Cells as one line of text.

    >>> sentence((("期限", "3年"), ("", "仅限柜面")))
    '期限：3年；仅限柜面'
    """
    return "；".join(f"{header}：{value}" if header else value for header, value in cells)


def _property(row: Row) -> Cells:
    name, value = (*row, "")[:2]
    return ((name, value),) if name and value else (("", name or value),)


def _has_headers(table: Sequence[Row]) -> bool:
    # Below a header the first column holds things (3个月, 柜面); in a list of properties it goes
    # on naming them (起点金额, 期限).
    names = [row[0] for row in table[1:]]
    return 2 * sum(_PROPERTY.fullmatch(name) is not None for name in names) < max(len(names), 1)

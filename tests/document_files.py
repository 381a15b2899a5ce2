"""Documents for tests, made on the spot: Word, Excel, PDF by hand, packages with tricks in them."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import docx
import openpyxl
from docx.document import Document as WordDocument

BODY, LARGE = 10.5, 16.0


@dataclass(frozen=True)
class Printed:
    """Words on a PDF page; ``y`` counts from the bottom in points."""

    text: str
    x: float = 72
    y: float = 700
    size: float = BODY


@dataclass(frozen=True)
class Rule:
    """A ruled line on a PDF page."""

    x0: float
    y0: float
    x1: float
    y1: float


def paragraphs(*lines: str, top: float = 720, size: float = BODY, x: float = 72) -> list[Printed]:
    """Lines below one another, each a paragraph of its own (indented by two characters)."""
    return [Printed(line, x + 2 * size, top - 20 * n, size) for n, line in enumerate(lines)]


def grid(rows: Sequence[Sequence[str]], left: float = 72, top: float = 600) -> list[Printed | Rule]:
    """A ruled table."""
    width, height = 120, 24
    right, bottom = left + width * len(rows[0]), top - height * len(rows)
    drawn: list[Printed | Rule] = []
    for n in range(len(rows) + 1):
        drawn.append(Rule(left, top - height * n, right, top - height * n))
    for n in range(len(rows[0]) + 1):
        drawn.append(Rule(left + width * n, bottom, left + width * n, top))
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            drawn.append(Printed(cell, left + width * c + 6, top - height * r - 16))
    return drawn


def pdf(
    *pages: Sequence[Printed | Rule],
    picture: bool = False,
    unmapped: bool = False,
    encrypted: bool = False,
) -> bytes:
    """A PDF whose font maps every code to its Unicode character (or, ``unmapped``, to none)."""
    used = sorted(
        {ord(c) for page in pages for t in page if isinstance(t, Printed) for c in t.text}
    )
    objects: list[bytes] = []

    def add(body: bytes) -> int:
        objects.append(body)
        return len(objects)

    def stream(data: bytes, extra: bytes = b"") -> int:
        packed = zlib.compress(data)
        head = b"<< /Length %d /Filter /FlateDecode %s>>" % (len(packed), extra)
        return add(head + b"\nstream\n" + packed + b"\nendstream")

    catalog, tree = add(b""), add(b"")
    mapping = b"".join(b"<%04X> <%04X>\n" % (code, code) for code in used)
    cmap = stream(
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
        b"1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
        b"%d beginbfchar\n%sendbfchar\nendcmap end end" % (len(used), mapping)
    )
    descendant = add(
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Song /DW 1000 /CIDSystemInfo "
        b"<< /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>"
    )
    to_unicode = b"" if unmapped else b"/ToUnicode %d 0 R" % cmap
    font = add(
        b"<< /Type /Font /Subtype /Type0 /BaseFont /Song /Encoding /Identity-H "
        b"/DescendantFonts [%d 0 R] %s >>" % (descendant, to_unicode)
    )
    image = stream(
        b"\xff" * 64,
        b"/Type /XObject /Subtype /Image /Width 8 /Height 8 /ColorSpace /DeviceGray "
        b"/BitsPerComponent 8 ",
    )
    kids = []
    for page in pages:
        drawn = b"".join(map(_drawn, page))
        if picture:
            drawn += b"q 500 0 0 700 50 50 cm /Im Do Q\n"
        content = stream(drawn)
        kids.append(
            add(
                b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 595 842] /Contents %d 0 R "
                b"/Resources << /Font << /F %d 0 R >> /XObject << /Im %d 0 R >> >> >>"
                % (tree, content, font, image)
            )
        )
    objects[catalog - 1] = b"<< /Type /Catalog /Pages %d 0 R >>" % tree
    objects[tree - 1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (
        len(kids),
        b" ".join(b"%d 0 R" % kid for kid in kids),
    )
    locked = b""
    if encrypted:
        key = add(
            b"<< /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >>" % (b"41" * 32, b"42" * 32)
        )
        locked = b"/Encrypt %d 0 R /ID [<00> <00>] " % key
    out = io.BytesIO(b"")
    out.write(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.writelines(b"%010d 00000 n \n" % offset for offset in offsets)
    out.write(
        b"trailer << /Size %d /Root %d 0 R %s>>\nstartxref\n%d\n%%%%EOF"
        % (len(objects) + 1, catalog, locked, start)
    )
    return out.getvalue()


def _drawn(thing: Printed | Rule) -> bytes:
    if isinstance(thing, Rule):
        return b"%f %f m %f %f l S\n" % (thing.x0, thing.y0, thing.x1, thing.y1)
    codes = "".join(f"{ord(char):04X}" for char in thing.text).encode()
    return b"BT /F %f Tf %f %f Td <%s> Tj ET\n" % (thing.size, thing.x, thing.y, codes)


def saved(document: WordDocument, path: Path) -> Path:
    """A Word document on disk."""
    document.save(str(path))
    return path


def word(path: Path, *lines: str) -> Path:
    """A Word document of plain paragraphs."""
    document = docx.Document()
    for line in lines:
        document.add_paragraph(line)
    return saved(document, path)


def workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[object]]]) -> Path:
    """A workbook with these rows."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path


def repacked(path: Path, changes: Mapping[str, bytes]) -> Path:
    """An office file with parts added or exchanged."""
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, body in (parts | dict(changes)).items():
            package.writestr(name, body)
    return path


def part(path: Path, name: str) -> bytes:
    """One part of an office file."""
    with zipfile.ZipFile(path) as package:
        return package.read(name)

"""Office files are ZIP packages of XML: looked over before anything in them is unpacked.

Sizes, counts and the packing ratio are bounded from the directory, and no XML part may declare a
document type, which is how entities (and so bombs and files from outside) come in.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from typing import TYPE_CHECKING, Any

from copilot.errors import InputError
from copilot.knowledge import limits

if TYPE_CHECKING:
    from lxml.etree import _Element

_CHUNK = 2**20
_DECLARED_TYPE = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.I)
_ENCODING = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)")
_ENCODINGS = frozenset({b"utf-8", b"utf8", b"utf-16", b"us-ascii", b"ascii"})
_XML_ENDS = (".xml", ".rels", ".vml")
_RELATION = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"

DAMAGED = "文件已损坏，或者不是有效的 Office 文档。"
RESAVE = "请用 Office 或 WPS 打开后另存一份再试。"


class OfficePackage:
    """An office document's parts, by name.

    Raises:
        InputError: damaged, oversized when unpacked, or with declarations that do not belong.
    """

    def __init__(self, raw: bytes) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(raw))
        except (zipfile.BadZipFile, ValueError, NotImplementedError):
            raise InputError(DAMAGED, next=RESAVE) from None
        self._check_sizes(len(raw))
        self._names = {name.lstrip("/").lower(): name for name in self._zip.namelist()}
        for name in self._names.values():
            if name.lower().endswith(_XML_ENDS):
                self._check_declarations(name)

    @property
    def has_macros(self) -> bool:
        """Whether the package carries program code; it is never read."""
        return any(name.endswith("vbaproject.bin") for name in self._names)

    def xml(self, part: str) -> _Element | None:
        """The root of an XML part, or ``None`` when the package has no such part."""
        from lxml import etree

        raw = self._read(part)
        if raw is None:
            return None
        try:
            return etree.fromstring(raw, parser())
        except etree.XMLSyntaxError:
            raise InputError(DAMAGED, next=RESAVE) from None

    def stream(self, part: str) -> Any:
        """A part as a binary stream.

        Raises:
            InputError: there is no such part.
        """
        name = self._names.get(part.lstrip("/").lower())
        if name is None:
            raise InputError(DAMAGED, next=RESAVE)
        return self._zip.open(name)

    def related(self, part: str) -> dict[str, tuple[str, str]]:
        """The parts that ``part`` refers to: relation id → (kind, part name); none outside."""
        folder, name = posixpath.split(part)
        root = self.xml(posixpath.join(folder, "_rels", f"{name}.rels"))
        found = {}
        for relation in root.iter(_RELATION) if root is not None else ():
            if relation.get("TargetMode") == "External":
                continue
            target = posixpath.normpath(posixpath.join("/", folder, relation.get("Target") or ""))
            kind = (relation.get("Type") or "").rsplit("/", 1)[-1]
            found[relation.get("Id") or ""] = (kind, target.lstrip("/"))
        return found

    def one_related(self, part: str, kind: str) -> str | None:
        """The name of the first part of a kind that ``part`` refers to."""
        return next((name for found, name in self.related(part).values() if found == kind), None)

    def _read(self, part: str) -> bytes | None:
        name = self._names.get(part.lstrip("/").lower())
        if name is None:
            return None
        try:
            return self._zip.read(name)
        except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError):
            raise InputError(DAMAGED, next=RESAVE) from None

    def _check_sizes(self, packed: int) -> None:
        entries = self._zip.infolist()
        total = sum(entry.file_size for entry in entries)
        widest = max((e.file_size for e in entries if _is_xml(e.filename)), default=0)
        steep = total > limits.UNPACKED_WITHOUT_QUESTION and any(
            entry.file_size > limits.UNPACKED_WITHOUT_QUESTION
            and entry.file_size > limits.STEEPEST_PACKING * max(entry.compress_size, 1)
            for entry in entries
        )
        if any(entry.flag_bits & 1 for entry in entries):
            raise InputError("文件加了密码，读不出来。", next="请去掉密码后重试。")
        if (
            steep
            or len(entries) > limits.MOST_PACKED_FILES
            or total > limits.LARGEST_UNPACKED
            or total > limits.STEEPEST_PACKING * max(packed, limits.UNPACKED_WITHOUT_QUESTION)
            or widest > limits.LARGEST_PACKED_FILE
        ):
            raise InputError(
                f"解开后有 {total // 2**20} MB、{len(entries)} 个部件，超过上限，疑似压缩炸弹。",
                next="请核对文件来源；确属正常文件的，请拆分后重试。",
            )

    def _check_declarations(self, name: str) -> None:
        try:
            with self._zip.open(name) as part:
                tail = b""
                first = True
                while chunk := part.read(_CHUNK):
                    # UTF-16 is looked at without its zero bytes.
                    seen = tail + chunk.replace(b"\0", b"")
                    if (first and not _honest_opening(seen)) or _DECLARED_TYPE.search(seen):
                        raise InputError(
                            "文件内含 XML 实体或文档类型声明，正常的 Office 文件没有这些内容。",
                            next="请核对文件来源，用 Office 或 WPS 另存后重试。",
                        )
                    tail, first = seen[-32:], False
        except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError):
            raise InputError(DAMAGED, next=RESAVE) from None
        except Exception as error:
            if isinstance(error, InputError):
                raise
            raise InputError(DAMAGED, next=RESAVE) from None


def parser() -> Any:
    """An XML parser that resolves no entity, reads no other file and has no network."""
    from lxml import etree

    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


def _is_xml(name: str) -> bool:
    return name.lower().endswith(_XML_ENDS)


def _honest_opening(raw: bytes) -> bool:
    """Whether a part opens as XML in an encoding in which we can see its declarations."""
    body = raw.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    declared = _ENCODING.match(body)
    return (not body or body.startswith(b"<")) and (
        declared is None or declared[1].lower() in _ENCODINGS
    )

"""The zip package of an xlsx, opened with every limit checked before anything is unpacked.

The directory is looked at first (0.5 ms refuse a plain bomb); a forged directory gains nothing,
because a member is unpacked in pieces, never beyond the size it declares, and must then match its
checksum (reliability.md 1.3: both are needed).
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from xml.parsers import expat

from ydjy.lib.workbook.book import MEGABYTE, Limits, WorkbookError

DAMAGED = "文件不完整或已损坏，打不开，请让对方重新发送，或用 Excel 打开后另存为 .xlsx 再上传。"
ENCRYPTED = "文件有打开密码，读不了，请去掉密码（另存为，不设密码）后再上传。"
HOSTILE = "文件的内部结构不正常，为安全起见不读取，请用 Excel 打开后另存为 .xlsx 再上传。"
PIECE = 256 * 1024
_MARK, _ZIP64_END = 0xFFFFFFFF, 76  # its record and its locator
_XML_ENDINGS = (".xml", ".rels", ".vml")
_BROKEN = (
    zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError, RuntimeError,
    OSError, OverflowError, ValueError,
)  # fmt: skip


class DoctypeFound(Exception):
    """Raised out of the XML parser; becomes a WorkbookError."""


class Package:
    """A checked zip package; member names are compared without case, ``/`` between folders."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        _check_member_count(data, limits)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _BROKEN as error:
            raise WorkbookError(DAMAGED) from error
        self.infos = self._zip.infolist()
        self._by_name: dict[str, zipfile.ZipInfo] = {}
        for info in self.infos:
            self._take(info)
        allowed = max(limits.inflated, 20 * len(data))
        if sum(info.file_size for info in self.infos) > allowed:
            raise WorkbookError(
                f"文件解压后超过 {allowed // MEGABYTE} MB，远大于正常表格，为安全起见不读取，"
                "请删去多余的空行、图片后另存为 .xlsx 再上传。"
            )

    def _take(self, info: zipfile.ZipInfo) -> None:
        name = member_name(info.filename)
        if name in self._by_name or ".." in name.split("/") or ":" in name or "\x00" in name:
            raise WorkbookError(HOSTILE)
        if info.flag_bits & 0x1:
            raise WorkbookError(ENCRYPTED)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise WorkbookError(HOSTILE)
        self._by_name[name] = info

    def __contains__(self, name: str) -> bool:
        return member_name(name) in self._by_name

    def names(self) -> list[str]:
        """The member names in their normal form."""
        return list(self._by_name)

    def pieces(self, name: str) -> Iterator[bytes]:
        """A member, unpacked in pieces of 256 KB."""
        info = self._by_name.get(member_name(name))
        if info is None:
            raise WorkbookError(DAMAGED)
        try:
            with self._zip.open(info) as member:
                while piece := member.read(PIECE):
                    yield piece
        except _BROKEN as error:
            if isinstance(error, WorkbookError):
                raise
            raise WorkbookError(DAMAGED) from error

    def bytes_of(self, name: str, most: int | None = None) -> bytes:
        """A whole member; one that is larger than ``most`` bytes is refused."""
        parts: list[bytes] = []
        size = 0
        for piece in self.pieces(name):
            parts.append(piece)
            size += len(piece)
            if most is not None and size > most:
                raise WorkbookError(HOSTILE)
        return b"".join(parts)

    def refuse_document_types(self) -> None:
        """No part of a genuine workbook has a DTD: entities and references are never resolved."""
        for name in self._by_name:
            if name.endswith(_XML_ENDINGS) and has_document_type(self.pieces(name)):
                raise WorkbookError(
                    "文件内部带有外部引用定义（DTD），为安全起见不读取，"
                    "请用 Excel 打开后另存为 .xlsx 再上传。"
                )


def member_name(name: str) -> str:
    """The form in which two member names are compared; some writers use back slashes."""
    return name.replace("\\", "/").lstrip("/").lower()


def has_document_type(pieces: Iterator[bytes]) -> bool:
    """Whether an XML part declares a document type, which can only stand before its root."""
    parser = expat.ParserCreate()
    state = {"root": False}

    def doctype(*_: object) -> None:
        raise DoctypeFound

    def root(*_: object) -> None:
        state["root"] = True

    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = root
    try:
        for piece in pieces:
            parser.Parse(piece[:4096] if not state["root"] else b"")
            parser.Parse(piece[4096:] if not state["root"] else b"")
            if state["root"]:
                return False
    except DoctypeFound:
        return True
    except expat.ExpatError:
        # Not well formed: drawings of old Excel are not, and what we read is parsed again.
        return False
    return False


def _check_member_count(data: bytes, limits: Limits) -> None:
    end = data.rfind(b"PK\x05\x06", -66_000)
    if end < 0 or len(data) < end + 22:
        raise WorkbookError(DAMAGED)
    told, size, start = struct.unpack_from("<HII", data, end + 10)
    if told == 0xFFFF or _MARK in (size, start):
        told, size = _zip64_directory(data, end)
    # The count in the end record may lie; what zipfile would read is counted.
    members = max(told, data.count(b"PK\x01\x02", max(0, end - size - _ZIP64_END), end))
    if members > limits.members:
        raise WorkbookError(
            f"文件内部有 {members} 个部件，超过 {limits.members} 个，不是正常的表格，"
            "请用 Excel 打开后另存为 .xlsx 再上传。"
        )
    if members == 0:
        raise WorkbookError("这是空的压缩包，不是表格，请上传 Excel（.xlsx、.xls）或 CSV 文件。")


def _zip64_directory(data: bytes, end: int) -> tuple[int, int]:
    """Members and size of the directory of a zip whose ordinary end record only holds marks, as
    writers make it that do not know the size beforehand."""
    at = data.rfind(b"PK\x06\x06", 0, end)
    if at < 0 or len(data) < at + 48:
        raise WorkbookError(DAMAGED)
    told, size = struct.unpack_from("<QQ", data, at + 32)
    return told, size

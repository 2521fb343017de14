"""A file of any length under one key: sealed pieces that cannot be cut, swapped or left off.

Each piece is AES-256-GCM; its nonce holds the file's random prefix, the number of the piece and
whether it is the last (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015).
Whoever reads needs no more memory than one piece.
"""

import os
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PIECE = 1 << 20
_TAG, _PREFIX = 16, 7


class BrokenStream(Exception):
    """Another key, or the bytes were altered or end too early."""


def _nonce(prefix: bytes, number: int, last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + bytes([last])


class Writer:
    """Seals what is written; :meth:`close` seals the last piece and leaves ``out`` open."""

    def __init__(self, out: BinaryIO, key: bytes):
        self._out, self._cipher, self._number = out, AESGCM(key), 0
        self._prefix, self._waiting = os.urandom(_PREFIX), bytearray()
        out.write(self._prefix)

    def write(self, data: bytes) -> int:
        self._waiting += data
        while len(self._waiting) > PIECE:  # one piece is kept back: it may be the last
            self._seal(bytes(self._waiting[:PIECE]), last=False)
            del self._waiting[:PIECE]
        return len(data)

    def close(self) -> None:
        self._seal(bytes(self._waiting), last=True)

    def _seal(self, piece: bytes, *, last: bool) -> None:
        nonce = _nonce(self._prefix, self._number, last)
        self._out.write(self._cipher.encrypt(nonce, piece, None))
        self._number += 1


class Reader:
    """Opens a sealed file piece by piece. Raises BrokenStream where it does not open."""

    def __init__(self, source: BinaryIO, key: bytes):
        self._source, self._cipher, self._number = source, AESGCM(key), 0
        self._prefix, self._open = source.read(_PREFIX), bytearray()
        self._next = source.read(PIECE + _TAG)

    def read(self, size: int) -> bytes:
        while len(self._open) < size and self._next is not None:
            self._piece()
        found = bytes(self._open[:size])
        del self._open[:size]
        return found

    def _piece(self) -> None:
        box, after = self._next, self._source.read(PIECE + _TAG)
        nonce = _nonce(self._prefix, self._number, not after)
        try:
            self._open += self._cipher.decrypt(nonce, box, None)
        except (InvalidTag, ValueError):
            raise BrokenStream(f"piece {self._number} does not open") from None
        self._number += 1
        self._next = after or None  # type: ignore[assignment]

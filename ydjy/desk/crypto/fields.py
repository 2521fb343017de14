"""Personal data at rest: sealed columns, and keyed indexes by which they can still be found.

AES-256-GCM with the column's own name as associated data, so that a ciphertext moved to another
column does not open. An index is an HMAC: without the key nobody can enumerate the 10^17 identity
numbers against it. Both keys are files beside the data (``YDJY_DATA/keys``), never in the database.
"""

import hmac
import json
import os
from collections.abc import Callable
from functools import cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.apps import apps
from django.conf import settings
from django.db import models

from ydjy.lib.crypto import keyfiles

_FORMAT = b"\x01"  # first byte of every ciphertext: lets a later key or cipher be told apart
_NONCE = 12


class SealBroken(Exception):
    """A sealed value does not open: wrong key file, or the stored bytes were altered."""


@cache
def _key(file: str, purpose: str) -> bytes:
    master = keyfiles.load_or_make(settings.KEYS, file)
    return HKDF(hashes.SHA256(), 32, salt=None, info=purpose.encode()).derive(master)


@cache
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(key)


def seal(purpose: str, clear: bytes) -> bytes:
    return b"".join(sealed_parts(purpose, clear))


def sealed_parts(purpose: str, clear: bytes) -> tuple[bytes, bytes]:
    """The same in two parts to be written one after the other: a file may have 100 MB."""
    nonce = os.urandom(_NONCE)
    return _FORMAT + nonce, _cipher(_key("field", "seal")).encrypt(nonce, clear, purpose.encode())


def unseal(purpose: str, sealed: bytes) -> bytes:
    """The clear bytes, or ``SealBroken`` with a sentence for the operator."""
    nonce, box = sealed[1 : 1 + _NONCE], memoryview(sealed)[1 + _NONCE :]
    try:
        if sealed[:1] != _FORMAT:
            raise InvalidTag
        return _cipher(_key("field", "seal")).decrypt(nonce, box, purpose.encode())
    except (InvalidTag, ValueError) as broken:
        raise SealBroken(
            "加密的内容打不开：keys 文件夹里的密钥和这份数据不是一套。请把备份的密钥放回去。"
        ) from broken


def blind_index(purpose: str, text: str) -> str:
    """32 hex digits that are equal exactly when ``text`` is equal; tells nothing without the key.

    Give it the canonical form: an identity number as ``idnumbers.parse`` returns it.
    """
    return hmac.digest(_key("index", purpose), text.encode(), "sha256").hex()[:32] if text else ""


def row_key() -> bytes:
    """The key under which the digests of received rows are made (32 bytes)."""
    return _key("index", "upload.row")


class Sealed:
    """A value that can be stored and passed on, and is read only by saying ``reveal()``.

    Printing, logging or formatting it shows dots, so a careless f-string leaks nothing.
    """

    __slots__ = ("_clear", "_purpose", "_sealed")

    def __init__(self, purpose: str, *, clear: str | None = None, sealed: bytes | None = None):
        self._purpose, self._clear, self._sealed = purpose, clear, sealed

    def reveal(self) -> str:
        if self._clear is None:
            self._clear = unseal(self._purpose, self._sealed).decode() if self._sealed else ""
        return self._clear

    def ciphertext(self) -> bytes:
        if self._sealed is None:
            self._sealed = seal(self._purpose, (self._clear or "").encode())
        return self._sealed

    def __bool__(self) -> bool:
        return bool(self._sealed or self._clear)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Sealed):
            other = other.reveal() if other else ""
        return isinstance(other, str) and (self.reveal() if self else "") == other

    def __hash__(self) -> int:
        return hash(self.reveal() if self else "")

    def __str__(self) -> str:
        return "●●●●" if self else ""

    def __repr__(self) -> str:
        return "<Sealed>" if self else "<Sealed: blank>"


class SealedTextField(models.BinaryField):
    """A text that stands in the table as ciphertext only; reads as :class:`Sealed`.

    Cannot be searched, ordered or filtered by; store a :func:`blind_index` beside it for that.
    """

    description = "加密的文字"

    def __init__(self, *args: Any, **kwargs: Any):
        kwargs.setdefault("blank", True)
        kwargs.setdefault("default", b"")
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("default", None)
        return name, path, args, kwargs

    @property
    def purpose(self) -> str:
        return f"{self.model._meta.label_lower}.{self.name}"

    def get_default(self) -> Any:
        return self.wrap("")

    def wrap(self, value: Any) -> Sealed:
        if isinstance(value, Sealed):
            return value if value._purpose == self.purpose else self.wrap(value.reveal())
        return Sealed(self.purpose, clear=self.text_of(value))

    def text_of(self, value: Any) -> str:
        """What of a plain value is sealed; blank is stored as nothing."""
        return value or ""

    def sealer(self) -> Callable[[Any], bytes]:
        """``get_prep_value`` for the values of many rows, without a :class:`Sealed` for each."""
        purpose, text_of = self.purpose.encode(), self.text_of
        encrypt = _cipher(_key("field", "seal")).encrypt

        def sealed(value: Any) -> bytes:
            if not isinstance(value, str | list | tuple | dict):
                return self.get_prep_value(value)
            if not (text := text_of(value)):
                return b""
            nonce = os.urandom(_NONCE)
            return _FORMAT + nonce + encrypt(nonce, text.encode(), purpose)

        return sealed

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Sealed:
        return Sealed(self.purpose, sealed=bytes(value or b""))

    def to_python(self, value: Any) -> Any:
        return value

    def pre_save(self, model_instance: models.Model, add: bool) -> Sealed:
        wrapped = self.wrap(getattr(model_instance, self.attname))
        setattr(model_instance, self.attname, wrapped)
        return wrapped

    def get_prep_value(self, value: Any) -> bytes:
        if isinstance(value, bytes | memoryview):
            raise TypeError(f"{self.purpose}: give the clear text, not bytes")
        wrapped = self.wrap(value)
        return wrapped.ciphertext() if wrapped else b""

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        raw = value if isinstance(value, bytes) else self.get_prep_value(value)
        return connection.Database.Binary(raw)

    def value_to_string(self, obj: models.Model) -> str:
        return self.get_prep_value(self.value_from_object(obj)).hex()


_as_json = json.JSONEncoder(ensure_ascii=False).encode


class SealedJSONField(SealedTextField):
    """Like :class:`SealedTextField` for plain JSON values; ``.reveal()`` gives the JSON text,
    :func:`opened` the value."""

    description = "加密的结构"

    def text_of(self, value: Any) -> str:
        return _as_json(value) if value else ""


@cache
def sealed_names() -> tuple[str, ...]:
    """The names of the sealed columns that people fill in: a browser never keeps a field of a form
    that is called so. ``words`` is what everybody calls a remark; where the remark is sealed, its
    box says ``data-sealed`` itself."""
    fields = (field for model in apps.get_models() for field in model._meta.fields)
    typed = {f.name for f in fields if type(f) is SealedTextField}
    return tuple(sorted(typed - {"words"}))


def opened(value: Any) -> Any:
    """The Python value of a sealed JSON column (``None`` when blank)."""
    if isinstance(value, Sealed):
        return json.loads(value.reveal()) if value else None
    return value

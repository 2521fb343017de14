"""What is sealed piece by piece opens whole, or not at all."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ydjy.lib.crypto import stream as crypto_stream
from ydjy.lib.crypto.stream import BrokenStream, Reader, Writer

KEY = bytes(range(32))
PIECE = 64


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crypto_stream, "PIECE", PIECE)


def sealed(data: bytes, key: bytes = KEY) -> bytes:
    out = io.BytesIO()
    writer = Writer(out, key)
    for at in range(0, len(data), 50):
        writer.write(data[at : at + 50])
    writer.close()
    return out.getvalue()


def opened(box: bytes, key: bytes = KEY) -> bytes:
    reader, found = Reader(io.BytesIO(box), key), b""
    while part := reader.read(30):
        found += part
    return found


@pytest.mark.parametrize("length", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 500])
def test_every_length_comes_back(length: int):
    data = bytes(n % 251 for n in range(length))
    assert opened(sealed(data)) == data


def test_nothing_of_the_text_is_seen():
    assert b"210727196001010071" not in sealed(b"210727196001010071" * 20)


def test_another_key_opens_nothing():
    with pytest.raises(BrokenStream):
        opened(sealed(b"x" * 200), bytes(32))


def test_an_end_that_is_cut_off_is_noticed_also_between_two_pieces():
    box = sealed(b"x" * 200)
    whole_piece = 7 + 2 * (PIECE + 16)
    for cut in (0, 7, 30, whole_piece, len(box) - 1):
        with pytest.raises(BrokenStream):
            opened(box[:cut])


def test_pieces_in_another_order_are_noticed():
    box, size = sealed(b"a" * PIECE + b"b" * PIECE + b"c" * 10), PIECE + 16
    swapped = box[:7] + box[7 + size : 7 + 2 * size] + box[7 : 7 + size] + box[7 + 2 * size :]
    with pytest.raises(BrokenStream):
        opened(swapped)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_single_altered_byte_is_noticed(place: int, change: int):
    box = bytearray(sealed(b"x" * 150))
    box[place % len(box)] ^= change
    with pytest.raises(BrokenStream):
        opened(bytes(box))

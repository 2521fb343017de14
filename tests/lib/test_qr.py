"""QR codes, module by module as another encoder (python-qrcode 8.2, the same mask) makes them."""

import hashlib

import pytest

from ydjy.lib import qr

# Text: digest of its modules, row by row, 0 light and 1 dark. Versions 1 to 6.
MADE_ELSEWHERE = {
    "a": "2e7add7dfd3288d4",
    "https://yibao.example.cn/": "7ba6e9db50853589",
    "https://yibao.example.cn/offices/": "87f482528392b682",
    "http://127.0.0.1:8000/guide/c/with-family/with-child/": "9f12e15259a0d66d",
    "https://yibao.example.cn/guide/c/with-family/with-child/?x=1234567890": "07d4e7876c1749e7",
    "h" * 84: "79b31d30d68f2f0b",
    "h" * 106: "905d9dd6bb3f853e",
}


@pytest.mark.parametrize("text", MADE_ELSEWHERE)
def test_every_module_is_where_another_encoder_puts_it(text: str):
    bits = "".join(str(int(module)) for row in qr.modules(text) for module in row)
    assert hashlib.sha256(bits.encode()).hexdigest()[:16] == MADE_ELSEWHERE[text]


def test_one_letter_more_is_another_code():
    assert qr.modules("a") != qr.modules("b")


def test_what_does_not_fit_is_refused_with_a_sentence():
    with pytest.raises(qr.TooLong, match="放不下"):
        qr.modules("h" * 107)


def test_the_drawing_has_a_quiet_zone_and_every_dark_module():
    side, path = qr.svg_path("a")
    grid = qr.modules("a")
    assert side == len(grid) + 8
    lengths = [int(stroke.partition("h")[2]) for stroke in path.split("M") if stroke]
    assert sum(lengths) == sum(map(sum, grid))
    starts = [stroke.partition("h")[0].split() for stroke in path.split("M") if stroke]
    assert min(int(x) for x, _ in starts) == min(float(y) - 0.5 for _, y in starts) == 4

"""QR codes as they are drawn; that their modules are right is the library's own business."""

import pytest

from ydjy.lib import qr


def test_one_letter_more_is_another_code():
    assert qr.modules("a") != qr.modules("b")


def test_what_does_not_fit_is_refused_with_a_sentence():
    assert len(qr.modules("h" * 106)) == 41  # version 6
    for letters in (107, 5000):
        with pytest.raises(qr.TooLong, match="放不下"):
            qr.modules("h" * letters)


def test_the_drawing_has_a_quiet_zone_and_every_dark_module():
    side, path = qr.svg_path("a")
    grid = qr.modules("a")
    assert side == len(grid) + 8
    lengths = [int(stroke.partition("h")[2]) for stroke in path.split("M") if stroke]
    assert sum(lengths) == sum(map(sum, grid))
    starts = [stroke.partition("h")[0].split() for stroke in path.split("M") if stroke]
    assert min(int(x) for x, _ in starts) == min(float(y) - 0.5 for _, y in starts) == 4

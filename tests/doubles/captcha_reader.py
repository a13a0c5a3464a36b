"""A person who reads the captcha of the reward system: finds the four digits in the picture's dots."""

import struct
import zlib

from demo.wj_reward import picture


def read_digits(png: bytes) -> str:
    """Return the digits a picture of `demo.wj_reward.picture` shows, specks or not."""
    width, height, rows = _pixels(png)
    scale = picture._SCALE
    read = ""
    for place in range(4):
        left = (place * 7 + 1) * scale
        scores = {
            (digit, top): _likeness(rows, left, top, dots, scale)
            for digit, dots in enumerate(picture._DIGITS)
            for top in range(height - 7 * scale)
        }
        (digit, _top), _score = max(scores.items(), key=lambda item: item[1])
        read += str(digit)
    assert width == 4 * 7 * scale
    return read


def _pixels(png: bytes) -> tuple[int, int, list[bytes]]:
    width, height = struct.unpack(">II", png[16:24])
    start = png.index(b"IDAT")
    (length,) = struct.unpack(">I", png[start - 4 : start])
    raw = zlib.decompress(png[start + 4 : start + 4 + length])
    return width, height, [raw[y * (width + 1) + 1 : (y + 1) * (width + 1)] for y in range(height)]


def _likeness(rows: list[bytes], left: int, top: int, dots: str, scale: int) -> int:
    """Return how many of the 35 dots look as they should, judged at their middle."""
    middle = scale // 2
    return sum(
        (rows[top + y * scale + middle][left + x * scale + middle] < 0x60) == (dot == "1")
        for y, line in enumerate(dots.split())
        for x, dot in enumerate(line)
    )

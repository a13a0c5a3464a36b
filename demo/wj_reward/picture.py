"""A captcha picture: four digits as a PNG with specks, drawn without a library (PNG specification, W3C 2003)."""

import random
import struct
import zlib
from typing import Final

_DIGITS: Final = (
    "01110 10001 10011 10101 11001 10001 01110",
    "00100 01100 00100 00100 00100 00100 01110",
    "01110 10001 00001 00010 00100 01000 11111",
    "11111 00010 00100 00010 00001 10001 01110",
    "00010 00110 01010 10010 11111 00010 00010",
    "11111 10000 11110 00001 00001 10001 01110",
    "00110 01000 10000 11110 10001 10001 01110",
    "11111 00001 00010 00100 01000 01000 01000",
    "01110 10001 10001 01110 10001 10001 01110",
    "01110 10001 10001 01111 00001 00010 01100",
)
_SCALE: Final = 6
_WIDTH: Final = 4 * 7 * _SCALE
_HEIGHT: Final = 11 * _SCALE
_SPECKS: Final = 160


def png(digits: str, dice: random.Random) -> bytes:
    """Return a picture of `digits`, each a little higher or lower, over a grey ground with specks."""
    rows = [bytearray(b"\xf0" * _WIDTH) for _ in range(_HEIGHT)]
    for place, digit in enumerate(digits):
        left, top = (place * 7 + 1) * _SCALE, dice.randrange(0, 4 * _SCALE)
        for y, line in enumerate(_DIGITS[int(digit)].split()):
            for x, dot in enumerate(line):
                if dot == "1":
                    for row in rows[top + y * _SCALE : top + (y + 1) * _SCALE]:
                        row[left + x * _SCALE : left + (x + 1) * _SCALE] = b"\x20" * _SCALE
    for _ in range(_SPECKS):
        rows[dice.randrange(_HEIGHT)][dice.randrange(_WIDTH)] = 0x80
    header = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\x00" + bytes(row) for row in rows))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

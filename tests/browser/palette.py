"""Smaller PNGs without a further dependency: pictures of a screen have few colours, so 256 of them are enough.

Source: PNG, third edition (W3C), 9.2 (filters), 11.2 (IHDR, PLTE, IDAT).
"""

import struct
import zlib
from collections import Counter
from typing import Final

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
MOST: Final = 256
_CHANNELS: Final = {2: 3, 6: 4}


def quantised(png: bytes) -> bytes:
    """Return an opaque 8-bit RGB or RGBA picture with a palette of its most frequent colours.

    A colour that has no place in the palette becomes the nearest one that has.

    Raises:
        ValueError: The picture is of another kind.
    """
    width, height, rows = _rows(png)
    counted = Counter(pixel for row in rows for pixel in row)
    palette = [colour for colour, _ in counted.most_common(MOST)]
    place = {colour: index for index, colour in enumerate(palette)}
    for colour in counted.keys() - place.keys():
        place[colour] = min(range(len(palette)), key=lambda index: _distance(palette[index], colour))
    data = b"".join(b"\0" + bytes([place[pixel] for pixel in row]) for row in rows)
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    return (
        SIGNATURE
        + _chunk(b"IHDR", header)
        + _chunk(b"PLTE", b"".join(palette))
        + _chunk(b"IDAT", zlib.compress(data, 9))
        + _chunk(b"IEND", b"")
    )


def _distance(one: bytes, other: bytes) -> int:
    return (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2 + (one[2] - other[2]) ** 2


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _rows(png: bytes) -> tuple[int, int, list[list[bytes]]]:
    """Return width, height and, for each row, the three bytes of each pixel."""
    at, data, header = len(SIGNATURE), b"", (0, 0, 0, 0, 0, 0, 0)
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            data += body
        at += length + 12
    width, height, depth, colour, _, _, interlaced = header
    if depth != 8 or colour not in _CHANNELS or interlaced:
        message = "only pictures of 8 bits a channel, in colour and not interlaced"
        raise ValueError(message)
    size = _CHANNELS[colour]
    raw, length = zlib.decompress(data), width * size
    before, rows = bytes(length), []
    for row in range(height):
        start = row * (length + 1)
        before = _unfiltered(raw[start], raw[start + 1 : start + 1 + length], before, size)
        rows.append([before[at : at + 3] for at in range(0, length, size)])
    return width, height, rows


def _unfiltered(kind: int, row: bytes, above: bytes, size: int) -> bytes:
    if kind == 0:
        return row
    if kind == 2:
        return bytes((here + up) & 0xFF for here, up in zip(row, above, strict=True))
    found = bytearray(row)
    for at, here in enumerate(row):
        left = found[at - size] if at >= size else 0
        up = above[at]
        corner = above[at - size] if at >= size else 0
        found[at] = (here + (left if kind == 1 else (left + up) // 2 if kind == 3 else _paeth(left, up, corner))) & 0xFF
    return bytes(found)


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]

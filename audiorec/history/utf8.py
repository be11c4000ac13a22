"""Text in UTF-16, or whose lines end with CR alone, as a stream of UTF-8."""

from __future__ import annotations

import codecs
import io
from typing import BinaryIO

START = 4096  #: bytes by which it is told


def as_utf8(stream: BinaryIO) -> BinaryIO:
    """Return a stream of bytes that has `peek` as one of UTF-8 whose lines end with LF; itself where it may be one.

    Bytes that are no UTF-8 stay as they are; what is no UTF-16 in a text that begins as such becomes U+FFFD.
    """
    start = stream.peek(START)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return io.BufferedReader(_Recoded(io.TextIOWrapper(stream, "utf-16", "replace")))
    if b"\r" in start and b"\n" not in start and b"\0" not in start:
        return io.BufferedReader(_Recoded(io.TextIOWrapper(stream, "utf-8", "surrogateescape")))
    return stream


class _Recoded(io.RawIOBase):
    """The UTF-8 of a text."""

    def __init__(self, text: io.TextIOWrapper):
        self._text = text
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        self._left = self._left or self._text.read(len(buffer)).encode("utf-8", "surrogateescape")
        part, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)

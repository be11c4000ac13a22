"""Which format a history has, told by its content and never by its name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from audiorec.errors import HistoryError
from audiorec.history import databases, listenbrainz, lists, spotify, table
from audiorec.history.records import Item
from audiorec.history.sources import Source


class Reader(Protocol):
    """A module that reads one format."""

    NAME: str  #: what is stored as the source of a listen

    def recognises(self, source: Source) -> bool: ...

    def read(self, source: Source) -> Iterator[Item]: ...


#: The readers, the most telling first.
READERS: tuple[Reader, ...] = (databases, listenbrainz, spotify, lists, table)
KNOWN = "ListenBrainz, Last.fm, Spotify, CSV, playlists, MPD's stickers, Navidrome"


def reader(source: Source) -> Reader:
    """Return the module that reads a history.

    Raises
    ------
    HistoryError
        It is empty, or in no format that is known.
    UnreadableError
        It cannot be read.
    """
    if not source.head:
        raise HistoryError(source.name, "it is empty")
    for candidate in READERS:
        if candidate.recognises(source):
            return candidate
    raise HistoryError(source.name, f"no listening history in a format that is known ({KNOWN})")

"""Tables, a line for each play: CSV with a header, and Last.fm exports with or without one.

=====================================================  ==================================================
``user,track,timestamp,ms_played``                     ``track`` is the path of a file
``user,artist,title,timestamp,ms_played``              also with ``album``, ``isrc``, ``kind`` and others
``uts,utc_time,artist,artist_mbid,album,…,track,…``    Last.fm, by mainstream.ghan.nl
``artist,album,title,date``, without a header          Last.fm, by benjaminbenben.com/lastfm-to-csv
time, title, artist, album, with tabs, no header       Last.fm, by lastexport.py
=====================================================  ==================================================

Columns may come in any order, and under the names in `COLUMNS`. Fields are separated by commas, semicolons or tabs,
and each stands on one line: a quotation that does not end costs its line and no other.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import get_args

from audiorec.history import values
from audiorec.history.records import Broken, Item, Kind, Listen, Song
from audiorec.history.sources import Source

NAME = "table"
DELIMITERS = ",\t;"
#: What a column may be called, the surest name first, where there are several.
COLUMNS = {
    "user": ("user", "username", "user_name", "user_id"),
    "artist": ("artist", "artist_name", "artistname"),
    "title": ("title", "track_name", "trackname", "track_title", "song", "name", "track"),
    "album": ("album", "album_name", "release", "release_name"),
    "path": ("path", "file", "filename", "location", "track"),
    "time": ("timestamp", "uts", "played_at", "listened_at", "time", "datetime", "utc_time", "date", "ts"),
    "ms_played": ("ms_played", "msplayed"),
    "kind": ("kind", "event"),
    "isrc": ("isrc",),
    "musicbrainz_track_id": ("musicbrainz_track_id", "recording_mbid", "track_mbid", "musicbrainz_recording_id"),
}
BENJAMIN = {"artist": 0, "album": 1, "title": 2, "time": 3}
LASTEXPORT = {"time": 0, "title": 1, "artist": 2, "album": 3}

Layout = dict[str, int]  #: field → number of its column


def recognises(source: Source) -> bool:
    """Tell whether the first lines are a table that names songs."""
    return _layout(source) is not None


def read(source: Source) -> Iterator[Item]:
    """Yield the plays; several without a time are a count."""
    layout, delimiter, width = _layout(source)
    rows = _rows(source, delimiter)
    if width:
        next(rows)
    return values.converted(rows, partial(_listen, layout, width))


def _layout(source: Source) -> tuple[Layout, str, int] | None:
    """Return the columns, what separates them, and the number that a header has of them; None for no table."""
    lines = [line for line in source.first_lines if line.strip()]
    if not lines or b"\0" in source.head:
        return None
    delimiter = max(DELIMITERS, key=lines[0].count)
    rows = [_fields(line, delimiter) for line in lines]
    if layout := _by_header(rows[0]):
        return layout, delimiter, len(rows[0])
    for layout in (BENJAMIN, LASTEXPORT) if delimiter != ";" else ():
        if any(_fits(row, layout) for row in rows):
            return layout, delimiter, 0
    return None


def _by_header(row: list[str]) -> Layout | None:
    names = [name.strip().lower().replace(" ", "_") for name in row]
    layout = {
        field: names.index(next(name for name in known if name in names))
        for field, known in COLUMNS.items()
        if not set(known).isdisjoint(names)
    }
    if "artist" in layout:  # then "track" is a title
        if layout.get("path") == layout.get("title"):
            layout.pop("path", None)
    elif layout.get("title") == layout.get("path"):
        layout.pop("title", None)
    identified = layout.keys() & {"path", "isrc", "musicbrainz_track_id"} or layout.keys() >= {"artist", "title"}
    return layout if identified else None


def _fits(row: list[str], layout: Layout) -> bool:
    """Tell whether a row of a table without a header is one of this kind: by its time."""
    width = 4 if layout is BENJAMIN else 7
    if not 4 <= len(row) <= width:
        return False
    value = row[layout["time"]]
    if layout is LASTEXPORT:
        return value.isdecimal()
    return bool(values.DAY_MONTH_YEAR.match(value))


def _fields(line: str, delimiter: str) -> list[str]:
    """Return the fields of a line; none where a quotation does not end."""
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []


def _rows(source: Source, delimiter: str) -> Iterator[tuple[int, list[str]] | Broken]:
    for number, line in source.lines():
        if line is None:
            yield Broken(number, "the line is too long")
        elif line.strip():
            fields = _fields(line, delimiter)
            yield (number, fields) if fields else Broken(number, "a quotation does not end")


def _listen(layout: Layout, width: int, row: list[str]) -> Listen:
    if len(row) != width if width else len(row) <= max(layout.values()):
        raise ValueError(f"{len(row)} fields instead of {width or max(layout.values()) + 1}")
    fields: Callable[[str], str] = lambda name: row[layout[name]] if name in layout else ""  # noqa: E731
    time = values.time(fields("time"))
    played = values.milliseconds(fields("ms_played"))
    kind = _kind(fields("kind"), played)
    return Listen(_song(fields), values.text(fields("user")), time, played, kind, total=time is None)


def _song(fields: Callable[[str], str]) -> Song:
    path = fields("path")
    return values.named(
        Song(
            artist=values.text(fields("artist")),
            title=values.text(fields("title")),
            album=values.text(fields("album")),
            isrc=values.isrc(fields("isrc")),
            musicbrainz_track_id=values.musicbrainz_id(fields("musicbrainz_track_id")),
            path=os.path.normpath(os.path.expanduser(path)) if path else None,  # noqa: PTH111 (names of any bytes)
        )
    )


def _kind(name: str, played: int | None) -> Kind:
    if not name:
        return values.kind_of_play(played)
    if name not in get_args(Kind):
        raise ValueError(f"the kind {name[:40]!r} is none of {', '.join(get_args(Kind))}")
    return name

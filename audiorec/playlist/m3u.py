"""M3U: a path or URI a line, with remarks in lines that begin with ``#``.

Written as m3u8, in UTF-8: ``#EXTM3U`` first, ``#PLAYLIST:`` with the title, and before each path its annotation after
``# ``, which players pass over, and ``#EXTINF:seconds,artist - title``. Read with or without all this, but for the
annotations, also in older encodings.
"""

from __future__ import annotations

import re

from audiorec.playlist.records import Playlist, PlaylistEntry, duration, is_uri, one_line, plain_location, uri_to_path

HEADER = "#EXTM3U"
EXTINF = re.compile(r"#EXTINF:\s*(?P<seconds>-?\d+(?:\.\d+)?)?(?:[^,\"]|\"[^\"]*\")*,(?P<name>.*)", re.IGNORECASE)
LINE_BREAK = re.compile(r"\r\n|\n|\r")  #: str.splitlines knows more, which names may hold
BETWEEN = " - "  #: artist and title


def write(playlist: Playlist) -> bytes:
    """Return a playlist as m3u8."""
    lines = [HEADER]
    if title := one_line(playlist.title):
        lines.append(f"#PLAYLIST:{title}")
    for entry in playlist.entries:
        lines += _lines(entry)
    return "".join(f"{line}\n" for line in lines).encode()


def _lines(entry: PlaylistEntry) -> list[str]:
    if entry.path is None:  # nothing that a player could open
        return []
    name = BETWEEN.join(filter(None, (one_line(entry.artist), one_line(entry.title))))
    seconds = -1 if entry.duration_ms is None else round(entry.duration_ms / 1000)
    annotation = [f"# {text}"] if (text := one_line(entry.annotation)) else []
    remark = [f"#EXTINF:{seconds},{name}"] if name or entry.duration_ms is not None else []
    return [*annotation, *remark, _location(entry.path)]


def _location(path: str) -> str:
    """Return the line of a path: none that would be read as a remark, a URI or a Windows path."""
    misleading = path.startswith("#") or ("\\" in path and "/" not in path)
    return plain_location(f"./{path}" if misleading else path)


def read(data: bytes) -> Playlist:
    """Return the playlist in `data`; its paths as they stand there."""
    title, remark, entries = None, None, []
    for line in LINE_BREAK.split(data.decode("utf-8-sig", "surrogateescape")):
        line = line.strip(" \t")
        if match := EXTINF.match(line):
            remark = match
        elif line.upper().startswith("#PLAYLIST:"):
            title = one_line(line.partition(":")[2])
        elif line and not line.startswith("#"):
            entries.append(_entry(line, remark))
            remark = None
    return Playlist(title, tuple(entries))


def _entry(line: str, remark: re.Match | None) -> PlaylistEntry:
    path = uri_to_path(line) if is_uri(line) else line
    if "\\" in path and "/" not in path:  # written on Windows
        path = path.replace("\\", "/")
    if remark is None:
        return PlaylistEntry(path)
    artist, separator, title = (one_line(remark["name"]) or "").partition(BETWEEN)
    if not separator:
        artist, title = "", artist
    return PlaylistEntry(path, artist or None, title or None, duration_ms=duration(remark["seconds"], unit=1000))

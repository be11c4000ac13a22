"""Playlist files: read and written in the formats that players share.

`records` is what a playlist is, `m3u`, `xspf`, `jspf` and `table` (CSV) are the formats as text, `files` tells them
apart and reads and writes files.
"""

from audiorec.playlist.files import FORMATS, read_playlist, write_playlist
from audiorec.playlist.records import Playlist, PlaylistEntry

__all__ = ["FORMATS", "Playlist", "PlaylistEntry", "read_playlist", "write_playlist"]

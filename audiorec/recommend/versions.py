"""When two tracks are one song: a live take, a remix, a remaster, the same sound in another file."""

from __future__ import annotations

import re

from audiorec.history import names
from audiorec.recommend.pool import Song

#: Words that, in brackets or behind a dash, tell of another recording and not of another piece.
VERSION_WORDS = (
    "acapella|acoustic|alternate|club|cover|demo|dub|edit|extended|instrumental|karaoke|live|mix|orchestral|outtake|"
    "radio|recorded|rehearsal|remake|remix|remixed|rework|rmx|sessions?|slowed|sped|take|unplugged|version|vip"
)
IN_BRACKETS = re.compile(rf"[(\[][^)\]]*\b(?:{VERSION_WORDS})\b[^)\]]*[)\]]", re.IGNORECASE)
BEHIND_A_DASH = re.compile(rf"\s[-–—]\s[^-–—]*\b(?:{VERSION_WORDS})\b.*$", re.IGNORECASE)


def song_key(artist: str | None, title: str | None) -> tuple[str, str] | None:
    """Return what all versions of a song share; None for what has no title.

    >>> song_key("Björk feat. X", "Hunter (Live at Home)") == song_key("Bjork", "Hunter - 2003 Remaster")
    True
    >>> song_key("Queen", "(You're So Square) Baby - Demo")
    ('queen', 'youre so square baby')
    """
    if not title:
        return None
    short = BEHIND_A_DASH.sub("", IN_BRACKETS.sub("", title)).strip() or title
    return names.artists(artist)[-1] if artist else "", names.title(short)


def marks(song: Song) -> set:
    """Return what tells a song from others: two tracks that share a mark are one song."""
    return {song.content_hash, song_key(song.artist, song.title)} - {None}


def artist_key(song: Song) -> str | None:
    """Return the first artist of the credit, in one spelling for all; None if it is not known."""
    return names.artists(song.artist)[-1] if song.artist else None

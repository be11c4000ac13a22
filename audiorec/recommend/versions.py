"""When two tracks are one song: a live take, a remix, a remaster, the same sound in another file."""

from __future__ import annotations

import re

from audiorec.recommend.pool import Song
from audiorec.schema import fold

#: Words that, in brackets or behind a dash, tell of a version and not of another piece.
VERSION_WORDS = (
    "acapella|acoustic|alternate|bonus|clean|club|cover|cut|deluxe|demo|dub|edit|edition|explicit|extended|"
    "feat|featuring|ft|instrumental|karaoke|live|lo-fi|mix|mixed|mono|original|orchestral|outtake|radio|recorded|"
    "rehearsal|remake|remaster|remastered|remix|remixed|rmx|session|sessions|single|sped|slowed|stereo|studio|"
    "take|unplugged|version|vip"
)
IN_BRACKETS = re.compile(rf"[(\[{{][^)\]}}]*\b(?:{VERSION_WORDS})\b[^)\]}}]*[)\]}}]")
BEHIND_A_DASH = re.compile(rf"\s[-–—:~]\s[^-–—]*\b(?:{VERSION_WORDS})\b.*$")
GUESTS = re.compile(r"\s(?:feat|ft|featuring)\b.*$")
NO_LETTER = re.compile(r"[\W_]+")


def song_key(artist: str | None, title: str | None) -> tuple[str, str] | None:
    """Return what all versions of a song share; None for what has no title.

    >>> song_key("Björk feat. X", "Hunter (Live at Home)") == song_key("Bjork", "Hunter - 2003 Remaster")
    True
    >>> song_key("Queen", "(You're So Square) Baby")
    ('queen', 'youre so square baby')
    """
    if not title:
        return None
    short = fold(title)
    for pattern in (IN_BRACKETS, BEHIND_A_DASH, GUESTS):
        short = pattern.sub("", short)
    return _letters(GUESTS.sub("", fold(artist or ""))), _letters(short) or _letters(fold(title))


def marks(song: Song) -> set:
    """Return what tells a song from others: two tracks that share a mark are one song."""
    return {song.content_hash, song_key(song.artist, song.title)} - {None}


def artist_key(song: Song) -> str | None:
    """Return the artist as it is compared: without guests, case and accents; None if it is not known."""
    return _letters(GUESTS.sub("", fold(song.artist))) or None if song.artist else None


def _letters(text: str) -> str:
    return NO_LETTER.sub(" ", text.replace("'", "").replace("’", "")).strip()

"""Why a track was picked, in words that hold: each is compared or looked up before it is said."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from audiorec.recommend.pool import Pool, Song

SAME_TEMPO = 0.03  #: octaves of 2 %: what a DJ's pitch fader makes equal
SAME_ENERGY = 0.06
SAME_BRIGHTNESS = 0.08  #: of the brighter one's
ALIKE = 0.9  #: of all pairs of tracks are less alike than two that "sound like" each other
PAIRS = 2000  #: from which that is estimated
TAGS = 2  #: that both tracks deserve and are worth a mention


def reasons(pool: Pool, picks: Sequence[Song], seeds: Sequence[Song], blend: float) -> list[str]:
    """Return a reason for each pick: which seed it is nearest to, what the two share, and who plays both."""
    rows, seed_rows = pool.rows(song.id for song in picks), pool.rows(song.id for song in seeds)
    models = np.argmax(pool.vectors(rows, blend) @ pool.vectors(seed_rows, blend).T, axis=1)
    cosines = np.einsum("pd,pd->p", pool.content[rows], pool.content[seed_rows[models]])
    alike, cold, by_id = typical_likeness(pool), pool.cold[rows], {song.id: song for song in seeds}
    return [
        _reason(pool, song, by_id[int(pool.ids[seed_rows[model]])], by_id, cosine >= alike, is_cold)
        for song, model, cosine, is_cold in zip(picks, models, cosines, cold, strict=True)
    ]


def _reason(pool: Pool, song: Song, model: Song, seeds: dict[int, Song], sounds_alike: bool, cold: bool) -> str:
    parts = [_likeness(pool, song, model, sounds_alike), _listening(pool, song, seeds)]
    return "; ".join(filter(None, [*parts, "nobody has played it yet" if cold else ""]))


def typical_likeness(pool: Pool) -> float:
    """Return the cosine that `ALIKE` of all pairs of tracks stay below, from at most `PAIRS` of them."""
    n = len(pool)
    if n * (n - 1) // 2 <= PAIRS:
        pairs = np.array(list(combinations(range(n), 2)), np.int64).reshape(-1, 2)
    else:
        pairs = np.random.default_rng(0).integers(n, size=(PAIRS, 2))
        pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    cosines = np.einsum("pd,pd->p", pool.content[pairs[:, 0]], pool.content[pairs[:, 1]])
    return float(np.quantile(cosines, ALIKE)) if len(pairs) else 1.0


def in_common(song: Song, other: Song) -> list[str]:
    """Return what two songs share, in words, as far as it is known.

    >>> in_common(Song(1, tempo=120.0, camelot="8A", energy=0.5), Song(2, tempo=60.5, camelot="8A", energy=0.52))
    ['same key and energy', 'double the tempo']
    """
    same, phrases = [], []
    if song.tempo and other.tempo:
        octaves = float(np.log2(song.tempo / other.tempo))
        if abs(octaves) <= SAME_TEMPO:
            same.append("tempo")
        elif abs(abs(octaves) - 1) <= SAME_TEMPO:
            phrases.append("double the tempo" if octaves > 0 else "half the tempo")
    if song.camelot and song.camelot == other.camelot:
        same.append("key")
    if _near(song.energy, other.energy, SAME_ENERGY):
        same.append("energy")
    if _near(song.brightness, other.brightness, SAME_BRIGHTNESS * max(song.brightness or 0, other.brightness or 0)):
        same.append("brightness")
    if song.mood and song.mood == other.mood:
        same.append("mood")
    return [*([f"same {_joined(same)}"] if same else []), *phrases]


def _likeness(pool: Pool, song: Song, model: Song, sounds_alike: bool) -> str:
    likely = pool.tags(model.id)
    tags = [tag for tag in pool.tags(song.id) if tag in likely][:TAGS]
    common = in_common(song, model) + ([f"both {_joined(tags)}"] if tags else [])
    head = f"sounds like {model.name}" if sounds_alike else f"some way from {model.name}"
    return f"{head}: {', '.join(common)}" if common else head


def _listening(pool: Pool, song: Song, seeds: dict[int, Song]) -> str:
    shared = [seeds[track_id].name for track_id in pool.neighbours(song.id) if track_id in seeds]
    return f"played by people who play {shared[0]}" if shared else ""


def _near(one: float | None, other: float | None, tolerance: float) -> bool:
    return one is not None and other is not None and abs(one - other) <= tolerance


def _joined(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))

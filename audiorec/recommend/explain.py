"""Why a track was picked, in words that hold: each is compared or looked up before it is said."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from audiorec.recommend.pool import Pool, Song

SAME_TEMPO = 0.03  #: octaves of 2 %: what a DJ's pitch fader makes equal
SAME_ENERGY = 0.06
SAME_BRIGHTNESS = 0.08  #: of the brighter one's
#: What is said of two tracks, by the share of all pairs of tracks that are less alike.
LIKENESS = {0.0: "some way from", 0.9: "somewhat like", 0.98: "sounds like"}
PAIRS = 2000  #: from which that is estimated
TAGS = 2  #: that both tracks deserve and are worth a mention


def reasons(pool: Pool, picks: Sequence[Song], seeds: Sequence[Song], blend: float) -> list[str]:
    """Return a reason for each pick: which seed it is nearest to, what the two share, and who plays both."""
    rows, seed_rows = pool.rows(song.id for song in picks), pool.rows(song.id for song in seeds)
    models = np.argmax(pool.vectors(rows, blend) @ pool.vectors(seed_rows, blend).T, axis=1)
    cosines = np.einsum("pd,pd->p", pool.content[rows], pool.content[seed_rows[models]])
    levels = np.searchsorted(likeness_levels(pool)[1:], cosines, side="right")
    cold, by_id = pool.cold[rows], {song.id: song for song in seeds}
    return [
        _reason(pool, song, by_id[int(pool.ids[seed_rows[model]])], by_id, level, is_cold)
        for song, model, level, is_cold in zip(picks, models, levels, cold, strict=True)
    ]


def likeness_levels(pool: Pool) -> np.ndarray:
    """Return the cosines, (3,), that the shares in `LIKENESS` of all pairs of tracks do not reach."""
    n = len(pool)
    if n * (n - 1) // 2 <= PAIRS:
        pairs = np.array(list(combinations(range(n), 2)), np.int64).reshape(-1, 2)
    else:
        pairs = np.random.default_rng(0).integers(n, size=(PAIRS, 2))
        pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    cosines = np.einsum("pd,pd->p", pool.content[pairs[:, 0]], pool.content[pairs[:, 1]])
    return np.quantile(cosines, list(LIKENESS)) if len(pairs) else np.ones(len(LIKENESS))


def in_common(song: Song, other: Song) -> list[str]:
    """Return what two songs share, in words, as far as it is known.

    >>> in_common(Song(1, tempo=120.0, camelot="8A", energy=0.5), Song(2, tempo=60.5, camelot="8A", energy=0.52))
    ['same key and energy', 'double the tempo']
    """
    same, phrases = [], []
    if song.tempo and other.tempo:
        octaves = math.log2(song.tempo / other.tempo)
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


def _reason(pool: Pool, song: Song, model: Song, seeds: dict[int, Song], level: int, cold: bool) -> str:
    likeness = f"{list(LIKENESS.values())[level]} {model.name}"
    common = in_common(song, model) + _tags_in_common(pool, song, model)
    parts = [f"{likeness}: {', '.join(common)}" if common else likeness, _listening(pool, song, model, seeds)]
    return "; ".join(filter(None, [*parts, "nobody has played it yet" if cold else ""]))


def _tags_in_common(pool: Pool, song: Song, other: Song) -> list[str]:
    likely = pool.tags(other.id)
    tags = [tag for tag in pool.tags(song.id) if tag in likely][:TAGS]
    return [f"both {_joined(tags)}"] if tags else []


def _listening(pool: Pool, song: Song, model: Song, seeds: dict[int, Song]) -> str:
    shared = [track_id for track_id in pool.neighbours(song.id) if track_id in seeds]
    if model.id in shared:
        return "played by the same people"
    return f"played by people who play {seeds[shared[0]].name}" if shared else ""


def _near(one: float | None, other: float | None, tolerance: float) -> bool:
    return one is not None and other is not None and abs(one - other) <= tolerance


def _joined(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))

"""What is known of each track without asking who listens to it: its embedding, its descriptors, artist and album."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from audiorec.fusion import UNKNOWN, unit_rows
from audiorec.schema import fold
from audiorec.types import Track

#: The middle and the spread that bring a descriptor to about -1 .. 1; fixed, so that a track added later is described
#: on the same scale.
SCALES = {
    "loudness": (-12.0, 6.0),
    "tempo": (120.0, 40.0),
    "onset_rate": (3.0, 2.0),
    "brightness": (1800.0, 900.0),
    **dict.fromkeys(
        ("energy", "danceability", "valence", "acousticness", "instrumentalness", "speechiness", "liveness"),
        (0.5, 0.3),
    ),
    "year": (1995.0, 15.0),
}
FARTHEST = 3.0  #: spreads from the middle; what lies beyond is cut
DESCRIPTORS_LENGTH = 0.5  #: of the usual descriptors beside the embedding's 1: they say less, and mostly the same


@dataclass(frozen=True, eq=False)
class Sound:
    """The tracks that have an embedding, a row each."""

    ids: np.ndarray  #: (n,) int64, rising
    content: np.ndarray  #: (n, d) float32, unit rows, zeros for silence
    features: np.ndarray  #: (n, m) float32: the content and what else tells how a track sounds
    artists: np.ndarray  #: (n,) int: equal for the same one, `UNKNOWN` where there is none
    albums: np.ndarray  #: (n,) int, likewise


def describe(ids: np.ndarray, embeddings: np.ndarray, tracks: Iterable[Track]) -> Sound:
    """Return what is known of the tracks with these ids, (n,) rising, and embeddings, (n, d)."""
    by_id = {track.id: track for track in tracks}
    chosen = [by_id[track_id] for track_id in ids.tolist()]
    content = unit_rows(embeddings).astype(np.float32)
    artists = [fold(track.tags.artist or track.tags.album_artist or "") for track in chosen]
    albums = [_album(track) for track in chosen]
    descriptors = np.array([_descriptors(track) for track in chosen], dtype=np.float32).reshape(len(ids), len(SCALES))
    features = np.hstack([content, descriptors * np.float32(DESCRIPTORS_LENGTH / np.sqrt(len(SCALES)))])
    return Sound(ids, content, features, _labels(artists), _labels(albums))


def _descriptors(track: Track) -> list[float]:
    """Return a track's descriptors on their scales; what is not known is in the middle."""
    values = {name: getattr(track.descriptors, name, None) for name in SCALES} | {"year": track.tags.year}
    return [
        0.0 if values[name] is None else float(np.clip((values[name] - middle) / spread, -FARTHEST, FARTHEST))
        for name, (middle, spread) in SCALES.items()
    ]


def _album(track: Track) -> str:
    """Return the name of a track's album with its artist's: everybody has a "Greatest Hits"."""
    if not track.tags.album:
        return ""
    return fold(track.tags.album_artist or track.tags.artist or "") + "\n" + fold(track.tags.album)


def _labels(names: Sequence[str]) -> np.ndarray:
    """Return a number for each name, `UNKNOWN` for an empty one."""
    numbers: dict[str, int] = {"": UNKNOWN}
    return np.array([numbers.setdefault(name, len(numbers) - 1) for name in names], dtype=np.int64)

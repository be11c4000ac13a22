"""Tonality: the key of a track and how sure it is.

Task: from chroma to key. Conventions: key 0 = C ... 11 = B, -1 for none; mode 1 major, 0 minor. Sound without pitch
(silence, noise, drums alone) has key -1, mode None and confidence 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

KEY_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
#: How often each scale degree sounds in major and in minor (Albrecht & Shanahan, "The use of large corpora to train a
#: new type of key-finding algorithm", 2013)
MAJOR = (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081)
MINOR = (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052)
MIN_CORRELATION = 0.35  #: with the best profile, under which there is no key


@dataclass(frozen=True)
class Key:
    """A key estimate."""

    key: int  #: 0-11, -1 none
    mode: int | None  #: 1 major, 0 minor
    confidence: float  #: 0-1: how well the best profile fits, and how much better than those of other keys

    @property
    def name(self) -> str | None:
        """Return "A minor", "F# major", ...; None without a key."""
        return f"{KEY_NAMES[self.key]} {'major' if self.mode else 'minor'}" if self.key >= 0 else None

    @property
    def camelot(self) -> str | None:
        """Return the place on the Camelot wheel, "8A" for A minor, "8B" for C major; None without a key.

        >>> Key(9, 0, 1.0).camelot, Key(0, 1, 1.0).camelot
        ('8A', '8B')
        """
        if self.key < 0:
            return None
        relative_major = self.key if self.mode else (self.key + 3) % 12
        return f"{(relative_major * 7 + 7) % 12 + 1}{'B' if self.mode else 'A'}"


def estimate_key(pitch_classes: np.ndarray) -> Key:
    """Return the key whose profile correlates best with the weight of the 12 pitch classes.

    Parameters
    ----------
    pitch_classes : (12,) array
        Weight of each pitch class, entry 0 = C, never negative.

    Raises
    ------
    ValueError
        If there are not twelve.

    >>> estimate_key(np.array([5, 0, 3, 0, 4, 3, 0, 5, 0, 3, 0, 2.0])).name
    'C major'
    """
    weights = np.asarray(pitch_classes, dtype=np.float64)
    if weights.shape != (12,):
        raise ValueError(f"pitch_classes must have shape (12,), got {weights.shape}")
    if weights.std() <= 1e-6 * weights.mean() or not weights.any():
        return Key(-1, None, 0.0)
    correlations = key_profiles() @ unit_shape(weights)
    order = np.argsort(-correlations, kind="stable")
    best = correlations[order[0]]
    if best < MIN_CORRELATION:
        return Key(-1, None, 0.0)
    margin = (best - correlations[order[1]]) / 0.15
    confidence = float(np.clip(best, 0, 1) * np.clip(0.35 + 0.65 * margin, 0, 1))
    return Key(int(order[0] % 12), int(order[0] // 12), confidence)


@lru_cache(maxsize=1)
def key_profiles() -> np.ndarray:
    """Return the `unit_shape` of the profile of each key, (24, 12): minor from C to B, then major."""
    return unit_shape(np.array([np.roll(profile, key) for profile in (MINOR, MAJOR) for key in range(12)]))


def unit_shape(weights: np.ndarray) -> np.ndarray:
    """Return weights of pitch classes, (..., 12), less their mean, with norm 1: products are then correlations."""
    centred = weights - weights.mean(axis=-1, keepdims=True)
    return centred / np.maximum(np.linalg.norm(centred, axis=-1, keepdims=True), 1e-12)

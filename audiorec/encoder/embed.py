"""From a track's spectrogram to its embedding, its tags and what else the model estimates.

Task: run the network over the whole track, in chunks of a minute so that a long one needs no more memory, and turn the
mean of its features into a vector of unit norm, into tag probabilities, and into those descriptors for which the model
has a head. Each chunk comes with the frames around it that the network hears, so the chunks change nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import numpy as np
import torch

from audiorec.encoder.weights import Weights, load_weights
from audiorec.spectrum import Spectrogram

CHUNK_FRAMES = 2560  #: 60 s; a multiple of the network's stride
MIN_FRAMES = 43  #: 1 s: shorter sounds are continued by silence


@cache
def default_weights() -> Weights:
    """Return the weights of the model in use, loaded once a process."""
    return load_weights()


def features(log_mel: np.ndarray, weights: Weights) -> torch.Tensor:
    """Return the encoder's features of a track, (n_features,): the mean over its frames.

    Parameters
    ----------
    log_mel : (n_mels, T) float32 array
        `Spectrogram.log_mel`, dB under the loudest cell.
    weights : Weights
    """
    if log_mel.shape[1] < MIN_FRAMES:
        log_mel = np.pad(log_mel, ((0, 0), (0, MIN_FRAMES - log_mel.shape[1])), constant_values=-80.0)
    config = weights.encoder.config
    total, count = torch.zeros(config.n_features, dtype=torch.float64), 0
    with torch.inference_mode():
        for start in range(0, log_mel.shape[1], CHUNK_FRAMES):
            first = max(start - config.reach, 0)
            heard = torch.from_numpy(np.ascontiguousarray(log_mel[:, first : start + CHUNK_FRAMES + config.reach]))
            before = (start - first) // config.stride
            frames = weights.encoder.frames(heard[None])[0][:, before : before + CHUNK_FRAMES // config.stride]
            total += frames.sum(dim=1)
            count += frames.shape[1]
    return (total / count).float()


def embed(
    spectrogram: Spectrogram, weights: Weights | None = None
) -> tuple[np.ndarray, dict[str, float], dict[str, float]]:
    """Return a track's embedding, float32 of unit norm, its tags as probabilities, and its estimates, 0-1, by name.

    Silence has an embedding of zeros, no tags and no estimates.

    Parameters
    ----------
    spectrogram : Spectrogram
    weights : Weights, optional
        By default those of the model in use.
    """
    weights = weights or default_weights()
    if not spectrogram.level.any():
        return np.zeros(len(weights.embedding_projection), dtype=np.float32), {}, {}
    pooled = features(spectrogram.log_mel, weights)
    with torch.inference_mode():
        vector = (weights.embedding_projection @ (pooled - weights.embedding_mean)).numpy()
        tags = _shares(weights.tag_names, _tag_odds(pooled, weights)) if weights.tag_names else {}
        estimates = _shares(weights.estimates, (head[:-1] @ pooled + head[-1] for head in weights.estimates.values()))
    return vector / max(float(np.linalg.norm(vector)), 1e-9), tags, estimates


def _tag_odds(pooled: torch.Tensor, weights: Weights) -> torch.Tensor:
    return weights.encoder.heads["tags"](pooled) * weights.tag_scale + weights.tag_mean


def _shares(names: Iterable[str], odds: Iterable[torch.Tensor]) -> dict[str, float]:
    """Return logarithmic odds as numbers of 0 to 1, by name."""
    return {name: round(torch.sigmoid(value).item(), 4) for name, value in zip(names, odds, strict=True)}

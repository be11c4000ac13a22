"""Rhythm: onsets, tempo, beats, bars.

Task: from a `Spectrogram` to onset strength, from onset strength to everything else. Nothing here is trained; octave
errors (half or double tempo) are the known weakness, most of all below 70 and above 160 BPM, which is what
`tempo_candidates` and `tempo_confidence` are for.

Conventions: times in seconds, tempo in beats per minute, onset strength in dB of mean rise over the mel bands. Sound
without a pulse (silence, one click, less than 2 s) has tempo None, confidence 0 and no beats.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
import scipy.ndimage

from audiorec.jit import jit
from audiorec.spectrum import Spectrogram

TEMPO_RANGE = (40.0, 220.0)  #: BPM
PREFERRED_TEMPO = 105.0  #: BPM, centre of the prior over tempi
PRIOR_WIDTH = 0.9  #: octaves, its standard deviation
HARMONICS = 4  #: multiples of the beat period whose autocorrelation a tempo is scored by
WINDOW_SECONDS = 12.0  #: of the tempogram
MIN_SECONDS = 2.0  #: shorter sounds have no tempo
MIN_PERIODICITY = 0.08  #: autocorrelation under which there is no pulse: white noise stays below
TIGHTNESS = 100.0  #: weight of an even pulse against strong onsets in the beat tracker (Ellis 2007)
ONSET_RISE = 1.5  #: dB of mean rise over the local mean that makes an onset
ONSET_GAP = 0.06  #: s, least distance of two onsets
ONSET_LEAD = 1.1  #: frames that the strongest rise comes before the onset itself: half a window reaches ahead
MIN_RISE = 0.3  #: dB that one frame in a hundred must rise by where there is a pulse
BASS_BANDS = 8  #: mel bands under 270 Hz
METERS = (3, 4, 5, 7)  #: beats in a bar that are told apart
METER_PRIOR = (0.75, 1.0, 0.35, 0.3)


@dataclass(frozen=True)
class Tempo:
    """A tempo estimate."""

    bpm: float | None
    confidence: float  #: 0-1: how periodic the music is, times the share of the winner among the candidates
    candidates: tuple[float, ...]  #: BPM, most likely first, `bpm` among them


def onset_strength(spectrogram: Spectrogram) -> np.ndarray:
    """Return the mean rise of the log-mel bands since the frame before, (T,) float32, dB, never negative.

    .. math:: o_t = \\frac{1}{B} \\sum_b \\max(0, M_{b,t} - M_{b,t-1})

    (S. Böck & G. Widmer, "Maximum filter vibrato suppression for onset detection", 2013, without the filter.)
    """
    strength = np.zeros(spectrogram.n_frames, dtype=np.float32)
    _mean_rises(spectrogram.log_mel.T, strength)
    return strength


@jit
def _mean_rises(log_mel, strength):
    """Fill `strength` (T,) from `log_mel` (T, bands); the first frame has no rise."""
    for t in range(1, log_mel.shape[0]):
        rise = np.float32(0)
        for band in range(log_mel.shape[1]):
            rise += max(log_mel[t, band] - log_mel[t - 1, band], np.float32(0))
        strength[t] = rise / np.float32(log_mel.shape[1])


def onsets(strength: np.ndarray, frame_rate: float) -> np.ndarray:
    """Return the times of note onsets in seconds, ascending.

    A peak of `strength` over its neighbours that stands 1.5 dB over the mean of the 0.35 s around it and over its
    own spread, so that the flicker of steady noise counts for nothing.
    """
    return (_onset_frames(strength, frame_rate) + ONSET_LEAD) / frame_rate


def _onset_frames(strength: np.ndarray, frame_rate: float) -> np.ndarray:
    reach = max(1, round(ONSET_GAP * frame_rate))
    peak = scipy.ndimage.maximum_filter1d(strength, 2 * reach + 1, mode="constant")
    mean = scipy.ndimage.uniform_filter1d(strength, round(0.35 * frame_rate), mode="nearest")
    threshold = mean + max(ONSET_RISE, float(np.median(strength)))
    return np.flatnonzero((strength == peak) & (strength > threshold))


def onset_rate(strength: np.ndarray, frame_rate: float) -> float:
    """Return onsets a second; 0 for silence."""
    return len(_onset_frames(strength, frame_rate)) / max(len(strength) / frame_rate, 1.0)


def beat_strength(strength: np.ndarray, frame_rate: float, beats: np.ndarray) -> float:
    """Return the mean onset strength at the beats over the mean at all onsets; 0 without beats or onsets."""
    frames = _onset_frames(strength, frame_rate)
    if not len(beats) or not len(frames):
        return 0.0
    at_beats = np.clip(np.round(beats * frame_rate - ONSET_LEAD).astype(int), 0, len(strength) - 1)
    return float(scipy.ndimage.maximum_filter1d(strength, 3)[at_beats].mean() / strength[frames].mean())


def autocorrelation(strength: np.ndarray, frame_rate: float) -> np.ndarray:
    """Return the mean autocorrelation of `strength` in windows of 12 s, by lag in frames; 1 at lag 0.

    Each window is freed of its local mean and weighs by its energy, so a silent passage does not dilute the rest.
    """
    size = min(len(strength), round(WINDOW_SECONDS * frame_rate))
    hop = max(1, size // 2)
    local = strength - scipy.ndimage.uniform_filter1d(strength, max(1, round(1.5 * frame_rate)), mode="nearest")
    windows = np.lib.stride_tricks.sliding_window_view(local, size)[::hop]
    total = np.zeros(size)
    for start in range(0, len(windows), 64):
        spectra = scipy.fft.rfft(windows[start : start + 64], n=scipy.fft.next_fast_len(2 * size, real=True), axis=1)
        total += scipy.fft.irfft(np.sum(np.abs(spectra) ** 2, axis=0))[:size]
    if total[0] <= 0:
        return np.zeros(size)
    bias = 1 - np.arange(size) / size  # fewer products at longer lags
    return total / total[0] / np.maximum(bias, 0.25)


def estimate_tempo(strength: np.ndarray, frame_rate: float, *, tempo_range=TEMPO_RANGE) -> Tempo:
    """Return the tempo of an onset strength curve.

    A tempo scores by the mean autocorrelation at one to four of its periods, times a log-normal prior around 105 BPM.

    Parameters
    ----------
    strength : (T,) array
    frame_rate : frames a second
    tempo_range : slowest and fastest BPM to consider

    Raises
    ------
    ValueError
        If `tempo_range` is empty or not positive.
    """
    slowest, fastest = tempo_range
    if not 0 < slowest < fastest:
        raise ValueError(f"tempo_range={tempo_range} must be two ascending positive numbers")
    if len(strength) < MIN_SECONDS * frame_rate or np.percentile(strength, 99) < MIN_RISE:
        return Tempo(None, 0.0, ())
    correlation = autocorrelation(strength, frame_rate)
    grid = np.geomspace(slowest, fastest, 1 + round(480 * np.log2(fastest / slowest)))
    periodicity = _periodicity(correlation, 60 * frame_rate / grid)
    prior = np.exp(-0.5 * (np.log2(grid / PREFERRED_TEMPO) / PRIOR_WIDTH) ** 2)
    scores = np.maximum(periodicity, 0) * prior
    peaks = _peaks(scores)
    if not len(peaks) or periodicity[peaks[0]] < MIN_PERIODICITY:
        return Tempo(None, 0.0, ())
    best = peaks[:5]
    share = scores[best[0]] / scores[best].sum()
    confidence = float(np.clip(share * min(1.0, periodicity[best[0]] / 0.4), 0, 1))
    return Tempo(float(grid[best[0]]), confidence, tuple(round(float(bpm), 2) for bpm in grid[best]))


def _periodicity(correlation: np.ndarray, periods: np.ndarray) -> np.ndarray:
    """Return the mean autocorrelation at the first multiples of each beat period, given in frames."""
    lags = np.arange(len(correlation))
    return np.mean([np.interp(k * periods, lags, correlation, right=0) for k in range(1, HARMONICS + 1)], axis=0)


def _peaks(scores: np.ndarray) -> np.ndarray:
    """Return the indices of the local maxima of `scores`, highest first."""
    padded = np.pad(scores, 1)
    is_peak = (scores > 0) & (scores > padded[:-2]) & (scores >= padded[2:])
    peaks = np.flatnonzero(is_peak)
    return peaks[np.argsort(-scores[peaks], kind="stable")]


def track_beats(strength: np.ndarray, frame_rate: float, bpm: float | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the times of the beats in seconds, ascending, and a confidence of 0-1 each; empty without a tempo.

    The sequence of frames that maximises onset strength at the beats less the squared log deviation of their
    distances from the beat period, by dynamic programming (D. Ellis, "Beat tracking by dynamic programming", 2007).
    """
    if bpm is None or not strength.any():
        return np.zeros(0), np.zeros(0)
    period = 60 * frame_rate / bpm
    smooth = scipy.ndimage.gaussian_filter1d(strength.astype(np.float64), period / 32)
    smooth /= smooth.std()
    score = np.empty(len(smooth))
    before = np.empty(len(smooth), dtype=np.int64)
    _best_predecessors(smooth, period, TIGHTNESS, score, before)
    frames = _trim(_walk_back(score, before, period), smooth)
    times = (_refine(smooth, frames) + ONSET_LEAD) / frame_rate
    strongest = np.percentile(smooth[frames], 90) if len(frames) else 1.0
    return times, np.clip(smooth[frames] / max(strongest, 1e-9), 0, 1)


@jit
def _best_predecessors(strength, period, tightness, score, before):
    """Fill `score` with the best total that ends in each frame, and `before` with the beat before it (-1: none)."""
    nearest = int(np.round(period / 2))
    farthest = int(np.round(period * 2))
    penalty = np.empty(farthest + 1)
    for distance in range(max(1, nearest), farthest + 1):
        penalty[distance] = -tightness * np.log(distance / period) ** 2
    for t in range(strength.size):
        best = 0.0
        before[t] = -1
        for distance in range(max(1, nearest), min(farthest, t) + 1):
            candidate = score[t - distance] + penalty[distance]
            if candidate > best:
                best = candidate
                before[t] = t - distance
        score[t] = strength[t] + best


def _walk_back(score: np.ndarray, before: np.ndarray, period: float) -> np.ndarray:
    """Return the frames of the best sequence, whose last beat lies within the last beat period."""
    tail = max(1, round(period))
    frames = [len(score) - tail + int(np.argmax(score[-tail:]))] if len(score) > tail else [int(np.argmax(score))]
    while before[frames[-1]] >= 0:
        frames.append(int(before[frames[-1]]))
    return np.array(frames[::-1], dtype=np.int64)


def _trim(frames: np.ndarray, strength: np.ndarray) -> np.ndarray:
    """Drop the beats that the tracker put into silence before the first and after the last onset."""
    sounding = np.flatnonzero(strength[frames] > 0.1 * np.sqrt(np.mean(strength[frames] ** 2)))
    return frames[sounding[0] : sounding[-1] + 1] if len(sounding) else frames[:0]


def _refine(strength: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """Return frames moved to the top of the parabola through their neighbours, where they are a maximum."""
    inner = np.clip(frames, 1, len(strength) - 2)
    left, middle, right = strength[inner - 1], strength[inner], strength[inner + 1]
    curvature = left - 2 * middle + right
    is_peak = (inner == frames) & (curvature < 0) & (middle >= left) & (middle >= right)
    return frames + np.where(is_peak, 0.5 * (left - right) / np.where(is_peak, curvature, 1.0), 0.0)


def tempo_of_beats(beats: np.ndarray, bpm: float | None) -> float | None:
    """Return `bpm` made precise by the beats: their median rate over stretches of eight, where it agrees within 8 %."""
    if bpm is None or len(beats) < 9:
        return bpm
    measured = 60 * 8 / float(np.median(beats[8:] - beats[:-8]))
    return measured if abs(measured / bpm - 1) < 0.08 else bpm


@dataclass(frozen=True, eq=False)
class Meter:
    """How beats group into bars."""

    time_signature: int | None  #: beats in a bar
    bars: np.ndarray  #: seconds, the downbeats
    confidence: np.ndarray  #: 0-1 for each bar: how much its first beat stands out


def estimate_meter(beats: np.ndarray, spectrogram: Spectrogram) -> Meter:
    """Return the time signature and the downbeats.

    Loud bass and changes of harmony mark downbeats. The number of beats and the phase whose marked beats stand out
    most from the others win, weighted by how common the metre is.

    Parameters
    ----------
    beats : seconds, ascending
    spectrogram : Spectrogram
    """
    if len(beats) < 2 * max(METERS):
        return Meter(4 if len(beats) else None, beats[::4], np.zeros(len(beats[::4])))
    accent = _z_score(_z_score(_bass_at(beats, spectrogram)) + 0.5 * _z_score(_harmonic_change_at(beats, spectrogram)))
    scored = [
        (_stands_out(accent, meter, phase) * prior, meter, phase)
        for meter, prior in zip(METERS, METER_PRIOR, strict=True)
        for phase in range(meter)
    ]
    _, meter, phase = max(scored, key=lambda item: (item[0], -item[1], -item[2]))
    return Meter(meter, beats[phase::meter], np.clip(0.5 + 0.25 * accent[phase::meter], 0, 1))


def _bass_at(beats: np.ndarray, spectrogram: Spectrogram) -> np.ndarray:
    """Return the highest level under 270 Hz in the tenth of a second after each beat, dB."""
    bass = spectrogram.log_mel[:BASS_BANDS].max(axis=0)
    frames = np.clip(np.round(beats * spectrogram.frame_rate).astype(int), 0, len(bass) - 1)
    return scipy.ndimage.maximum_filter1d(bass, 5, origin=-2)[frames]


def _harmonic_change_at(beats: np.ndarray, spectrogram: Spectrogram) -> np.ndarray:
    """Return how far the chroma from each beat to the next turns from that of the beat before, 0-1."""
    chroma = spectrogram.chroma
    columns = np.clip(np.round(beats * spectrogram.chroma_rate).astype(int), 0, chroma.shape[1])
    sums = np.concatenate([np.zeros((12, 1)), np.cumsum(chroma, axis=1, dtype=np.float64)], axis=1)
    beat_chroma = np.diff(sums[:, np.append(columns, chroma.shape[1])], axis=1)
    beat_chroma /= np.linalg.norm(beat_chroma, axis=0) + 1e-9
    return np.concatenate([[0.0], 1 - np.sum(beat_chroma[:, 1:] * beat_chroma[:, :-1], axis=0)])


def _z_score(values: np.ndarray) -> np.ndarray:
    spread = values.std()
    return (values - values.mean()) / spread if spread > 1e-9 else np.zeros(len(values))


def _stands_out(accent: np.ndarray, meter: int, phase: int) -> float:
    """Return how far the beats at `phase` lie over the rest, in standard errors, so that metres compare."""
    marked = accent[phase::meter]
    return float(marked.mean() * np.sqrt(len(marked)) * np.sqrt(meter / (meter - 1)))

"""A file in, everything known about its sound out; and the only list of what can be known.

Task: decode once, measure levels and spectrum on the way, then compute each feature from what it needs. `FEATURES`
lists them all. A feature is a function whose parameters name the values it needs: values of other features, or of the
front end, `levels` and `spectrogram`. Each has a version of its own, to be raised whenever its values change;
everything computed from them counts as changed too (`stale_features`). The version of what is learned is the name of
the model. With an embedding, the model's own features (`LEARNED`) stand in the place of formulas of the same names.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from audiorec.audio import MAX_CHANNELS, SAMPLE_RATES, MonoResampler, open_stream
from audiorec.encoder import card
from audiorec.errors import EmptyAudioError
from audiorec.features import loudness, perceptual, rhythm, structure, timbre, tonal
from audiorec.networks.files import network_id
from audiorec.networks.key import hear_key
from audiorec.spectrum import SAMPLE_RATE, SpectrogramBuilder
from audiorec.types import SERIES, Analysis, Descriptors


@dataclass(frozen=True)
class Feature:
    """Something to know about a track.

    An `optional` feature is recomputed only where it was computed before.
    """

    name: str
    version: int | str | None  #: None where there is no model
    compute: Callable[..., Any]  #: returns the feature's value, or a tuple of its values
    outputs: tuple[str, ...] = ()  #: names of the values, if there are several or the name is another
    optional: bool = False

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Names of the values that the feature is computed from."""
        return tuple(inspect.signature(self.compute).parameters)

    @cached_property
    def values(self) -> tuple[str, ...]:
        """Names of the values that the feature gives."""
        return self.outputs or (self.name,)

    def __call__(self, known: Mapping[str, Any]) -> dict[str, Any]:
        """Return the feature's values by name, computed from those known."""
        result = self.compute(**{name: known[name] for name in self.inputs})
        return dict(zip(self.outputs, result, strict=True)) if self.outputs else {self.name: result}


def _supplied_by_front_end() -> None:
    raise LookupError("levels and spectrogram come from the front end")


def _duration_ms(levels):
    return round(1000 * levels.n_samples / levels.sample_rate)


def _onsets(onset_strength, spectrogram):
    return rhythm.onsets(onset_strength, spectrogram.frame_rate)


def _onset_rate(onset_strength, spectrogram):
    return rhythm.onset_rate(onset_strength, spectrogram.frame_rate)


def _onset_correlation(onset_strength, spectrogram):
    return rhythm.autocorrelation(onset_strength, spectrogram.frame_rate)


def _rough_tempo(onset_strength, spectrogram):
    return rhythm.estimate_tempo(onset_strength, spectrogram.frame_rate)


def _beats(onset_strength, spectrogram, rough_tempo):
    return rhythm.track_beats(onset_strength, spectrogram.frame_rate, rough_tempo.bpm)


def _tempo(rough_tempo, beats):
    bpm = rhythm.tempo_of_beats(beats, rough_tempo.bpm)
    if bpm is None:
        return None, 0.0, ()
    return round(bpm, 2), rough_tempo.confidence, (round(bpm, 2), *rough_tempo.candidates[1:])


def _meter(beats, spectrogram):
    meter = rhythm.estimate_meter(beats, spectrogram)
    return meter.time_signature, meter.bars, meter.confidence


def _key(spectrogram):
    key = tonal.estimate_key(spectrogram.chroma.sum(axis=1))
    return key.key, key.mode, key.confidence, key.name, key.camelot


def _key_by_network(spectrogram):
    key = hear_key(spectrogram)
    return key.key, key.mode, key.confidence, key.name, key.camelot


def _measurements(spectrogram, onset_strength, onset_correlation, beats):
    beat_strength = rhythm.beat_strength(onset_strength, spectrogram.frame_rate, beats)
    return perceptual.measure(spectrogram, onset_correlation, beat_strength=beat_strength)


def _embedding(spectrogram):
    card.require_torch()
    from audiorec.encoder.embed import embed  # torch: seconds of imports, for those who want an embedding

    return embed(spectrogram)


def _estimate(name, estimates):
    return estimates.get(name, perceptual.OF_SILENCE[name])


KEY_VALUES = ("key", "mode", "key_confidence", "key_name", "camelot")
FEATURES = (
    # measured while the file is decoded
    Feature("levels", 1, _supplied_by_front_end),
    Feature("spectrogram", 1, _supplied_by_front_end),
    # loudness
    Feature("duration_ms", 1, _duration_ms),
    Feature("loudness", 1, loudness.integrated_loudness),
    Feature("loudness_range", 1, loudness.loudness_range),
    Feature("peak", 1, lambda levels: levels.peak),
    Feature("true_peak", 1, lambda levels: levels.true_peak, optional=True),
    Feature("replaygain_track_gain", 1, loudness.replaygain),
    Feature("dynamic_complexity", 1, loudness.dynamic_complexity),
    # rhythm
    Feature("onset_strength", 1, rhythm.onset_strength),
    Feature("onsets", 1, _onsets),
    Feature("onset_rate", 1, _onset_rate),
    Feature("onset_correlation", 1, _onset_correlation),
    Feature("rough_tempo", 1, _rough_tempo),
    Feature("beats", 1, _beats, ("beats", "beat_confidence")),
    Feature("tempo", 1, _tempo, ("tempo", "tempo_confidence", "tempo_candidates")),
    Feature("time_signature", 1, _meter, ("time_signature", "bars", "bar_confidence")),
    # tonality and timbre
    Feature("key", 2, _key, KEY_VALUES),
    Feature("brightness", 1, timbre.brightness),
    Feature("timbre", 1, timbre.timbre_vector, ("timbre", "timbre_names")),
    # learned
    Feature("embedding", card.model_id(), _embedding, ("embedding", "tags", "estimates")),
    # perceptual
    Feature("measurements", 1, _measurements),
    Feature("energy", 1, perceptual.energy),
    Feature("danceability", 1, perceptual.danceability),
    Feature("valence", 1, perceptual.valence),
    Feature("acousticness", 1, perceptual.acousticness),
    Feature("instrumentalness", 1, perceptual.instrumentalness),
    Feature("speechiness", 1, perceptual.speechiness),
    Feature("liveness", 1, perceptual.liveness),
    Feature("mood", 1, perceptual.mood),
    # structure
    Feature("sections", 1, structure.sections, optional=True),
    Feature("segments", 1, structure.segments, optional=True),
)
#: What the model hears better than the formula of the same name; computed along with the embedding.
LEARNED = {name: Feature(name, card.model_id(), partial(_estimate, name)) for name in card.estimates()}
#: What small networks, which run in numpy, hear better than formulas; nothing where their files are missing.
NETWORKS = {
    feature.name: feature
    for feature in (Feature("key", network_id("key"), _key_by_network, KEY_VALUES),)
    if feature.version is not None
}
FRONT_END = ("levels", "spectrogram")
_DESCRIPTORS = tuple(field.name for field in fields(Descriptors))


def available_features(*, embed: bool) -> tuple[Feature, ...]:
    """Return the features that can be had with an embedding, or without one; each stands after those it needs."""
    chosen = NETWORKS | LEARNED if embed else NETWORKS
    return tuple(chosen.get(feature.name, feature) for feature in FEATURES if embed or feature.name != "embedding")


def current_versions(*, embed: bool = True) -> dict[str, int | str | None]:
    """Return the version of each feature that this code computes, by name."""
    return {feature.name: feature.version for feature in available_features(embed=embed)}


def stale_features(versions: Mapping[str, int | str], *, embed: bool = True) -> frozenset[str]:
    """Return the names of the features to recompute where `versions` were stored.

    Those whose version differs, and those computed from them. An optional feature that was never computed is not
    stale, nor, where there is no model, an embedding. Without `embed`, what a model has said stays as it is, whichever
    model it was.

    >>> stale_features(current_versions())
    frozenset()
    >>> sorted(stale_features(current_versions() | {"valence": 0}))
    ['mood', 'valence']
    """
    stale: set[str] = set()
    changed: set[str] = set()
    for feature in available_features(embed=embed):
        version = versions.get(feature.name)
        said_by_model = isinstance(version, str) and feature.name not in NETWORKS
        if (feature.optional and version is None) or (not embed and said_by_model):
            continue
        if version != feature.version or changed.intersection(feature.inputs):
            stale.add(feature.name)
            changed.update(feature.values)
    if embed and not stale.isdisjoint(LEARNED):
        stale.add("embedding")
    return frozenset(stale)


def analyze(
    path: str | bytes | os.PathLike,
    *,
    features: Iterable[str] | None = None,
    known: Descriptors | None = None,
    true_peak: bool = False,
    embed: bool | None = None,
) -> Analysis:
    """Analyse a file.

    Parameters
    ----------
    path : str, bytes or PathLike
    features : names from `FEATURES`, optional
        Compute these alone; by default all of them, but for what the two options below leave out. The model estimates
        descriptors only where `embedding` is among them; else formulas do.
    known : Descriptors, optional
        What is known already: the result keeps its other fields, and nothing is decoded for what can be computed
        from them.
    true_peak : bool
        Whether to measure `true_peak` too, which costs twice as much as all the rest.
    embed : bool, optional
        Whether to compute `embedding` and `tags` too, and with them the descriptors that the model hears better; by
        default where the extra `encoder` is installed.

    Returns
    -------
    Analysis
        Its `versions` name the features that were computed; the series of others are None.

    Raises
    ------
    FileError
        The file cannot be read or decoded.
    ModelError
        An embedding is wanted, and the model's files are missing or altered.
    ValueError
        `features` has a name that is not in `FEATURES`.

    Examples
    --------
    >>> analysis = analyze("song.mp3")  # doctest: +SKIP
    >>> analysis.descriptors.tempo, analysis.descriptors.camelot  # doctest: +SKIP
    (128.02, '8A')
    """
    wanted = _wanted(features, true_peak=true_peak, embed=embed)
    values = _known_values(known, wanted)
    plan = _plan(wanted, values)
    damaged = 0
    if any(feature.name in FRONT_END for feature in plan):
        needed = {feature.name for feature in plan}
        with open_stream(path) as stream:
            front_end = _FrontEnd(stream.sample_rate, stream.channels, needed, true_peak=true_peak)
            for block in stream:
                front_end.process(block)
            damaged = stream.damaged
        values |= front_end.finish()
    return _compute(os.fsdecode(path), plan, wanted, values, known, damaged)


def analyze_samples(
    samples: np.ndarray, sample_rate: int, *, true_peak: bool = False, embed: bool | None = None
) -> Analysis:
    """Analyse samples, (n,) or (n, channels), full scale at 1.0, at any rate; see `analyze`.

    Raises
    ------
    EmptyAudioError
        There are no samples.
    ModelError
        An embedding is wanted, and the model's files are missing or altered.
    ValueError
        The samples are integers, of another shape, of more than 64 channels or not all finite; or the rate is none.

    >>> clicks = np.zeros(22050 * 8)
    >>> clicks[::11025] = 1
    >>> round(analyze_samples(clicks, 22050, embed=False).descriptors.tempo)
    120
    """
    samples = np.asarray(samples)
    if not np.issubdtype(samples.dtype, np.floating):
        raise ValueError(f"samples must be floating-point numbers, full scale 1.0, got {samples.dtype}")
    samples = (samples[:, None] if samples.ndim == 1 else samples).astype(np.float32, copy=False)
    if samples.ndim != 2 or samples.shape[1] > MAX_CHANNELS or not np.isfinite(samples).all():
        raise ValueError(f"samples must be finite and (n,) or (n, channels), got shape {samples.shape}")
    if sample_rate not in SAMPLE_RATES:
        raise ValueError(f"{sample_rate=} must be a whole number of {SAMPLE_RATES[0]} to {SAMPLE_RATES[-1]} Hz")
    if not len(samples):
        raise EmptyAudioError("samples", "it holds no samples")
    wanted = _wanted(None, true_peak=true_peak, embed=embed)
    plan = _plan(wanted, {})
    front_end = _FrontEnd(sample_rate, samples.shape[1], set(FRONT_END), true_peak=true_peak)
    front_end.process(samples)
    return _compute("", plan, wanted, front_end.finish(), None, 0)


class _FrontEnd:
    """Levels and spectrogram of one stream of blocks, those of the two that are needed."""

    def __init__(self, sample_rate: int, channels: int, needed: set[str], *, true_peak: bool):
        self._meter = loudness.LoudnessMeter(sample_rate, channels, true_peak=true_peak) if "levels" in needed else None
        self._builder = SpectrogramBuilder() if "spectrogram" in needed else None
        self._resampler = MonoResampler(sample_rate, SAMPLE_RATE)

    def process(self, block: np.ndarray) -> None:
        if self._meter:
            self._meter.process(block)
        if self._builder:
            self._builder.process(self._resampler.process(block))

    def finish(self) -> dict[str, Any]:
        values = {}
        if self._meter:
            values["levels"] = self._meter.finish()
        if self._builder:
            self._builder.process(self._resampler.flush())
            values["spectrogram"] = self._builder.finish()
        return values


def _wanted(features: Iterable[str] | None, *, true_peak: bool, embed: bool | None) -> frozenset[str]:
    if features is None:
        embed = card.embeds_by_default() if embed is None else embed
        return frozenset(current_versions(embed=embed)) - (set() if true_peak else {"true_peak"})
    wanted, names = frozenset(features), current_versions().keys()
    if unknown := wanted - names:
        raise ValueError(f"features={sorted(unknown)} must be among {sorted(names)}")
    return wanted


def _known_values(known: Descriptors | None, wanted: frozenset[str]) -> dict[str, Any]:
    """Return the fields of `known` that need not be computed."""
    if known is None:
        return {}
    fresh = {value for feature in FEATURES if feature.name in wanted for value in feature.values}
    known_by_name = {name: getattr(known, name) for name in _DESCRIPTORS if name not in fresh}
    return {name: value for name, value in known_by_name.items() if value is not None}


def _plan(wanted: frozenset[str], values: Mapping[str, Any]) -> list[Feature]:
    """Return the features to compute, each after those it needs."""
    plan: list[Feature] = []
    missing: set[str] = set()
    for feature in reversed(available_features(embed="embedding" in wanted)):
        if feature.name in wanted or missing.intersection(feature.values):
            plan.append(feature)
            missing.update(name for name in feature.inputs if name not in values)
    return plan[::-1]


def _compute(
    path: str,
    plan: list[Feature],
    wanted: frozenset[str],
    values: dict[str, Any],
    known: Descriptors | None,
    damaged: int,
) -> Analysis:
    for feature in plan:
        if feature.name not in FRONT_END:
            values |= feature(values)
    fresh = {value for feature in plan if feature.name in wanted for value in feature.values}
    descriptors = replace(known or Descriptors(), **{name: values[name] for name in _DESCRIPTORS if name in fresh})
    return Analysis(
        path=path,
        descriptors=descriptors,
        versions={feature.name: feature.version for feature in plan if feature.name in wanted},
        timbre=values.get("timbre"),
        timbre_names=values.get("timbre_names", ()),
        embedding=values.get("embedding"),
        tags=values.get("tags"),
        damaged=damaged,
        **{name: values[name] if name in fresh else None for name in SERIES},
    )

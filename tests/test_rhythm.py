"""Tempo, beats, bars and onsets of sounds that state them."""

import numpy as np
import pytest
from sounds import clicks, drums, noise, silence, tone

from audiorec.features import rhythm
from audiorec.spectrum import spectrogram


def curve(samples):
    spectrum = spectrogram(samples)
    return rhythm.onset_strength(spectrum), spectrum.frame_rate


@pytest.mark.parametrize("bpm", [65, 80, 97.3, 120, 140])
def test_tempo_of_clicks(bpm):
    strength, rate = curve(clicks(bpm, 20))
    tempo = rhythm.estimate_tempo(strength, rate)
    beats, _ = rhythm.track_beats(strength, rate, tempo.bpm)
    assert rhythm.tempo_of_beats(beats, tempo.bpm) == pytest.approx(bpm, rel=0.005)
    assert tempo.candidates[0] == pytest.approx(bpm, rel=0.02)


@pytest.mark.parametrize("bpm", [90, 120])
def test_beats_of_drums_lie_on_the_drums(bpm):
    strength, rate = curve(drums(bpm, 20))
    beats, confidence = rhythm.track_beats(strength, rate, rhythm.estimate_tempo(strength, rate).bpm)
    offset = (beats + 30 / bpm) % (60 / bpm) - 30 / bpm
    assert len(beats) == pytest.approx(20 * bpm / 60, abs=2)
    assert np.abs(offset).max() < 0.03
    assert ((confidence >= 0) & (confidence <= 1)).all()


def test_beats_follow_a_tempo_that_drifts():
    times = np.cumsum(np.linspace(0.55, 0.47, 50))
    samples = silence(times[-1] + 1)
    for time in times:
        start = round(time * 22_050)
        samples[start : start + 300] += noise(300 / 22_050, level=0.4, seed=2)[: len(samples) - start]
    strength, rate = curve(samples)
    beats, _ = rhythm.track_beats(strength, rate, 118)
    found = [np.abs(beats - time).min() < 0.04 for time in times]
    assert np.mean(found) > 0.95


def test_onsets_are_found_where_they_are():
    strength, rate = curve(clicks(120, 8))
    times = rhythm.onsets(strength, rate)
    expected = np.arange(0.5, 7.85, 0.5)
    assert len(times) == len(expected)
    np.testing.assert_allclose(times, expected, atol=0.035)
    assert rhythm.onset_rate(strength, rate) == pytest.approx(len(expected) / 8, rel=0.05)


@pytest.mark.parametrize("beats_per_bar", [3, 4])
def test_bars_begin_on_the_accents(beats_per_bar):
    samples = clicks(120, 24, accent_every=beats_per_bar)
    spectrum = spectrogram(samples)
    strength = rhythm.onset_strength(spectrum)
    beats, _ = rhythm.track_beats(strength, spectrum.frame_rate, 120)
    meter = rhythm.estimate_meter(beats, spectrum)
    assert meter.time_signature == beats_per_bar
    bar = beats_per_bar * 0.5
    offset = (meter.bars - 0.5 + bar / 2) % bar - bar / 2
    assert np.abs(offset).max() < 0.05


@pytest.mark.parametrize(
    "samples",
    [silence(10), silence(0.2), noise(10), noise(0.2), tone(440, 10), np.eye(1, 44_100, 22_050, dtype=np.float32)[0]],
    ids=["silence", "0.2 s of silence", "noise", "0.2 s of noise", "tone", "one click"],
)
def test_sound_without_a_pulse_has_no_tempo_and_no_beats(samples):
    strength, rate = curve(samples)
    tempo = rhythm.estimate_tempo(strength, rate)
    assert tempo == rhythm.Tempo(None, 0.0, ())
    beats, confidence = rhythm.track_beats(strength, rate, tempo.bpm)
    assert len(beats) == len(confidence) == 0
    assert rhythm.tempo_of_beats(beats, None) is None


def test_a_clear_pulse_is_surer_than_one_in_noise():
    clear, rate = curve(drums(120, 15))
    buried, _ = curve(drums(120, 15, level=0.1) + noise(15, level=0.1))
    assert rhythm.estimate_tempo(clear, rate).confidence > rhythm.estimate_tempo(buried, rate).confidence


def test_a_tempo_range_is_kept():
    strength, rate = curve(clicks(90, 15))
    assert rhythm.estimate_tempo(strength, rate, tempo_range=(120, 200)).bpm == pytest.approx(180, rel=0.02)
    with pytest.raises(ValueError, match="ascending"):
        rhythm.estimate_tempo(strength, rate, tempo_range=(200, 120))


def test_gain_does_not_change_the_onset_strength():
    samples = drums(120, 5)
    np.testing.assert_allclose(curve(samples)[0], curve(samples * np.float32(0.25))[0], atol=1e-3)

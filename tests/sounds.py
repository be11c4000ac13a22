"""Sounds whose answers are known in advance. Float32, mono, 22,050 Hz unless said otherwise."""

import numpy as np
import scipy.signal

RATE = 22_050


def silence(seconds: float, rate: int = RATE) -> np.ndarray:
    return np.zeros(round(seconds * rate), dtype=np.float32)


def tone(frequency: float, seconds: float, *, level: float = 0.3, rate: int = RATE, harmonics: int = 1) -> np.ndarray:
    """A steady tone with harmonics that fall as 1/n."""
    t = np.arange(round(seconds * rate)) / rate
    partials = [np.sin(2 * np.pi * n * frequency * t) / n for n in range(1, harmonics + 1)]
    return (level * np.sum(partials, axis=0)).astype(np.float32)


def noise(seconds: float, *, level: float = 0.1, rate: int = RATE, seed: int = 0) -> np.ndarray:
    return (level * np.random.default_rng(seed).standard_normal(round(seconds * rate))).astype(np.float32)


def clicks(bpm: float, seconds: float, *, start: float = 0.5, rate: int = RATE, accent_every: int = 0) -> np.ndarray:
    """Decaying bursts of noise on each beat; every n-th twice as loud and with a low thump."""
    out = silence(seconds, rate)
    burst = noise(0.03, level=0.3, rate=rate, seed=1) * np.exp(-np.arange(round(0.03 * rate)) / (0.006 * rate))
    thump = tone(70, 0.12, level=0.8, rate=rate) * np.exp(-np.arange(round(0.12 * rate)) / (0.04 * rate))
    for i, time in enumerate(np.arange(start, seconds - 0.15, 60 / bpm)):
        add(out, burst, time, rate)
        if accent_every and i % accent_every == 0:
            add(out, thump, time, rate)
    return out


def chord(pitches, seconds: float, *, tuning: float = 0.0, level: float = 0.1, rate: int = RATE) -> np.ndarray:
    """A plucked chord of MIDI pitches, `tuning` semitones sharp."""
    out = sum(tone(440 * 2 ** ((p - 69 + tuning) / 12), seconds, level=level, rate=rate, harmonics=5) for p in pitches)
    return (out * np.exp(-np.arange(len(out)) / (0.7 * rate))).astype(np.float32)


def cadence(root: int, mode: int, *, seconds_each: float = 0.8, tuning: float = 0.0, rate: int = RATE) -> np.ndarray:
    """I IV V I, twice, in the key whose tonic is pitch class `root`; a minor key has its raised seventh."""
    third = 4 if mode else 3
    tonic, subdominant, dominant = (0, third, 7), (5, 5 + third, 12), (7, 11, 14)
    chords = [tonic, subdominant, dominant, tonic] * 2
    return np.concatenate([chord([48 + root, *(60 + root + p for p in c)], seconds_each, tuning=tuning, rate=rate)
                           for c in chords])  # fmt: skip


def speech(seconds: float, *, level: float = 0.2, seed: int = 3) -> np.ndarray:
    """Something like speech: syllables of irregular length and gliding pitch, through three formants, and pauses."""
    rng = np.random.default_rng(seed)
    out = silence(seconds)
    time = 0.1
    while time < seconds - 0.5:
        length = rng.uniform(0.1, 0.2)
        t = np.arange(round(length * RATE)) / RATE
        phase = np.cumsum(rng.uniform(100, 180) * (1 + rng.uniform(-0.5, 0.5) * t / length)) / RATE
        voice = scipy.signal.sawtooth(2 * np.pi * phase)
        for centre in rng.uniform([300, 900, 2200], [800, 2200, 3200]):
            b, a = scipy.signal.iirpeak(centre, 4, fs=RATE)
            voice = voice + 4 * scipy.signal.lfilter(b, a, voice)
        add(out, (level * voice / np.abs(voice).max() * np.hanning(len(t))).astype(np.float32), time)
        time += length + (rng.uniform(0.3, 0.6) if rng.random() < 0.15 else rng.uniform(0.02, 0.12))
    return out


def drums(bpm: float, seconds: float, *, level: float = 0.6) -> np.ndarray:
    """Kick on one and three, snare on two and four, hi-hat on every eighth."""
    out = silence(seconds)
    decay = np.exp(-np.arange(RATE // 5) / (0.05 * RATE))
    kick = tone(60, 0.2, level=level) * decay
    snare = noise(0.2, level=level / 3, seed=5) * decay
    hat = noise(0.04, level=level / 8, seed=6)
    beat = 60 / bpm
    for i, time in enumerate(np.arange(0.0, seconds - 0.3, beat)):
        add(out, snare if i % 2 else kick, time)
        add(out, hat, time)
        add(out, hat, time + beat / 2)
    return out


def band(seconds: float, *, bpm: float = 120, seed: int = 0) -> np.ndarray:
    """A small piece of music without drums: soft chords on each bar, a melody of eighths."""
    rng = np.random.default_rng(seed)
    out = silence(seconds)
    beat = 60 / bpm
    for i, time in enumerate(np.arange(0.0, seconds - 2 * beat, beat / 2)):
        if i % 8 == 0:
            root = (48, 53, 55, 48)[i // 8 % 4]
            add(out, chord([root, root + 4, root + 7], 4 * beat, level=0.06), time)
        add(out, chord([int(rng.choice([72, 74, 76, 79, 81]))], beat, level=0.08), time)
    return out


def room(samples: np.ndarray, *, seconds: float = 1.8, share: float = 0.6, seed: int = 7) -> np.ndarray:
    """The sound in a large hall: convolved with decaying noise."""
    t = np.arange(round(seconds * RATE)) / RATE
    response = np.random.default_rng(seed).standard_normal(len(t)) * 10 ** (-3 * t / seconds)
    wet = scipy.signal.fftconvolve(samples, response)[: len(samples)]
    wet *= np.sqrt(np.mean(samples**2) / np.mean(wet**2))
    return ((1 - share) * samples + share * wet).astype(np.float32)


def crowd(seconds: float, *, level: float = 0.03, seed: int = 8) -> np.ndarray:
    """Applause and murmur: steady noise between 500 and 6000 Hz."""
    sos = scipy.signal.butter(2, [500, 6000], btype="band", fs=RATE, output="sos")
    return (level * scipy.signal.sosfilt(sos, noise(seconds, level=1.0, seed=seed))).astype(np.float32)


def add(out: np.ndarray, sound: np.ndarray, time: float, rate: int = RATE) -> None:
    start = round(time * rate)
    end = min(len(out), start + len(sound))
    out[start:end] += sound[: end - start]

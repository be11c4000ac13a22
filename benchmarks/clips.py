"""The clips of `contrasts.py` with what formulas and a teacher say of them, made once and stored.

Task: everything about the clips that does not depend on the encoder, so that the heads of another encoder take minutes.
Also here: what is held out. Of music the packages that are held out from the encoder, of everything else a quarter.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
import torch
from contrasts import LANGUAGES, RATE, Clip, Sources, make_clips
from numpy.lib.format import open_memmap

from audiorec.analysis import analyze_samples
from audiorec.encoder.data import held_out
from audiorec.spectrum import spectrogram

ESTIMATES = ("acousticness", "instrumentalness", "speechiness", "liveness", "valence")
SONGS_STEP = 12  #: every so many songs of POP909
#: packages of music that share their authors: they are held out together or not at all
TOGETHER = (
    ("flare-game", "supertux-data", "supertuxkart-data"),
    ("singularity-music", "starfighter-data"),
    ("fb-music-high", "frozen-bubble-data"),
    ("tuxmath-data", "tuxtype-data"),
    ("caveexpress-data", "cavepacker-data"),
    (
        *("a7xpg-data", "gunroar-data", "mu-cade-data", "noiz2sa-data", "parsec47-data", "rrootage-data"),
        *("titanion-data", "torus-trooper-data", "tumiki-fighters-data", "val-and-rick-data"),
    ),
)
SOUNDS = (".flac", ".ogg", ".opus", ".mp3", ".wav")
LEADERS = {package: packages[0] for packages in TOGETHER for package in packages}
#: which of mn04's classes speak for an estimate, and which against it
VOICES = (
    *("Singing", "Male singing", "Female singing", "Child singing", "Synthetic singing", "Choir", "Chant", "Mantra"),
    *("Rapping", "Vocal music", "A capella", "Humming", "Speech"),
)
CLASSES = {
    "acousticness": (
        (
            *("Acoustic guitar", "Mandolin", "Banjo", "Piano", "Harpsichord", "Orchestra", "String section", "Harp"),
            *("Violin, fiddle", "Cello", "Double bass", "Flute", "Clarinet", "French horn", "Trumpet", "Accordion"),
            *("Classical music", "Folk music"),
        ),
        (
            *("Synthesizer", "Electronic music", "Techno", "Electronica", "Electronic dance music", "House music"),
            *("Trance music", "Dubstep", "Drum and bass", "Drum machine", "Electric guitar", "Distortion"),
            *("Heavy metal", "Electric piano"),
        ),
    ),
    "instrumentalness": (("Music",), VOICES),
    "speechiness": (("Speech", "Narration, monologue", "Conversation"), ("Music",)),
    "liveness": (("Applause", "Clapping", "Cheering", "Crowd", "Chatter", "Hubbub, speech noise, speech babble"), ()),
    "valence": (("Happy music", "Funny music"), ("Sad music", "Scary music", "Angry music")),
}


@dataclass(frozen=True, eq=False)
class Clips:
    """What is stored, a row a clip."""

    kind: np.ndarray  #: (n,) names
    group: np.ndarray  #: (n,) names: clips of one group are not independent
    labels: np.ndarray  #: (n, 5) 0-1, NaN where unknown, in the order of `ESTIMATES`
    held_out: np.ndarray  #: (n,) bool
    formula: np.ndarray  #: (n, 5) 0-1
    teacher: np.ndarray  #: (n, 5) log odds
    log_mel: np.ndarray  #: (n, 96, T) float16, dB


def read_clips(folder: Path) -> Clips:
    return Clips(**np.load(folder / "clips.npz"), log_mel=np.load(folder / "log_mel.npy", mmap_mode="r"))


def make(folder: Path, both_sides: Iterable[Sources], teacher: Callable[[np.ndarray], list[float]]) -> None:
    """Make the clips to learn from and those held out, and store them in `folder`."""
    rows, log_mels = [], []
    for number, sources in enumerate(both_sides):
        for clip in make_clips(sources, np.random.default_rng(number)):
            rows.append((clip, number == 1, by_formula(clip), teacher(clip.samples)))
            log_mels.append(spectrogram(clip.samples).log_mel.astype(np.float16))
            print(f"\r{len(rows)} clips", end="", file=sys.stderr, flush=True)
    clips, is_held_out, formula, classes = zip(*rows, strict=True)
    folder.mkdir(parents=True, exist_ok=True)
    stored = open_memmap(folder / "log_mel.npy", "w+", np.float16, (len(rows), *log_mels[0].shape))
    stored[:] = log_mels
    stored.flush()
    np.savez(
        folder / "clips.npz",
        kind=[clip.kind for clip in clips],
        group=[clip.group for clip in clips],
        labels=np.array([[clip.labels.get(name, np.nan) for name in ESTIMATES] for clip in clips]),
        held_out=np.array(is_held_out),
        formula=np.array(formula),
        teacher=np.array(classes),
    )


def by_formula(clip: Clip) -> list[float]:
    descriptors = analyze_samples(clip.samples, RATE).descriptors
    return [getattr(descriptors, name) for name in ESTIMATES]


def sides(
    music: tuple[Path, Path], pop909: Path, voices: Path, crowds: Path, soundfonts: list[Path]
) -> Iterator[Sources]:
    """Yield what to learn from and what is held out.

    Parameters
    ----------
    music : manifest, a JSON line a track, and the folder of its files
    pop909 : its folder of folders, one a song
    voices : a folder with a folder of recordings for each speaker
    crowds : a folder of recordings
    soundfonts : the first is held out
    """
    speakers = sorted(voices.iterdir())
    recordings = [sorted(path for path in folder.rglob("*") if path.suffix in SOUNDS) for folder in speakers]
    noises = sorted(crowds.iterdir())
    songs = [folder for folder in sorted(pop909.iterdir()) if folder.is_dir()]
    for is_held_out in (False, True):
        yield Sources(
            music=tracks(*music, is_held_out=is_held_out),
            voices=quarter(recordings, is_held_out),
            languages=quarter(LANGUAGES, is_held_out),
            songs=quarter(songs[::SONGS_STEP], is_held_out),
            soundfonts=soundfonts[:1] if is_held_out else soundfonts[1:],
            crowds=noises[::2] if is_held_out else noises[1::2],
        )


def quarter(things: Iterable, is_held_out: bool) -> list:
    return [thing for number, thing in enumerate(things) if (number % 4 == 3) == is_held_out]


def tracks(manifest: Path, corpus: Path, *, is_held_out: bool) -> dict[str, tuple[Path, float]]:
    """Return the tracks of one side, of those to learn from every third one."""
    listed = [json.loads(line) for line in manifest.read_text().splitlines()]
    whole = [t for t in listed if not t.get("drop") and t.get("version_of") is None]
    usable = [t for t in whole if Path(t["file"]).suffix in SOUNDS]
    side = [t for t in usable if held_out(LEADERS.get(t["package"], t["package"])) == is_held_out]
    chosen = side if is_held_out else side[::3]
    return {str(t["id"]): (corpus / t["file"], t["duration"]) for t in chosen}


def load_teacher(folder: Path) -> Callable[[np.ndarray], list[float]]:
    """Return a function from samples to the log odds of EfficientAT mn04 for each estimate."""
    sys.path.append(str(folder))
    import mn04

    network = mn04.load()
    names = (folder / "audioset_classes.txt").read_text().splitlines()
    columns = {name: [[names.index(c) for c in classes] for classes in both] for name, both in CLASSES.items()}

    def teacher(samples: np.ndarray) -> list[float]:
        log_mel = mn04.log_mel(torch.from_numpy(soxr.resample(samples, RATE, mn04.SAMPLE_RATE)))
        with torch.inference_mode():
            odds = network(log_mel[None])["classes"][0]
        sums = {name: [odds[side].logsumexp(0).item() if side else 0.0 for side in columns[name]] for name in ESTIMATES}
        return [speaks_for - against for speaks_for, against in sums.values()]

    return teacher

"""How the network for keys is taught; see `key` for what it is.

    python -m audiorec.networks.train_key CLIPS... -o MODELS --cache FOLDER [--unlabelled FOLDER...]

Each clip is an audio file with a JSON file of the same stem beside it that says its `key` ("C# minor") and its `split`,
"train" or "valid"; a file without `key` is left out. The folders count alike, however many clips they hold, in what is
taught and in what the probabilities are calibrated by.

Unlabelled music teaches too: what the running average of the network hears in half a minute of a track, if it is sure,
is taught for another stretch of it (after Y. Kong et al., "S-KEY", 2025, and A. Tarvainen & H. Valpola, "Mean teachers
are better role models", 2017). Clips are turned to other tunings and pitch classes weighted at random; to move them by
whole semitones would teach nothing, since the network turns with them.

The probabilities are calibrated on the validation clips by one temperature (C. Guo et al., "On calibration of modern
neural networks", 2017). On a CPU the same seed gives the same weights.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from audiorec.atomic import replacing
from audiorec.audio import load
from audiorec.errors import FileError, ModelError
from audiorec.features.tonal import KEY_NAMES, key_profiles
from audiorec.networks.files import write_network
from audiorec.networks.key import NAME, SHAPES, THIRDS, key_view, tuned
from audiorec.spectrum import SAMPLE_RATE, spectrogram

MODEL_ID = "audiorec-key-1"
TRUST = 8.0  #: in the profiles, to begin with


@dataclass(frozen=True)
class TrainConfig:
    """Settings of a training run."""

    steps: int = 400
    batch: int = 24
    channels: int = 16  #: of the first layer
    features: int = 24  #: of the layers in the middle
    learning_rate: float = 4e-3  #: at its highest, after `warm_up`; then down by a cosine
    warm_up: int = 50  #: steps
    weight_decay: float = 0.01
    smoothing: float = 0.05  #: probability that is spread over all keys
    dropout: float = 0.2  #: of channels
    lengths: tuple[int, ...] = (8, 12, 16, 20, 26)  #: steps of 1.49 s in a batch
    detuning: float = 0.07  #: semitones by which a clip is taken for sharp or flat
    average: float = 0.99  #: memory of the running average, a step
    unlabelled: float = 0.7  #: weight of what the running average hears, once 30 % of the steps are done
    sure: float = 0.5  #: probability from which on it is believed
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Clip:
    """What the network is given of a recording."""

    view: np.ndarray  #: (T, 120) float32, of `key_view`
    tuning: float  #: semitones
    key: int  #: minor from C to B, then major; -1 is unknown

    def cut(self, length: int, config: TrainConfig, rng: np.random.Generator) -> np.ndarray:
        """Return a stretch, disguised, (length, 12, 3); what is too short begins again."""
        start = int(rng.integers(max(1, len(self.view) - length + 1)))
        rows = (start + np.arange(length)) % len(self.view)
        steps = tuned(self.view[rows], self.tuning + config.detuning * rng.integers(-1, 2))
        if rng.random() < 0.5:
            steps = steps * np.exp(rng.normal(0, 0.15, (1, 12, 1)))
        if rng.random() < 0.4:
            steps = steps + rng.uniform(0, 0.5) * steps.mean() * rng.random(steps.shape)
        return (steps / (np.sqrt(np.mean(steps**2)) + 1e-6)).astype(np.float32)


class Circular(nn.Module):
    """A convolution around the 12 pitch classes and over steps of time."""

    def __init__(self, n_inputs: int, n_outputs: int, steps: int = 1):
        super().__init__()
        scale = math.sqrt(2 / (12 * n_inputs * steps))
        self.weight = nn.Parameter(scale * torch.randn(n_outputs, n_inputs, steps, 12))
        self.bias = nn.Parameter(torch.zeros(n_outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (batch, outputs, T, 12) of (batch, inputs, T, 12)."""
        turned = torch.cat([x, x[..., :-1]], dim=-1)
        return functional.conv2d(turned, self.weight, self.bias, padding=(self.weight.shape[2] // 2, 0))


class KeyLearner(nn.Module):
    """The network in torch, as it is taught."""

    def __init__(self, config: TrainConfig):
        super().__init__()
        widths = {"first": (THIRDS, config.channels), "second": (config.channels, config.features)}
        widths |= {"third": (2 * config.features, config.features), "fourth": (config.features, 2)}
        for name, steps in SHAPES.items():
            self.add_module(name, Circular(*widths[name], steps))
        self.attention = nn.Parameter(torch.zeros(config.features))
        self.trust = nn.Parameter(torch.tensor([TRUST]))
        self.register_buffer("profiles", torch.from_numpy(key_profiles().T.astype(np.float32)), persistent=False)
        self.dropout = config.dropout

    def forward(self, steps: torch.Tensor) -> torch.Tensor:
        """Return logits, (batch, 24), of (batch, T, 12, 3)."""
        hidden = functional.relu(self.first(steps.permute(0, 3, 1, 2)))
        hidden = functional.dropout2d(functional.relu(self.second(hidden)), self.dropout, self.training)
        focus = torch.softmax(hidden.mean(dim=3).transpose(1, 2) @ self.attention, dim=1)
        attended = (hidden * focus[:, None, :, None]).sum(dim=2, keepdim=True)
        pooled = functional.relu(self.third(torch.cat([attended, hidden.mean(dim=2, keepdim=True)], dim=1)))
        pooled = functional.dropout(pooled, self.dropout, self.training)
        heard = steps.sum(dim=3).mean(dim=1)
        heard = functional.normalize(heard - heard.mean(dim=1, keepdim=True), dim=1)
        return self.fourth(pooled).flatten(1) + self.trust * (heard @ self.profiles)


def train(groups: list[list[Clip]], unlabelled: list[Clip], config: TrainConfig) -> KeyLearner:
    """Return the running average of a network taught on groups of clips, from which it is given equally much."""
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    network, average = KeyLearner(config), KeyLearner(config).eval()
    average.load_state_dict(network.state_dict())
    optimizer = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    for step in range(config.steps):
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * _schedule(step, config)
        length = int(rng.choice(config.lengths))
        chosen = [groups[i][rng.integers(len(groups[i]))] for i in rng.integers(len(groups), size=config.batch)]
        keys = torch.tensor([clip.key for clip in chosen])
        logits = network(_batch(chosen, length, config, rng))
        loss = functional.cross_entropy(logits, keys, label_smoothing=config.smoothing)
        if unlabelled and step >= 0.3 * config.steps:
            heard = [unlabelled[i] for i in rng.integers(len(unlabelled), size=config.batch // 2)]
            loss = loss + config.unlabelled * _agreement(network, average, heard, length, config, rng)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        memory = min(config.average, 1 - 1 / (step + 2))
        with torch.no_grad():
            for kept, new in zip(average.parameters(), network.parameters(), strict=True):
                kept.lerp_(new, 1 - memory)
    return average


def _schedule(step: int, config: TrainConfig) -> float:
    return min(1.0, (step + 1) / config.warm_up) * 0.5 * (1 + math.cos(math.pi * step / config.steps))


def _batch(clips: list[Clip], length: int, config: TrainConfig, rng: np.random.Generator) -> torch.Tensor:
    return torch.from_numpy(np.stack([clip.cut(length, config, rng) for clip in clips]))


def _agreement(
    network: KeyLearner,
    average: KeyLearner,
    clips: list[Clip],
    length: int,
    config: TrainConfig,
    rng: np.random.Generator,
) -> torch.Tensor:
    """Return the cross entropy of what the network hears in one stretch and the average, if sure, in another."""
    with torch.no_grad():
        believed = torch.softmax(1.3 * average(_batch(clips, max(config.lengths), config, rng)), dim=1)
    odds = torch.log_softmax(network(_batch(clips, length, config, rng)), dim=1)
    sure = (believed.amax(dim=1) > config.sure).float()
    return -(sure * (believed * odds).sum(dim=1)).mean()


def logits(network: KeyLearner, clips: Iterable[Clip]) -> torch.Tensor:
    """Return what the network says of whole clips, (n, 24)."""
    network.eval()
    with torch.no_grad():
        said = [network(torch.from_numpy(tuned(clip.view, clip.tuning))[None]) for clip in clips]
    return torch.cat(said)


def calibrate(said: torch.Tensor, keys: torch.Tensor, weights: torch.Tensor) -> float:
    """Return the temperature by which logits must be divided for the highest likelihood of the keys."""
    temperatures = np.geomspace(0.3, 3, 93)
    losses = [
        (functional.cross_entropy(said / temperature, keys, reduction="none") * weights).sum().item()
        for temperature in temperatures
    ]
    return round(float(temperatures[np.argmin(losses)]), 3)


def read_clips(folder: Path, cache: Path) -> Iterator[tuple[str | None, Clip]]:
    """Yield the part and what the network is given of each audio file in a folder that can be decoded."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".json"):
        beside = path.with_suffix(".json")
        known = json.loads(beside.read_text()) if beside.is_file() else {}
        view = _view(path, cache)
        if view is not None:
            yield known.get("split"), Clip(*view, _number(known["key"]) if known.get("key") else -1)


def _number(name: str) -> int:
    """Return the number of a key such as "C# minor", in any spelling of its tonic."""
    tonic, mode = name.split()
    pitch_class = KEY_NAMES.index(tonic[0]) + tonic.count("#") - tonic.count("b")
    return pitch_class % 12 + 12 * (mode == "major")


def _view(path: Path, cache: Path) -> tuple[np.ndarray, float] | None:
    """Return `key_view` and the tuning of a file, from the cache if it is there; None where nothing is to be heard."""
    stat = path.stat()
    name = hashlib.sha256(f"{path.resolve()} {stat.st_size} {stat.st_mtime_ns}".encode()).hexdigest()[:24]
    kept = cache / f"{name}.npz"
    if not kept.exists():
        try:
            samples, _ = load(path, sample_rate=SAMPLE_RATE)
        except FileError:
            return None
        sound = spectrogram(samples)
        with replacing(kept) as temporary, temporary.open("wb") as file:
            np.savez(file, view=key_view(sound).astype(np.float16), tuning=sound.tuning)
    with np.load(kept) as arrays:
        view, tuning = arrays["view"].astype(np.float32), float(arrays["tuning"])
    return (view, tuning) if view.any() else None


def teach(folders: list[Path], unlabelled: list[Path], cache: Path, output: Path, config: TrainConfig) -> str:
    """Teach a network, write it to `output`, and return in a sentence what it reaches on the validation clips.

    Raises
    ------
    ModelError
        There are no clips to learn from, or none to validate with.
    """
    cache.mkdir(parents=True, exist_ok=True)
    parts: dict[str, list[list[Clip]]] = {"train": [], "valid": []}
    for folder in folders:
        clips = [(split, clip) for split, clip in read_clips(folder, cache) if clip.key >= 0]
        for name, groups in parts.items():
            if group := [clip for split, clip in clips if split == name]:
                groups.append(group)
    if not (parts["train"] and parts["valid"]):
        raise ModelError(folders[0], "there are no clips to learn keys from, or none to validate with")
    network = train(parts["train"], [clip for folder in unlabelled for _, clip in read_clips(folder, cache)], config)
    held_out = [clip for group in parts["valid"] for clip in group]
    weights = torch.tensor([1 / len(group) for group in parts["valid"] for _ in group])
    said, keys = logits(network, held_out), torch.tensor([clip.key for clip in held_out])
    temperature = calibrate(said, keys, weights)
    tensors = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    write_network(output, NAME, MODEL_ID, {"temperature": temperature, "recipe": asdict(config)}, tensors)
    right = (said.argmax(dim=1) == keys).float().mean().item()
    return f"{right:.3f} of {len(held_out)} validation clips right, temperature {temperature}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, nargs="+", help="folders of clips whose key is known")
    parser.add_argument("--unlabelled", type=Path, nargs="+", default=[], help="folders of other music")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder to write the network to")
    parser.add_argument("--cache", type=Path, required=True, help="folder that keeps what was decoded")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    config = TrainConfig(seed=arguments.seed)
    print(teach(arguments.clips, arguments.unlabelled, arguments.cache, arguments.output, config))


if __name__ == "__main__":
    main()

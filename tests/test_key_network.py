"""The network for keys: what it hears, that it turns with the pitch classes, and that it can be taught."""

import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from sounds import RATE, cadence, noise, silence

from audiorec.analysis import analyze
from audiorec.errors import ModelError
from audiorec.features.tonal import Key
from audiorec.networks import key
from audiorec.networks.files import read_network, write_network
from audiorec.spectrum import spectrogram

torch = pytest.importorskip("torch")

from audiorec.networks import train_key  # noqa: E402 (needs torch)

SMALL = train_key.TrainConfig(steps=2, batch=4, channels=4, features=6, warm_up=1, lengths=(3, 5))


def untaught(folder):
    """Return a network that was taught nothing, in torch and as it is run."""
    torch.manual_seed(0)
    learner = train_key.KeyLearner(SMALL).eval()
    torch.nn.init.normal_(learner.attention)
    tensors = {name: tensor.numpy() for name, tensor in learner.state_dict().items()}
    write_network(folder, key.NAME, "untaught", {"temperature": 1.0}, tensors)
    return learner, key.load_key_network(folder)


def test_numpy_hears_what_torch_teaches(tmp_path):
    learner, network = untaught(tmp_path)
    view = np.random.default_rng(0).random((20, 120), dtype=np.float32)
    with torch.inference_mode():
        taught = torch.softmax(learner(torch.from_numpy(key.tuned(view, 0.1))[None]), dim=1)[0]
    np.testing.assert_allclose(key.probabilities(view, 0.1, network), taught, atol=1e-5)


@pytest.mark.parametrize("semitones", [1, 5, 11])
def test_keys_turn_with_the_pitch_classes(tmp_path, semitones):
    _, network = untaught(tmp_path)
    view = np.random.default_rng(1).random((9, 120), dtype=np.float32)
    odds = key.probabilities(view, 0.0, network).reshape(2, 12)
    higher = key.probabilities(np.roll(view, 10 * semitones, axis=1), 0.0, network).reshape(2, 12)
    np.testing.assert_allclose(higher, np.roll(odds, semitones, axis=1), atol=1e-5)


@pytest.mark.parametrize("n_steps", [1, 2, 40])
def test_probabilities_of_any_length(tmp_path, n_steps):
    _, network = untaught(tmp_path)
    view = np.random.default_rng(2).random((n_steps, 120), dtype=np.float32)
    assert key.probabilities(view, 0.0, network).sum() == pytest.approx(1)


def test_a_step_is_the_mean_of_columns_against_their_strongest_bin():
    fine = np.zeros((120, 17), dtype=np.float32)
    fine[3, :8], fine[7, :8], fine[5, 16] = 2.0, 1.0, 3.0
    sound = replace(spectrogram(silence(0.1)), fine_chroma=fine)
    view = key.key_view(sound)
    assert view.shape == (2, 120)
    assert (view[0, 3], view[0, 7], view[1, 5]) == (0.5, 0.25, pytest.approx(1 / 16))


# The network that comes with the package.


@pytest.mark.parametrize("mode", [0, 1], ids=["minor", "major"])
@pytest.mark.parametrize("root", [0, 5, 10])
@pytest.mark.parametrize("cents", [-40, 0, 40])
def test_key_of_a_cadence_whatever_its_tuning(root, mode, cents):
    heard = key.hear_key(spectrogram(cadence(root, mode, tuning=cents / 100)))
    assert (heard.key, heard.mode) == (root, mode)
    assert 0.3 < heard.confidence <= 1


@pytest.mark.parametrize("samples", [silence(3), noise(5), noise(30)], ids=["silence", "noise", "much noise"])
def test_sound_without_pitch_has_no_key(samples):
    assert key.hear_key(spectrogram(samples)) == Key(-1, None, 0.0)


def test_key_does_not_depend_on_sample_rate_and_encoding(tmp_path):
    files = []
    for rate in (16_000, 22_050, 48_000):
        files.append(tmp_path / f"{rate}.wav")
        soundfile.write(files[-1], cadence(3, 0, rate=rate), rate)
    for name, container in (("again.ogg", "OGG"), ("again.mp3", "MP3")):
        files.append(tmp_path / name)
        soundfile.write(files[-1], cadence(3, 0), RATE, format=container)
    found = [analyze(path, features=("key",)) for path in files]
    assert {one.descriptors.key_name for one in found} == {"Eb minor"}
    assert np.ptp([one.descriptors.key_confidence for one in found]) < 0.1
    assert {one.versions["key"] for one in found} == {key.load_key_network().model_id}


# Broken files.


def test_tensors_of_another_shape(tmp_path):
    untaught(tmp_path)
    broken = read_network(key.NAME, tmp_path).tensors
    broken["second.weight"] = broken["second.weight"][:, :-1]
    write_network(tmp_path / "broken", key.NAME, "broken", {"temperature": 1.0}, broken)
    with pytest.raises(ModelError, match=r"key\.safetensors: its tensors are not those of this version's network"):
        key.load_key_network(tmp_path / "broken")


@pytest.mark.parametrize("name", ["attention", "fourth.bias"])
def test_tensors_that_are_missing(tmp_path, name):
    untaught(tmp_path)
    broken = read_network(key.NAME, tmp_path).tensors
    del broken[name]
    write_network(tmp_path / "broken", key.NAME, "broken", {"temperature": 1.0}, broken)
    with pytest.raises(ModelError, match=r"key\.safetensors: its tensors are not those of this version's network"):
        key.load_key_network(tmp_path / "broken")


def test_no_network(tmp_path):
    with pytest.raises(ModelError, match=r"key\.json: the network cannot be read: No such file"):
        key.load_key_network(tmp_path)


# Teaching.


@pytest.fixture
def clips(tmp_path):
    folder = tmp_path / "clips"
    folder.mkdir()
    for number, (root, split) in enumerate([(0, "train"), (4, "train"), (7, "valid")]):
        soundfile.write(folder / f"{number}.wav", cadence(root, 1), RATE)
        name = ("C", "E", "G")[number]
        (folder / f"{number}.json").write_text(json.dumps({"key": f"{name} major", "split": split}))
    return folder


def test_the_same_seed_gives_the_same_network(clips, tmp_path):
    for output in ("one", "two"):
        train_key.teach([clips], [clips], tmp_path / "cache", tmp_path / output, SMALL)
    one, two = ((tmp_path / output / "key.safetensors").read_bytes() for output in ("one", "two"))
    assert one == two
    assert key.load_key_network(tmp_path / "one").model_id == train_key.MODEL_ID


def test_teaching_lowers_the_loss():
    rng = np.random.default_rng(0)
    views = rng.random((24, 6, 120), dtype=np.float32) ** 4
    clips = [
        train_key.Clip(np.roll(views[i % 2], 10 * (i // 2), axis=1), 0.0, i // 2 + 12 * (i % 2)) for i in range(24)
    ]
    keys = torch.tensor([clip.key for clip in clips])
    losses = []
    for steps in (0, 60):
        said = train_key.logits(train_key.train([clips], [], replace(SMALL, steps=steps, batch=16)), clips)
        losses.append(torch.nn.functional.cross_entropy(said, keys).item())
    assert losses[1] < 0.7 * losses[0]


def test_calibration_finds_the_temperature():
    torch.manual_seed(0)
    said = torch.randn(4000, 24)
    keys = torch.multinomial(torch.softmax(said / 2, dim=1), 1)[:, 0]
    assert train_key.calibrate(said, keys, torch.ones(4000)) == pytest.approx(2, rel=0.1)


def test_nothing_to_learn_from(tmp_path):
    with pytest.raises(ModelError, match="there are no clips to learn keys from"):
        train_key.teach([tmp_path], [], tmp_path / "cache", tmp_path / "out", SMALL)

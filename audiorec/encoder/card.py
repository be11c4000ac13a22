"""Which model there is, told without loading it: where its files are, its name, its tags.

A model is two files in one folder: ``encoder.json``, its card, and ``encoder.safetensors``, what it was taught. Whether
a track's embedding is out of date, and how its tags are grouped, is asked far more often than a network is run, so
this module does without torch.

One model comes with the package; ``$AUDIOREC_MODEL`` names the folder of another to use in its place.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audiorec.errors import ModelError

PACKAGE = Path(__file__).parents[1]
FOLDERS = (PACKAGE / "models", PACKAGE.parent / "models")  #: of an installed package, of a checkout
CARD, TENSORS = "encoder.json", "encoder.safetensors"

GENRE = "genre"  #: the group of tags from which a file's genre is chosen
MAX_NAME = 200  #: characters of a model's name or a tag's
LIKELY = 0.3  #: a tag that is less probable is no more than a guess


@dataclass(frozen=True)
class ModelCard:
    """What ``encoder.json`` says."""

    folder: Path
    model_id: str
    sha256: str  #: of ``encoder.safetensors``
    config: dict[str, Any]  #: size of the network
    tags: tuple[str, ...]
    tag_groups: dict[str, tuple[str, ...]]  #: "genre", "mood", "instrument", ... → names
    estimates: tuple[str, ...] = ()  #: descriptors, 0-1, that the model hears better than a formula


def read_card(folder: Path | None = None) -> ModelCard:
    """Return the card of the model in `folder`, by default of the one in use.

    Raises
    ------
    ModelError
        There is none, or it is not one.
    """
    path = (folder or default_folder()) / CARD
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        [model_id, sha256] = _names([values["model_id"], values["sha256"]])
        return ModelCard(
            folder=path.parent,
            model_id=model_id,
            sha256=sha256,
            config=dict(values["config"]),
            tags=_names(values["tags"]),
            tag_groups={group: _names(names) for group, names in values["tag_groups"].items()},
            estimates=_names(values.get("estimates", [])),  # older models have none
        )
    except OSError as error:
        raise ModelError(path, f"the model cannot be read: {error.strerror or error}") from error
    except KeyError as error:
        raise ModelError(path, f"it lacks {error}") from error
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(path, "it is no description of a model") from error


def _names(values: Any) -> tuple[str, ...]:
    """Return a list of names as a tuple; raise ValueError if it is none: they are stored, printed and searched for."""
    if not (isinstance(values, list) and all(isinstance(value, str) and value.isprintable() for value in values)):
        raise ValueError(f"{values!r:.100} must be a list of names")
    if len(set(values)) < len(values) or any(not 0 < len(value) <= MAX_NAME for value in values):
        raise ValueError(f"{values!r:.100} must be different names of 1 to {MAX_NAME} characters")
    return tuple(values)


def read_tensors(card: ModelCard) -> bytes:
    """Return the content of the model's other file.

    Raises
    ------
    ModelError
        It cannot be read, or its SHA-256 is not that of the card.
    """
    path = card.folder / TENSORS
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(path, f"the model cannot be read: {error.strerror or error}") from error
    if (found := hashlib.sha256(data).hexdigest()) != card.sha256:
        raise ModelError(path, f"its SHA-256 is {found[:12]}…, not the {card.sha256[:12]}… of {CARD}")
    return data


def check_model() -> None:
    """Raise `ModelError` unless the model in use is there and whole, and torch to run it."""
    require_torch()
    read_tensors(read_card())


def embeds_by_default() -> bool:
    """Tell whether embeddings are computed where nobody says: if torch, to run the model, is installed."""
    return importlib.util.find_spec("torch") is not None


def require_torch() -> None:
    """Raise `ModelError` unless torch is installed, which runs the model."""
    if importlib.util.find_spec("torch") is None:
        raise ModelError(default_folder(), "the model needs torch: pip install 'audiorec[encoder]'")


def require_onnx() -> None:
    """Raise `ModelError` unless the packages that write the model as ONNX are installed."""
    if not importlib.util.find_spec("onnxscript"):
        raise ModelError(default_folder(), "to write it as ONNX, install: pip install 'audiorec[onnx]'")


def default_folder() -> Path:
    """Return the folder of the model in use: $AUDIOREC_MODEL, else that of the one that comes with the package."""
    if named := os.environ.get("AUDIOREC_MODEL"):
        return Path(named)
    return next((folder for folder in FOLDERS if (folder / CARD).is_file()), FOLDERS[0])


def model_id() -> str | None:
    """Return the name of the model in use; None where there is none that can be read."""
    try:
        return read_card().model_id
    except ModelError:
        return None


def tag_groups() -> dict[str, tuple[str, ...]]:
    """Return the names of the model's tags by group; nothing where there is no model."""
    try:
        return read_card().tag_groups
    except ModelError:
        return {}


def estimates() -> tuple[str, ...]:
    """Return the names of the descriptors that the model estimates; none where there is no model."""
    try:
        return read_card().estimates
    except ModelError:
        return ()


def best_genre(tags: Mapping[str, float], genres: Iterable[str] | None = None) -> str | None:
    """Return the most probable genre among a track's tags; None if none is as probable as `LIKELY`.

    Parameters
    ----------
    tags : name → probability
    genres : those to choose from; by default the model's
    """
    names = tag_groups().get(GENRE, ()) if genres is None else genres
    return max((name for name in names if tags.get(name, 0.0) >= LIKELY), key=tags.__getitem__, default=None)

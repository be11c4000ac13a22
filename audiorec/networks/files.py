"""A small network as two files of one folder: its card, ``NAME.json``, and its tensors, ``NAME.safetensors``.

The card names the model, its configuration and the SHA-256 of the tensors, which is checked before they are read. All
tensors are of finite float32 numbers.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from audiorec.atomic import replacing
from audiorec.encoder.card import FOLDERS, MAX_NAME
from audiorec.errors import ModelError


@dataclass(frozen=True, eq=False)
class Network:
    """What a network's two files hold."""

    model_id: str
    config: dict[str, Any]  #: the network's sizes, and what else it takes to run it
    tensors: dict[str, np.ndarray]  #: float32, finite


def read_network(name: str, folder: Path | None = None) -> Network:
    """Return the network called `name` in `folder`, by default among those that come with the package.

    Raises
    ------
    ModelError
        The files are missing, altered, or not those of a network.
    """
    card = card_path(name, folder)
    model_id, sha256, config = _read_card(card)
    return Network(model_id, config, _read_tensors(card.with_suffix(".safetensors"), sha256))


def network_id(name: str, folder: Path | None = None) -> str | None:
    """Return the name under which a network's results are known; None where there is none that can be read."""
    try:
        return _read_card(card_path(name, folder))[0]
    except ModelError:
        return None


def card_path(name: str, folder: Path | None) -> Path:
    """Return where the card of a network is, or would be: in `folder`, by default beside the package's models."""
    cards = [parent / f"{name}.json" for parent in ([folder] if folder else FOLDERS)]
    return next((card for card in cards if card.is_file()), cards[0])


def write_network(
    folder: Path, name: str, model_id: str, config: dict[str, Any], tensors: dict[str, np.ndarray]
) -> None:
    """Write a network's two files to `folder`, the tensors first, so that a broken write is noticed."""
    data = safetensors.numpy.save(
        {key: np.ascontiguousarray(tensor, dtype=np.float32) for key, tensor in tensors.items()}
    )
    card = {"model_id": model_id, "sha256": hashlib.sha256(data).hexdigest(), "config": config}
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / f"{name}.safetensors") as temporary:
        temporary.write_bytes(data)
    with replacing(folder / f"{name}.json") as temporary:
        temporary.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _read_card(path: Path) -> tuple[str, str, dict[str, Any]]:
    """Return the model's name, the SHA-256 of its tensors, and its configuration."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        model_id, sha256, config = values["model_id"], values["sha256"], values["config"]
    except OSError as error:
        raise ModelError(path, f"the network cannot be read: {error.strerror or error}") from error
    except KeyError as error:
        raise ModelError(path, f"it lacks {error}") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise ModelError(path, "it is no description of a network") from error
    named = isinstance(model_id, str) and model_id.isprintable() and 0 < len(model_id) <= MAX_NAME
    if not (named and isinstance(sha256, str) and isinstance(config, dict)):
        raise ModelError(path, "it is no description of a network")
    return model_id, sha256, config


def _read_tensors(path: Path, sha256: str) -> dict[str, np.ndarray]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(path, f"the network cannot be read: {error.strerror or error}") from error
    if (found := hashlib.sha256(data).hexdigest()) != sha256:
        raise ModelError(path, f"its SHA-256 is {found[:12]}…, not the {sha256[:12]}… of its card")
    try:
        tensors = safetensors.numpy.load(data)
    except (safetensors.SafetensorError, KeyError, ValueError) as error:
        raise ModelError(path, "it holds no tensors") from error
    for name, tensor in tensors.items():
        if tensor.dtype != np.float32 or not np.isfinite(tensor).all():
            raise ModelError(path, f"{name} must be of finite numbers of float32, and is of {tensor.dtype}")
    return tensors

"""The index that suits a library: exact where that is fast enough, else Annoy."""

from __future__ import annotations

import importlib.util
import logging
from pathlib import Path

import numpy as np

from audiorec.index import files
from audiorec.index.approximate import AnnoyIndex
from audiorec.index.exact import ExactIndex, Items

Index = ExactIndex | AnnoyIndex

APPROXIMATE_FROM = 50_000  #: vectors; under this, looking at all of them takes a few milliseconds
MOST_CHANGES = 0.1  #: share of added and removed vectors from which an index is built anew

log = logging.getLogger(__name__)


def build_index(ids: np.ndarray, vectors: np.ndarray, *, split: int | None = None) -> Index:
    """Return the index for some vectors: exact for less than 50,000, without annoy, or if the trees lead nowhere.

    The parameters are those of `AnnoyIndex.build`.
    """
    if len(ids) < APPROXIMATE_FROM:
        return ExactIndex.build(ids, vectors)
    if not importlib.util.find_spec("annoy"):
        log.warning("a search among %d tracks is faster with annoy: pip install 'audiorec[index]'", len(ids))
        return ExactIndex.build(ids, vectors)
    index = AnnoyIndex.build(ids, vectors, split=split)
    return index if any(index.search_k) else ExactIndex.build(ids, vectors)


def load_index(folder: Path, *, source: str | None = None) -> Index:
    """Open the index in a folder, of whichever kind; raise `IndexFileError` if that cannot be done."""
    kinds = {kind.kind: kind for kind in (ExactIndex, AnnoyIndex)}
    return kinds.get(files.read_facts(folder)["kind"], ExactIndex).load(folder, source=source)


def follow(index: Index, ids: np.ndarray, vectors: np.ndarray) -> None:
    """Add to an index and remove from it what makes it one of these vectors."""
    now, then = Items.checked(ids, vectors), index.items()
    known = now.rows_of(then.ids)  # of what is in the index
    index.remove(np.setdiff1d(then.ids, now.ids))
    same = np.zeros(len(now), dtype=bool)
    same[known] = (now.vectors[known] == then.vectors[np.isin(then.ids, now.ids)]).all(axis=1)
    index.add(now.ids[~same], now.vectors[~same])


def is_worn(index: Index) -> bool:
    """Tell whether so much was added and removed that the index should be built anew."""
    return index.changes > MOST_CHANGES * len(index.built)

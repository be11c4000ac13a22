"""The index of a library: exact where that is fast enough, else Annoy, from files that are never trusted.

Who searches neither waits nor writes: what changed since the files were written is followed in memory, and where they
are of no use the search is exact. Files are written by what changes the library, a scan.
"""

from __future__ import annotations

import importlib.util
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audiorec.errors import IndexFileError, printable
from audiorec.index import files
from audiorec.index.approximate import AnnoyIndex, Progress
from audiorec.index.exact import ExactIndex, Items

Index = ExactIndex | AnnoyIndex

APPROXIMATE_FROM = 50_000  #: vectors; under this, looking at all of them takes a few milliseconds
MOST_CHANGES = 0.1  #: share of added and removed vectors from which an index is built anew

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Vectors:
    """What a library has to be searched by."""

    source: str  #: what made the vectors; another source has other vectors for the same tracks
    ids: np.ndarray  #: (n,) int
    vectors: np.ndarray  #: (n, width)
    split: int | None = None  #: the column with which a second half begins


def open_index(folder: Path, vectors: Vectors) -> Index:
    """Return an index of these vectors, with the help of the files in `folder` if there are any that can be used."""
    if _is_large(vectors) and _has_annoy() and (folder / files.SIDECAR).exists():
        try:
            index = load_index(folder, source=vectors.source)
            follow(index, vectors)
            return index
        except IndexFileError as error:
            log.warning("%s; searching without it, the next scan or fit builds the index anew", error)
    return ExactIndex.build(vectors.ids, vectors.vectors)


def refresh_index(folder: Path, vectors: Vectors, progress: Progress | None = None) -> bool:
    """Write the index of these vectors to `folder` if it needs one and the one there is no good; tell whether it did.

    It is no good if it cannot be used, or if more than a tenth of it has changed. `progress` is called with the steps
    done and their total where an index is built.
    """
    if not _is_large(vectors):
        return False
    if not _has_annoy():
        log.warning("with annoy, %d tracks are searched faster: pip install 'audiorec[index]'", len(vectors.ids))
        return False
    try:
        index = load_index(folder, source=vectors.source)
        follow(index, vectors)
        if index.changes <= MOST_CHANGES * len(index.built):
            return False
    except IndexFileError as error:
        log.info("%s; building the index anew", error)
    try:
        build_index(vectors, progress).save(folder, source=vectors.source)
    except IndexFileError as error:
        log.warning("%s; the search goes without it", error)
        return False
    return True


def build_index(vectors: Vectors, progress: Progress | None = None) -> Index:
    """Return a new index: exact for less than 50,000 vectors, or where Annoy's trees lead nowhere."""
    if _is_large(vectors):
        index = AnnoyIndex.build(vectors.ids, vectors.vectors, split=vectors.split, progress=progress)
        if index.efforts:
            return index
        log.info("%s: the search is exact, for that is faster than trees", printable(vectors.source))
    return ExactIndex.build(vectors.ids, vectors.vectors)


def load_index(folder: Path, *, source: str | None = None) -> Index:
    """Open the index in a folder, of whichever kind; raise `IndexFileError` if that cannot be done."""
    kinds = {kind.kind: kind for kind in (ExactIndex, AnnoyIndex)}
    return kinds.get(files.read_facts(folder)["kind"], ExactIndex).load(folder, source=source)


def follow(index: Index, vectors: Vectors) -> None:
    """Add to an index and remove from it what makes it one of these vectors."""
    now, then = Items.checked(vectors.ids, vectors.vectors), index.items()
    index.remove(np.setdiff1d(then.ids, now.ids, assume_unique=True))
    same = np.zeros(len(now), dtype=bool)
    _, of_now, of_then = np.intersect1d(now.ids, then.ids, assume_unique=True, return_indices=True)
    same[of_now] = (now.vectors[of_now] == then.vectors[of_then]).all(axis=1)
    index.add(now.ids[~same], now.vectors[~same])


def _is_large(vectors: Vectors) -> bool:
    return len(vectors.ids) >= APPROXIMATE_FROM


def _has_annoy() -> bool:
    return importlib.util.find_spec("annoy") is not None

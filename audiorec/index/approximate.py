"""Approximate search: Annoy proposes, the exact index ranks.

How well Annoy's trees find the nearest depends on the vectors, on the query and on `search_k`, how many nodes it looks
at. So that is no setting: when an index is built, it is raised until nine hundred and ninety of a thousand true
neighbours are found, and where that would cost more than looking at every vector, every vector is looked at.

Vectors of two halves (sound and listening) are asked with weighted halves, and the trees, which see both, are the worse
a guide the more a query leans to one: each blend has its own `search_k`.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from audiorec.errors import IndexFileError
from audiorec.index import files
from audiorec.index.exact import ExactIndex, Items

if TYPE_CHECKING:
    from annoy import AnnoyIndex as Forest

TREES = 100  #: 50 need twice the `search_k` and then time; 200 twice the room for a tenth of the time
SEED = 1
METRIC = "angular"  #: ranks vectors of one norm as the inner product does, and found more of them than "dot"
RECALL = 0.99  #: of the 10 true neighbours, how many an index promises to find
AIM = 0.993  #: at building: a sample of 200 queries knows the recall to about 0.002
SAMPLE = 200
NEIGHBOURS = 10
FIRST_SEARCH_K, STEP = 1000, 1.5
EXACT_SHARE = 0.25  #: a `search_k` of this share of the vectors costs as much as looking at all of them in a row
BLENDS = (0.0, 0.25, 0.5, 0.75, 1.0)  #: weights of the second half that are tried
SPARE = 20  #: proposals above twice the number wanted, for those removed and excluded
NORM_TOLERANCE = 1e-3

log = logging.getLogger(__name__)


class AnnoyIndex:
    """Finds the largest inner products among vectors of one norm, by trees; it does what `ExactIndex` does.

    `recall` and `search_k` say for each of `blends` what was measured when it was built; where `search_k` is None, the
    search is exact. Asking for more than 10 neighbours looks at more nodes in proportion.

    (E. Bernhardsson, "Annoy", 2013; S. Dasgupta & Y. Freund, "Random projection trees and low dimensional manifolds",
    2008, for the trees.)
    """

    kind = "annoy"

    def __init__(self, exact: ExactIndex, forest: Forest, *, split: int | None):
        self._exact = exact
        self._forest = forest
        self.split = split
        self.blends = BLENDS if split else BLENDS[:1]
        self.search_k: list[int | None] = [None] * len(self.blends)
        self.recall: list[float] = [1.0] * len(self.blends)

    @classmethod
    def build(cls, ids: np.ndarray, vectors: np.ndarray, *, split: int | None = None) -> AnnoyIndex:
        """Return an index of some vectors; 100,000 of 256 numbers take half a minute.

        Parameters
        ----------
        ids : (n,) array of int
            Each once, in any order.
        vectors : (n, width) array
            All of one norm, but for those of zeros.
        split : int, optional
            The column with which a second half begins that queries weigh on its own.

        Raises
        ------
        ValueError
            What `ExactIndex` refuses, vectors of several norms, or a `split` that leaves a half empty.
        """
        exact = ExactIndex.build(ids, vectors)
        _check_norms(exact.built.vectors)
        if split is not None and not 0 < split < exact.width:
            raise ValueError(f"split={split} must be between 0 and the width, {exact.width}")
        index = cls(exact, _grow(exact.built.vectors), split=split)
        index._calibrate()
        return index

    def __len__(self) -> int:
        return len(self._exact)

    @property
    def width(self) -> int:
        """Numbers in a vector."""
        return self._exact.width

    @property
    def built(self) -> Items:
        """What the index was built of, whatever was added or removed since."""
        return self._exact.built

    @property
    def changes(self) -> int:
        """How many vectors were added to or removed from what was built."""
        return self._exact.changes

    def items(self) -> Items:
        """Return what is in the index now."""
        return self._exact.items()

    def query(self, vector: np.ndarray, k: int, exclude: Iterable[int] = ()) -> tuple[np.ndarray, np.ndarray]:
        """Return ids and scores of the vectors nearest to one, best first, as `ExactIndex.query` does."""
        vector, exclude = self._exact.checked_query(vector, k), set(exclude)
        search_k = self._search_k_for(vector, k)
        if search_k is not None:
            rows = self._proposals(vector, k, exclude, search_k)
            if len(rows) >= k:
                return self._exact.query(vector, k, exclude, rows=rows)
        return self._exact.query(vector, k, exclude)

    def add(self, ids: np.ndarray, vectors: np.ndarray) -> None:
        """Let vectors be found from now on; one whose id is there already takes its place."""
        self._exact.add(ids, vectors)

    def remove(self, ids: Iterable[int]) -> None:
        """Let vectors be found no more; ids that are not there are passed over."""
        self._exact.remove(ids)

    def save(self, folder: Path, *, source: str = "") -> None:
        """Write the index to a folder, as `ExactIndex.save` does."""
        facts = self._exact.facts(source) | {
            "kind": self.kind,
            "metric": METRIC,
            "trees": TREES,
            "seed": SEED,
            "split": self.split,
            "recall_at_10": self.recall,
            "search_k": self.search_k,
        }
        files.write(folder, facts, self._exact.parts() | {"trees": self._write_trees})

    @classmethod
    def load(cls, folder: Path, *, source: str | None = None) -> AnnoyIndex:
        """Open an index that was saved; its files are mapped into memory, which all processes share.

        Raises
        ------
        IndexFileError
            There is none, it is damaged or altered, of another kind, or not of this `source`.
        """
        return files.read(folder, cls.kind, source, cls.from_files)

    @classmethod
    def from_files(cls, facts: files.Facts, paths: dict[str, Path]) -> AnnoyIndex:
        """Open the files that the sidecar names, after they were checked."""
        exact = ExactIndex.from_files(facts, paths)
        forest = _empty_forest(exact.width)
        forest.load(str(paths["trees"]))
        if forest.get_n_items() != len(exact):
            raise IndexFileError(paths["trees"], f"it holds {forest.get_n_items()} vectors, not {len(exact)}")
        index = cls(exact, forest, split=facts["split"])
        index.search_k, index.recall = facts["search_k"], facts["recall_at_10"]
        return index

    def _write_trees(self, path: Path) -> None:
        self._forest.save(str(path))

    def _search_k_for(self, vector: np.ndarray, k: int) -> int | None:
        """Return how many nodes to look at; None where it is as cheap to look at every vector."""
        at = self._blend(vector) * (len(self.blends) - 1)
        between = [self.search_k[math.floor(at)], self.search_k[math.ceil(at)]]
        if None in between:
            return None
        search_k = max(between) * max(k, NEIGHBOURS) // NEIGHBOURS
        return search_k if search_k <= self._most_nodes() else None

    def _blend(self, vector: np.ndarray) -> float:
        """Return the weight of the second half in a query, 0 to 1."""
        if self.split is None:
            return 0.0
        first, second = np.linalg.norm(vector[: self.split]), np.linalg.norm(vector[self.split :])
        return round(float(second / (first + second)), 3) if second else 0.0

    def _most_nodes(self) -> int:
        return max(int(len(self.built) * EXACT_SHARE), FIRST_SEARCH_K)

    def _proposals(self, vector: np.ndarray, k: int, exclude: set[int], search_k: int) -> np.ndarray:
        """Return rows that Annoy holds for the nearest, without those that cannot be in the answer."""
        number = 2 * k + SPARE + len(exclude)
        rows = np.array(self._forest.get_nns_by_vector(vector.tolist(), number, search_k), dtype=np.int64)
        rows = rows[self._exact.there[rows]]
        return rows[[track not in exclude for track in self.built.ids[rows].tolist()]] if exclude else rows

    def _calibrate(self) -> None:
        """Choose for each blend the least `search_k` that keeps the promise on a sample of what was built."""
        if len(self.built) <= NEIGHBOURS:
            return
        rng = np.random.default_rng(SEED)
        rows = np.sort(rng.choice(len(self.built), size=min(SAMPLE, len(self.built)), replace=False))
        for at, blend in enumerate(self.blends):
            queries = [self._asked(vector, blend) for vector in self.built.vectors[rows]]
            self.search_k[at], self.recall[at] = self._least_search_k(queries, self.built.ids[rows].tolist())
            if self.search_k[at] is None:
                log.info("no search_k worth its time finds %g of the neighbours at blend %g", RECALL, blend)

    def _asked(self, vector: np.ndarray, blend: float) -> np.ndarray:
        """Return the query that a track's vector makes at some weight of the second half."""
        if self.split is None:
            return vector
        return np.concatenate([(1 - blend) * vector[: self.split], blend * vector[self.split :]])

    def _least_search_k(self, queries: list[np.ndarray], own: list[int]) -> tuple[int | None, float]:
        """Return the least `search_k` by which queries find their neighbours, themselves apart, and the recall."""
        asked = list(zip(queries, own, strict=True))
        tenth_best = [self._exact.query(query, NEIGHBOURS, [track])[1][-1] for query, track in asked]
        search_k = FIRST_SEARCH_K
        while search_k <= self._most_nodes():
            found = (self._found(*pair, search_k, least) for pair, least in zip(asked, tenth_best, strict=True))
            recall = sum(found) / (NEIGHBOURS * len(asked))
            if recall >= AIM:
                return search_k, round(recall, 4)
            search_k = int(search_k * STEP)
        return None, 1.0

    def _found(self, query: np.ndarray, own: int, search_k: int, least: float) -> int:
        """Return how many are proposed that score no less than the tenth neighbour does."""
        rows = self._proposals(query, NEIGHBOURS, {own}, search_k)
        return min(int(np.count_nonzero(np.vecdot(self.built.vectors[rows], query) >= least)), NEIGHBOURS)


def _empty_forest(width: int) -> Forest:
    from annoy import AnnoyIndex as Forest

    return Forest(width, METRIC)


def _grow(vectors: np.ndarray) -> Forest:
    forest = _empty_forest(vectors.shape[1])
    forest.set_seed(SEED)
    for row, vector in enumerate(vectors):
        forest.add_item(row, vector.tolist())
    forest.build(TREES, n_jobs=1)  # another number would give other trees
    return forest


def _check_norms(vectors: np.ndarray) -> None:
    norms = np.linalg.norm(vectors, axis=1)
    norms = norms[norms > 0]
    if norms.size and norms.max() > norms.min() * (1 + NORM_TOLERANCE):
        raise ValueError(f"vectors must be of one norm, theirs are {norms.min():.4g} to {norms.max():.4g}")

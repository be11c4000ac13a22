"""Approximate search: Annoy proposes, the exact index ranks.

How well Annoy's trees find the nearest depends on the vectors, on the query and on `search_k`, how many nodes it looks
at. So that is no setting: when an index is built, it is raised until nine hundred and ninety of a thousand true
neighbours are found, and where that would cost more than looking at every vector, every vector is looked at.

Vectors of two halves (sound and listening) are asked with weighted halves, and the trees, which see both, are the worse
a guide the more a query leans to one: each blend has its own `search_k`.
"""

from __future__ import annotations

import bisect
import logging
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from audiorec.errors import IndexFileError
from audiorec.index import files
from audiorec.index.exact import ExactIndex, Items

if TYPE_CHECKING:
    from annoy import AnnoyIndex as Forest

TREES = 150  #: 100 take a third longer to find as many, 300 no less and twice the room
SEED = 1
METRIC = "angular"  #: ranks vectors of one norm as the inner product does, and found more of them than "dot"
RECALL = 0.99  #: of the 10 true neighbours, how many an index promises to find
AIM = 0.992  #: at building: a sample of 300 queries knows the recall to about 0.002
SAMPLE = 300
NEIGHBOURS = 10
FIRST_SEARCH_K, STEP = 1000, 1.1
EXACT_SHARE = 0.25  #: a `search_k` of this share of the vectors costs as much as looking at all of them in a row
ALWAYS_WORTH = 10_000  #: a `search_k` that is tried however few vectors there are
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
        return max(int(len(self.built) * EXACT_SHARE), ALWAYS_WORTH)

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
            self.search_k[at], self.recall[at] = self._least_search_k(rows, self._asked(rows, blend))
            if self.search_k[at] is None:
                log.info("no search_k worth its time finds %g of the neighbours at blend %g", RECALL, blend)

    def _asked(self, rows: np.ndarray, blend: float) -> np.ndarray:
        """Return the queries that some of the vectors make at some weight of the second half."""
        weights = np.ones(self.width, dtype=np.float32)
        if self.split is not None:
            weights[: self.split], weights[self.split :] = 1 - blend, blend
        return self.built.vectors[rows] * weights

    def _least_search_k(self, rows: np.ndarray, queries: np.ndarray) -> tuple[int | None, float]:
        """Return the least `search_k` by which queries find their neighbours, their own rows apart, and the recall."""
        tenth_best = _tenth_best(self.built.vectors, rows, queries)

        def recall(search_k: int) -> float:
            found = map(self._found, rows.tolist(), queries, tenth_best, [search_k] * len(rows))
            return round(sum(found) / (NEIGHBOURS * len(rows)), 4)

        tried = [int(FIRST_SEARCH_K * STEP**i) for i in range(100)]
        tried = [search_k for search_k in tried if search_k <= self._most_nodes()]
        least = bisect.bisect_left(tried, AIM, key=recall)
        return (tried[least], recall(tried[least])) if least < len(tried) else (None, 1.0)

    def _found(self, row: int, query: np.ndarray, tenth_best: float, search_k: int) -> int:
        """Return how many of the proposals for a query are no further than its tenth neighbour."""
        rows = self._proposals(query, NEIGHBOURS, {int(self.built.ids[row])}, search_k)
        return min(int(np.count_nonzero(np.vecdot(self.built.vectors[rows], query) >= tenth_best)), NEIGHBOURS)


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


def _tenth_best(vectors: np.ndarray, rows: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """Return the score of the tenth neighbour of each query among all vectors but that of its row."""
    tenth_best = []
    for row, query, scores in zip(rows, queries, _products(queries, vectors), strict=True):
        scores[row] = -np.inf
        best = np.argpartition(scores, -NEIGHBOURS)[-NEIGHBOURS:]
        tenth_best.append(np.vecdot(vectors[best], query).min())
    return np.array(tenth_best)


def _products(queries: np.ndarray, vectors: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the inner products of each query with all vectors; a few at a time, which is five times as fast as one."""
    for start in range(0, len(queries), 16):
        yield from queries[start : start + 16] @ vectors.T

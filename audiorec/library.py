"""`Library`: a folder of music as a program sees it. Scan it, keep it current, search it, look things up.

>>> from audiorec import Library
>>> with Library("music.db") as library:  # doctest: +SKIP
...     library.scan(["~/Music"])
...     for track in library.tracks("bpm:118..124 key:8A energy:>0.7"):
...         print(track.tags.artist, track.tags.title)
...     for track, score in library.similar(library.track("So What")):
...         print(f"{score:.2f}", track.tags.artist, track.tags.title)
"""

from __future__ import annotations

import json
import os
import shlex
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from audiorec import query as search
from audiorec.catalog import Catalog, Failure
from audiorec.encoder import card
from audiorec.errors import NoEmbeddingError, TrackNotFoundError, printable
from audiorec.schema import fold
from audiorec.spelling import nearest
from audiorec.stats import LibraryStats, library_stats
from audiorec.types import Analysis, Track
from audiorec.walk import FoundFile, Walk, absolute
from audiorec.workers import TIME_LIMIT, WorkerPool

if TYPE_CHECKING:
    from audiorec.scan import ScanProgress, ScanReport

PathLike = str | bytes | os.PathLike

SAME_SOUND = "content_hash = (SELECT content_hash FROM track WHERE id = ?)"


def default_database() -> Path:
    """Return where the library is when nobody says: $AUDIOREC_DB, else a file in the user's data folder."""
    if named := os.environ.get("AUDIOREC_DB"):
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_data_dir("audiorec")) / "library.db"


class Library:
    """The music library in the database at `db`; a context manager.

    Parameters
    ----------
    db : path, optional
        The database; by default `default_database()`.
    create : bool
        Make the database if there is none, its folders too.

    Raises
    ------
    NoLibraryError
        There is no database, and `create` is false.
    CatalogError
        The database cannot be used; every method may raise it too.
    """

    def __init__(self, db: PathLike | None = None, *, create: bool = True):
        self._catalog = Catalog(default_database() if db is None else os.fsdecode(db), create=create)

    @property
    def path(self) -> Path:
        """The database file."""
        return self._catalog.path

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        self._catalog.close()

    def scan(
        self,
        paths: PathLike | Iterable[PathLike],
        *,
        jobs: int | None = None,
        retry: bool = False,
        series: bool = False,
        embed: bool = False,
        time_limit: float = TIME_LIMIT,
        progress: Callable[[ScanProgress], None] | None = None,
    ) -> ScanReport:
        """Bring the library up to date with the music at and under `paths`.

        Only what changed is analysed. A file that fails costs nothing but itself: it becomes one of the `failures`,
        and is tried again when it has changed, or when it may be read where it might not. A path that does not exist
        is reported, and the tracks known under it stay as they are (the disk may just not be mounted). Ctrl-C ends the
        scan with a report; whether interrupted or killed, the next scan goes on where this one was.

        Parameters
        ----------
        paths
            Files and folders. In folders, names with an audio suffix are taken and hidden ones passed over; a file
            that is named here is always taken.
        jobs : int, optional
            Number of worker processes; by default one for each core this process may use.
        retry : bool
            Try files again that failed before, though they have not changed.
        series : bool
            Store beats, bars, sections and segments too, 30 kB for a minute of music; also of tracks that were
            analysed without them.
        embed : bool
            Compute embeddings and tags too; what a scan without them leaves out, the next scan with them computes.
        time_limit : float
            Seconds that the analysis of one file may take.
        progress : callable, optional
            Called with a `ScanProgress` at the start and for each file that is done.

        Raises
        ------
        CatalogError
            The database cannot be written, or another process is scanning into it.
        ModelError
            Embeddings are wanted, and the model's files are missing or altered.
        """
        with self._catalog.scan_lock():
            walk = Walk(_paths(paths))
            return self._scan(walk, jobs, time_limit, progress, retry=retry, series=series, embed=embed)

    def watch(
        self,
        paths: PathLike | Iterable[PathLike],
        *,
        jobs: int | None = None,
        embed: bool = False,
        time_limit: float = TIME_LIMIT,
        progress: Callable[[ScanProgress], None] | None = None,
        stop_event: threading.Event | None = None,
    ) -> Iterator[ScanReport]:
        """Scan `paths`, then go on scanning what changes there; yield a report of each scan that found something.

        Ends when `stop_event` is set or Ctrl-C is pressed. The other parameters are those of `scan`.
        """
        from audiorec.watch import walks

        with self._catalog.scan_lock():
            for walk in walks(_paths(paths), stop_event=stop_event):
                report = self._scan(walk, jobs, time_limit, progress, embed=embed)
                if report.found or report.missing:
                    yield report
                if report.interrupted:
                    return

    def _scan(
        self,
        walk: Walk,
        jobs: int | None,
        time_limit: float,
        progress: Callable[[ScanProgress], None] | None,
        *,
        embed: bool,
        retry: bool = False,
        series: bool = False,
    ) -> ScanReport:
        from audiorec import analysis  # half a second of imports, which a search can do without
        from audiorec.scan import Scan

        if embed:
            card.check_model()  # once, rather than in the failure of each file
        options = {"retry": retry, "series": series, "embed": embed, "progress": progress}
        with WorkerPool(_available_cores() if jobs is None else jobs, time_limit=time_limit) as pool:
            return Scan(self._catalog, pool, analyze=analysis.analyze, **options).run(walk)

    def tracks(self, query: str = "") -> Iterator[Track]:
        """Yield the tracks that a search finds, by default all that are not missing; `audiorec.query` has the language.

        Raises
        ------
        QueryError
            The search cannot be understood.
        """
        parsed = search.parse(query)
        return self._catalog.tracks(parsed.where, parsed.parameters, parsed.order)

    def track(self, name: int | PathLike) -> Track:
        """Return the one track of this id, path, title or "artist - title".

        Raises
        ------
        TrackNotFoundError
            There is none, or more than one; the message names the nearest or the candidates.
        """
        text = printable(name) if not isinstance(name, int) else str(name)
        for where, parameters in _meanings(name, text):
            tracks = list(self._catalog.tracks(where, parameters))
            if len(tracks) == 1:
                return tracks[0]
            if tracks:
                candidates = ", ".join(f"{track.id} ({printable(track.path)})" for track in tracks[:5])
                raise TrackNotFoundError(f"{text!r} is the name of {len(tracks)} tracks, use the number: {candidates}")
        raise TrackNotFoundError(f"no track {text!r} in the library" + self._nearest(text))

    def _nearest(self, text: str) -> str:
        with_artist = " - " in text
        rows = self._catalog.rows("SELECT title, artist, path FROM track")
        names = {fold(name): name for name in (_name(*row, with_artist=with_artist) for row in rows)}
        found = nearest(fold(text), names)
        return "; nearest: " + ", ".join(repr(names[name]) for name in found) if found else ""

    def analysis(self, track: Track) -> Analysis:
        """Return what is stored of a track's analysis: descriptors, versions, timbre; the time series if a scan did."""
        return self._catalog.analysis(track)

    def embeddings(self) -> tuple[np.ndarray, np.ndarray]:
        """Return ids, (n,), and embeddings of the present model, (n, width) float32, of the tracks that have one.

        Raises
        ------
        ModelError
            There is no model.
        """
        return self._catalog.embeddings(card.read_card().model_id)

    def similar(self, track: Track, n: int = 10) -> list[tuple[Track, float]]:
        """Return the `n` tracks that sound most like a track, with the cosine of their embeddings, best first.

        Neither the track itself is among them nor another file of the same sound, nor what is missing.

        Raises
        ------
        NoEmbeddingError
            The track has no embedding of the present model, or is silence.
        ModelError
            There is no model.
        ValueError
            `n` is less than 1.
        """
        if n < 1:
            raise ValueError(f"n={n} must be at least 1")
        query = self._embedding(track)
        ids, vectors = self.embeddings()
        scores = vectors.reshape(len(ids), len(query)) @ query
        same_sound = {stored.id for stored in self._catalog.files(SAME_SOUND, [track.id])}
        best = (at for at in np.argsort(-scores, kind="stable").tolist() if int(ids[at]) not in same_sound)
        return [(self.track(int(ids[at])), float(scores[at])) for at in islice(best, n)]

    def _embedding(self, track: Track) -> np.ndarray:
        analysis = self._catalog.analysis(track)
        name, folder = printable(track.path), printable(Path(track.path).parent)
        mend = f"make one with: audiorec scan --embed {shlex.quote(folder)}"
        if analysis.embedding is None or analysis.versions["embedding"] != card.read_card().model_id:
            what = "no embedding" if analysis.embedding is None else "an embedding of another model"
            raise NoEmbeddingError(f"{name}: it has {what}; {mend}")
        if not analysis.embedding.any():
            raise NoEmbeddingError(f"{name}: it is silence, which sounds like nothing else")
        return analysis.embedding

    def current_track(self, path: PathLike, *, embed: bool = False) -> Track | None:
        """Return the track of a file if what is known of it is up to date; None if it should be scanned first.

        Its embedding, its tags and what the model estimates count only with `embed`.
        """
        from audiorec.analysis import stale_features

        try:
            file = FoundFile.at(absolute(path))
        except OSError:
            return None
        condition = "path = ? AND size = ? AND mtime_ns = ? AND NOT missing"
        for stored in list(self._catalog.files(condition, file)):
            if not stale_features(json.loads(stored.versions), embed=embed):
                return self.track(stored.id)
        return None

    def failures(self) -> list[Failure]:
        """Return the files and folders that could not be used, by path."""
        return self._catalog.failures()

    def stats(self) -> LibraryStats:
        """Return counts and histograms."""
        return library_stats(self._catalog)

    def refresh_file(self, path: PathLike) -> None:
        """Take note of the tags in a file that were just written, so that the next scan finds it unchanged.

        Nothing happens if the file is none of the library's, or if its sound changed too. Raises a `FileError` if it
        cannot be read.
        """
        from audiorec.content import content_hash
        from audiorec.metadata import read_tags

        sound = content_hash(path)
        file = FoundFile.at(absolute(path))
        for stored in list(self._catalog.files("path = ? AND content_hash = ?", [file.path, sound])):
            self._catalog.update_file(stored.id, file, read_tags(path))

    def prune(self) -> int:
        """Delete the tracks whose files are missing, and return their number."""
        with self._catalog.scan_lock():
            return self._catalog.prune()


def _paths(paths: PathLike | Iterable[PathLike]) -> list[Path]:
    """Return one or several paths as a list, ``~`` expanded."""
    several = [paths] if isinstance(paths, PathLike) else paths
    return [Path(os.path.expanduser(os.fsdecode(path))) for path in several]  # noqa: PTH111 (that raises for ~nobody)


def _available_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _meanings(name: int | PathLike, text: str) -> Iterator[tuple[str, tuple]]:
    """Yield what a name can mean, the most exact meaning first, as SQL conditions."""
    if text.isascii() and text.isdecimal() and len(text) < 19:
        yield "track.id = ?", (int(text),)
    if not isinstance(name, int):
        yield "track.path = ?", (absolute(name),)
    yield "? IN (fold(title), fold(artist || ' - ' || title))", (fold(text),)


def _name(title: str | None, artist: str | None, path: bytes, *, with_artist: bool) -> str:
    """Return what a person would call a track: its title, that of its artist before it, or its file's name."""
    if title is None:
        return printable(path.rpartition(b"/")[2])
    return f"{artist} - {title}" if artist and with_artist else title

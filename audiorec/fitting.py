"""Between the catalog and what is learned from it: a history and sounds out of it, a model into it, taste out of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from audiorec.catalog import Catalog, StoredListen
from audiorec.encoder import card
from audiorec.interactions import Interactions, build
from audiorec.learning import BLENDS, Progress, TasteModel, learn, on_tracks, track_columns
from audiorec.sound import COLUMNS, Sound, describe
from audiorec.taste import VERSION, Taste, assemble, pack, sound_alone, unpack

NAME = "taste"  #: of the model in the table `model`

#: What the history is told by, without reading it: any import or deletion changes one of the numbers.
HISTORY_STATE = """
    SELECT (SELECT count(*) || '/' || coalesce(max(rowid), 0) || '/' || coalesce(sum(count), 0) FROM listen),
           (SELECT count(*) || '/' || coalesce(sum(song_id), 0) FROM playlist_song),
           (SELECT count(track_id) || '/' || coalesce(sum(track_id), 0) FROM song)
"""


@dataclass(frozen=True)
class FitReport:
    """What a fit had to learn from, and what it chose."""

    users: int
    playlists: int
    songs: int  #: that somebody heard or chose, with audio or without
    plays: int  #: pairs of listener and song with something that speaks for them
    tracks: int  #: with an embedding
    heard: int  #: of these, with listeners
    factors: int
    blend: float  #: the default share of listening
    shrinkage: float | None  #: listeners at which a track's own factors count as much as the expected ones
    ndcg_of_sound: float | None  #: of hidden plays, by sound alone; None if there were too few to hide
    ndcg: float | None  #: with the default blend


def history(catalog: Catalog, listens: Iterable[StoredListen] | None = None) -> Interactions:
    """Return the evidence in the whole history, or in a part of its listens and all playlists."""
    durations = dict(catalog.rows("SELECT track_id, duration_ms / 1000.0 FROM descriptors WHERE duration_ms > 0"))
    tracks = {song.id: song.track_id for song in catalog.songs() if song.track_id is not None}
    chosen = catalog.listens() if listens is None else listens
    return build(chosen, catalog.playlists(), tracks=tracks, durations=durations)


def sound(catalog: Catalog) -> Sound:
    """Return what is known by their sound of the tracks with an embedding of the present model.

    Raises
    ------
    ModelError
        There is no model.
    """
    ids, embeddings = catalog.embeddings(card.read_card().model_id)
    rows = catalog.rows(
        f"SELECT track.id, {', '.join(COLUMNS)} FROM track JOIN embedding ON embedding.track_id = track.id"
        " LEFT JOIN descriptors ON descriptors.track_id = track.id ORDER BY track.id"
    )
    chosen = set(ids.tolist())
    values = zip(*(row for track_id, *row in rows if track_id in chosen), strict=True)
    return describe(
        ids, embeddings, dict(zip(COLUMNS, values, strict=False)) if len(ids) else dict.fromkeys(COLUMNS, ())
    )


def fit(catalog: Catalog, progress: Progress | None = None) -> FitReport:
    """Learn from the history, and store what was learned in the place of what was before."""
    made_from = _made_from(catalog)
    interactions, tracks = history(catalog), sound(catalog)
    model = learn(interactions, tracks, progress=progress)
    parameters, data = pack(model)
    with catalog.writing() as connection:
        connection.execute(
            "INSERT OR REPLACE INTO model (name, version, made_from, parameters, data) VALUES (?, ?, ?, ?, ?)",
            (NAME, VERSION, made_from, json.dumps(parameters), data),
        )
    return _report(interactions, tracks, model)


def load_taste(catalog: Catalog) -> Taste:
    """Return what the library offers a recommender, by the last fit as far as it still holds.

    A model that is damaged, of another version or learned with another encoder is as good as none: the next fit
    replaces it.
    """
    stored = list(catalog.rows("SELECT version, made_from, parameters, data FROM model WHERE name = ?", [NAME]))
    embeddings = catalog.embeddings(card.read_card().model_id)
    if not stored or not len(embeddings[0]):
        return sound_alone(*embeddings)
    [(version, made_from, parameters, data)] = stored
    now = _made_from(catalog)
    if version != VERSION or json.loads(made_from)["encoder"] != json.loads(now)["encoder"]:
        return sound_alone(*embeddings, stale=True)
    try:
        model = unpack(parameters, data)
    except ValueError:
        return sound_alone(*embeddings, stale=True)
    return assemble(model, sound(catalog), fit=hashlib.sha256(data).hexdigest()[:16], stale=made_from != now)


def state(catalog: Catalog) -> tuple:
    """Return what changes when anybody, this process included, writes into the database."""
    return (*catalog.rows("PRAGMA data_version"), *catalog.rows("SELECT total_changes()"))


def _made_from(catalog: Catalog) -> str:
    [numbers] = catalog.rows(HISTORY_STATE)
    return json.dumps({"history": numbers, "encoder": card.read_card().model_id})


def _report(interactions: Interactions, tracks: Sound, model: TasteModel) -> FitReport:
    users = sum(name.startswith("user:") for name in interactions.rows)
    heard = on_tracks(interactions.listeners, track_columns(interactions.track_ids, tracks.ids)) > 0
    return FitReport(
        users=users,
        playlists=len(interactions.rows) - users,
        songs=len(interactions.song_ids),
        plays=interactions.weights.nnz,
        tracks=len(tracks.ids),
        heard=int(heard.sum()),
        factors=model.item_factors.shape[1],
        blend=model.blend,
        shrinkage=model.fusion.shrinkage if model.fusion else None,
        ndcg_of_sound=model.curve[0] if model.curve else None,
        ndcg=model.curve[BLENDS.index(model.blend)] if model.curve else None,
    )

"""The search language, by the tracks that each search finds."""

import numpy as np
import pytest

from audiorec.catalog import Catalog
from audiorec.encoder import card
from audiorec.errors import QueryError
from audiorec.library import Library
from audiorec.taghead import TagHead
from audiorec.types import Analysis, Descriptors, FileTags
from audiorec.walk import FoundFile

# name: (title, artist, genre, year), (tempo, key, mode, energy, loudness)
TRACKS = {
    "fugue": (("Fugue in A minor", "Bach", "classical", 1722), (119.6, 9, 0, 0.2, -20.0)),
    "elise": (("Für Elise", "Beethoven", "classical", 1810), (70.0, 9, 0, 0.3, -18.5)),
    "house": (("Deep House", "DJ Björk", "house; electronic", 1999), (124.0, 6, 1, 0.9, -7.0)),
    "live": (("Deep Down (live)", "The 100% Band", "rock", 2005), (120.49, 10, 0, 0.75, -9.0)),
    "silence": ((None, None, None, None), (None, -1, None, 0.0, float("-inf"))),
}


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    path = tmp_path_factory.mktemp("query") / "library.db"
    with Catalog(path) as catalog:
        for name, ((title, artist, genre, year), (tempo, key, mode, energy, loudness)) in TRACKS.items():
            catalog.add(
                FoundFile(f"/music/{name}.ogg".encode(), 1, 1),
                name,
                FileTags(title=title, artist=artist, genre=genre, year=year),
                Analysis("", Descriptors(tempo=tempo, key=key, mode=mode, energy=energy, loudness=loudness)),
            )
        catalog.add(FoundFile(b"/music/gone.ogg", 1, 1), "gone", FileTags(title="Gone"), Analysis("", Descriptors()))
        catalog.mark([len(TRACKS) + 1], missing=True)
    with Library(path) as library:
        yield library


def found(library, query):
    return [track.path.removeprefix("/music/").removesuffix(".ogg") for track in library.tracks(query)]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", "elise fugue house live silence"),
        ("bpm:118..124", "fugue house live"),
        ("tempo:118..124", "fugue house live"),
        ("bpm:120", "fugue live"),
        ("bpm:120.0", ""),
        ("bpm:120.5", "live"),
        ("bpm:..100", "elise"),
        ("bpm:120..", "house live"),
        ("-bpm:100..", "elise silence"),
        ("energy:>0.75", "house"),
        ("energy:>=0.75", "house live"),
        ("energy:<0.3", "fugue silence"),
        ("energy:<=0.3", "elise fugue silence"),
        ("loudness:-10..-5", "house live"),
        ("loudness:<-30", "silence"),
        ("key:8A", "elise fugue"),
        ("key:Am", "elise fugue"),
        ('key:"A minor"', "elise fugue"),
        ("key:F#", "house"),
        ("key:Gb", "house"),
        ("key:2b", "house"),
        ("key:bbm", "live"),
        ("key:A", ""),
        ("camelot:3A", "live"),
        ("mode:major", "house"),
        ("mode:MINOR", "elise fugue live"),
        ("key:none", "silence"),
        ("camelot:None", "silence"),
        ("mode:none", "silence"),
        ("bpm:none", "silence"),
        ("-key:none energy:<=0.3", "elise fugue"),
        ("artist:none", ""),
        ("artist:BACH", "fugue"),
        ("artist:bjork", "house"),
        ("artist:björk", "house"),
        ("title:fur", "elise"),
        ("artist:100%", "live"),
        ('artist:"the 100"', "live"),
        ("genre:house", "house"),
        ("-genre:classical", "house live silence"),
        ("year:..1999", "elise fugue house"),
        ("year:1999", "house"),
        ("deep", "house live"),
        ("deep -live", "house"),
        ('"deep d"', "live"),
        ("silence.ogg", "silence"),
        ("deep bpm:124 artist:dj", "house"),
        ("missing:yes", "gone"),
        ("missing:any deep", "house live"),
        ("missing:any", "elise fugue gone house live silence"),
        ("-missing:yes", "elise fugue house live silence"),
        ("sort:bpm", "elise fugue live house silence"),
        ("sort:-bpm", "house live fugue elise silence"),
        ("sort:key", "house elise fugue live silence"),
        ("deep sort:-energy", "house live"),
        ("sort:artist", "fugue elise house live silence"),
        ("sort:-mode sort:year", "house fugue elise live silence"),
    ],
)
def test_search_finds(library, query, names):
    assert found(library, query) == names.split()


def test_values_never_become_sql(library):
    assert found(library, 'artist:"x\') OR 1 --"') == []
    assert found(library, "it's") == []


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("bmp:120", r"unknown field 'bmp': did you mean 'bpm'\? known are .*artist"),
        ("sort:loud", "unknown field 'loud': did you mean 'loudness'"),
        ("bpm:fast", "'fast' is no number"),
        ("bpm:nan", "'nan' is no number"),
        ("bpm:124..118", "'124..118' is no range"),
        ("bpm:..", r"'\.\.' is no range"),
        ("key:H", "'H' is no key: try 8A"),
        ("key:13A", "'13A' is no key"),
        ("mode:dorian", "mode:dorian is none of major"),
        ("missing:maybe", "missing:maybe is none of yes, no, any"),
        ("artist:", "'artist:' lacks a value"),
        ("deep -", "'-' lacks a value"),
        ('deep "down', "cannot understand '\"down'"),
    ],
)
def test_what_cannot_be_understood_is_told(library, query, complaint):
    with pytest.raises(QueryError, match=complaint):
        found(library, query)


# -- tags, by name: the first number of the embedding, the model's tags. Two tags were taught: "late night", which says
# -- 0.5 of (0, 1), 0.88 of (1, 0) and 0.12 of (-1, 0), and "Hip-Hop" in the model's place, which says 0.5 of all.
TAGGED = {
    "a": (1, {"jazz": 0.75, "Hip-Hop": 0.9}),
    "b": (0, {"jazz": 0.3}),
    "c": (-1, {"jazz": 0.29, "female vocalists": 0.2}),
    "silence": (None, {}),
}


@pytest.fixture(scope="module")
def tagged(tmp_path_factory):
    path = tmp_path_factory.mktemp("tagged") / "library.db"
    model_id = card.model_id()
    with Catalog(path) as catalog:
        for name, (x, tags) in TAGGED.items():
            vector = np.array([0, 0] if x is None else [x, 1 - abs(x)], np.float32)
            found = Analysis("", Descriptors(), {"embedding": model_id}, embedding=vector, tags=tags)
            catalog.add(FoundFile(f"/music/{name}.ogg".encode(), 1, 1), name, FileTags(), found)
        catalog.add(FoundFile(b"/music/unheard.ogg", 1, 1), "unheard", FileTags(), Analysis("", Descriptors()))
        older = Analysis(
            "", Descriptors(), {"embedding": "older"}, embedding=np.ones(2, np.float32), tags={"jazz": 0.5}
        )
        catalog.add(FoundFile(b"/music/older.ogg", 1, 1), "older", FileTags(), older)
        catalog.add_tag_heads(
            [
                TagHead("late night", "mood", model_id, np.array([2, 0], np.float32), 0.0, 0.9, 12, "moods.csv"),
                TagHead("Hip-Hop", "genre", model_id, np.array([0, 0], np.float32), 0.0, 0.9, 12, "genre"),
            ]
        )
    with Library(path) as library:
        yield library


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("tag:jazz", "a b older"),
        ("tag:JAZZ", "a b older"),
        ("-tag:jazz", "c silence unheard"),
        ("tag:jazz>0.3", "a older"),
        ("tag:jazz>=0.3 tag:jazz<0.75", "b older"),
        ("tag:jazz<=0.29", "c"),
        ('tag:"female vocalists"', ""),
        ('tag:"female vocalists>0.1"', "c"),
        ('tag:"late night"', "a b"),
        ('tag:"late night>0.8"', "a"),
        ('tag:"late night<0.2"', "c"),
        ("tag:hip-hop>0.6", ""),
        ("tag:hip-hop>=0.5", "a b c"),
        ('sort:"tag:late night"', "c b a older silence unheard"),
        ("sort:-tag:jazz", "a older b c silence unheard"),
        ('tag:jazz -tag:"late night<0.6" sort:-tag:jazz', "a older"),
    ],
)
def test_search_finds_tags(tagged, query, names):
    assert found(tagged, query) == names.split()


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("tag:jaz", r"unknown tag 'jaz': did you mean 'jazz'\? known are .*late night"),
        ("tag:jazz>loud", "'loud' is no number"),
        ("tag:>0.5", "unknown tag '>0.5'"),
        ("sort:tag:jaz", "unknown tag 'jaz'"),
        ("sort:tag:", "unknown tag ''"),
    ],
)
def test_tags_that_are_not_there_are_told(tagged, query, complaint):
    with pytest.raises(QueryError, match=complaint):
        found(tagged, query)


def test_search_and_record_agree_on_probabilities(tagged):
    for track in tagged.tracks('tag:"late night"'):
        probability = tagged.tag_probabilities(track)["late night"]
        bounds = f'tag:"late night>{probability - 1e-4}" tag:"late night<{probability + 1e-4}"'
        assert track.path in {other.path for other in tagged.tracks(bounds)}

"""The search language, by the tracks that each search finds."""

import pytest

from audiorec.catalog import Catalog
from audiorec.errors import QueryError
from audiorec.library import Library
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

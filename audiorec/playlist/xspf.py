"""XSPF version 1: a playlist in XML (https://www.xspf.org/spec).

A reader of foreign XML is careful: a document type, and with it every entity of its own and every file it could name,
is refused before it is looked at.
"""

from __future__ import annotations

from xml.etree import ElementTree

from audiorec.playlist import identifiers
from audiorec.playlist.records import Playlist, PlaylistEntry, duration, one_line, path_to_uri, uri_to_path

NAMESPACE = "http://xspf.org/ns/0/"


def write(playlist: Playlist) -> bytes:
    """Return a playlist as XSPF."""
    root = ElementTree.Element("playlist", {"version": "1", "xmlns": NAMESPACE})
    _add(root, "title", one_line(playlist.title))
    tracks = ElementTree.SubElement(root, "trackList")
    for entry in playlist.entries:
        _write_track(ElementTree.SubElement(tracks, "track"), entry)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def _write_track(track: ElementTree.Element, entry: PlaylistEntry) -> None:
    _add(track, "location", entry.path and path_to_uri(entry.path))
    for identifier in identifiers.write(entry):
        _add(track, "identifier", identifier)
    _add(track, "title", one_line(entry.title))
    _add(track, "creator", one_line(entry.artist))
    _add(track, "annotation", one_line(entry.annotation))
    _add(track, "album", one_line(entry.album))
    _add(track, "duration", None if entry.duration_ms is None else str(entry.duration_ms))


def _add(parent: ElementTree.Element, name: str, text: str | None) -> None:
    if text is not None:
        ElementTree.SubElement(parent, name).text = text


class _NoDoctype(ElementTree.TreeBuilder):
    """Builds the tree of a document that declares nothing."""

    def doctype(self, name: str, public_id: str | None, system: str | None) -> None:
        raise ValueError("it declares a document type, which a playlist has no need of")


def read(data: bytes) -> Playlist:
    """Return the playlist in `data`; its paths as they stand there.

    Raises
    ------
    ValueError
        It is no XML, declares a document type, or is no playlist.
    """
    parser = ElementTree.XMLParser(target=_NoDoctype())
    try:
        parser.feed(data)
        root = parser.close()
    except (ElementTree.ParseError, LookupError) as error:  # LookupError: an encoding that nobody knows
        raise ValueError(f"broken XML: {error}") from error
    if _name(root) != "playlist":
        raise ValueError(f"XML, but no playlist: its root is {_name(root)!r}")
    tracks = [track for group in _children(root, "trackList") for track in _children(group, "track")]
    return Playlist(_text(root, "title"), tuple(map(_read_track, tracks)))


def _read_track(track: ElementTree.Element) -> PlaylistEntry:
    location = _text(track, "location")
    named = identifiers.read(one_line(element.text) for element in _children(track, "identifier"))
    return PlaylistEntry(
        path=location and uri_to_path(location),
        artist=_text(track, "creator"),
        title=_text(track, "title"),
        album=_text(track, "album"),
        duration_ms=duration(_text(track, "duration")),
        annotation=_text(track, "annotation"),
        **named,
    )


def _name(element: ElementTree.Element) -> str:
    """Return an element's name without its namespace, which some writers forget."""
    return element.tag.rpartition("}")[2]


def _children(element: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [child for child in element if _name(child) == name]


def _text(element: ElementTree.Element, name: str) -> str | None:
    return next((text for child in _children(element, name) if (text := one_line(child.text))), None)

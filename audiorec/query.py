"""The language in which tracks are searched: ``bpm:118..124 key:8A energy:>0.7 artist:bach -live sort:-energy``.

Terms stand between spaces, and all of them must hold; a ``-`` before a term asks for its opposite. Double quotes hold
words together.

========================== ====================================================================================
``word``, ``"two words"``  the text is part of the title, artist, album or path
``artist:bach``            the text is part of this field, whatever its case and accents
``energy:0.2..0.5``        the number lies between the two or is one of them; either may be left out
``bpm:>120``               or ``>=``, ``<``, ``<=``
``bpm:120``                the number, rounded like this one, is it: from 119.5 to 120.5; ``bpm:120.0`` is narrower
``key:8A``                 the key, as on the Camelot wheel or by name: ``A`` (major), ``Am``, ``F#``, ``"Bb minor"``
``mode:minor``             or ``major``
``key:none``, ``bpm:none`` the track has no key, no such number
``tag:jazz``               the tag has a probability of at least 0.3, whether the model or the library's owner taught it
``tag:jazz>0.6``           or ``>=``, ``<``, ``<=``; ``tag:"female vocalists>0.6"``
``missing:yes``            the file is gone; ``any``: gone or not. Without such a term, the tracks that are not
``sort:bpm``               the order; ``sort:-bpm`` from high to low, ``sort:-tag:jazz`` the most probable first.
                           Tracks without the value come last
========================== ====================================================================================
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from audiorec.encoder.card import LIKELY
from audiorec.errors import QueryError
from audiorec.schema import fold
from audiorec.types import Descriptors, FileTags

TERM = re.compile(r'\s*+(?P<negated>-?)(?:(?P<field>[A-Za-z_]+):)?(?:"(?P<quoted>[^"]*)"|(?P<plain>[^\s"]*))(?=\s|$)')
COMPARISON = re.compile(r"(?P<operator>>=|<=|>|<)(?P<number>.*)")
TAG = re.compile(r"(?P<name>.+?)(?P<comparison>(?:>=|<=|>|<)[^<>=]*)?")
CAMELOT = re.compile(r"(?P<hour>1[0-2]|[1-9])(?P<ring>[AB])", re.IGNORECASE)
KEY_NAME = re.compile(r"(?P<note>[A-G])(?P<sign>[#♯b♭]?)[ -]?(?P<mode>m|min|minor|maj|major|)", re.IGNORECASE)

SEMITONES = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
SIGNS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}
MODES = {"major": 1, "maj": 1, "minor": 0, "min": 0}
MISSING = {"yes": "track.missing", "no": "NOT track.missing", "any": "1"}

#: The probability of a tag, whose name and JSON path the question marks stand for: as it was taught, else the model's.
TAG_PROBABILITY = (
    "coalesce((SELECT probability(vector, weights, intercept) FROM embedding JOIN tag_head USING (model_id)"
    " WHERE track_id = track.id AND name = ?),"
    " (SELECT json_extract(tags, ?) FROM embedding WHERE track_id = track.id))"
)

Condition = tuple[str, tuple]  #: an SQL expression, and the values of its question marks


@dataclass(frozen=True, slots=True)
class Query:
    """A search as SQL over the tables `track` and `descriptors`."""

    where: str
    parameters: tuple
    order: str


def parse(text: str, tags: Iterable[str] = ()) -> Query:
    """Translate a search expression; the values in it become parameters, never SQL. `tags` are those there are.

    >>> parse("bpm:118..124 -genre:rock").parameters
    (118.0, 124.0, 'rock')

    Raises
    ------
    QueryError
        A field or a tag is unknown, a value cannot be understood, or a quotation does not end.
    """
    conditions, order, fields = [], [], set()
    known = {fold(name): name for name in tags}
    for negated, field, value in _terms(text):
        fields.add(field)
        if field == "sort":
            order.append(_order(value, known, backwards=negated))
            continue
        sql, parameters = _condition(field, value, known)
        # NULL, "not known", is neither: bpm:120 and -bpm:120 together give all tracks.
        conditions.append((f"NOT coalesce({sql}, 0)" if negated else f"({sql})", parameters))
    if "missing" not in fields:
        conditions.append((MISSING["no"], ()))
    return Query(
        where=" AND ".join(sql for sql, _ in conditions),
        parameters=tuple(value for _, parameters in [*conditions, *order] for value in parameters),
        order=", ".join([*(sql for sql, _ in order), "track.path"]),
    )


def _terms(text: str) -> list[tuple[bool, str | None, str]]:
    """Split the expression into (negated, field, value)."""
    terms, position, text = [], 0, text.strip()
    while position < len(text):
        match = TERM.match(text, position)
        if not match:
            raise QueryError(
                f"cannot understand {text[position:].strip()!r}: a quotation is open, or ends within a word"
            )
        value = match["plain"] if match["quoted"] is None else match["quoted"]
        if not value:
            raise QueryError(f"{match[0].strip()!r} lacks a value")
        terms.append((bool(match["negated"]), match["field"] and match["field"].lower(), value))
        position = match.end()
    return terms


def _condition(field: str | None, value: str, tags: dict[str, str]) -> Condition:
    if field is None:
        return _words(value)
    if field == "tag":
        return _tag_condition(value, tags)
    if field not in FIELDS:
        raise _unknown("field", field, [*FIELDS, "sort", "tag"])
    column, translate = FIELDS[field]
    if value.lower() == "none" and translate in (_number, _key, _mode):
        return f"{column} IS NULL", ()
    return translate(column, value)


def _order(value: str, tags: dict[str, str], *, backwards: bool) -> Condition:
    key, parameters = _key_of_order(value.removeprefix("-"), tags)
    descending = value.startswith("-") != backwards
    return f"{key} {'DESC' if descending else 'ASC'} NULLS LAST", parameters


def _key_of_order(field: str, tags: dict[str, str]) -> Condition:
    if field.lower().startswith("tag:"):
        return TAG_PROBABILITY, _tag_parameters(field[len("tag:") :], tags)
    if field.lower() not in FIELDS:
        raise _unknown("field", field.lower(), [*FIELDS, "tag:NAME"])
    column, translate = FIELDS[field.lower()]
    return (f"fold({column})" if translate is _text else column), ()


def _tag_condition(value: str, tags: dict[str, str]) -> Condition:
    match = TAG.fullmatch(value)
    sql, number = _number(TAG_PROBABILITY, match["comparison"] or f">={LIKELY}")
    return sql, (*_tag_parameters(match["name"], tags), *number)


def _tag_parameters(name: str, tags: dict[str, str]) -> tuple[str, str]:
    if fold(name) not in tags:
        raise _unknown("tag", name, tags)
    return tags[fold(name)], f'$."{tags[fold(name)]}"'


def _words(value: str) -> Condition:
    folded = fold(value)
    columns = ("title", "artist", "album", "path")
    return " OR ".join(f"coalesce(instr(fold(track.{name}), ?), 0)" for name in columns), (folded,) * len(columns)


def _text(column: str, value: str) -> Condition:
    return f"instr(fold({column}), ?)", (fold(value),)


def _number(column: str, value: str) -> Condition:
    if match := COMPARISON.fullmatch(value):
        return f"{column} {match['operator']} ?", (_float(match["number"]),)
    if ".." in value:
        return _range(column, value)
    number = _float(value)
    half_unit = 0.5 * 10.0 ** -len(value.partition(".")[2])
    return f"{column} >= ? AND {column} < ?", (number - half_unit, number + half_unit)


def _range(column: str, value: str) -> Condition:
    low, _, high = value.partition("..")
    limits = [(sign, _float(end)) for sign, end in ((">=", low), ("<=", high)) if end]
    if not limits or limits[0][1] > limits[-1][1]:
        raise QueryError(f"{value!r} is no range: it goes from a lower number to a higher one, as in 118..124")
    return " AND ".join(f"{column} {sign} ?" for sign, _ in limits), tuple(number for _, number in limits)


def _float(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise QueryError(f"{text!r} is no number: try 120, >120 or 118..124")
    return number


def _key(column: str, value: str) -> Condition:
    key, mode = _parse_key(value)
    return f"{column} = ? AND descriptors.mode = ?", (key, mode)


def _parse_key(value: str) -> tuple[int, int]:
    """Return pitch class and mode; the Camelot wheel goes by fifths, from A minor and C major at eight o'clock."""
    if match := CAMELOT.fullmatch(value):
        mode = int(match["ring"].upper() == "B")
        return ((0 if mode else 9) + 7 * (int(match["hour"]) - 8)) % 12, mode
    if match := KEY_NAME.fullmatch(value):
        key = SEMITONES[match["note"].lower()] + SIGNS[match["sign"].lower()]
        return key % 12, int(match["mode"].lower() in ("", "maj", "major"))
    raise QueryError(f"{value!r} is no key: try 8A, Am, F# or Bb")


def _mode(column: str, value: str) -> Condition:
    return f"{column} = ?", (_choice("mode", value, MODES),)


def _missing(column: str, value: str) -> Condition:
    return _choice("missing", value, MISSING), ()


def _choice(field: str, value: str, choices: dict[str, object]) -> object:
    if value.lower() not in choices:
        raise QueryError(f"{field}:{value} is none of {', '.join(choices)}")
    return choices[value.lower()]


def _unknown(kind: str, name: str, known: list[str] | dict[str, str]) -> QueryError:
    if not known:
        return QueryError(f"unknown {kind} {name!r}: there are none")
    nearest = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {nearest[0]!r}? " if nearest else ""
    return QueryError(f"unknown {kind} {name!r}: {hint}known are {', '.join(sorted(known))}")


def _columns(record: type, table: str) -> dict[str, tuple[str, Callable[[str, str], Condition]]]:
    """Return the searchable fields of a record: numbers and texts."""
    translators = {"int | None": _number, "float | None": _number, "str | None": _text}
    return {
        field.name: (f"{table}.{field.name}", translators[field.type])
        for field in dataclasses.fields(record)
        if field.type in translators
    }


KEY = "nullif(descriptors.key, -1)"  #: -1 is what a track without a key has

# Two fields are called alike, the ReplayGain that the file states and the one measured: the measured one counts.
FIELDS: dict[str, tuple[str, Callable[[str, str], Condition]]] = {
    **_columns(FileTags, "track"),
    **_columns(Descriptors, "descriptors"),
    "id": ("track.id", _number),
    "path": ("track.path", _text),
    "damaged": ("track.damaged", _number),
    "bpm": ("descriptors.tempo", _number),
    "duration": ("(descriptors.duration_ms / 1000.0)", _number),
    "key": (KEY, _key),
    "camelot": (KEY, _key),
    "mode": ("descriptors.mode", _mode),
    "missing": ("track.missing", _missing),
}

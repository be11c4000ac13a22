"""Where output goes: the terminal or a pipe, as text or as JSON lines."""

import json
import os
import sys
from typing import Any

import click
from rich.console import Console

from audiorec.types import json_ready

PIPE_WIDTH = 100_000  #: columns: nothing in a pipe is cut to the width of a terminal


def stdout_console() -> Console:
    """Return a console for data: as wide as the terminal, and without limit in a pipe."""
    return _console(stderr=False)


def stderr_console() -> Console:
    """Return a console for talk."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PIPE_WIDTH
    return Console(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


def print_json(record: Any) -> None:
    """Print a record, or anything made of records, arrays and numbers, as one line of JSON."""
    click.echo(json_line(json_ready(record)))


def json_line(values: dict[str, Any]) -> str:
    """Return a JSON-ready record as one line of JSON."""
    return json.dumps(values, ensure_ascii=False, allow_nan=False)


def text_path(path: str | os.PathLike) -> str:
    """Return `path` for a machine to read: exact, but with bytes that are no valid UTF-8 as ``\\xe9``.

    >>> text_path(os.fsdecode(b"caf\\xe9.mp3"))
    'caf\\\\xe9.mp3'
    """
    return os.fsencode(path).decode("utf-8", "backslashreplace")

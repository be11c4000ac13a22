"""`audiorec tag`: write what was heard into the files' own tags."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import click
from rich.table import Table
from rich.text import Text

from audiorec.cli.describe import NOTHING
from audiorec.cli.options import db_option, json_option, paths_argument
from audiorec.cli.output import print_json, stdout_console, text_path
from audiorec.cli.stale import tell_stale_tags
from audiorec.encoder.card import GENRE, LIKELY, best_genre
from audiorec.errors import FileError, NoLibraryError, printable
from audiorec.library import Library
from audiorec.tagnames import FIELDS, KEY_NOTATIONS
from audiorec.types import Analysis
from audiorec.walk import Walk

if TYPE_CHECKING:
    from audiorec.metadata import TagChange

ACTIONS = {"add": "added", "replace": "replaced", "keep": "kept"}  #: what is done about a difference, and was done


def _fields(ctx, param, text: str) -> list[str]:
    fields = list(dict.fromkeys(field.strip() for field in text.split(",")))
    for field in fields:
        if field not in FIELDS:
            raise click.BadParameter(f"{field!r} is none of {', '.join(FIELDS)}")
    return fields


@click.command()
@paths_argument
@click.option(
    "--write",
    "fields",
    metavar="FIELDS",
    default="bpm,key",
    show_default=True,
    callback=_fields,
    help=f"What to write, separated by commas: {', '.join(FIELDS)}.",
)
@click.option(
    "--key-notation",
    type=click.Choice(KEY_NOTATIONS),
    default="musical",
    show_default=True,
    help="Write a key as Am or as 8A.",
)
@click.option("--overwrite", is_flag=True, help="Replace other values that the files have; else they are kept.")
@click.option("--dry-run", is_flag=True, help="Show the differences and write nothing.")
@click.option("--keep-mtime", is_flag=True, help="Leave the files' times as they are.")
@json_option
@db_option
@click.pass_context
def tag(ctx, paths, fields, key_notation, overwrite, dry_run, keep_mtime, as_json, db):
    """Write descriptors into the files' own tags.

    Files that the library knows are not analysed again; others are, one after the other, so that it is faster to scan
    many of them first. All other tags, pictures and the audio stay as they are, and so does every value that a file
    has already, unless --overwrite is given. As genre the most probable one is written, if it is probable enough.
    """
    from audiorec.metadata import check_writable, plan_tags, tag_values

    counts = Counter()
    with _library(db) as library:
        if library and not dry_run:
            library.check_writable()  # it takes note of what is written into the files
        if library and "genre" in fields:
            tell_stale_tags(library)
        for file in Walk(paths):
            try:
                if isinstance(file, FileError):
                    raise file
                path = os.fsdecode(file.path)
                heard = _heard(library, path, embed="genre" in fields)
                values = tag_values(heard.descriptors, fields, genre=_genre(library, heard.tags or {}))
                changes = plan_tags(path, values, key_notation=key_notation)
                actions = _actions(changes, overwrite=overwrite)
                wanted = [change for change, action in zip(changes, actions, strict=True) if action != "keep"]
                if wanted and dry_run:
                    check_writable(path)
                elif wanted:
                    _write(library, path, wanted, keep_mtime=keep_mtime)
            except FileError as error:
                click.echo(f"audiorec: {error}", err=True)
                counts["failed"] += 1
                continue
            counts.update(actions, files=1, without_genre="genre" in fields and values["genre"] is None)
            _show(path, changes, actions, as_json=as_json)
    _tell(counts, dry_run=dry_run)
    ctx.exit(1 if counts["failed"] else 0)


def _library(db: str | os.PathLike | None) -> AbstractContextManager[Library | None]:
    """Return the library, or None where there is none, for one is not needed."""
    try:
        return Library(db, create=False)
    except NoLibraryError:
        return nullcontext()


def _heard(library: Library | None, path: str, *, embed: bool) -> Analysis:
    """Return what was heard in a file, its tags with `embed`: as the library remembers, if that is up to date."""
    from audiorec import analysis  # a second of imports that --help must not wait for

    if not library:
        return analysis.analyze(path, embed=embed)
    if track := library.current_track(path, embed=embed):
        return library.analysis(track)
    return library.with_taught_tags(analysis.analyze(path, embed=embed))


def _genre(library: Library | None, tags: Mapping[str, float]) -> str | None:
    """Return the genre to write: one that was taught, if one is likely, for its owner thinks in those."""
    taught = [head.name for head in library.taught_tags() if head.group == GENRE] if library else []
    return best_genre(tags, taught) or best_genre(tags)


def _actions(changes: Sequence[TagChange], *, overwrite: bool) -> list[str]:
    """Return what to do about each change: "add", "replace" or "keep".

    A field of which the file says anything else is kept whole: a peak must not stand beside someone else's gain.
    """
    said = set() if overwrite else {change.field for change in changes if change.old is not None}
    return ["keep" if c.field in said else "replace" if c.old is not None else "add" for c in changes]


def _write(library: Library | None, path: str, changes: Sequence[TagChange], *, keep_mtime: bool) -> None:
    from audiorec.metadata import write_tags

    write_tags(path, changes, keep_mtime=keep_mtime)
    if library:
        library.refresh_file(path)


def _show(path: str, changes: Sequence[TagChange], actions: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        for change, action in zip(changes, actions, strict=True):
            print_json({"path": text_path(path), "action": action} | _record(change))
    elif changes:
        console = stdout_console()
        console.print(Text(printable(path), style="bold"))
        console.print(_differences(changes, actions))


def _record(change: TagChange) -> dict[str, str | None]:
    return {"field": change.field, "name": change.name, "old": change.old, "new": change.new}


def _differences(changes: Iterable[TagChange], actions: Iterable[str]) -> Table:
    grid = Table.grid(padding=(0, 2))
    for change, action in zip(changes, actions, strict=True):
        old = NOTHING if change.old is None else printable(change.old)
        cells = ("", change.name, old, "→", printable(change.new), action)
        grid.add_row(*map(Text, cells), style="dim" if action == "keep" else None)
    return grid


def _tell(counts: Counter, *, dry_run: bool) -> None:
    """Say on stderr what was done, and what could not be."""
    verbs = {action: f"to {action}" if dry_run else done for action, done in ACTIONS.items()}
    tags = ", ".join(f"{counts[action]} {verb}" for action, verb in verbs.items() if counts[action])
    click.echo(f"{counts['files']} files; tags: {tags or 'nothing to do'}", err=True)
    if counts["keep"]:
        click.echo("kept values differ from what was heard; --overwrite replaces them", err=True)
    if counts["without_genre"]:
        click.echo(
            f"genre: none as probable as {LIKELY} for {counts['without_genre']} tracks, nothing written",
            err=True,
        )
    if counts["failed"]:
        click.echo(f"{counts['failed']} failed", err=True)

"""`audiorec history`: read what was listened to, and say what the library has of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from audiorec.cli.describe import NOTHING
from audiorec.cli.options import db_option, json_option
from audiorec.cli.output import print_json, stderr_console, stdout_console, text_path
from audiorec.cli.scan import require_any
from audiorec.errors import printable
from audiorec.library import Library

if TYPE_CHECKING:
    from audiorec.history.report import HistoryProgress, HistoryReport, Miss, UserSummary

SHOWN = 10  #: broken lines and songs without a track; --json has the others
#: What was read, in the words and the order of the summary: fields of the report, and kinds of listens.
COUNTS = {
    "files": "files",
    "read": "listens",
    "added": "of them new",
    "play": "plays",
    "skip": "skips",
    "like": "likes",
    "dislike": "dislikes",
    "playlists": "playlists",
    "no_music": "passed over: no music",
    "passed_over": "files passed over: no history",
    "songs": "different songs",
}


@click.command()
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path())
@click.option("--user", metavar="NAME", help="Whose history it is; else what the file says, else me.")
@json_option
@db_option
@click.pass_context
def history(ctx, files, user, as_json, db):
    """Read what was listened to: ListenBrainz, Last.fm, Spotify, playlists, CSV.

    Also MPD's stickers and Navidrome's database. Files are told by their content; folders and zip archives are looked
    into. Reading a file again changes nothing. Without a FILE, lists the users and how much they listened to.
    """
    if not files:
        _list_users(db, as_json=as_json)
        return
    if user is not None and (not user.strip() or user != " ".join(user.split())):
        raise click.BadParameter("must be a name, without spaces around it", param_hint="--user")
    require_any(files)
    with Library(db) as library, _display() as progress:
        report = library.import_history(files, user=user, progress=progress)
    for failure in report.failures:
        click.echo(f"audiorec: {failure}", err=True)
    if as_json:
        print_json(_record(report))
    else:
        _print(report)
        if report.added or report.playlists:
            click.echo("learn from it with: audiorec fit", err=True)
    ctx.exit(1 if report.failures else 0)


@contextmanager
def _display() -> Iterator[Callable[[HistoryProgress], None]]:
    """Give the function that `Library.import_history` is to call; it shows how far it is where there is a terminal."""
    console = stderr_console()
    if not console.is_terminal:  # where the bar would leave empty lines
        yield lambda progress: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("reading", total=None)

        def show(progress: HistoryProgress) -> None:
            doing = "matching songs to tracks" if progress.path is None else printable(progress.path)
            bar.update(task, description=f"{progress.read} listens  {doing}")

        yield show


def _record(report: HistoryReport) -> dict[str, Any]:
    """Return a report as JSON-ready values."""
    record = {name: getattr(report, name) for name in report.__dataclass_fields__}
    return record | {
        "failures": [{"path": text_path(error.path), "reason": error.reason} for error in report.failures],
        "broken_lines": [line._asdict() | {"path": text_path(line.path)} for line in report.broken_lines],
        "misses": [miss._asdict() | {"path": miss.path and text_path(miss.path)} for miss in report.misses],
    }


def _print(report: HistoryReport) -> None:
    console = stdout_console()
    console.print(_summary(report))
    lines = [f"{printable(line.path)}: {line.number}: {printable(line.reason)}" for line in report.broken_lines]
    for heading, some, count in (
        ("could not be understood", lines, report.broken),
        ("not in the library", [_miss(miss) for miss in report.misses], len(report.misses)),
    ):
        if count:
            console.print(Text(f"\n{count} {heading}:"))
        for line in some[:SHOWN]:
            console.print(Text(f"  {line}"), soft_wrap=True)
        if count > SHOWN:
            console.print(Text(f"  … and {count - SHOWN} more"))


def _summary(report: HistoryReport) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right")
    for name, words in COUNTS.items():
        count = report.kinds.get(name, 0) if name not in report.__dataclass_fields__ else getattr(report, name)
        if count or name in ("read", "added"):
            table.add_row(f"{count}", words)
    for rule, count in report.matched.items():
        if count:
            table.add_row(f"{count}", f"  found by {rule}")
    return table


def _miss(miss: Miss) -> str:
    name = f"{miss.artist} – {miss.title}" if miss.artist and miss.title else miss.path or "a song without a name"
    return printable(name) + (f"  ({miss.count} times)" if miss.count > 1 else "")


def _list_users(db, *, as_json: bool) -> None:
    with Library(db, create=False) as library:
        users = library.users()
    if not users:
        click.echo("nobody has listened to anything yet; bring some in with: audiorec history FILE", err=True)
    elif as_json:
        for user in users:
            print_json(user)
    else:
        stdout_console().print(_user_table(users))


def _user_table(users: list[UserSummary]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("user", "plays", "skips", "likes", "dislikes", "songs", "found", "from", "to"):
        table.add_column(name, justify="left" if name in ("user", "from", "to") else "right", no_wrap=name != "user")
    for user in users:
        counts = (user.plays, user.skips, user.likes, user.dislikes, user.songs, user.matched)
        cells = (printable(user.name), *map(str, counts), _day(user.first), _day(user.last))
        table.add_row(*map(Text, cells))
    return table


def _day(seconds: float | None) -> str:
    return NOTHING if seconds is None else time.strftime("%Y-%m-%d", time.gmtime(seconds))

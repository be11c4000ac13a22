"""`audiorec stats`: the library in numbers and histograms."""

import click
from rich.table import Table
from rich.text import Text

from audiorec.cli.describe import bar
from audiorec.cli.options import db_option, json_option
from audiorec.cli.output import print_json, stdout_console
from audiorec.errors import printable
from audiorec.library import Library
from audiorec.stats import LibraryStats

HISTOGRAMS = ("bpm", "key", "energy", "decade", "genre")
MAX_BARS = 25  #: the longest tail is that of genres
BAR_WIDTH = 40  #: characters of the longest bar


@click.command()
@json_option
@db_option
def stats(as_json, db):
    """Show the library in numbers and histograms."""
    with Library(db) as library:
        numbers = library.stats()
    if as_json:
        print_json(numbers)
        return
    console = stdout_console()
    console.print(headline(numbers))
    for name in HISTOGRAMS:
        counts = getattr(numbers, name)
        if counts:
            console.print()
            console.print(Text(name, style="bold cyan"))
            console.print(histogram(counts))


def headline(numbers: LibraryStats) -> str:
    """Return the counts in one line."""
    failed = sum(numbers.failed.values())
    return f"{numbers.tracks} tracks, {numbers.hours:.1f} hours; {numbers.missing} missing, {failed} failed"


def histogram(counts: dict[str, int]) -> Table:
    """Return label, bar and number for each of the first `MAX_BARS` entries."""
    longest = max(counts.values())
    grid = Table.grid(padding=(0, 2))
    grid.add_column(justify="right")
    grid.add_column(width=BAR_WIDTH)
    grid.add_column(justify="right")
    for label, count in list(counts.items())[:MAX_BARS]:
        grid.add_row(Text(printable(label)), Text(bar(count / longest, BAR_WIDTH), style="cyan"), str(count))
    if len(counts) > MAX_BARS:
        grid.add_row("…", "", f"{len(counts) - MAX_BARS} more")
    return grid

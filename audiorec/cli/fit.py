"""`audiorec fit`: learn from the listening history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from audiorec.cli.describe import counted
from audiorec.cli.options import db_option, json_option
from audiorec.cli.output import print_json, stdout_console
from audiorec.cli.progress import steps_display
from audiorec.library import Library

if TYPE_CHECKING:
    from audiorec.fitting import FitReport


@click.command()
@json_option
@db_option
def fit(as_json, db):
    """Learn from the listening history who likes what.

    Run it after importing history. What it learns is stored in the library.
    """
    with Library(db, create=False) as library, steps_display("learning, indexing") as progress:
        report = library.fit(progress=progress)
    if as_json:
        print_json(report)
    else:
        stdout_console().print(summary(report), soft_wrap=True)


def summary(report: FitReport) -> str:
    """Return what was learned from, and what was chosen, in four lines."""
    lines = [
        f"{counted(report.users, 'user')}, {counted(report.playlists, 'playlist')}, {counted(report.songs, 'song')};"
        f" {counted(report.plays, 'pair')} of listener and song",
        f"{report.heard} of {report.tracks} tracks with an embedding have listeners",
    ]
    if report.ndcg is None:
        lines.append("too little to learn from: recommendations go by sound alone")
        return "\n".join([*lines, "bring listening history in with: audiorec history FILE"])
    lines.append(f"listening counts {report.blend:.0%} against sound, as far as nothing else is asked for")
    lines.append(f"nDCG of hidden plays: {report.ndcg:.3f}, by sound alone {report.ndcg_of_sound:.3f}")
    return "\n".join(lines)

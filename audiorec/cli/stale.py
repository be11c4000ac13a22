"""Which taught tags are of no use any more, told on stderr."""

import shlex

import click

from audiorec.library import Library


def tell_stale_tags(library: Library) -> None:
    """Say in one line which tags were taught on another model than the present one, and how to teach them again."""
    if stale := library.stale_tags():
        names = ", ".join(head.name for head in stale)
        again = " and ".join(f"--from {shlex.quote(source)}" for source in sorted({head.source for head in stale}))
        click.echo(
            f"audiorec: tags of another model, which the present one does not know: {names}; teach them again with:"
            f" audiorec train tags {again}",
            err=True,
        )

"""`audiorec train`: teach what is learned, from your own music."""

import click

from audiorec.cli import LazyGroup

#: Every subcommand and its short help; subcommand NAME is in the module ``train_NAME``.
SUBCOMMANDS = {
    "encoder": "Teach an encoder on folders of music.",
    "beats": "Teach the beat network on annotated recordings.",
    "tags": "Teach tags from the library's genres or from a list of examples.",
}


@click.group(cls=LazyGroup, summaries=SUBCOMMANDS, prefix="audiorec.cli.train_")
def train():
    """Teach the encoder, the beat network or tags from your own music."""

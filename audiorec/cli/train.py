"""`audiorec train`: teach what is learned, from your own music."""

import click

from audiorec.cli import LazyGroup

#: Every subcommand and its short help; subcommand NAME is in the module ``train_NAME``.
SUBCOMMANDS = {
    "encoder": "Teach an encoder on folders of music.",
}


@click.group(cls=LazyGroup, summaries=SUBCOMMANDS, prefix="audiorec.cli.train_")
def train():
    """Teach the encoder from your own music."""

"""`audiorec train`: teach what is learned, from your own music."""

import importlib.util
from collections.abc import Iterable

import click

from audiorec.cli import LazyGroup
from audiorec.errors import AudiorecError

#: Every subcommand and its short help; subcommand NAME is in the module ``train_NAME``.
SUBCOMMANDS = {
    "encoder": "Teach an encoder on folders of music.",
    "beats": "Teach the beat network on annotated recordings.",
    "key": "Teach the network for keys on recordings whose key is known.",
    "tags": "Teach tags from the library's genres or from a list of examples.",
}


@click.group(cls=LazyGroup, summaries=SUBCOMMANDS, prefix="audiorec.cli.train_")
def train():
    """Teach the encoder, the networks for beats and keys, or tags from your own music."""


def require_packages(names: Iterable[str]) -> None:
    """Raise an `AudiorecError` that says what to install, where any of these packages is missing."""
    if missing := [name for name in names if not importlib.util.find_spec(name)]:
        raise AudiorecError(f"training needs {', '.join(missing)}: pip install 'audiorec[train]'")

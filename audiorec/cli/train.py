"""`audiorec train`: teach what is learned, from your own music."""

import importlib.util
from collections.abc import Callable, Iterable
from pathlib import Path

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


NETWORK_PACKAGES = ("torch", "safetensors")

annotated_argument = click.argument(
    "folders", metavar="FOLDER...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)


def network_output_option(name: str) -> Callable:
    """Return the option that says where the network of that name goes."""
    return click.option(
        "-o",
        "--output",
        metavar="MODELS",
        required=True,
        type=click.Path(file_okay=False, path_type=Path),
        help=f"The folder to write {name}.json and {name}.safetensors to.",
    )


def require_packages(names: Iterable[str]) -> None:
    """Raise an `AudiorecError` that says what to install, where any of these packages is missing."""
    if missing := [name for name in names if not importlib.util.find_spec(name)]:
        raise AudiorecError(f"training needs {', '.join(missing)}: pip install 'audiorec[train]'")

"""`nem schema`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from nem_cli.terminal import messages as terminal


@terminal.command
def schema(
    kind: Annotated[
        Literal["experiment", "protocols"], typer.Argument(help="Of an experiment, or of a search through protocols.")
    ] = "experiment",
) -> None:
    """Print the JSON Schema of a config, with which an editor completes and checks it.

    \b
    Example:
      nem schema > nem.schema.json

    Editors with the YAML language server then take it from a config's first line:

    \b
      # yaml-language-server: $schema=nem.schema.json
    """  # noqa: D301  (\b keeps the lines of the examples apart)
    import json

    from nem_cli.experiment.schema import json_schema
    from nem_cli.paper.protocols.config import search_schema

    typer.echo(json.dumps(json_schema() if kind == "experiment" else search_schema(), indent=2))

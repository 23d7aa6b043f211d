"""Running a command inside the test process, with standard output and standard error apart."""

from __future__ import annotations

import inspect

from typer.testing import CliRunner

from nem_cli.cli.app import app

_APART = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner.__init__).parameters else {}


def invoke(*arguments, input=None, env=None):
    """``nem ARGUMENTS``: exit_code, stdout, stderr."""
    return CliRunner(**_APART).invoke(app, [str(argument) for argument in arguments], input=input, env=env)

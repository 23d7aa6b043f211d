"""Running a command inside the test process, with standard output and standard error apart."""

from __future__ import annotations

import functools
import inspect

from typer import testing

from nem_cli.cli.app import app

_APART = {"mix_stderr": False} if "mix_stderr" in inspect.signature(testing.CliRunner.__init__).parameters else {}
testing._get_command = functools.cache(testing._get_command)  # typer makes the commands anew for each invocation


def invoke(*arguments, input=None, env=None):
    """``nem ARGUMENTS``: exit_code, stdout, stderr."""
    return testing.CliRunner(**_APART).invoke(app, [str(argument) for argument in arguments], input=input, env=env)

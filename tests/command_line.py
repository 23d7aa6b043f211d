"""Running a command inside the test process, with standard output and standard error apart."""

from __future__ import annotations

import contextlib
import functools
import inspect

from typer import testing

from nem_cli.cli.app import app

_APART = {"mix_stderr": False} if "mix_stderr" in inspect.signature(testing.CliRunner.__init__).parameters else {}
testing._get_command = functools.cache(testing._get_command)  # typer makes the commands anew for each invocation


def invoke(*arguments, input=None, env=None, cwd="."):
    """``nem ARGUMENTS`` in a folder: exit_code, stdout, stderr, and returncode, as of a process."""
    with contextlib.chdir(cwd):
        done = testing.CliRunner(**_APART).invoke(app, [*map(str, arguments)], input=input, env=env)
    done.returncode = done.exit_code
    return done

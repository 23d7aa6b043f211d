"""What a person sees: true messages, texts as they are, the Tab key, and a terminal of 80 columns."""

from __future__ import annotations

import importlib
import os
import pty
import re
import subprocess
import sys
import termios
from dataclasses import replace

import children
import pytest
import typer
from command_line import invoke

import nem_cli
from nem_cli.experiment.load import load
from nem_cli.statistics.summary import fewest
from nem_cli.terminal import messages as terminal

OWN = """
name: own
title: "[bold] means :smile: nothing here"
mixture: {weights: [0.5, 0.5], means: [-1, 1], variances: [1, 1]}
sample_size: 20
sweep: {sigma: [0, 1]}
trials: 5
bootstrap: {resamples: 100}
"""


@pytest.fixture
def own(tmp_path):
    """A minimal config, and the folder for its run, whose name a markup language would eat."""
    (tmp_path / "own.yaml").write_text(OWN)
    return tmp_path / "own.yaml", tmp_path / "[red]"


def on_a_terminal(*arguments, columns=80, cwd):
    """Run nem on a pseudo-terminal; its exit code and what it wrote."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (50, columns))
    environment = {name: value for name, value in children.environment().items() if name not in ("COLUMNS", "LINES")}
    process = subprocess.Popen(
        [*children.NEM, *map(str, arguments)], cwd=cwd, stdin=theirs, stdout=theirs, stderr=theirs,
        env=environment | {"TERM": "xterm-256color"},
    )  # fmt: skip
    os.close(theirs)
    written = b""
    try:
        while part := os.read(ours, 65536):
            written += part
    except OSError:  # Linux says so where other systems return nothing
        pass
    os.close(ours)
    return process.wait(children.PATIENCE), written.decode()


def plain_lines(written):
    """Without colours and cursor movements."""
    return re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written))


def test_a_run_fits_80_columns_and_shows_its_progress(own, tmp_path):
    code, written = on_a_terminal("sweep", own[0].name, "--out", own[1].name, "--jobs", 1, cwd=tmp_path)
    assert code == 0
    lines = plain_lines(written)
    assert max(map(len, lines)) <= 80
    assert any(re.match(r"own .*10/10 trials, left 0:00:00", line) for line in lines)
    assert "[bold] means :smile: nothing here" in lines
    assert "\x1b[1m" in written


def test_messages_break_between_words_on_a_terminal_alone(own, tmp_path):
    code, written = on_a_terminal("sweep", "nothing", columns=60, cwd=tmp_path)
    assert code == 2
    lines = plain_lines(written.strip())
    assert len(lines) > 1
    assert max(map(len, lines)) <= 60
    piped = invoke("sweep", "nothing", cwd=tmp_path).stderr
    assert piped.count("\n") == 1
    assert " ".join(lines) == piped.strip()


def test_piped_texts_have_no_colours_and_fit_80_columns(own, tmp_path):
    swept = invoke("sweep", own[0], "--out", own[1], "--jobs", 1, "--notes", cwd=tmp_path)
    verified = invoke("verify", own[0], "--out", tmp_path / "v", "--samples", 100, cwd=tmp_path)
    for done in (swept, verified):
        assert (done.returncode, done.stderr) == (0, "")
        assert "\x1b" not in done.stdout
        written = [line for line in done.stdout.splitlines() if not line.startswith("Written to")]
        assert max(map(len, written)) <= 80
    assert "[bold] means :smile: nothing here" in swept.stdout
    assert swept.stdout.endswith(f"Written to {own[1]}\n")


def test_every_swept_setting_is_shown_and_no_number_is_cut_off(own, tmp_path):
    swept = "sweep={sigma: [0, 1.25], noise.injection: [additive, multiplicative], start: [moments, random-points]}"
    done = invoke("sweep", own[0], "--out", own[1], "--jobs", 1, "--set", swept)
    assert (done.exit_code, done.stderr) == (0, "")
    for columns in ("80", "40"):
        shown = invoke("show", own[1], env={"COLUMNS": columns}).stdout
        assert "…" not in shown
        for injection in ("additive", "multiplicative"):
            for start in ("moments", "random-points"):
                assert f"injection {injection}, start {start}" in " ".join(shown.split())
        for row in nem_cli.Run.open(own[1]).rows:
            assert f"{row.ci_low:.2f} to {row.ci_high:.2f}" in shown
        assert shown.count("1.25") == 4
    assert max(map(len, done.stdout.replace(str(own[1]), "").splitlines())) <= 80


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
@pytest.mark.parametrize("arguments", [["schema"], ["check", "mnem"], ["figures", "--dry-run"]])
def test_a_full_standard_output_is_one_message(arguments):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*children.NEM, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, env=children.environment(),
            check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "nem: [Errno 28] No space left on device\n"


def test_no_work_is_done_for_a_folder_that_cannot_be(own, tmp_path, monkeypatch):
    module = importlib.import_module("nem_cli.verify.verify")
    monkeypatch.setattr(module, "verify", lambda *given, **settings: pytest.fail("it measured"))
    for out in (own[0], own[0] / "below"):
        done = invoke("verify", own[0], "--out", out)
        assert (done.exit_code, done.stdout) == (2, "")
        assert f"{out}: is a file, or lies in one; results need a folder" in done.stderr


def test_an_interrupted_command_says_what_is_kept_if_anything_is(capsys):
    def interrupted():
        raise KeyboardInterrupt

    for decorate, message in (
        (terminal.command, "nem: interrupted\n"),
        (
            terminal.resumable,
            "nem: interrupted; finished blocks are kept, and the same command goes on where this one stopped\n",
        ),
    ):
        with pytest.raises(typer.Exit) as ended:
            decorate(interrupted)()
        assert ended.value.exit_code == 130
        assert capsys.readouterr().err == message


def test_a_log_gets_a_line_of_progress_now_and_then(capsys, monkeypatch):
    seconds = iter([0, 10, 31, 40, 62])
    monkeypatch.setattr(terminal.time, "monotonic", lambda: next(seconds))
    with terminal.progress("own") as report:
        for done in (10, 20, 30):
            report(done, 1000)
    assert capsys.readouterr().err == "own: 20 of 1,000 trials\n"


def test_parameters_of_library_messages_are_the_commands_options(own):
    done = invoke("sweep", own[0], "--until-ci", -1)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == "nem: --until-ci: must be a number of M-steps above 0 (got -1.0)\n"
    done = invoke("sweep", own[0], "--max-trials", 10)
    assert done.stderr == "nem: --max-trials: needs --until-ci\n"
    assert children.nem("sweep", own[0], "-j", 0, cwd=own[0].parent).stderr.startswith("nem: -j: must be a whole")


def test_wrong_names_get_a_hint(own, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    nem_cli.sweep("own.yaml", jobs=1)
    for arguments, message in (
        (["check", "configs/mnem.yaml"], "did you mean mnem?"),
        (["check", "results"], "results: is a folder, not a config file"),
        (["show", "own"], "own: there is no such folder; did you mean results/own?"),
        (["replay", "own", "--sigma", 1, "--trial", 0], "own: there is no such folder; did you mean results/own?"),
        (["show", "own.yaml"], "own.yaml: is a file, not a run's folder"),
        (["compare", "additive", "multiplicative", "--dry-run", "--timeout", -1], "--timeout: must be a number of"),
        (["show", "results"], "results: is no finished run"),
    ):
        done = invoke(*arguments)
        assert (done.exit_code, done.stdout) == (2, "")
        assert message in done.stderr


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("nem sweep mn", ["mnem"]),
        ("nem verify companion-a", ["companion-anem"]),
        ("nem check an", ["anem"]),
        ("nem compare additive mu", ["multiplicative"]),
        ("nem sweep my-own/file", []),
    ],
)
def test_tab_offers_names_and_imports_nothing_heavy(line, offered):
    words = line.split()
    code = (
        "import sys\n"
        "from nem_cli.cli.app import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "loaded = {'numpy', 'scipy', 'yaml', 'matplotlib'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1), "_NEM_COMPLETE": "complete_bash"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=children.environment(asked), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == offered


def test_the_fewest_m_steps_are_marked_only_where_a_rule_ends_the_trials(own, tmp_path):
    experiment = load(own[0], ["stop.max_iterations=3"])
    run = nem_cli.sweep(experiment, out=tmp_path / "stops", jobs=1)
    assert fewest(run.rows) in run.rows
    fixed = nem_cli.sweep(load(own[0], ["stop={rule: never, max_iterations: 3}"]), out=tmp_path / "fixed", jobs=1)
    assert fewest(fixed.rows) is None
    assert fixed._repr_html_().count("font-weight: bold") == 0
    mixed = [replace(fixed.rows[0], mean_iterations=3.0), replace(run.rows[0], mean_iterations=5.0)]
    assert fewest(mixed) is mixed[1]


def test_every_command_has_a_summary_that_fits_its_line():
    commands = invoke("--help").stdout.split("Commands:")[1]
    assert "..." not in commands
    assert max(map(len, commands.splitlines())) <= 80
    for name in ("sweep", "compare", "figures", "fit", "verify", "replay", "check", "schema", "show"):
        help_text = invoke(name, "--help").stdout
        assert "Example" in help_text
        assert max(map(len, help_text.splitlines())) <= 80

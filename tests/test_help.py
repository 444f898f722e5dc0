"""Help and global options: each verb tells its own, the rest stands in `udo --help`, and all work on both sides."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from udo.cli import root

Udo = Callable[..., Any]

GLOBAL = ("--config", "--profile", "--region", "--quiet", "--verbose", "--debug", "--color", "--wide", "--sandbox")
# Verbs that want a word, and one that they take.
WANTED = {
    **{f"serve key {how}": ["one"] for how in ("add", "revoke", "rotate")},
    "sandbox step": ["1"],
    "sandbox fault add": ["drop"],
    "stack events": ["one"],
    "stack plan": ["one"],
}
LINE = "  The options that every verb has (-c, -o, -q, -v ...) are in 'udo --help'.\n"
COMMANDS = Path(__file__).parents[1] / "udo" / "commands"


def _commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))


ALL = [" ".join(path) for path in _commands(root)]
CHANGING = (
    "apply",
    "attach",
    "cp",
    "create",
    "dashboard",
    "deploy",
    "destroy",
    "detach",
    "init",
    "lock",
    "prune",
    "refresh",
    "resume",
    "rollback",
    "scale",
    "sleep",
    "ssh",
    "stack create",
    "stack delete",
    "stack update",
    "standby",
    "stop",
    "suspend",
    "unlock",
    "update",
    "updatelc",
    "wake",
)


def _listed(text: str) -> set[str]:
    """The options that a help text has a line for."""
    return set(re.findall(r"^  (?:-\w, )?(--[\w-]+)", text.partition("\nOptions:")[2], re.MULTILINE))


def test_the_global_options_stand_in_the_help_of_udo_once(udo: Udo) -> None:
    text = udo("--help").stdout
    assert {*GLOBAL, "--dry-run", "--yes", "--output"} <= _listed(text)
    assert [text.count(f"{option} ") + text.count(f"{option}\n") for option in GLOBAL] == [1] * len(GLOBAL)


@pytest.mark.parametrize("verb", ALL)
def test_a_verb_tells_its_own_options_and_where_the_others_are(udo: Udo, verb: str) -> None:
    text = udo(*verb.split(), "--help").stdout
    assert not _listed(text) & set(GLOBAL)
    assert text.endswith(LINE)
    takes = {"--dry-run", "--yes"} if verb in CHANGING else {"--yes"} if verb == "plan" else set()
    assert _listed(text) & {"--dry-run", "--yes"} == takes
    streams = ("cp", "refresh", "ssh", "stack create", "stack delete", "stack events", "stack update")
    assert ("--output" in _listed(text)) == (verb in (*streams, "dashboard", "instances", "inventory", "status"))


@pytest.mark.parametrize("verb", ALL)
def test_help_of_a_verb_is_the_verb_with_help(udo: Udo, verb: str) -> None:
    assert udo("help", *verb.split()).stdout == udo(*verb.split(), "--help").stdout != ""


def test_help_alone_is_that_of_udo_and_of_what_is_no_verb_an_error(udo: Udo) -> None:
    assert udo("help").stdout == udo("--help").stdout == udo("help", "help").stdout
    told = udo("help", "statsu")
    assert (told.exit, told.stdout, told.stderr) == (2, "", "udo: no verb 'statsu': did you mean 'status'?\n")


@pytest.mark.parametrize(
    "verb",
    [verb for verb in ALL if verb not in (*CHANGING, "config", "sandbox", "sandbox fault", "serve key", "stack")],
)
@pytest.mark.parametrize("flag", ["--dry-run", "--yes", "-n", "-y"])
def test_a_verb_that_changes_nothing_takes_no_option_of_changes_on_either_side(udo: Udo, verb: str, flag: str) -> None:
    if verb == "plan" and flag in ("--yes", "-y"):
        return
    Path("udo.yml").write_text("clusters: {prod: {roles: {web: {}}}}\n")
    name = {"-n": "--dry-run", "-y": "--yes"}.get(flag, flag)
    words = [*verb.split(), *WANTED.get(verb, [])]
    for line in ([*words, flag], [flag, *words]):
        told = udo(*line)
        assert (told.exit, told.stdout) == (2, "")
        assert told.stderr == f"udo: udo {verb} takes no {name}: only verbs that change something do\n"


@pytest.mark.parametrize("flag", ["-n", "-y"])
def test_a_verb_that_changes_something_takes_them_on_both_sides(udo: Udo, flag: str) -> None:
    Path("udo.yml").write_text("clusters: {prod: {roles: {web: {}}}}\n")
    for verb in CHANGING:
        for line in ([*verb.split(), flag, "nowhere"], [flag, *verb.split(), "nowhere"]):
            assert f"takes no {flag}" not in (told := udo(*line).stderr)
            assert "No such option" not in told


def test_a_variable_of_the_shell_disturbs_no_verb_that_changes_nothing(udo: Udo) -> None:
    Path("udo.yml").write_text("clusters: {prod: {roles: {web: {ami: ami-12345678}}}}\n")
    assert udo("check", env={"UDO_DRY_RUN": "1"}).exit == 0


def test_whatever_can_ask_takes_yes_and_whatever_finishes_a_plan_takes_both() -> None:
    paths = {" ".join(path.relative_to(COMMANDS).with_suffix("").parts): path for path in COMMANDS.rglob("[a-z]*.py")}
    sources = {name: path.read_text(encoding="utf-8") for name, path in paths.items()}
    ends = re.compile(r"\b(finish|finish_each|Ending|written|Run|changed|deleted)\(")
    finishing = {name for name, text in sources.items() if ends.search(text)}
    assert finishing == set(CHANGING)
    assert {name for name, text in sources.items() if "options.yes" in text} <= {*CHANGING, "plan"}


@pytest.mark.parametrize(
    ("words", "verb"),
    [
        (("deploy", "prod", "web", "v1", "--timeout", "60"), "deploy"),
        (("updatelc", "prod", "web", "--set", "nosuch=1"), "updatelc"),
        (("ssh", "prod", "web", "true", "--state", "Bogus"), "ssh"),
        (("ssh", "prod", "web", "true", "--nosuch"), "ssh"),
        (("config", "show", "prod", "web", "--nosuch"), "config show"),
        (("sandbox", "step", "soon"), "sandbox step"),
    ],
)
def test_a_document_names_its_verb_whatever_is_wrong_with_the_words(
    udo: Udo, words: tuple[str, ...], verb: str
) -> None:
    Path("udo.yml").write_text("clusters: {prod: {roles: {web: {}}}}\n")
    for line in ((*words, "-o", "json"), ("-o", "json", *words)):
        told = udo(*line)
        assert (told.exit, told.json["command"], told.json["error"]["code"]) == (2, verb, "usage")


def test_every_verb_prints_the_usual_document_and_raw_formats_have_names_of_their_own(udo: Udo) -> None:
    raw = udo("config", "schema")
    document = udo("config", "schema", "-o", "json").json
    assert list(document) == ["udo", "command", "ok", "exit", "data", "error"]
    assert raw.json == document["data"]
    echoing = [path.stem for path in COMMANDS.rglob("[a-z]*.py") if "click.echo" in path.read_text(encoding="utf-8")]
    assert sorted(echoing) == ["cloudinit", "inventory"], "which print a document all the same where that is asked for"

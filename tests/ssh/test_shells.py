"""Words, variables and scripts under login shells of every kind, on real servers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import accounts
import pytest
import sshd_farm
import ssm_agent
from conftest import Run, endings, output
from fleet import WHOLE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from whole import some

from udo.fanout.how import remote
from udo.fanout.ssm.script import script as ssm_script
from udo.ssh import Target

SHELLS = ("sh", "bash", "dash", "zsh", "fish", "tcsh", "busybox")
BY_SSM = [f"{name} through ssm" for name in SHELLS]
SOME = settings(
    max_examples=100 if WHOLE else 5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
# What one shell or another reads as something else, and any byte but NUL.
_PIECES = st.sampled_from(
    [
        *(
            "'",
            '"',
            "\\",
            "\\\\",
            "\\'",
            "!",
            "!!",
            "\n",
            "\r",
            "\t",
            " ",
            "$HOME",
            "${x}",
            "$(id)",
            "`id`",
            "~",
            "*",
            "?",
        ),
        *(
            "[a]",
            "{a,b}",
            "(b)",
            "<",
            ">",
            "&",
            "|",
            ";",
            "#",
            "%1",
            "^a^b",
            "=ls",
            "-n",
            "\\0101",
            "%s",
            "\udcff",
            "é",
            "\1",
        ),
    ]
)
_CHARACTERS = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
WORDS = st.lists(st.one_of(_PIECES, st.text(_CHARACTERS, max_size=6)), max_size=6).map("".join)

Ran = Callable[..., bytes]


@pytest.fixture(scope="module")
def shells(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Target]]:
    """A server with an account for each shell; gives the account's host, or skips where the shell is not installed."""
    folder = tmp_path_factory.mktemp("shells")
    found = {name: Path(path) for name in SHELLS if (path := shutil.which(name))}
    if busybox := found.get("busybox"):
        # It is whatever it is called as.
        found["busybox"] = folder / "ash"
        found["busybox"].symlink_to(busybox)
    found["nologin"] = Path("/usr/sbin/nologin")
    (folder / "sudo").write_text('#!/bin/sh\n[ "$1 $2" = "-n --" ] || exit 90\nshift 2\nexec "$@"\n')
    (folder / "sudo").chmod(0o755)
    with sshd_farm.farm(folder) as farm:
        farm.environment = accounts.environment(folder, {f"of-{name}": path for name, path in found.items()}, folder)
        # Of two lines the first counts, unless the second is of a block.
        variables = f"HOME={folder}/home UDO_FARM={farm.mark} PATH={folder}:{os.environ['PATH']}"
        (host,) = farm.hosts(more=f"Match all\nSetEnv {variables}")

        def account(name: str) -> Target:
            if name not in found:
                pytest.skip(f"{name} is missing: install it to run the tests of this login shell")
            return replace(host, user=f"of-{name}")

        yield account


@pytest.fixture(params=SHELLS)
def ran(request: pytest.FixtureRequest, shells: Callable[[str], Target], run: Run) -> Ran:
    """What the command of a command line says under this login shell, once it has ended well."""
    return as_ran(request.param, shells, run)


def as_ran(name: str, shells: Callable[[str], Target], run: Run) -> Ran:
    """What `ran` gives, of a login shell."""
    target = shells(name)

    def ran(
        words: Sequence[str] = (),
        after: Sequence[str] = (),
        script: Path | None = None,
        env: Mapping[str, str] | None = None,
        sudo: bool = False,
    ) -> bytes:
        made = remote(words, after, script, env or {}, sudo=sudo)
        events = run([target], made.command, stdin=made.stdin)
        assert [done.outcome for done in endings(events)] == ["ok"], endings(events)
        return output(events)

    return ran


@pytest.fixture(params=[*SHELLS, *some(BY_SSM, *BY_SSM[1::3], BY_SSM[5])])
def carried(request: pytest.FixtureRequest, tmp_path: Path) -> Ran:
    """The same over both engines: ssh, and the script for the agent of Systems Manager."""
    name, _, by_ssm = request.param.partition(" ")
    if not by_ssm:
        return as_ran(name, request.getfixturevalue("shells"), request.getfixturevalue("run"))
    place = shutil.which(name) or pytest.skip(f"{name} is missing: install it to run the tests of this login shell")
    if name == "busybox":
        # It is whatever it is called as.
        (tmp_path / "ash").symlink_to(place)
        place = str(tmp_path / "ash")

    def ran(
        words: Sequence[str] = (), after: Sequence[str] = (), script: Path | None = None, sudo: bool = False
    ) -> bytes:
        made = remote(words, after, script, {}, sudo=sudo)
        text = ssm_script(made.plain, made.stdin, f"of-{name}", sudo=sudo, mark=ssm_agent.MARK)
        assert "{{" not in text
        done = ssm_agent.run(text, tmp_path, place)
        assert (done.returncode, done.stderr.splitlines()[-1]) == (0, f"{ssm_agent.MARK} 0".encode()), done.stderr
        return done.stdout

    return ran


def bytes_of(words: Sequence[str]) -> bytes:
    return b"".join(word.encode("utf-8", "surrogateescape") + b"\0" for word in words)


@SOME
@given(words=st.lists(WORDS, min_size=1, max_size=4), sudo=st.booleans())
def test_words_arrive_as_typed(carried: Ran, words: list[str], sudo: bool) -> None:
    assert carried(after=["printf", "%s\\0", *words], sudo=sudo) == bytes_of(words)


ODD = ["a\\", "{{ssm:x}}", "d'e", "$HOME *", "", "b!c", "f\ng", "~", "{a,b}"]
BAD = ["echo 'a", "no-such-program", "if", "( echo a"]


# Alone: where one of the words needs more than quotes, all get it.
@pytest.mark.parametrize("word", some(ODD, *ODD[:4]))
def test_a_word_alone_arrives_as_typed(carried: Ran, word: str) -> None:
    assert carried(after=["printf", "%s.", word]).removesuffix(b"\n") == f"{word}.".encode()


@SOME
@given(value=WORDS, word=WORDS, sudo=st.booleans())
@pytest.mark.whole
def test_a_variable_and_the_command_that_reads_it_arrive_as_typed(ran: Ran, value: str, word: str, sudo: bool) -> None:
    assert ran(after=["sh", "-c", 'printf "%s\\0" "$A" "$1"', "-", word], env={"A": value}, sudo=sudo) == bytes_of(
        [value, word]
    )
    assert ran(["printf '%s\\0' \"$A\" '!'\nprintf 'b\\0'"], env={"A": value}, sudo=sudo) == bytes_of([value, "!", "b"])


SCRIPTS = {
    "sh": 'read x; for one in "$@"; do printf "%s\\0" "$one"; done\n',
    "bash": '#!/bin/bash -e\ncat; printf "%s\\0" "$@"\n',
    "fish": "#!/usr/bin/env fish\ncat\nfor one in $argv\n printf '%s\\0' $one\nend\n",
    "tcsh": "#!/usr/bin/env tcsh\ncat\nforeach one ($argv:q)\n printf '%s\\0' $one:q\nend\n",
    "python": "#!/usr/bin/env python3\nimport os, sys\nfor a in sys.argv[1:]: os.write(1, os.fsencode(a) + bytes(1))\n",
}


@pytest.mark.parametrize("kind", SCRIPTS)
@pytest.mark.whole
def test_the_words_of_a_script_arrive_as_typed_whatever_runs_it(carried: Ran, tmp_path: Path, kind: str) -> None:
    if kind in ("fish", "tcsh") and not shutil.which(kind):
        pytest.skip(f"{kind} is missing: install it to run its scripts")
    script = tmp_path / "script"
    script.write_text(SCRIPTS[kind])
    words = ["a b", "c\\", "d!", "'", "e\nf" if kind != "tcsh" else "e f", "$HOME"]
    assert carried(after=words, script=script) == bytes_of(words)
    assert carried(after=words, script=script, sudo=True) == bytes_of(words)


def test_a_script_with_variables_reads_them_first(ran: Ran, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(SCRIPTS["bash"])
    assert ran(after=["a b", "d!"], script=script, env={"A": "b"}, sudo=True) == bytes_of(["a b", "d!"])


def test_a_very_long_word_arrives_whole(ran: Ran) -> None:
    assert ran(after=["printf", "%s", "!" * 20_000]) == b"!" * 20_000


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("command", some(BAD, *BAD[:2]))
def test_a_command_that_the_shell_cannot_run_is_a_failure(
    shells: Callable[[str], Target], run: Run, shell: str, command: str
) -> None:
    # On a terminal fish opens the manual of a lone `if` in a pager, which waits for a person.
    on_terminal = (WHOLE or shell == "fish") and (shell, command) != ("fish", "if")
    for via in ("paramiko", "openssh") if WHOLE or shell == "fish" else ("paramiko",):
        for tty in (False, True) if on_terminal else (False,):
            (done,) = endings(run([replace(shells(shell), via=via)], command, tty=tty))
            assert (done.outcome, bool(done.status)) == ("failed", True), done


@pytest.mark.parametrize("command", ["no-such-program; true", "ls /no*such; true", "echo 'fish: x' >&2", "true"])
def test_what_fish_did_run_to_a_good_end_is_no_failure(shells: Callable[[str], Target], run: Run, command: str) -> None:
    for tty in (False, True):
        (done,) = endings(run([shells("fish")], command, tty=tty))
        assert (done.outcome, done.status) == ("ok", 0)


@pytest.mark.whole
@pytest.mark.parametrize("via", ["paramiko", "openssh"])
def test_nologin_is_told_as_what_it_is(shells: Callable[[str], Target], run: Run, via: str) -> None:
    for tty in (False, True):
        (done,) = endings(run([replace(shells("nologin"), via=via)], "echo hi", tty=tty))
        assert (done.outcome, done.status) == ("failed", 1)
        assert done.reason == "the login shell is nologin: no command is run for this account"

"""What becomes of the answers of `ssh -G`, whatever they are like, and of settings that would keep a command off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Run, endings, output

from udo.errors import UsageError
from udo.ssh import Target
from udo.ssh.resolving import resolved


def configured(host: Target, folder: Path, text: bytes) -> Target:
    """The host with a configuration in which nothing but its address is left to say."""
    path = folder / "config"
    path.write_bytes(text)
    return replace(host, config=str(path))


def test_a_configuration_need_not_be_utf_8(host: Target, run: Run, tmp_path: Path) -> None:
    text = b"Host *\n  SendEnv M\xfc\n  PreferredAuthentications publickey\n"
    events = run([configured(host, tmp_path, text)])
    assert output(events) == b"hi\n", endings(events)


def test_an_error_of_ssh_names_file_line_and_option(host: Target, tmp_path: Path) -> None:
    target = configured(host, tmp_path, b"Port 22\nHost *\n  UseKeyring yes\n  NoSuchOption 1\n")
    with pytest.raises(UsageError) as caught:
        resolved([target])
    for told in (f"{target.config}: line 3: Bad configuration option: usekeyring", "line 4", "nosuchoption"):
        assert told in caught.value.message
    assert "terminating" not in caught.value.message
    assert "[" not in caught.value.message


def test_a_slow_answer_is_waited_for_and_one_that_never_comes_is_named(
    host: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = configured(host, tmp_path, b'Match exec "sleep 1.5; false"\n  ProxyJump x\nHost *\n  Port 23\n')
    assert resolved([replace(target, unset=("port",))])[0][0].port == 23
    monkeypatch.setattr("udo.ssh.resolving._PATIENCE", 0.3)
    with pytest.raises(UsageError, match=r"ssh -G 127\S+: no answer within 0.3 s") as caught:
        resolved([target])
    assert "Match exec" in (caught.value.hint or "")


@pytest.mark.parametrize("via", ["paramiko", "openssh"])
@pytest.mark.parametrize("line", ["StdinNull yes\n  ForkAfterAuthentication yes", "StdinNull yes", "SessionType none"])
def test_a_command_runs_and_reads_whatever_the_configuration_says_of_sessions(
    host: Target, run: Run, tmp_path: Path, via: str, line: str
) -> None:
    target = configured(replace(host, via=via), tmp_path, f"Host *\n  {line}\n  User {host.user}\n".encode())
    events = run([target], "cat; exit 3", stdin=b"sent\n")
    assert (output(events), [done.status for done in endings(events)]) == (b"sent\n", [3])

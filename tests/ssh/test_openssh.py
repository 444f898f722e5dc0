"""The engine that runs the operator's own `ssh`, and when it is chosen."""

from __future__ import annotations

import getpass
import os
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Run, endings, output
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sshd_farm import Farm, free_port, key_pair, public_key
from whole import examples, some

from udo import ssh
from udo.change.events import Event, Line, Notice
from udo.ssh import KNOWN_HOSTS, Target
from udo.ssh.config_file import home
from udo.ssh.resolving import resolved


@pytest.fixture
def through(host: Target) -> Target:
    """The host of the module, by way of the ssh program."""
    return replace(host, via="openssh")


def notices(events: list[Event]) -> list[str]:
    return [event.says for event in events if isinstance(event, Notice) and "paramiko" not in event.says]


def test_it_says_the_same_as_the_other_engine(host: Target, through: Target, run: Run) -> None:
    command = "echo out; echo err >&2; printf '\\377\\0tail'; exit 7"
    seen = []
    for target in (host, through):
        events = run([target], command)
        (done,) = endings(events)
        seen.append((output(events), output(events, "stderr"), done.outcome, done.status, done.reason))
    assert seen[0] == seen[1]


@settings(max_examples=examples(12), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    words=st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1, max_size=3)
)
def test_any_word_arrives_as_it_is(through: Target, run: Run, words: list[str]) -> None:
    import shlex

    events = run([through], shlex.join(["printf", "%s\\0", *words]))
    assert output(events).removesuffix(b"\n") == b"".join(word.encode() + b"\0" for word in words)


@pytest.mark.parametrize(
    ("command", "outcome", "status"),
    [
        ("exit 255", "failed", 255),
        ("kill -9 $$", "signal", 128),
        ("true", "ok", 0),
        ("sh -c 'kill -9 $$'; exit $?", "failed", 137),
    ],
)
def test_the_end_of_the_command_is_told_from_that_of_ssh(
    through: Target, run: Run, command: str, outcome: str, status: int
) -> None:
    (done,) = endings(run([through], command))
    assert (done.outcome, done.status) == (outcome, status)


def test_nobody_there_a_foreign_key_and_no_login_are_told_apart(farm: Farm, through: Target, run: Run) -> None:
    known = farm.folder / "other_known"
    other = key_pair(farm.folder / "other_host")
    known.write_text(f"[{through.address}]:{through.port} {public_key(other).text}\n")
    nobody = replace(through, port=1)
    foreign = replace(through, known_hosts=(str(known),))
    unknown = replace(through, known_hosts=())
    keyless = replace(through, key=str(other))
    told = [endings(run([target]))[0] for target in (nobody, foreign, unknown, keyless)]
    assert [done.outcome for done in told] == ["unreachable" if not i else "refused" for i in range(4)]
    assert "Connection refused" in told[0].reason
    assert told[1].reason == f"Host key verification failed. (its key is not the one in {known}:1)"
    assert "not pinned, not in known_hosts" in told[2].reason
    assert "Permission denied" in told[3].reason


def test_a_new_host_is_pinned_under_its_instance_id_where_that_is_asked_for(
    farm: Farm, through: Target, run: Run, state: Path
) -> None:
    stranger = replace(through, known_hosts=())
    assert endings(run([stranger], host_keys="accept-new"))[0].outcome == "ok"
    assert public_key(farm.host_key).text in (state / "pins" / stranger.instance_id).read_text()
    assert endings(run([stranger]))[0].outcome == "ok"


def test_an_accepted_key_that_another_run_has_pinned_otherwise_meanwhile_is_told(
    farm: Farm, through: Target, run: Run, state: Path
) -> None:
    stranger = replace(through, known_hosts=())
    other = public_key(key_pair(farm.folder / "pinned_meanwhile")).text
    pin = state / "pins" / stranger.instance_id
    command = f"mkdir -p {pin.parent} && echo {stranger.instance_id} {other} > {pin}"
    (done,) = endings(run([stranger], command, host_keys="accept-new"))
    assert (done.outcome, done.reason) == ("refused", f"another host key than the accepted one is pinned in {pin}")
    assert other in pin.read_text()


def test_the_limits_hold(through: Target, run: Run) -> None:
    for limits, reason in (
        ({"timeout": 1.0}, "no end of the command within 1 s"),
        ({"idle_timeout": 1.0}, "nothing was said for 1 s"),
    ):
        start = time.monotonic()
        (done,) = endings(run([through], "echo up; sleep 20", **limits))
        assert (done.outcome, done.reason) == ("timeout", reason)
        assert time.monotonic() - start < 10


def test_a_server_that_says_nothing_is_left_in_time(through: Target, run: Run) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as mute:
        target = replace(through, address="127.0.0.1", port=mute.getsockname()[1])
        start = time.monotonic()
        (done,) = endings(run([target], connect_timeout=1.0))
        assert (done.outcome, time.monotonic() - start < 10) == ("timeout", True)


def test_what_a_command_reads_arrives_whole(through: Target, run: Run) -> None:
    sent = os.urandom(300_000)
    assert output(run([through], "sha256sum | cut -c1-64; exit 0", stdin=sent)) == _sum(sent)


def _sum(data: bytes) -> bytes:
    import hashlib

    return hashlib.sha256(data).hexdigest().encode() + b"\n"


def test_closing_the_run_ends_every_ssh_at_once(through: Target) -> None:
    others = [replace(through, instance_id=f"i-0000000{n}") for n in range(3)]
    events = ssh.fan_out(others, "echo up; sleep 60", ssh.Options(), lambda _: None)
    for event in events:
        if isinstance(event, Line):
            break
    start = time.monotonic()
    events.close()  # type: ignore[attr-defined]
    assert time.monotonic() - start < 10
    mine = subprocess.run(["pgrep", "-P", str(os.getpid()), "-x", "ssh"], capture_output=True, check=False)
    assert mine.stdout == b""


def config(folder: Path, text: str) -> str:
    path = folder / "config"
    path.write_text(text)
    return str(path)


def test_a_configuration_gives_what_nobody_has_chosen(host: Target, run: Run, tmp_path: Path) -> None:
    text = f"Host 127.*\n  User {host.user}\n  Port {host.port}\n  IdentityFile {host.key}\n"
    bare = replace(
        host, user="nobody-else", port=22, key=None, unset=("user", "port", "key"), config=config(tmp_path, text)
    )
    events = run([bare])
    assert (endings(events)[0].outcome, notices(events)) == ("ok", [])
    chosen = replace(bare, unset=("key",))
    (made,), _ = resolved([chosen])
    assert (made.user, made.port, made.key) == ("nobody-else", 22, host.key)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("ProxyCommand nc %h %p", "its configuration has proxycommand"),
        ("ProxyJump bastion", "its configuration has proxyjump"),
        ("CertificateFile ~/.ssh/x-cert.pub", "its configuration has certificatefile"),
        ("Ciphers aes256-ctr", "its configuration has ciphers"),
        ("HostName 127.0.0.1", "its configuration has hostname"),
    ],
)
def test_what_paramiko_lacks_goes_through_ssh_and_is_said(host: Target, tmp_path: Path, line: str, reason: str) -> None:
    (made,), notes = resolved([replace(host, config=config(tmp_path, f"Host 127.*\n  {line}\n"))])
    assert made.via == "openssh"
    assert notes == [f"1 of 1 hosts go through ssh: {reason}"]


def test_a_proxy_command_carries_the_connection(host: Target, run: Run, tmp_path: Path) -> None:
    proxy = "bash -c 'exec 3<>/dev/tcp/%h/%p; cat <&3 & exec cat >&3'"
    events = run([replace(host, config=config(tmp_path, f"Host *\n  ProxyCommand {proxy}\n"))], "echo through")
    assert output(events) == b"through\n", endings(events)


def test_a_proxy_command_that_outlives_its_ssh_is_not_waited_for(host: Target, run: Run, tmp_path: Path) -> None:
    proxy = "bash -c 'sleep 60 >&- <&- & exec 3<>/dev/tcp/%h/%p; cat <&3 & exec cat >&3'"
    began = time.monotonic()
    events = run([replace(host, config=config(tmp_path, f"Host *\n  ProxyCommand {proxy}\n"))], "echo through; exit 3")
    assert output(events) == b"through\n", endings(events)
    assert [(ending.outcome, ending.status) for ending in endings(events)] == [("failed", 3)]
    assert time.monotonic() - began < 30


BANNER = "Authorized use only.\nBanner line two"


@pytest.fixture(scope="module")
def greeting(farm: Farm) -> Target:
    """A host that shows a banner before the login."""
    (farm.folder / "banner").write_text(f"{BANNER}\n")
    return replace(farm.hosts(more=f"Banner {farm.folder}/banner")[0], via="openssh")


@pytest.mark.parametrize("shell", some(["/bin/bash", "/usr/sbin/nologin", "/bin/sh"], "/usr/sbin/nologin"))
def test_a_banner_is_not_said_by_the_command(
    greeting: Target, run: Run, monkeypatch: pytest.MonkeyPatch, shell: str
) -> None:
    monkeypatch.setenv("SHELL", shell)
    events = run([replace(greeting, instance_id=f"i-0000000{n}") for n in range(8)], "echo out; echo err >&2; exit 4")
    assert (output(events), output(events, "stderr")) == (b"out\n" * 8, b"err\n" * 8)
    assert {done.status for done in endings(events)} == {4}


def test_what_a_proxy_command_says_first_is_not_said_by_the_command(host: Target, run: Run, tmp_path: Path) -> None:
    proxy = "bash -c 'echo on my way >&2; exec 3<>/dev/tcp/%h/%p; cat <&3 & exec cat >&3'"
    events = run([replace(host, config=config(tmp_path, f"Host *\n  ProxyCommand {proxy}\n"))], "echo err >&2")
    assert output(events, "stderr") == b"err\n", endings(events)


def test_what_a_proxy_command_dies_of_is_told_as_the_reason(host: Target, run: Run, tmp_path: Path) -> None:
    proxy = "bash -c 'echo no way to %h >&2; exit 1'"
    events = run([replace(host, config=config(tmp_path, f"Host *\n  ProxyCommand {proxy}\n"))])
    (done,) = endings(events)
    assert (done.outcome, done.reason.endswith(f": no way to {host.address}")) == ("unreachable", True), done
    assert output(events, "stderr") == b""


def test_a_banner_does_not_end_the_time_for_the_login(farm: Farm, run: Run) -> None:
    (farm.folder / "first").write_text(BANNER)
    slow = f"AuthorizedKeysCommand /bin/sleep 20\nAuthorizedKeysCommandUser {getpass.getuser()}"
    (there,) = farm.hosts(more=f"Banner {farm.folder}/first\n{slow}")
    stranger = replace(there, via="openssh", key=str(key_pair(farm.folder / "asked_about")))
    start = time.monotonic()
    (done,) = endings(run([stranger], connect_timeout=2.0))
    assert (done.outcome, done.reason, time.monotonic() - start < 6) == ("timeout", "no login within 2 s", True)


def test_an_open_connection_of_the_operators_carries_no_command_elsewhere(farm: Farm, run: Run, tmp_path: Path) -> None:
    other, meant = farm.hosts(2)
    master = [
        "ssh",
        "-F",
        "none",
        "-M",
        "-S",
        str(tmp_path / "open"),
        "-N",
        "-o",
        f"UserKnownHostsFile={other.known_hosts[0]}",
    ]
    argv = [*master, "-i", str(other.key), "-p", str(other.port), f"{other.user}@{other.address}"]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL) as operators:
        end = time.monotonic() + 20
        while not (tmp_path / "open").exists():
            assert time.monotonic() < end
            time.sleep(0.02)
        there = replace(meant, via="openssh", config=config(tmp_path, f"Host *\n  ControlPath {tmp_path}/open\n"))
        events = run([there], "echo $SSH_CONNECTION")
        operators.terminate()
    assert output(events).split()[2:3] == [meant.address.encode()], endings(events)


def test_no_tunnel_of_the_operators_is_opened(through: Target, run: Run, tmp_path: Path) -> None:
    port = free_port()
    text = f"Host *\n  LocalForward 127.0.0.1:{port} {through.address}:{through.port}\n"
    command = f"bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}' 2>&- && echo open || echo closed"
    assert output(run([replace(through, config=config(tmp_path, text))], command)) == b"closed\n"


def test_a_jump_goes_by_way_of_the_other_host(farm: Farm, run: Run, tmp_path: Path) -> None:
    bastion, inner = farm.hosts(2)
    text = (
        f"Host bastion\n  HostName {bastion.address}\n  Port {bastion.port}\n  User {getpass.getuser()}\n"
        f"  IdentityFile {bastion.key}\n  UserKnownHostsFile {bastion.known_hosts[0]}\n"
    )
    events = run([replace(inner, jump="bastion", config=config(tmp_path, text))], "echo $SSH_CONNECTION")
    assert notices(events) == ["1 of 1 hosts go through ssh: by way of bastion"]
    assert output(events).split()[2:3] == [inner.address.encode()], endings(events)


def test_ssh_is_asked_once_for_hosts_of_which_the_same_is_said(
    host: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    real = subprocess.run(["which", "ssh"], capture_output=True, text=True, check=True).stdout.strip()
    (programs / "ssh").write_text(f'#!/bin/sh\necho x >> {tmp_path}/asked\nexec {real} "$@"\n')
    (programs / "ssh").chmod(0o700)
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    path = config(tmp_path, "Host 10.0.*\n  Port 2222\nHost 10.1.*\n  Port 2223\n")
    hosts = [replace(host, address=f"10.{n % 2}.0.{n}", unset=("port",), config=path) for n in range(40)]
    made, _ = resolved(hosts)
    assert {target.port for target in made[::2]} == {2222}
    assert {target.port for target in made[1::2]} == {2223}
    assert len((tmp_path / "asked").read_text().split()) == 3
    (tmp_path / "asked").unlink()
    resolved([replace(host, config=config(tmp_path, "Host *\n  SendEnv LANG\n  ForwardAgent yes\n"))])
    assert not (tmp_path / "asked").exists()


@pytest.mark.parametrize(
    ("line", "names"), [("HostKeyAlias 10.0.0.1", ("10.0.0.1",)), ("", ("[10.0.0.1]:2222", "10.0.0.1"))]
)
def test_a_host_with_a_name_of_its_own_is_known_by_it_and_shares_no_answer_with_others(
    host: Target, tmp_path: Path, line: str, names: tuple[str, ...]
) -> None:
    path = config(tmp_path, f"Host 10.0.*\n  HostName 10.0.0.1\n  Port 2222\n  {line}\n")
    made, _ = resolved([replace(host, address=f"10.0.0.{n}", unset=("port",), config=path) for n in (1, 2)])
    assert [(one.names, one.port) for one in made] == [(names, 2222)] * 2


@pytest.mark.parametrize(
    ("text", "files", "left"),
    [
        ('UserKnownHostsFile /a "/b c" ~/d', ("/a", "/b c", str(home() / "d")), False),
        ('UserKnownHostsFile /a "/b %h"', ("/a", "/b 10.0.0.1"), False),
        ("UserKnownHostsFile none", (), False),
        ('UserKnownHostsFile none\nGlobalKnownHostsFile "/b c"', ("/b c",), False),
        ("UserKnownHostsFile /a /b", ("/a", "/b"), False),
        # A name that is no text: which of its blanks were between quotes is not seen.
        ('UserKnownHostsFile "/b \udcff"', None, True),
    ],
)
def test_known_hosts_files_are_told_apart_whatever_stands_in_their_names(
    host: Target, tmp_path: Path, text: str, files: tuple[str, ...] | None, left: bool
) -> None:
    (tmp_path / "config").write_bytes(os.fsencode(f"{text}\n"))
    there = replace(host, address="10.0.0.1", known_hosts=KNOWN_HOSTS, config=str(tmp_path / "config"))
    (made,), _ = resolved([there])
    own = tuple(name for name in made.known_hosts if not name.startswith("/etc"))
    assert (made.left_to_ssh, made.via) == (left, "openssh" if left else "paramiko")
    assert own == (files if files is not None else KNOWN_HOSTS[:2])


def test_included_files_are_looked_into(host: Target, tmp_path: Path) -> None:
    (tmp_path / "more").write_text("Host *\n  ProxyJump x\n")
    (made,), _ = resolved([replace(host, config=config(tmp_path, f"Include {tmp_path}/mor*\n"))])
    assert made.via == "openssh"


def test_the_operators_agent_is_never_forwarded(through: Target, run: Run, tmp_path: Path) -> None:
    there = replace(through, config=config(tmp_path, "Host *\n  ForwardAgent yes\n  ForwardX11 yes\n"))
    assert output(run([there], "echo x$SSH_AUTH_SOCK$DISPLAY")) == b"x\n"


@pytest.mark.whole
def test_nothing_of_it_is_left_behind(
    through: Target, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tempfile

    (tmp_path / "t").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "t"))
    run([through], "true")
    assert list((tmp_path / "t").iterdir()) == []

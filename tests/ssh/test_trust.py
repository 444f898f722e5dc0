"""Whom a fan-out trusts: the decision as a table, then on real servers."""

from __future__ import annotations

import fcntl
import stat
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Run, endings, output
from sshd_farm import Farm, key_pair, public_key

from udo.errors import PermissionDenied, Refused, UdoError
from udo.ssh import Options, Target, console, fan_out, trust
from udo.ssh.host_key import HostKey
from udo.ssh.known_hosts import KnownHosts, read
from udo.ssh.pins import Pins
from udo.ssh.trust import Knowledge, decide

A, B = HostKey("ssh-ed25519", b"a"), HostKey("ssh-ed25519", b"b")
ME = "i-0123456789abcdef0"


@pytest.mark.parametrize(
    ("knowledge", "host_keys", "trusted", "pin", "reason"),
    [
        (Knowledge((A,), "pinned"), "strict", True, False, ""),
        (Knowledge((B, A), "pinned"), "strict", True, False, ""),
        (Knowledge((B,), "pinned in x"), "strict", False, False, "is not the one pinned in x"),
        (Knowledge((B,), "pinned in x"), "accept-new", False, False, "is not the one pinned in x"),
        (Knowledge((A,), "pinned", revoked=(A,)), "strict", False, False, "revoked"),
        (Knowledge(revoked=(A,)), "accept-new", False, False, "revoked"),
        (Knowledge((A,), "pinned", revoked=(B,)), "strict", True, False, ""),
        (Knowledge(missing="nowhere"), "strict", False, False, "nowhere; add it"),
        (Knowledge(missing="nowhere"), "accept-new", True, True, ""),
        (Knowledge(authority=True), "strict", False, False, "certificate"),
        (Knowledge(authority=True), "accept-new", False, False, "certificate"),
    ],
)
def test_the_verdict(knowledge: Knowledge, host_keys: str, trusted: bool, pin: bool, reason: str) -> None:
    verdict = decide(knowledge, A, host_keys)
    assert (verdict.trusted, verdict.pin) == (trusted, pin)
    assert reason in verdict.reason
    assert trusted == (not verdict.reason)


def printed(*keys: HostKey, prefix: str = "", end: bool = True) -> str:
    lines = [f"{prefix}{key.text} root@ip-10-0-0-1" for key in keys]
    last = [f"{prefix}-----END SSH HOST KEY KEYS-----"] if end else []
    return "\r\n".join(["boot", f"{prefix}-----BEGIN SSH HOST KEY KEYS-----", *lines, *last, "login:"])


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> list[HostKey]:
    folder = tmp_path_factory.mktemp("keys")
    return [public_key(key_pair(folder / kind, kind)) for kind in ("ed25519", "ecdsa", "rsa")]


@pytest.mark.parametrize("prefix", ["", "ec2: ", "[   12.345678] cloud-init[912]: ", "2026-11-20T13:15:01Z ci-info: "])
def test_console_keys_are_read_whatever_stands_before_them(keys: list[HostKey], prefix: str) -> None:
    assert console.printed_keys(printed(*keys, prefix=prefix)) == tuple(keys)


def test_a_block_that_is_cut_off_gives_no_keys(keys: list[HostKey]) -> None:
    assert console.printed_keys(printed(*keys, end=False)) == ()


def test_the_last_whole_block_counts(keys: list[HostKey]) -> None:
    text = printed(keys[0]) + "\n" + printed(keys[1]) + "\n" + printed(keys[2], end=False)
    assert console.printed_keys(text) == (keys[1],)


def known_from(tmp_path: Path, *, pin: HostKey | None, line: HostKey | None, text: str | None) -> tuple[Knowledge, int]:
    asked = []
    file = tmp_path / "known"
    file.write_text(f"10.0.0.1 {line.text}\n" if line else "")
    pins = Pins(tmp_path / "pins")
    if pin:
        pins.pin(ME, [pin])

    def console_keys(instance_id: str) -> str | None:
        asked.append(instance_id)
        return text

    hosts = read([str(file)])
    known = trust.knowledge(Target(ME, "10.0.0.1"), pins=pins, known_hosts=hosts, console_keys=console_keys)
    return known, len(asked)


def test_the_console_is_asked_only_where_neither_a_pin_nor_known_hosts_knows(tmp_path: Path, keys) -> None:
    one, other, shown = keys
    cases = [
        (one, None, (one,), 0),
        (None, one, (one,), 0),
        (one, one, (one,), 0),
        (one, other, (other,), 0),  # no contradiction, and ssh asks for the kind it knows
        (None, None, (shown,), 1),
    ]
    for number, (pin, line, expected, asked) in enumerate(cases):
        folder = tmp_path / str(number)
        folder.mkdir()
        known, times = known_from(folder, pin=pin, line=line, text=printed(shown))
        assert (known.keys, times) == (expected, asked)


def test_a_pin_and_a_line_that_contradict_each_other_trust_nobody(tmp_path: Path, keys: list[HostKey]) -> None:
    another = public_key(key_pair(tmp_path / "another"))
    with pytest.raises(Refused, match=r"known:1 is not the one pinned in"):
        known_from(tmp_path, pin=keys[0], line=another, text=None)


def test_console_keys_are_pinned_and_known_hosts_is_not(tmp_path: Path, keys: list[HostKey]) -> None:
    known_from(tmp_path, pin=None, line=keys[0], text=printed(keys[1]))
    assert Pins(tmp_path / "pins").keys(ME) == ()
    known_from(tmp_path, pin=None, line=None, text=printed(keys[1], keys[2]))
    assert Pins(tmp_path / "pins").keys(ME) == (keys[1], keys[2])


def test_a_console_that_may_not_be_read_is_named_as_the_reason(tmp_path: Path) -> None:
    def denied(_: str) -> str | None:
        raise PermissionDenied("ec2:GetConsoleOutput is not allowed")

    known = trust.knowledge(
        Target(ME, "10.0.0.1"), pins=Pins(tmp_path), known_hosts=KnownHosts(()), console_keys=denied
    )
    assert "ec2:GetConsoleOutput is not allowed" in decide(known, A, "strict").reason


def test_a_pin_is_private_and_never_replaced(tmp_path: Path, keys: list[HostKey]) -> None:
    pins = Pins(tmp_path / "pins")
    assert pins.pin(ME, keys[:1]) == (keys[0],)
    assert pins.pin(ME, keys[1:]) == (keys[0],)
    assert pins.keys(ME) == (keys[0],)
    assert stat.S_IMODE(pins.path(ME).stat().st_mode) == 0o600
    assert stat.S_IMODE(pins.folder.stat().st_mode) == 0o700


def test_of_many_who_pin_at_once_one_wins_and_all_agree(tmp_path: Path) -> None:
    pins = Pins(tmp_path / "pins")
    many = [HostKey("ssh-ed25519", b"\0\0\0\x0bssh-ed25519" + bytes([n])) for n in range(20)]
    agreed = []
    threads = [threading.Thread(target=lambda key=key: agreed.append(pins.pin(ME, [key]))) for key in many]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(agreed) == {pins.keys(ME)}


def test_a_pin_is_not_waited_for_without_end(
    tmp_path: Path, keys: list[HostKey], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("udo.ssh.pins._PATIENCE", 0.05)
    with (tmp_path / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(UdoError, match="another process holds it"):
            Pins(tmp_path).pin("i-0123456789abcdef0", keys[:1])
    assert Pins(tmp_path).pin("i-0123456789abcdef0", keys[:1]) == tuple(keys[:1])


def test_a_pin_that_cannot_be_read_does_not_count_as_missing(tmp_path: Path) -> None:
    pins = Pins(tmp_path)
    pins.path(ME).write_text("garbage\n")
    with pytest.raises(UdoError, match="cannot be read"):
        pins.keys(ME)


@pytest.mark.parametrize("name", ["../evil", "", "i-", "i-XYZ", "i-0123456789abcdef0/../x"])
def test_only_an_instance_id_names_a_pin(tmp_path: Path, name: str) -> None:
    with pytest.raises(UdoError, match="not an instance id"):
        Pins(tmp_path).path(name)


def test_a_server_with_another_key_is_refused_before_the_login(farm: Farm, run: Run, tmp_path: Path) -> None:
    (target,) = farm.hosts()
    wrong = tmp_path / "wrong"
    wrong.write_text(f"[{target.address}]:{target.port} {public_key(key_pair(tmp_path / 'other')).text}\n")
    log = sorted(farm.folder.glob("sshd.*.log"))[-1]
    (done,) = endings(run([replace(target, known_hosts=(str(wrong),))]))
    assert done.outcome == "refused"
    assert f"is not the one in {wrong}:1" in done.reason
    assert "Accepted" not in log.read_text()
    assert "userauth" not in log.read_text()


def test_an_unknown_server_is_refused_with_what_to_do(farm: Farm, host, run: Run) -> None:
    (done,) = endings(run([replace(host, known_hosts=())]))
    assert done.outcome == "refused"
    assert public_key(farm.host_key).fingerprint in done.reason
    assert "--host-keys accept-new" in done.reason


def test_accept_new_pins_to_the_instance_so_that_another_key_is_refused_later(
    farm: Farm, host, run: Run, state
) -> None:
    new = replace(host, known_hosts=())
    assert endings(run([new], host_keys="accept-new"))[0].outcome == "ok"
    assert (state / "pins" / host.instance_id).read_text() == f"{host.instance_id} {public_key(farm.host_key).text}\n"
    assert endings(run([new]))[0].outcome == "ok"
    (other,) = farm.hosts(host_keys=[key_pair(farm.folder / "swapped")])
    impostor = replace(other, instance_id=host.instance_id)
    (done,) = endings(run([impostor], host_keys="accept-new"))
    assert done.outcome == "refused"
    assert "is not the one pinned in" in done.reason


def test_keys_from_the_console_are_trusted_and_pinned(farm: Farm, host, run: Run, state) -> None:
    events = run([replace(host, known_hosts=())], console=printed(public_key(farm.host_key)))
    assert output(events) == b"hi\n"
    assert (state / "pins" / host.instance_id).exists()


def test_a_server_that_is_not_what_the_console_printed_is_refused(farm: Farm, host, run: Run, keys) -> None:
    (done,) = endings(run([replace(host, known_hosts=())], console=printed(keys[0]), host_keys="accept-new"))
    assert done.outcome == "refused"
    assert "printed on its console" in done.reason


def test_a_state_folder_that_cannot_be_written_does_not_stop_trusted_hosts(farm: Farm, host, tmp_path: Path) -> None:
    state = tmp_path / "state" / "udo"
    state.mkdir(parents=True)
    (state / "pins").symlink_to("/proc/self")  # where not even root can make a file
    text = printed(public_key(farm.host_key))
    events = list(fan_out([replace(host, known_hosts=())], "echo hi", Options(), lambda _: text))
    assert [done.outcome for done in endings(events)] == ["ok"]


@pytest.mark.whole
@pytest.mark.parametrize("known", [0, 1, 2])
def test_a_server_with_many_keys_is_asked_for_one_we_know(farm: Farm, run: Run, tmp_path: Path, known: int) -> None:
    pairs = [key_pair(tmp_path / kind, kind) for kind in ("ed25519", "ecdsa", "rsa")]
    (target,) = farm.hosts(host_keys=pairs)
    file = tmp_path / "known"
    file.write_text(f"{target.address} {public_key(pairs[known]).text}\n")
    assert endings(run([replace(target, known_hosts=(str(file),))]))[0].outcome == "ok"


def test_a_server_without_a_key_of_a_kind_we_know_is_refused(farm: Farm, host, run: Run, tmp_path: Path, keys) -> None:
    file = tmp_path / "known"
    file.write_text(f"{host.address} {keys[2].text}\n")
    (done,) = endings(run([replace(host, known_hosts=(str(file),))]))
    assert done.outcome == "refused"
    assert f"(ssh-ed25519) is not the one in {file}:1" in done.reason


@pytest.mark.parametrize("via", ["paramiko", "openssh"])
@pytest.mark.parametrize("names", ["*", "{address}", "[{address}]:{port}"])
@pytest.mark.parametrize("source", ["pin", "console"])
def test_a_key_that_known_hosts_has_revoked_is_refused_wherever_else_it_is_known(
    farm: Farm, host, run: Run, tmp_path: Path, via: str, names: str, source: str
) -> None:
    key, file = public_key(farm.host_key), tmp_path / "known"
    file.write_text(f"@revoked {names.format(address=host.address, port=host.port)} {key.text}\n")
    if source == "pin":
        Pins(tmp_path / "state" / "udo" / "pins").pin(host.instance_id, [key])
    there = replace(host, known_hosts=(str(file),), via=via)
    (done,) = endings(run([there], console=printed(key), host_keys="accept-new"))
    assert done.outcome == "refused"
    assert f"{'pinned in' if source == 'pin' else 'printed on its console'}" in done.reason
    assert "is revoked in known_hosts" in done.reason


def test_of_several_pinned_keys_one_that_is_revoked_is_not_asked_for(
    farm: Farm, host, run: Run, tmp_path: Path, keys: list[HostKey]
) -> None:
    key, file = public_key(farm.host_key), tmp_path / "known"
    Pins(tmp_path / "state" / "udo" / "pins").pin(host.instance_id, [key, keys[2]])
    file.write_text(f"@revoked * {keys[2].text}\n")
    assert endings(run([replace(host, known_hosts=(str(file),))]))[0].outcome == "ok"
    file.write_text(f"@revoked * {key.text}\n")
    assert endings(run([replace(host, known_hosts=(str(file),))]))[0].outcome == "refused"


@pytest.mark.whole
def test_a_revoked_key_of_the_console_is_not_pinned(tmp_path: Path, keys: list[HostKey]) -> None:
    file, pins = tmp_path / "known", Pins(tmp_path / "pins")
    file.write_text(f"@revoked * {keys[0].text}\n")
    text = printed(keys[0], keys[1])
    known = trust.knowledge(
        Target(ME, "10.0.0.1"), pins=pins, known_hosts=read([str(file)]), console_keys=lambda _: text
    )
    assert known.keys == pins.keys(ME) == (keys[1],)

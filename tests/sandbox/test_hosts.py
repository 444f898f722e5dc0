"""Instances that answer ssh: real clients log in, real commands run, servers come and go with their instances."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import select
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paramiko
import pytest

from udo.sandbox.addresses import Block
from udo.sandbox.faults import InstanceFault
from udo.sandbox.hosts import _listener, new_key
from udo.sandbox.world import World

CONFIG = """
region: us-west-2
ami: ami-0123456789abcdef0
clusters:
  prod:
    roles:
      webapp: {scale_policy: {min_size: 2, max_size: 4, desired: 2}}
"""


class Farm:
    """Two instances of prod webapp, and ways to log in."""

    def __init__(self, world: World, ssh: Any) -> None:
        self.world, self.ssh = world, ssh
        self.instances = {one.id: one for one in world.instances()}
        self.ids = list(self.instances)

    def address(self, instance_id: str) -> str:
        return str(self.instances[instance_id].private_ip)

    @contextlib.contextmanager
    def login(
        self, instance_id: str, timeout: float = 5, user: str = "anybody", key: Any = None
    ) -> Iterator[paramiko.SSHClient]:
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        client.connect(
            self.address(instance_id),
            self.ssh.port,
            user,
            pkey=key,
            key_filename=None if key else str(self.ssh.key),
            timeout=timeout,
            banner_timeout=timeout,
            allow_agent=False,
            look_for_keys=False,
        )
        try:
            yield client
        finally:
            client.close()

    def run(self, instance_id: str, command: str, stdin: bytes = b"") -> tuple[int, str, str]:
        with self.login(instance_id) as client:
            sent, out, err = client.exec_command(command, timeout=10)
            sent.write(stdin)
            sent.channel.shutdown_write()
            said, complained = out.read().decode(), err.read().decode()
            return out.channel.recv_exit_status(), said, complained


@pytest.fixture
def farm(world: World, ssh: Any, seeded: Callable[..., Any]) -> Farm:
    seeded(CONFIG)
    return Farm(world, ssh)


def until(holds: Callable[[], bool], seconds: float = 5) -> bool:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def refused(farm: Farm, instance_id: str) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex((farm.address(instance_id), farm.ssh.port)) != 0


def test_a_command_runs_as_if_on_its_instance(farm: Farm) -> None:
    for instance_id in farm.ids:
        name = farm.instances[instance_id].private_dns_name
        said = farm.run(instance_id, "hostname; echo $UDO_INSTANCE_ID $UDO_CLUSTER $UDO_ROLE $USER; pwd")
        home = farm.world.hosts and farm.world.hosts.place(farm.instances[instance_id]).folder
        assert said == (0, f"{name}\n{instance_id} prod webapp anybody\n{home}\n", "")


def test_each_instance_has_files_of_its_own(farm: Farm) -> None:
    first, second = farm.ids
    farm.run(first, "echo mine > note")
    assert farm.run(first, "cat note")[1] == "mine\n"
    assert farm.run(second, "cat note")[0] == 1


def test_streams_stay_apart_and_the_exit_status_is_told(farm: Farm) -> None:
    assert farm.run(farm.ids[0], "echo out; echo err >&2; exit 7") == (7, "out\n", "err\n")


def test_standard_input_reaches_the_command(farm: Farm) -> None:
    assert farm.run(farm.ids[0], "wc -c", b"x" * 300_000)[1].strip() == "300000"


def test_much_output_arrives_whole(farm: Farm) -> None:
    status, out, _err = farm.run(farm.ids[0], "head -c 3000000 /dev/zero | tr '\\0' x")
    assert (status, len(out)) == (0, 3_000_000)


def test_the_end_of_a_quick_command_never_overtakes_its_beginning(farm: Farm) -> None:
    with farm.login(farm.ids[0]) as client:
        for _ in range(30):
            _sent, out, _err = client.exec_command("true")
            assert out.channel.recv_exit_status() == 0


def test_a_command_ended_by_a_signal_is_told_as_one(farm: Farm) -> None:
    done = subprocess.run(
        openssh(farm, farm.ids[0], "-v", "kill -9 $$"), capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 255
    assert "exit-signal" in done.stderr


def test_a_foreign_key_is_refused(farm: Farm) -> None:
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    how: Any = {"pkey": paramiko.ECDSAKey.generate(), "allow_agent": False, "look_for_keys": False}
    with pytest.raises(paramiko.AuthenticationException):
        client.connect(farm.address(farm.ids[0]), farm.ssh.port, "root", **how)
    client.close()


def test_when_the_client_leaves_its_processes_end(farm: Farm, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    with farm.login(farm.ids[0]) as client:
        client.exec_command(f"sleep 600 & echo $! > {note}; wait")
        assert until(lambda: note.exists() and note.read_text().strip() != "")
    assert until(lambda: not alive(int(note.read_text())))


def test_a_terminated_instance_loses_its_server_and_its_connections(farm: Farm, aws: Any) -> None:
    first, second = farm.ids
    with farm.login(first) as client:
        _sent, out, _err = client.exec_command("sleep 600")
        aws("ec2").terminate_instances(InstanceIds=[first])
        assert until(lambda: out.channel.closed)
    assert refused(farm, first)
    assert not refused(farm, second)


def test_a_stopped_instance_answers_again_once_started(farm: Farm, aws: Any) -> None:
    made = aws("ec2").run_instances(ImageId="ami-0123456789abcdef0", MinCount=1, MaxCount=1, InstanceType="t3.micro")
    alone = made["Instances"][0]["InstanceId"]
    farm.instances = {one.id: one for one in farm.world.instances()}
    assert farm.run(alone, "hostname")[0] == 0
    aws("ec2").stop_instances(InstanceIds=[alone])
    assert refused(farm, alone)
    aws("ec2").start_instances(InstanceIds=[alone])
    assert farm.run(alone, "hostname")[0] == 0


def test_a_new_member_answers_at_an_address_never_used_before(farm: Farm, aws: Any) -> None:
    before = {farm.address(one) for one in farm.ids}
    aws("autoscaling").set_desired_capacity(AutoScalingGroupName="prod-webapp", DesiredCapacity=3)
    aws("ec2").describe_instances()
    farm.instances = {one.id: one for one in farm.world.instances()}
    (new,) = farm.instances.keys() - set(farm.ids)
    assert farm.address(new) not in before
    assert farm.run(new, "echo $UDO_INSTANCE_ID")[1] == f"{new}\n"


def test_private_and_public_address_are_the_same_loopback_address(farm: Farm, aws: Any) -> None:
    for reservation in aws("ec2").describe_instances()["Reservations"]:
        for one in reservation["Instances"]:
            assert one["PrivateIpAddress"] == one["PublicIpAddress"] == farm.address(one["InstanceId"])
            assert one["PrivateIpAddress"].startswith(str(farm.world.block.network[0])[:-3])
            assert one["PrivateDnsName"].startswith("ip-127-")


def test_the_console_prints_the_host_key_the_server_has(farm: Farm, aws: Any) -> None:
    for instance_id in farm.ids:
        text = aws("ec2").get_console_output(InstanceId=instance_id, Latest=True)["Output"]
        block = text.split("-----BEGIN SSH HOST KEY KEYS-----\n")[1].split("-----END")[0]
        with farm.login(instance_id) as client:
            transport = client.get_transport()
            assert transport is not None
            key = transport.get_remote_server_key()
        assert block.split()[:2] == [key.get_name(), key.get_base64()]


def test_another_host_key_is_not_the_one_on_the_console(farm: Farm, aws: Any) -> None:
    farm.world.faults.add(InstanceFault("other-key", farm.ids[0]))
    text = aws("ec2").get_console_output(InstanceId=farm.ids[0])["Output"]
    with farm.login(farm.ids[0]) as client:
        transport = client.get_transport()
        assert transport is not None
        assert transport.get_remote_server_key().get_base64() not in text


@pytest.mark.parametrize("kind", ["refuse", "hang", "drop", "hang-command"])
def test_one_misbehaving_instance_leaves_the_others_alone(farm: Farm, kind: Any) -> None:
    bad, good = farm.ids
    farm.world.faults.add(InstanceFault(kind, bad))
    began = time.monotonic()
    assert not answers(farm, bad)
    assert time.monotonic() - began < 8
    farm.world.advance()
    assert farm.run(good, "echo here") == (0, "here\n", "")
    farm.world.faults.clear()
    farm.world.advance()
    assert farm.run(bad, "echo here") == (0, "here\n", "")


def test_openssh_logs_in_and_has_a_terminal(farm: Farm) -> None:
    master, slave = pty.openpty()
    argv = openssh(farm, farm.ids[0], "-tt")
    process = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    try:
        os.write(master, b"hostname; tty; stty size; exit 3\n")
        said = drained(master)
        assert process.wait(10) == 3
    finally:
        process.kill()
        process.wait()
        os.close(master)
    assert farm.instances[farm.ids[0]].private_dns_name in said
    assert "/dev/pts/" in said


def test_ctrl_c_in_a_terminal_reaches_the_command(farm: Farm) -> None:
    with farm.login(farm.ids[0]) as client:
        channel = client.invoke_shell()
        channel.settimeout(5)
        channel.send(b"sleep 600; echo status-$?\n")
        time.sleep(0.5)
        channel.send(b"\x03")
        channel.send(b"exit\n")
        said = b""
        with contextlib.suppress(TimeoutError):
            while chunk := channel.recv(4096):
                said += chunk
        assert channel.recv_exit_status() in (0, 130)


def test_closing_leaves_no_thread_no_folder_and_no_listener(world: World, tmp_path: Path, seeded: Any) -> None:
    from udo.sandbox.hosts import new_key

    before = set(threading.enumerate())
    block, world.block = world.block, Block.claimed()
    public, _private = new_key()
    hosts = world.open_hosts(tmp_path / "instances", public)
    seeded(CONFIG)
    addresses = [one.private_ip for one in world.instances()]
    port = world.hosts.port if world.hosts else 0
    world.close_hosts()
    # What a request that is still answered asks for.
    hosts.follow()
    world.block.release()
    world.block = block
    assert until(lambda: set(threading.enumerate()) <= before)
    assert not (tmp_path / "instances").exists()
    for address in addresses:
        with socket.socket() as tried:
            assert tried.connect_ex((address, port)) != 0


def test_two_sandboxes_never_have_the_same_block() -> None:
    first, second = Block.claimed(), Block.claimed()
    try:
        assert not first.network.overlaps(second.network)
    finally:
        first.release()
        second.release()


def test_a_block_never_gives_an_address_twice() -> None:
    block = Block()
    given = [block.next() for _ in range(600)]
    assert len(set(given)) == 600
    assert not any(address.endswith((".0", ".255", ".0.1")) for address in given)


def answers(farm: Farm, instance_id: str) -> bool:
    try:
        with farm.login(instance_id, timeout=0.5) as client:
            _sent, out, _err = client.exec_command("echo here", timeout=0.5)
            return bool(out.read() == b"here\n")
    except (paramiko.SSHException, OSError, EOFError):
        return False


def openssh(farm: Farm, instance_id: str, *words: str) -> list[str]:
    options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "BatchMode=yes", "IdentitiesOnly=yes"]
    pairs = [word for option in options for word in ("-o", option)]
    flags, command = [w for w in words if w.startswith("-")], [w for w in words if not w.startswith("-")]
    target = f"ec2-user@{farm.address(instance_id)}"
    return [
        "ssh",
        "-F",
        "/dev/null",
        "-p",
        str(farm.ssh.port),
        "-i",
        str(farm.ssh.key),
        *pairs,
        *flags,
        target,
        *command,
    ]


def drained(master: int) -> str:
    said = io.BytesIO()
    with contextlib.suppress(OSError):
        while select.select([master], [], [], 10)[0]:
            chunk = os.read(master, 4096)
            if not chunk:
                break
            said.write(chunk)
    return said.getvalue().decode()


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_an_address_its_last_owner_is_still_letting_go_of_is_waited_for() -> None:
    block = Block.claimed()
    address = block.next()
    before = socket.create_server((address, 0))
    port = before.getsockname()[1]
    leaving = threading.Timer(0.1, before.close)
    leaving.start()
    _listener(address, port).close()
    leaving.join()
    block.release()


def test_a_key_that_was_pushed_lets_one_user_in_for_a_minute(world: World, farm: Farm) -> None:
    key = new_key()[0]
    connect = world.client("ec2-instance-connect")
    where = {"InstanceId": farm.ids[0], "InstanceOSUser": "admin"}
    connect.send_ssh_public_key(**where, SSHPublicKey=f"{key.get_name()} {key.get_base64()} once")
    with farm.login(farm.ids[0], user="admin", key=key) as client:
        assert client.exec_command("echo $USER")[1].read() == b"admin\n"
    for user, instance_id in (("root", farm.ids[0]), ("admin", farm.ids[1])):
        with pytest.raises(paramiko.AuthenticationException), farm.login(instance_id, user=user, key=key):
            pass
    world.clock.step(60)
    with pytest.raises(paramiko.AuthenticationException), farm.login(farm.ids[0], user="admin", key=key):
        pass
    assert farm.run(farm.ids[0], "true")[0] == 0


def test_an_instance_lets_nobody_in_but_with_a_key_that_was_pushed(world: World, farm: Farm) -> None:
    world.faults.add(InstanceFault("no-login", farm.ids[0]))
    with pytest.raises(paramiko.AuthenticationException):
        farm.run(farm.ids[0], "true")
    assert farm.run(farm.ids[1], "true")[0] == 0
    key = new_key()[0]
    where = {"InstanceId": farm.ids[0], "InstanceOSUser": "admin"}
    world.client("ec2-instance-connect").send_ssh_public_key(
        **where, SSHPublicKey=f"{key.get_name()} {key.get_base64()}"
    )
    with farm.login(farm.ids[0], user="admin", key=key) as client:
        assert client.exec_command("echo in")[1].read() == b"in\n"

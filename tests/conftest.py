"""What every test stands on: no network but loopback, no operator's environment, and an AWS of its own."""

from __future__ import annotations

import functools
import gc
import ipaddress
import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import actions
import pytest
import whole
from hypothesis import HealthCheck, settings
from whole import pytest_addoption, pytest_collection_modifyitems  # noqa: F401 - hooks

pytest_plugins = ("savings",)

EXAMPLE = Path(__file__).parent.parent / "udo.example.yml"
FILES = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
KEYS = {"AWS_ACCESS_KEY_ID": "AKIATESTTESTTESTTEST", "AWS_SECRET_ACCESS_KEY": "not-a-secret"}


def pytest_configure(config: pytest.Config) -> None:
    """Lets Ctrl-C be tested where a shell has started the tests in its background, which ignores it."""
    whole.pytest_configure(config)
    # How long an example takes is told by the load of the machine.
    slow = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
    settings.register_profile("counted", settings(), max_examples=whole.examples(100), **slow)
    settings.load_profile("counted")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tells how many cases the tests went through that take note of it."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, ())]
    noted = [count for report in reports for name, count in report.user_properties if name == "cases"]
    if noted:
        terminalreporter.write_line(f"{sum(noted):,} cases of faults in {len(noted)} tests")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Dummy credentials, an empty home, nothing of the operator's; the working directory is the test's own.

    The cache is one for all tests of a process: what stands there is made from botocore alone.
    """
    for name in [name for name in os.environ if name.startswith(("AWS_", "UDO_", "BOTO", "MOTO_", "XDG_", "SSH_"))]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("CONFIG", "STATE", "DATA", "RUNTIME"):
        monkeypatch.setenv(f"XDG_{name}_{'DIR' if name == 'RUNTIME' else 'HOME'}", str(home / name.lower()))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """A connection that would leave the machine fails its test, whatever catches exceptions on the way."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
        patch.setattr(socket, "getaddrinfo", _guarded_lookup(socket.getaddrinfo))
        yield


def _guarded(connect: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(self: socket.socket, address: Any) -> Any:
        if isinstance(address, tuple) and not _is_loopback(address[0]):
            pytest.fail(f"a test tried to reach {address[0]}")
        return connect(self, address)

    return guarded


def _guarded_lookup(lookup: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name and not _is_loopback(name):
            pytest.fail(f"a test tried to look up {name}")
        return lookup(host, *args, **kwargs)

    return guarded


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@pytest.fixture(scope="session")
def _the_world() -> Iterator[Any]:
    from udo.sandbox.world import World

    made = World()
    # moto and botocore stay for good; looked through at every full collection they make it rare, and memory grows.
    gc.collect()
    gc.freeze()
    yield made
    made.close()


@pytest.fixture
def world(_the_world: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An empty AWS account in this process, with a clock that only tests and waits move."""
    from udo.sandbox.clock import Clock

    _the_world.clock = Clock.by_hand()
    _the_world.reset()
    _the_world.region = "us-west-2"
    _the_world.prepare = _prepared(_the_world)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    # An SDK that waits before it tries again moves the clock on instead.
    monkeypatch.setattr("botocore.endpoint.time", Time(_the_world))
    yield _the_world
    _the_world.faults.clear()
    _the_world.goes_by_policies = False


@pytest.fixture
def user(world: Any) -> Callable[..., dict[str, str]]:
    """Makes a user whose policy has these statements, and the world go by policies; its keys as an environment."""

    def make(*statements: Mapping[str, Any], name: str = "operator") -> dict[str, str]:
        iam = world.client("iam")
        iam.create_user(UserName=name)
        policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="given", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        world.goes_by_policies = True
        return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}

    return make


@pytest.fixture(scope="session")
def session() -> Callable[[], Any]:
    """Makes plain botocore sessions that share one loader, so that a service's model is read once."""
    import botocore.session
    from botocore.loaders import create_loader

    loader = create_loader()

    def make() -> Any:
        made = botocore.session.Session()
        made.register_component("data_loader", loader)
        return made

    return make


@pytest.fixture(scope="session")
def _clients() -> dict[tuple[str, str], Any]:
    return {}


@pytest.fixture
def aws(world: Any, session: Callable[[], Any], _clients: dict[tuple[str, str], Any]) -> Callable[..., Any]:
    """botocore clients of the world (service, region) that try once; what they ask is recorded and faulted."""
    from botocore.config import Config

    def client(service: str, region: str = "us-west-2") -> Any:
        if (service, region) not in _clients:
            made = session()
            made.set_credentials(*KEYS.values())
            world.attach(made)
            once = Config(retries={"total_max_attempts": 1})
            _clients[service, region] = made.create_client(service, region_name=region, config=once)
        return _clients[service, region]

    return client


@pytest.fixture
def as_user(world: Any, user: Callable[..., dict[str, str]], session: Callable[[], Any]) -> Callable[..., Any]:
    """Makes a user whose policy has these statements; gives what makes clients, by service, that sign with its keys."""
    from botocore.config import Config

    def make(*statements: Mapping[str, Any], **more: Any) -> Callable[[str], Any]:
        keys = user(*statements, **more)
        made = session()
        made.set_credentials(keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"])
        world.attach(made)
        once = Config(retries={"total_max_attempts": 1})
        return functools.cache(lambda service: made.create_client(service, region_name="us-west-2", config=once))

    return make


@pytest.fixture
def seeded(world: Any) -> Callable[..., Any]:
    """Builds the world of a configuration text (the bundled example by default), which becomes ./udo.yml."""

    def seed(text: str | None = None) -> Any:
        from kept import WORLDS

        from udo.config import load

        path = Path("udo.yml")
        if text is None:
            shutil.copy(EXAMPLE, path)
            shutil.copy(EXAMPLE.with_name("udo.example.template.yml"), path.parent)
        else:
            path.write_text(text, encoding="utf-8")
        config = load(path, os.environ)
        WORLDS.seed(world, config, path.read_text(encoding="utf-8"))
        return config

    return seed


@pytest.fixture
def served_world(world: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The server of the empty world over HTTP; AWS_ENDPOINT_URL names it for this process and its children."""
    with world.serve() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoint)
        yield server


@dataclass(frozen=True)
class Ssh:
    """How to log in to the instances of the world."""

    port: int
    key: Path
    user: str = "ec2-user"

    @property
    def settings(self) -> str:
        """The `ssh` part of a udo.yml."""
        return f"ssh: {{user: {self.user}, port: {self.port}, key: {self.key}}}\n"


@pytest.fixture
def ssh(world: Any, tmp_path: Path) -> Iterator[Ssh]:
    """Makes the instances born from now on answer ssh, at addresses no other test process has."""
    from udo.sandbox.addresses import Block
    from udo.sandbox.hosts import new_key

    before, world.block = world.block, Block.claimed()
    public, private = new_key()
    key = tmp_path / "sandbox_key"
    key.touch(0o600)
    key.write_text(private)
    hosts = world.open_hosts(tmp_path / "instances", public)
    yield Ssh(hosts.port, key)
    world.close_hosts()
    world.block.release()
    world.block = before


class Time:
    """`time` by the clock of a world: sleeping moves it on at once."""

    def __init__(self, world: Any) -> None:
        self._world = world

    def time(self) -> float:
        """Now."""
        return float(self._world.clock.now())

    monotonic = time

    def sleep(self, seconds: float) -> None:
        """Moves the clock."""
        self._world.clock.step(seconds)


@dataclass(frozen=True)
class Outcome:
    """What a command line did."""

    exit: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.stdout)


@pytest.fixture
def udo(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Runs a command line in this process; against `world` where the test has one, its clock included."""
    world: Any = request.getfixturevalue("world") if "world" in request.fixturenames else None

    def run(*argv: str, env: Mapping[str, str] | None = None) -> Outcome:
        from udo.cli import main

        seams: dict[str, Any] = {"prepare": _prepared(world), "clock": Time(world)} if world else {}
        capsys.readouterr()
        with pytest.MonkeyPatch.context() as patch:
            for name, value in (env or {}).items():
                patch.setenv(name, value)
            before = world._number if world else 0
            try:
                code = _exit_of(lambda: main(list(argv), **seams))
            finally:
                if world:
                    actions.check(argv, [one.name for one in list(world.log) if one.number > before])
        told = capsys.readouterr()
        return Outcome(code, told.out, told.err)

    return run


@functools.cache
def _loader() -> Any:
    import botocore.loaders

    return botocore.loaders.create_loader()


@functools.cache
def _kept_clients() -> dict[Any, Any]:
    return {}


def _prepared(world: Any) -> Callable[[Any], None]:
    """What is done to every botocore session: models are read once a process, and equal clients are made once."""

    def prepare(session: Any) -> None:
        session.register_component("data_loader", _loader())
        world.attach(session)
        make = session.create_client
        session.create_client = lambda service, **how: _kept_client(world, session, make, service, how)

    return prepare


def _kept_client(world: Any, session: Any, make: Callable[..., Any], service: str, how: dict[str, Any]) -> Any:
    """A client made before for the same service, configuration and environment; files of AWS's make it an own one."""
    if Path("~/.aws").expanduser().exists() or any(name in os.environ for name in FILES):
        return make(service, **how)
    # Without a look at all of the environment through its dictionary of text, several times a command line.
    named = sorted(pair for pair in os.environ._data.items() if pair[0].startswith(b"AWS_"))  # type: ignore[attr-defined]
    keys = session.get_credentials()
    config = sorted(vars(how["config"])["_user_provided_options"].items()) if how.get("config") else ()
    plain = {name: value for name, value in how.items() if name != "config"}
    loader = type(session.get_component("data_loader")).__name__
    key = repr((id(world), service, plain, config, named, keys and keys.access_key, session.profile, loader))
    if key not in _kept_clients():
        _kept_clients()[key] = make(service, **how)
    return _kept_clients()[key]


def _exit_of(run: Callable[[], Any]) -> int:
    try:
        run()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1 if end.code else 0
    finally:
        # The command line stops the collector while it starts.
        gc.enable()
        sys.stdout.flush()
    return 0


@pytest.fixture
def caught() -> Iterator[None]:
    """Signals are noted, as in a run of Udo's, while the test runs."""
    from udo import signals

    signals.catch()
    yield
    signals.let_go()

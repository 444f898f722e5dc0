"""The background process of a sandbox: builds the world, serves it, tells that it is ready, and leaves nothing."""

from __future__ import annotations

import json
import logging
import os
import resource
import secrets
import shutil
import signal
import string
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from udo.errors import UdoError
from udo.files import write_private

if TYPE_CHECKING:
    from udo.sandbox.transports import Server
    from udo.sandbox.world import World

_ALPHABET = string.ascii_uppercase + string.digits[2:8]


def main() -> None:
    """Serves until SIGTERM or SIGINT; the settings come as JSON on stdin, the answer goes as JSON to stdout."""
    settings = json.load(sys.stdin)
    if os.fork():
        os._exit(0)
    _sign(settings["lock"])
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    os.umask(0o077)
    _more_files()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        _serve(settings, ended)
    except UdoError as error:
        _tell({"error": error.message, "hint": error.hint})
    finally:
        Path(settings["session"]).unlink(missing_ok=True)
        shutil.rmtree(Path(settings["folder"]) / "instances", ignore_errors=True)


def _serve(settings: Mapping[str, Any], ended: threading.Event) -> None:
    from udo.config import load
    from udo.sandbox.addresses import Block
    from udo.sandbox.clock import Clock
    from udo.sandbox.control import Control, groups
    from udo.sandbox.hosts import new_key
    from udo.sandbox.world import World

    config = load(Path(settings["config"]), os.environ)
    folder = Path(settings["folder"])
    public, private = new_key()
    write_private(folder / "id_ed25519", private)
    key = "AKIA" + "".join(secrets.choice(_ALPHABET) for _ in range(16))
    world = World(Clock(settings["speed"]), block=Block.claimed(), access_key=key)
    world.agents.background = world.ssm_agents.background = True
    world.goes_by_policies = settings["iam"]
    told = settings["agents"]
    world.agents.unconfined = told.get("unconfined", False)
    world.agents.users = tuple(told.get("users", ()))
    world.agents.clones = {name: Path(place) for name, place in told.get("clones", {}).items()}
    try:
        world.open_hosts(folder / "instances", public)
        control = Control(world, config, boot=settings["boot"])
        remarks = [*control.begin(), *world.agents.remarks()]
        world.control = control.answer
        with _serving(world, settings["port"]) as server:
            session = _session(settings, world, server)
            write_private(Path(settings["session"]), json.dumps(session, indent=2) + "\n")
            _tell({"session": session, "groups": groups(world), "remarks": remarks})
            ended.wait()
    except OSError as error:
        where = error.filename or settings["folder"]
        raise UdoError(f"{where} cannot be written: {os.strerror(error.errno or 0)}") from error
    finally:
        world.close()


@contextmanager
def _serving(world: World, port: int) -> Iterator[Server]:
    with ExitStack() as stack:
        try:
            server = stack.enter_context(world.serve(port=port))
        except OSError as error:
            told = f"port {port} on 127.0.0.1 cannot be used: {os.strerror(error.errno or 0)}"
            raise UdoError(told, hint="leave --port out, or choose another one") from error
        yield server


def _session(settings: Mapping[str, Any], world: World, server: Server) -> dict[str, Any]:
    assert world.hosts is not None
    key = str(Path(settings["folder"]) / "id_ed25519")
    return {
        "pid": os.getpid(),
        "endpoint": server.endpoint,
        "region": world.region,
        "account": world.account,
        "access_key": world.access_key,
        "secret_key": secrets.token_urlsafe(30),
        "ssh": {"user": "ec2-user", "port": world.hosts.port, "key": key},
        "config": settings["config"],
        "clones": settings["agents"].get("clones", {}),
        "folder": settings["folder"],
        "iam": settings["iam"],
    }


def _sign(lock: int) -> None:
    """Writes into the lock whom it is held by; commands of the instances must not hold it on."""
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    os.set_inheritable(lock, False)


def _tell(document: Mapping[str, Any]) -> None:
    """Says the one thing that whoever started this process waits for."""
    sys.stdout.write(json.dumps(document))
    sys.stdout.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _more_files() -> None:
    # A listener per instance and two descriptors a connection soon exceed the usual 1,024.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    if soft < limit:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


if __name__ == "__main__":
    main()

"""The sandbox's AWS: strict moto behind a layer of faults, served in process or over a socket."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC
from email.utils import formatdate
from functools import cached_property
from typing import TYPE_CHECKING, Any

from udo.sandbox import hooks, wire
from udo.sandbox.addresses import Block
from udo.sandbox.clock import Clock
from udo.sandbox.faults import Cut, Faults
from udo.sandbox.wire import Answer, Environ, Request

if TYPE_CHECKING:
    from pathlib import Path

    from paramiko import PKey

    from udo.config import Config
    from udo.sandbox.hosts import Hosts
    from udo.sandbox.transports import Server

log = logging.getLogger("udo.sandbox")
# The sandbox's own routes; AWS has none that begins like this.
CONTROL = "/udo/"
# Seconds that a seeded world has been there.
SEEDED_AGE = 3600.0
# Where a function looks for AWS in a world that nobody serves: nothing listens there.
_NOWHERE = "http://127.0.0.1:9"
# What key pairs hold in a world that nobody logs in to; its private half was thrown away.
_NO_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBU/bvFp6FVGhT22jVNHPagKVxqHPlP3wGk1oDy0HDpg nobody"


class World:
    """One AWS account on this machine; one per process, since moto's state is the process's.

    `log` holds the requests seen, oldest first. With `access_key` set, requests signed with another one are refused.
    With `goes_by_policies` the keys of its own users and roles may do what their policies say, and no more.
    """

    def __init__(
        self, clock: Clock | None = None, *, block: Block | None = None, access_key: str | None = None
    ) -> None:
        from udo.sandbox import dispatch, strict
        from udo.sandbox.agent.fleet import Fleet
        from udo.sandbox.ssm_agents import SsmAgents
        from udo.sandbox.strict.autoscaling.launch_faults import launch_faults
        from udo.sandbox.strict.awslambda.state import Surroundings
        from udo.sandbox.strict.cloudformation.state import Outside
        from udo.sandbox.strict.codedeploy.agents import agents
        from udo.sandbox.strict.elbv2.targets import answering
        from udo.sandbox.strict.ssm.agents import agents as ssm_agents

        strict.install()
        self.clock = clock or Clock.by_hand()
        self.faults = Faults()
        # By how many seconds the clock of its servers is ahead of this machine's.
        self.ahead = 0.0
        self.log: deque[Request] = deque(maxlen=10_000)
        self.block = block or Block()
        self.access_key = access_key
        self.region = "us-east-1"
        self.public_key = _NO_KEY
        self.endpoint = _NOWHERE
        self.roles: dict[str, tuple[str, str]] = {}
        self.hosts: Hosts | None = None
        self.control: Callable[[str, dict[str, Any]], Any] | None = None
        self.goes_by_policies = False
        self.lock = threading.RLock()
        self._advance = strict.advance
        self._moto = dispatch.answer
        self._number = 0
        self._aside = threading.local()
        self._clients: dict[tuple[str, str], Any] = {}
        self.owner = hooks.Owner(address=self._address, console=self._console)
        hooks.install(self.owner)
        self.agents = Fleet(self)
        agents.begin = self.agents.begin
        Outside.client = self.client
        Surroundings.world = self
        self.ssm_agents = SsmAgents(self)
        ssm_agents.begin = self.ssm_agents.begin
        answering.fails = lambda one: self.faults.instance(one) == "unhealthy" or launch_faults.sick(one)

    @property
    def account(self) -> str:
        """The id of the account."""
        return self.owner.account

    def app(self, environ: Environ, start_response: Callable[..., Any]) -> list[bytes]:
        """The WSGI application.

        Raises: Cut, where the connection is to end without an answer.
        """
        answer = self.answer(environ)
        start_response(f"{answer.status} {'OK' if answer.status < 400 else 'ERROR'}", list(answer.headers))
        return [answer.body]

    def answer(self, environ: Environ) -> Answer:
        """What the sandbox says to one request, faults included.

        Raises: Cut, Killed.
        """
        # An object in S3 may be called so, and who asks for it signs the request.
        is_signed = environ.get("HTTP_AUTHORIZATION", "").startswith("AWS4-")
        if environ.get("PATH_INFO", "").startswith(CONTROL) and not is_signed:
            return self._controlled(environ)
        if wire.calls_stage(environ):
            from udo.sandbox.strict.apigateway import calls

            return calls.answer(self, environ)
        asked = self._seen(wire.request(environ, 0))
        answer = self._answer(asked, environ)
        # As every server of AWS's says, by its own clock.
        date = formatdate(time.time() + self.ahead, usegmt=True)
        return replace(answer, headers=(*answer.headers, ("Date", date)))

    def _answer(self, asked: Request, environ: Environ) -> Answer:
        if (refused := self._refused_key(asked, environ)) is not None:
            return refused
        if asked.region and not self._has(asked.region):
            return _unknown_region(asked)
        return self._faulted(asked, environ)

    def attach(self, session: Any) -> None:
        """Makes every client a botocore session creates from now on talk to this world, without a socket."""
        from udo.sandbox import transports

        transports.attach(session, self)

    @contextmanager
    def serve(self, host: str = "127.0.0.1", port: int = 0) -> Iterator[Server]:
        """Serves this world over HTTP while the block runs.

        Raises: OSError where the port is taken.
        """
        from udo.sandbox import transports

        server = transports.Server(self, host, port)
        self.endpoint = server.endpoint
        try:
            yield server
        finally:
            self.endpoint = _NOWHERE
            server.stop()

    def client(self, service: str, region: str | None = None) -> Any:
        """A botocore client whose requests are neither recorded nor faulted: for building and looking."""
        key = (service, region or self.region)
        if key not in self._clients:
            from botocore.config import Config

            once = Config(retries={"total_max_attempts": 1})
            self._clients[key] = self._session.create_client(service, region_name=key[1], config=once)
        return self._clients[key]

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Requests of this thread are neither recorded nor faulted within the block."""
        before = getattr(self._aside, "on", False)
        self._aside.on = True
        try:
            yield
        finally:
            self._aside.on = before

    def reset(self) -> None:
        """Empties the world: no resource, no fault, nothing in the log; the clock runs on."""
        from moto.core.model_instances import reset_model_data

        from udo.sandbox import strict

        with self.lock:
            self.faults.clear()
            self.ahead = 0.0
            self.agents.reset()
            self.ssm_agents.reset()
            hooks.empty()
            reset_model_data()
            strict.reset()
            self.log.clear()
            self._number = 0
            self.roles.clear()
            if self.hosts is None:
                self.block.again()
            else:
                self.hosts.follow()

    def seed(self, config: Config) -> list[str]:
        """Builds the world a configuration describes, an hour old; returns remarks a person should read.

        Raises: ConfigError where a value rests on something that is not known here.
        """
        from udo.sandbox import seed

        with self.lock, self.aside():
            present, self.clock = self.clock, Clock.by_hand(self.clock.now() - SEEDED_AGE)
            try:
                remarks = seed.build(self, config)
            finally:
                self.clock = present
            self.advance()
        return remarks

    def advance(self) -> None:
        """Moves everything that time moves up to the clock's present moment; ssh servers follow their instances."""
        with self.lock:
            self._advance(self.clock)
            if self.hosts is not None:
                self.hosts.follow()

    def open_hosts(self, folder: Path, user_key: PKey) -> Hosts:
        """Gives every running instance an ssh server that lets `user_key` in, its files under `folder`.

        Raises: UdoError where no port is free.
        """
        from udo.sandbox.hosts import Hosts

        self.public_key = f"{user_key.get_name()} {user_key.get_base64()} sandbox"
        self.hosts = Hosts(self, folder, user_key)
        self.hosts.follow()
        return self.hosts

    def close_hosts(self) -> None:
        """Ends every ssh server and what runs in it."""
        self.agents.close()
        self.ssm_agents.close()
        if self.hosts is not None:
            self.hosts.close()
            self.hosts = None

    def instances(self) -> Iterator[Any]:
        """moto's own objects of all instances of the account, terminated ones too."""
        from moto.ec2.models import ec2_backends

        for backend in list(ec2_backends[self.account].values()):
            for reservation in list(backend.reservations.values()):
                yield from reservation.instances

    def close(self) -> None:
        """Lets go of every socket and of the address block."""
        self.faults.clear()
        self.close_hosts()
        self.block.release()

    @cached_property
    def _session(self) -> Any:
        # One for all clients: each session reads the models of the services anew.
        from udo.sandbox import transports

        return transports.session(self)

    def _seen(self, asked: Request) -> Request:
        if getattr(self._aside, "on", False):
            return asked
        with self.lock:
            self._number += 1
            asked = replace(asked, number=self._number)
            self.log.append(asked)
        return asked

    def _faulted(self, asked: Request, environ: Environ) -> Answer:
        faults = self.faults.due(asked) if asked.number else ()
        for fault in faults:
            if not fault.after and (answer := self._struck(fault, asked)):
                return answer
        answer = self._dispatched(asked, environ)
        for fault in faults:
            if fault.after and (instead := self._struck(fault, asked)):
                return instead
        return answer

    def _struck(self, fault: Any, asked: Request) -> Answer | None:
        with self.aside():
            return self.faults.strike(fault, asked, self.account)

    def _dispatched(self, asked: Request, environ: Environ) -> Answer:
        try:
            with self.lock:
                self.advance()
                answer = self._answered(asked, environ)
                if self.hosts is not None:
                    self.hosts.follow()
                self.agents.watch()
                self.ssm_agents.watch()
            if not isinstance(answer, Answer):
                # A function that runs may ask the world itself.
                answer = answer()
        except NotImplementedError as error:
            return _missing(asked, str(error))
        except Exception as error:
            return _crashed(asked, error)
        return _missing(asked) if _is_page(asked, answer) else answer

    def _answered(self, asked: Request, environ: Environ) -> wire.Given:
        if self.goes_by_policies and not getattr(self._aside, "on", False):
            from udo.sandbox.iam import gate

            return gate.guarded(self, asked, environ, self._moto)
        return self._moto(asked, environ)

    def _refused_key(self, asked: Request, environ: Environ) -> Answer | None:
        if self.goes_by_policies and asked.access_key != self.access_key:
            from udo.sandbox.iam import gate

            who = gate.known(self, asked)
            if who is not None:
                return gate.sessions_end(self, asked, environ, who)
        return None if self.access_key in (None, asked.access_key) else wire.unknown_key(asked)

    def _has(self, region: str) -> bool:
        from moto.ec2.models import ec2_backends

        return region in ec2_backends[self.account].regions

    def _controlled(self, environ: Environ) -> Answer:
        import json

        if self.control is None or self.access_key is None:
            return wire.plain(404, {"message": "no control here"})
        if environ.get("HTTP_AUTHORIZATION") != f"Bearer {self.access_key}":
            return wire.plain(403, {"message": "not the key of this sandbox"})
        try:
            words = dict(json.loads(wire.body_of(environ) or b"{}"))
        except (TypeError, ValueError):
            return wire.plain(400, {"message": "not a JSON object", "usage": True})
        path = environ["PATH_INFO"].removeprefix(CONTROL)
        try:
            return wire.plain(*self.control(path, words))
        except Exception as error:
            log.exception("'%s' crashed", path)
            return wire.plain(500, {"message": f"'{path}' crashed in the sandbox: {error!r}"})

    def _address(self) -> str:
        return self.block.next()

    def _console(self, instance: Any) -> str:
        from udo.sandbox import console
        from udo.sandbox.strict import delays

        # Launch times are kept to the microsecond, the clock is not.
        age = self.clock.now() - instance.launch_time.replace(tzinfo=UTC).timestamp()
        if round(age, 3) < delays.console:
            return ""
        return console.output(instance, self.hosts.key(instance.id) if self.hosts else None)


def _missing(asked: Request, why: str = "") -> Answer:
    # moto says the same of a whole operation in its own words; of a part of one it names the part.
    part = "" if "action has not been implemented" in why else why
    text = f"The sandbox does not have {asked.name}" + (f" with this: {part}" if part else "")
    # 501 is an error no SDK tries again.
    return wire.refusal(asked, 501, "NotImplemented", text)


def _crashed(asked: Request, error: Exception) -> Answer:
    """Source: EC2's and S3's error codes (InternalError); common errors of the others (InternalFailure)."""
    log.exception("%s crashed", asked.name, exc_info=error)
    code = "InternalError" if asked.protocol in ("ec2", "rest-xml") else "InternalFailure"
    return wire.refusal(asked, 500, code, f"{asked.name} crashed: {error!r}")


def _is_page(asked: Request, answer: Answer) -> bool:
    kind = dict(answer.headers).get("Content-Type", "")
    return (
        answer.status >= 400
        and asked.service != "s3"
        and answer.body.lstrip()[:9].lower() == b"<!doctype"
        and "html" in kind
    )


def _unknown_region(asked: Request) -> Answer:
    """Source: AWS's own answer to a signature for another region (SignatureDoesNotMatch)."""
    text = f"Credential should be scoped to a valid region, not '{asked.region}'."
    return wire.refusal(asked, 403, "SignatureDoesNotMatch", text)


__all__ = ["Cut", "World"]

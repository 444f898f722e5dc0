"""The agents of a world: which deployment has a bundle, whose agent carries out an event, and when it is done."""

from __future__ import annotations

import logging
import os
import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from udo.bundle.failure import UNKNOWN_ERROR
from udo.bundle.names import EVENTS
from udo.sandbox.agent import mounts
from udo.sandbox.agent.agent import Agent
from udo.sandbox.agent.confine import Confined, Way, way
from udo.sandbox.agent.deployment import Deployment, Report
from udo.sandbox.agent.host import Host
from udo.sandbox.agent.program import Here, Nowhere, Programs
from udo.sandbox.agent.revision import from_clone, from_s3
from udo.sandbox.agent.trouble import Troubles
from udo.sandbox.agent.users import add_users
from udo.sandbox.daemon import MARK
from udo.sandbox.strict.codedeploy.agents import Work, deployments_are_running

if TYPE_CHECKING:
    from udo.sandbox.world import World

log = logging.getLogger("udo.sandbox")
THREAD = "udo-sandbox-agent"
# Seconds between two looks at deployments that nobody asks about.
_LOOK = 0.1
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


# Source: botocore codedeploy LifecycleErrorCode; of the agent's codes it has no more.
_CODES = {"0": "Success", "1": "ScriptMissing", "2": "ScriptNotExecutable", "3": "ScriptTimedOut", "4": "ScriptFailed"}


@dataclass
class Fleet:
    """The agents by instance; in the background an event does not hold up the sandbox."""

    world: World
    clones: Mapping[str, Path] = field(default_factory=dict)
    unconfined: bool = False
    users: tuple[str, ...] = ()
    background: bool = False
    troubles: Troubles = field(default_factory=Troubles)
    _agents: dict[str, Agent] = field(default_factory=dict)
    _way: Way | None = None
    _mover: threading.Thread | None = None
    _changed: threading.Event = field(default_factory=threading.Event)
    _closed: bool = False

    def begin(self, deployment: Any, instance_id: str, event: str) -> Work | None:
        """Begins an event; None where it is none of the agent's, or nothing is known of what it would do.

        `deployment` is moto's own object.
        """
        instance = next((one for one in self.world.instances() if one.id == instance_id), None)
        effect = self.troubles.effect(deployment.deployment_id, instance_id, event)
        if instance is None:
            return None
        if effect is not None and effect.dies:
            instance.ec2_backend.terminate_instances([instance_id])
            return None
        if effect is not None and effect.report is not None:
            return Work(0.0, effect.seconds, _diagnostics(effect.report))
        told = self._told(deployment) if event in EVENTS and self.world.hosts is not None else None
        waits = effect.seconds if effect else 0.0
        if told is None:
            return Work(0.0, waits) if waits else None
        work = Work(waits=waits)
        job = partial(self._carry_out, work, self._agent(instance), event, told)
        if self.background:
            threading.Thread(target=job, name=THREAD, daemon=True).start()
            self._keep_moving()
        else:
            job()
        return work

    def remarks(self) -> list[str]:
        """What an operator should know before the first bundle is deployed."""
        if self.unconfined:
            return ["the hooks of bundles run on this machine as they are: --run-hooks-unconfined"]
        self._way = self._way or way()
        if not self._way.why:
            return []
        return [f"the hooks of bundles are listed, not run: {self._way.why}"]

    def watch(self) -> None:
        """Sees to it that deployments which are there go on, though nobody asks for them again."""
        if self.background and not self._closed and deployments_are_running():
            self._keep_moving()

    def follow(self, running: set[str]) -> None:
        """Ends what runs on instances that run no more."""
        for gone in self._agents.keys() - running:
            self._agents.pop(gone).programs.close()

    def reset(self) -> None:
        """Forgets all agents, what they have installed, and the faults."""
        for instance_id in list(self._agents):
            agent = self._agents.pop(instance_id)
            agent.programs.close()
            mounts.open_up(agent.host.root)
            shutil.rmtree(agent.host.root, ignore_errors=True)
        self.troubles.clear()

    def close(self) -> None:
        """Ends everything that hooks have started."""
        self._closed = self.background
        self._changed.set()
        roots = [agent.host.root for agent in self._agents.values()]
        self.follow(set())
        if os.geteuid():
            # Root removes everything anyway.
            for root in roots:
                mounts.open_up(root)

    def _carry_out(self, work: Work, agent: Agent, event: str, deployment: Deployment) -> None:
        try:
            report = agent.perform(event, deployment)
        except Exception as error:
            log.exception("the agent crashed at %s", event)
            report = Report(UNKNOWN_ERROR, "", f"the agent crashed in the sandbox: {error!r}")
        work.diagnostics = _diagnostics(report)
        if not self.background:
            work.ended = 0.0
            return
        work.ended = self.world.clock.now()
        self._changed.set()

    def _keep_moving(self) -> None:
        """Moves deployments on while there are some, so that an event begins when the one before has ended, not when
        somebody asks."""
        if self._mover is None or not self._mover.is_alive():
            self._mover = threading.Thread(target=self._move, name=THREAD, daemon=True)
            self._mover.start()

    def _move(self) -> None:
        while not self._closed and deployments_are_running():
            self._changed.wait(_LOOK)
            self._changed.clear()
            self.world.advance()

    def _told(self, deployment: Any) -> Deployment | None:
        revision = deployment.revision or {}
        fetched = self._fetched(revision)
        if fetched is None:
            return None
        fetch, kind, variables = fetched
        return Deployment(
            str(deployment.deployment_id),
            str(deployment.deployment_group.deployment_group_id),
            fetch,
            kind,
            str(deployment.application_name),
            str(deployment.deployment_group_name),
            behavior=str(deployment.file_exists_behavior or "DISALLOW"),
            variables=variables,
            restarts=getattr(deployment, "udo_mode", None) == "RESTART",
        )

    def _fetched(
        self, revision: Mapping[str, Any]
    ) -> tuple[Callable[[Path], None], str, Mapping[str, str | None]] | None:
        """How the bundle is fetched, its kind, and the variables that tell hooks of it."""
        if stored := revision.get("s3Location"):
            told = {
                "BUNDLE_BUCKET": stored["bucket"],
                "BUNDLE_KEY": stored["key"],
                "BUNDLE_VERSION": stored.get("version"),
                "BUNDLE_ETAG": stored.get("eTag"),
            }
            return partial(self._from_s3, stored), str(stored.get("bundleType") or "tar"), told
        location = revision.get("gitHubLocation") or {}
        repository, commit = str(location.get("repository")), str(location.get("commitId"))
        clone = self.clones.get(repository)
        if clone is None:
            return None
        return partial(from_clone, clone, repository, commit), "tar", {"BUNDLE_COMMIT": commit}

    def _from_s3(self, stored: Mapping[str, Any], place: Path) -> None:
        with self.world.lock:
            from_s3(self.world.account, stored, place)

    def _agent(self, instance: Any) -> Agent:
        if instance.id not in self._agents:
            assert self.world.hosts is not None
            root = self.world.hosts.place(instance).folder
            mounts.furnish(root)
            add_users(root, self.users)
            programs, owners = self._programs(root, str(instance.private_dns_name))
            mark = {MARK: str(root.parent)}
            path = _PATH if self.unconfined else f"/.udo/bin:{_PATH}"
            environment = {"PATH": path, "HOME": "/root", "LANG": "C.UTF-8", **mark}
            self._agents[instance.id] = Agent(Host(root, environment=environment, owners=owners), programs)
        return self._agents[instance.id]

    def _programs(self, root: Path, hostname: str) -> tuple[Programs, bool]:
        """Where the hooks of an instance run, and whether they and its files may belong to others."""
        if self.unconfined:
            return Here(), False
        if self._way is None:
            self._way = way()
        if self._way.why:
            return Nowhere(f"{self._way.why}; udo sandbox start --run-hooks-unconfined runs them without it"), False
        return Confined(root, self._way, hostname), self._way.real_root


def _diagnostics(report: Report) -> dict[str, str]:
    """A report as CodeDeploy shows it."""
    message = "; ".join([report.message, *report.notes]) if report.notes else report.message
    return {
        "errorCode": _CODES.get(report.code, "UnknownError"),
        "scriptName": report.script,
        "message": message,
        "logTail": report.log,
    }

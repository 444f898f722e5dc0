"""The agent itself: carries out one lifecycle event after the other, and keeps what the next deployment needs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from udo.bundle.appspec import key_text, parse
from udo.bundle.archive import unpack
from udo.bundle.failure import Failed
from udo.bundle.names import EVENTS, HOOKS
from udo.sandbox.agent.deployment import Deployment, Report
from udo.sandbox.agent.hook import Hook, appspec_of, found_hook, run_hook
from udo.sandbox.agent.host import Host, make_folders
from udo.sandbox.agent.install import install
from udo.sandbox.agent.program import Programs
from udo.sandbox.agent.tail import ScriptLog, Tail

ROOT = "/opt/codedeploy-agent/deployment-root"
# As the agent is configured by default.
MOST_REVISIONS = 5


@dataclass
class Agent:
    """The agent of one host; `root` is where on the host it keeps bundles, pointers and logs."""

    host: Host
    programs: Programs
    root: str = ROOT
    most_revisions: int = MOST_REVISIONS
    _tail: Tail = field(default_factory=Tail)

    def perform(self, event: str, deployment: Deployment) -> Report:
        """Carries out one lifecycle event; every failure is in the report."""
        # Events of several deployments may run at once.
        one = replace(self, host=replace(self.host, notes=[]), _tail=Tail(self._utf8))
        try:
            with _as_failed():
                make_folders(one._real(one._of(deployment)))
                told = one._performed(event, deployment)
        except Failed as error:
            return one._failure(error)
        return Report(message=told, notes=tuple(one.host.notes))

    def _performed(self, event: str, deployment: Deployment) -> str:
        if event == "DownloadBundle":
            self._download(deployment)
        elif event == "Install":
            self._install(deployment)
        else:
            return self._run(event, deployment)
        return "Succeeded: "

    def hook(self, event: str, deployment: Deployment) -> Hook | None:
        """The scripts of an event, as the agent finds them before it says whether there is anything to do.

        Raises: Failed.
        """
        last = self._pointer(deployment.group_id)
        return found_hook(self.host, event, deployment, self._of(deployment), last)

    def _run(self, event: str, deployment: Deployment) -> str:
        hook = self.hook(event, deployment)
        if hook is None or not hook.scripts:
            return "Succeeded: CompletedNoopCommand"
        if self.programs.refusal:
            listed = ", ".join(script.location for script in hook.scripts)
            return f"Succeeded: not run: {listed} ({self.programs.refusal})"
        place = f"{self._of(deployment)}/logs/scripts.log"
        both = f"{self.root}/deployment-logs/codedeploy-agent-deployments.log"
        log = ScriptLog(self._tail, (self._real(place), self._real(both)), deployment.deployment_id)
        with closing(log):
            run_hook(self.host, hook, self.programs, self._environment(event, deployment), log)
        return "Succeeded: "

    def _environment(self, event: str, deployment: Deployment) -> dict[str, str]:
        found = {
            **self.host.environment,
            "LIFECYCLE_EVENT": event,
            "DEPLOYMENT_ID": deployment.deployment_id,
            "APPLICATION_NAME": deployment.application,
            "DEPLOYMENT_GROUP_NAME": deployment.group_name,
            "DEPLOYMENT_GROUP_ID": deployment.group_id,
            **deployment.variables,
        }
        return {name: value for name, value in found.items() if value is not None}

    def _download(self, deployment: Deployment) -> None:
        self._forget_revisions(deployment)
        root = self._real(self._of(deployment))
        archive = root / "deployment-archive"
        if deployment.kind == "directory":
            deployment.fetch(archive)
        else:
            deployment.fetch(root / "bundle.tar")
            unpack(root / "bundle.tar", deployment.kind, archive)
        make_folders(self._real(self._instructions))
        self._point(f"{deployment.group_id}_most_recent_install", self._of(deployment))

    def _install(self, deployment: Deployment) -> None:
        make_folders(self._real(self._instructions))
        archive = f"{self._of(deployment)}/deployment-archive"
        spec = parse(appspec_of(self.host, archive, deployment.appspec))
        _refuse_unknown_hooks(deployment, list(spec.hooks))
        install(
            self.host, self._instructions, deployment.group_id, archive, spec, deployment.behavior.upper() or "DISALLOW"
        )
        self._point(f"{deployment.group_id}_last_successful_install", self._of(deployment))

    def _forget_revisions(self, deployment: Deployment) -> None:
        folder = f"{self.root}/{deployment.group_id}"
        found = [f"{folder}/{child.name}" for child in self._real(folder).iterdir()]
        others = [path for path in found if path != self._of(deployment)]
        extra = len(others) - self.most_revisions + 1
        last = self._pointer(deployment.group_id)
        ages = sorted((self._real(path).stat().st_mtime_ns, path) for path in others if path != last)
        for _, path in ages[: max(extra, 0)]:
            shutil.rmtree(self._real(path, follow=False), ignore_errors=True)

    def _failure(self, error: Failed) -> Report:
        report = Report(error.code, error.script, error.message, internal=error.internal)
        if not error.script:
            return report
        if not self._tail.readable:
            told = "Attempting minimal diagnostics"
            return Report(
                "Unknown", error.script, told, "Exception JSON::GeneratorError occured", exception=error.message
            )
        return Report(error.code, error.script, error.message, str(self._tail), notes=tuple(self.host.notes))

    @property
    def _utf8(self) -> bool:
        variables = self.host.environment
        named = variables.get("LC_ALL") or variables.get("LC_CTYPE") or variables.get("LANG") or "C"
        return "utf" in named.lower()

    @property
    def _instructions(self) -> str:
        return f"{self.root}/deployment-instructions"

    def _of(self, deployment: Deployment) -> str:
        return f"{self.root}/{deployment.group_id}/{deployment.deployment_id}"

    def _pointer(self, group_id: str) -> str | None:
        try:
            found = self._real(f"{self._instructions}/{group_id}_last_successful_install").read_text()
            return found.rstrip("\n") or None
        except FileNotFoundError:
            return None

    def _point(self, name: str, where: str) -> None:
        self._real(f"{self._instructions}/{name}").write_text(where)

    def _real(self, path: str, *, follow: bool = True) -> Path:
        return self.host.real(path, follow=follow)


@contextmanager
def _as_failed() -> Iterator[None]:
    """Turns what the system refuses into a failure of the event."""
    try:
        yield
    except OSError as error:
        raise Failed(f"{os.strerror(error.errno or 0)} - {error.filename or ''}".rstrip(" -")) from error
    except RecursionError:
        raise Failed("stack level too deep", internal=True) from None


def _refuse_unknown_hooks(deployment: Deployment, named: list[object]) -> None:
    if deployment.possible is None:
        return
    wanted = [*named, *(hook for hook in deployment.hooks if hook not in named)]
    if unknown := [name for name in wanted if name not in deployment.possible]:
        listed = ", ".join(map(key_text, unknown))
        name = Path(deployment.appspec).name
        raise Failed(f"{name} file contains unknown lifecycle events: [{listed}]")
    custom = [name for name in deployment.possible if name not in EVENTS and name not in (*named, *HOOKS)]
    if custom:
        raise Failed(
            "You specified a lifecycle event which is not a default one and doesn't exist in your "
            f"{Path(deployment.appspec).name} file: {','.join(custom)}"
        )

"""Why a deployment failed, in words: what happened on how many instances, their last lines once, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from udo.deploy.codes import AGENT_LOST, REMEDIES, WORDS
from udo.deploy.watch import in_hand, instances

if TYPE_CHECKING:
    from udo.model.deployments import Deployment, DeploymentTarget, LifecycleEvent

_LOG_LINES = 10
_NAMED = 3
# Source: the agent's own messages, agent 1.8.1.
_EXIT = re.compile(r"failed with exit code ?(\d*)")
_TIME = re.compile(r"failed to complete in (\d+) seconds")
_IN_THE_WAY = re.compile(r"a specified file already exists at this location: (.+)")
_OPEN = re.compile(r"failed to close (STDOUT|STDERR)")


@dataclass(frozen=True)
class Cause:
    """One way in which instances of a deployment failed; `logs` are their last lines, one text an instance."""

    event: LifecycleEvent | None
    instance_ids: tuple[str, ...]
    logs: tuple[str, ...]

    @property
    def says(self) -> str:
        """Where and how, on one line."""
        if self.event is None:
            return "failed without a word of where"
        inside = ", ".join(filter(None, (self.event.script, _how(self.event))))
        return f"{self.event.name} failed ({inside})" if inside else f"{self.event.name} failed (no diagnostics)"

    @property
    def remedy(self) -> str:
        """What to do about it; empty where the last lines are all there is to go by."""
        return _remedy(self.event) if self.event else ""


def causes(targets: Sequence[DeploymentTarget]) -> list[Cause]:
    """How the failed ones failed, the most frequent first."""
    found: dict[tuple[str, ...], list[DeploymentTarget]] = {}
    for target in targets:
        if target.status == "Failed":
            found.setdefault(_key(target), []).append(target)
    return [_cause(alike) for alike in sorted(found.values(), key=len, reverse=True)]


def reason(deployment: Deployment | None, targets: Sequence[DeploymentTarget]) -> str:
    """Why a deployment failed, on one line: CodeDeploy's words, then what failed on which instances."""
    parts = [_verdict(deployment)] if deployment and deployment.error_code else []
    parts += [f"{_who(cause, len(targets))} {cause.says}" for cause in causes(targets)]
    if deployment and deployment.rollback_id:
        parts.append(f"CodeDeploy rolls back with {deployment.rollback_id}")
    return "; ".join(parts) or "CodeDeploy gives no reason"


def story(deployment: Deployment | None, targets: Sequence[DeploymentTarget], total: int = 0) -> Iterator[str]:
    """The failure in lines: each way in which instances failed, with their last lines once, and what to do.

    `total` is how many targets there are where not all are given.
    """
    found = causes(targets)
    count = max(total, len(targets))
    for cause in found:
        head = f"{_who(cause, count)} {cause.says}"
        tail = [f"    {line}" for line in cause.logs[0].splitlines()[-_LOG_LINES:]]
        many = len(cause.instance_ids) > 1
        if tail and many:
            alike = len(set(cause.logs)) == 1
            head += ", same last lines:" if alike else f", last lines of {cause.instance_ids[0]}:"
        yield head
        yield from tail
    remedies = [cause.remedy for cause in found]
    if deployment and deployment.error_code in REMEDIES:
        # What failed on instances says more than that too many did.
        remedies += [REMEDIES[deployment.error_code]] if not any(remedies) else []
    for remedy in dict.fromkeys(filter(None, remedies)):
        yield f"-> {remedy}"


def _key(target: DeploymentTarget) -> tuple[str, ...]:
    event = in_hand(target)
    if event is None:
        return ()
    return event.name, event.script, event.error_code, event.message.replace(target.instance_id, "")


def _cause(alike: Sequence[DeploymentTarget]) -> Cause:
    events = [in_hand(target) for target in alike]
    logs = tuple(event.log_tail if event else "" for event in events)
    return Cause(events[0], tuple(target.instance_id for target in alike), logs)


def _who(cause: Cause, total: int) -> str:
    """Which instances: by name, or how many of how many."""
    ids = cause.instance_ids
    if len(ids) <= _NAMED and total > len(ids):
        return f"{', '.join(ids)}:"
    return f"{len(ids)} of {instances(total)}:" if total > 1 else f"{ids[0]}:"


def _verdict(deployment: Deployment) -> str:
    words = WORDS.get(deployment.error_code) or " ".join(deployment.error_message.split()).rstrip(".")
    return f"{deployment.error_code}: {words}".rstrip(" :")


def _how(event: LifecycleEvent) -> str:
    """How a script failed, in few words; the agent's own where it has others."""
    message = " ".join(event.message.split())
    if found := _EXIT.search(message):
        return f"exit {found[1]}" if found[1] else "killed by a signal"
    if found := _TIME.search(message):
        return f"not done within {found[1]} s"
    return ", ".join(filter(None, (event.error_code, message)))


def _remedy(event: LifecycleEvent) -> str:
    if AGENT_LOST in event.message:
        return "the CodeDeploy agent did not answer: on the instance, look at 'systemctl status codedeploy-agent'"
    if found := _IN_THE_WAY.search(event.message):
        return f"{found[1].strip()} was brought by no deployment: --file-exists overwrite replaces it, retain keeps it"
    if _OPEN.search(event.message):
        return "a program it started keeps its output open: redirect it in the script (>/dev/null 2>&1 </dev/null)"
    if event.name == "ApplicationStop":
        return (
            "its scripts are those of the revision installed before; deploy.ignore_stop_failures: true passes them by"
        )
    match event.error_code:
        case "ScriptTimedOut":
            return "give the script more time (timeout in appspec.yml), or see why it hangs"
        case "ScriptMissing":
            return "appspec.yml names a script that the bundle does not hold"
        case "ScriptNotExecutable":
            return "make the script executable in the bundle"
    return ""

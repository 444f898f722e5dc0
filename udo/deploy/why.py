"""Why a deployment failed, in words: what happened on how many instances, their last lines once, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from udo.bundle.failure import brief
from udo.deploy.codes import AGENT_LOST, AGENT_REMEDIES, DETAILS, OF_INSTANCES, OF_THE_LAST, REMEDIES, WORDS
from udo.deploy.watch import in_hand, listed
from udo.frozen import frozen

if TYPE_CHECKING:
    from udo.model.deployments import Deployment, DeploymentTarget, LifecycleEvent

_LOG_LINES = 10
_NAMED = 3
# `udo why` sets the lines in by four columns of eighty.
_WIDTH = 76
# Source: the agent's own messages, agent 1.8.1.
_EXIT = re.compile(r"failed with exit code ?(\d*)")
_TIME = re.compile(r"failed to complete in (\d+) seconds")
_IN_THE_WAY = re.compile(r"a specified file already exists at this location: (.+)")
_OPEN = re.compile(r"failed to close (STDOUT|STDERR)")
_MISSING = re.compile(r"Script does not exist at specified location")
_SAYS_NOTHING = ("ScriptFailed", "UnknownError", "Unknown")
_QUOTED = re.compile(r"'[^']*'")
# The log begins with what the head says already.
_HEADING = re.compile(r"(LifecycleEvent|Script) - ")


@frozen
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
        inside = ", ".join(filter(None, (self.event.script, _how(self.event)))) or "no diagnostics"
        how = "ended as nobody knows" if self.event.status == "Unknown" else "failed"
        return f"{how} in {self.event.name} ({inside})"

    @property
    def remedy(self) -> str:
        """What to do about it; empty where the last lines are all there is to go by."""
        return _remedy(self.event) if self.event else ""


def causes(targets: Sequence[DeploymentTarget]) -> list[Cause]:
    """How the failed ones failed, the most frequent first."""
    found: dict[tuple[str, ...], list[DeploymentTarget]] = {}
    for target in targets:
        if target.status in ("Failed", "Unknown"):
            found.setdefault(_key(target), []).append(target)
    return [_cause(alike) for alike in sorted(found.values(), key=len, reverse=True)]


def reason(deployment: Deployment | None, targets: Sequence[DeploymentTarget]) -> str:
    """Why a deployment failed, on one line: CodeDeploy's words, then what failed on which instances."""
    found = causes(targets)
    parts = [verdict(deployment, found)] if deployment else []
    parts += [f"{_who(cause, len(targets))} {cause.says}" for cause in found]
    if deployment and deployment.rollback_id:
        parts.append(f"CodeDeploy rolls back with {deployment.rollback_id}")
    return "; ".join(filter(None, parts)) or "CodeDeploy gives no reason"


def verdict(deployment: Deployment, found: Sequence[Cause]) -> str:
    """CodeDeploy's own reason; empty where it says no more than that instances failed, as `found` tells."""
    code, message = deployment.error_code, " ".join(deployment.error_message.split())
    if code in OF_INSTANCES and found:
        return ""
    words = WORDS.get(code)
    named = [match[1] for detail in DETAILS for match in [detail.search(message)] if match]
    if words and named:
        words += f" ({', '.join(named)})"
    return f"{code}: {words or message.rstrip('.')}".strip(" :")


def story(deployment: Deployment | None, targets: Sequence[DeploymentTarget], total: int = 0) -> Iterator[str]:
    """The failure in lines: each way in which instances failed, with their last lines once, and what to do.

    `total` is how many targets there are where not all are given.
    """
    found = causes(targets)
    for cause in found:
        yield from _part(cause, max(total, len(targets)))
    remedies = [cause.remedy for cause in found]
    if deployment and deployment.error_code in REMEDIES and not any((*remedies, *map(_tail, found))):
        # What failed on instances says more than that too many did.
        remedies = [REMEDIES[deployment.error_code]]
    for remedy in dict.fromkeys(filter(None, remedies)):
        yield from _wrapped(remedy, "-> ", "   ")


def rehearsed(words: str, deployment_id: str, targets: Sequence[DeploymentTarget]) -> list[str]:
    """Where in the sandbox to look further, where a script failed; `words` are CLUSTER ROLE."""
    if not any(cause.event and cause.event.script for cause in causes(targets)):
        return []
    log = f"udo ssh {words} 'cat opt/codedeploy-agent/deployment-root/*/{deployment_id}/logs/scripts.log'"
    return [f"   the whole log of its scripts: {log}", "   what its bundle holds: udo check --bundle DIR"]


def _part(cause: Cause, total: int) -> Iterator[str]:
    """One way in which instances failed: how many and where, what the agent says of it, and their last lines."""
    ids, tail = cause.instance_ids, _tail(cause)
    head = f"{f'{len(ids)} of {total}' if len(ids) > 1 else ids[0]} {cause.says}"
    after = ""
    if tail:
        alike = ", same last lines:" if len(set(cause.logs)) == 1 else f", last lines of {ids[0]}:"
        after = alike if len(ids) > 1 else ":"
    if len(head) + len(after) <= _WIDTH:
        yield head + after
    else:
        head, _, inside = head.partition(" (")
        yield head
        yield from _wrapped(f"({inside}{after}", "    ", "    ")
    if 1 < len(ids) < total:
        yield f"    on {listed(ids)}"
    yield from (f"    {line}" for line in tail[-_LOG_LINES:])


def _tail(cause: Cause) -> list[str]:
    return [line for line in cause.logs[0].splitlines() if not _HEADING.match(line)]


def _wrapped(text: str, first: str, next_: str) -> list[str]:
    """A text in lines that fit; a command in quotes and a long word stay whole, so that they can be copied."""
    whole = _QUOTED.sub(lambda found: found[0].replace(" ", "\N{NO-BREAK SPACE}"), text)
    lines = wrap(
        whole, _WIDTH, initial_indent=first, subsequent_indent=next_, break_long_words=False, break_on_hyphens=False
    )
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]


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
    if len(ids) <= _NAMED and (total > len(ids) or len(ids) == 1):
        return ", ".join(ids)
    return f"{len(ids)} of {total}"


def _how(event: LifecycleEvent) -> str:
    """How a script failed, in few words; the agent's own where it has others."""
    message = " ".join(event.message.split())
    if found := _EXIT.search(message):
        return f"exit {found[1]}" if found[1] else "killed by a signal"
    if found := _TIME.search(message):
        return f"not done within {found[1]} s"
    if found := _OPEN.search(message):
        return f"its {found[1]} stays open"
    if found := _IN_THE_WAY.search(message):
        return f"{found[1]} is in the way"
    if AGENT_LOST in message:
        return "the agent did not answer"
    if _MISSING.search(message):
        return "not in the bundle"
    code = "" if message and event.error_code in _SAYS_NOTHING else event.error_code
    return ", ".join(filter(None, (code, brief(message))))


def _remedy(event: LifecycleEvent) -> str:
    if event.name in OF_THE_LAST and event.script:
        return "that script is of the revision before: deploy.ignore_stop_failures: true deploys although it fails"
    for pattern, remedy in AGENT_REMEDIES:
        if pattern.search(event.message):
            return remedy
    match event.error_code:
        case "ScriptTimedOut":
            return "give the script more time (timeout in appspec.yml), or see why it hangs"
        case "ScriptMissing":
            return "see what appspec.yml names: 'udo check --bundle DIR'"
        case "ScriptNotExecutable":
            return "make the script executable in the bundle"
    return ""

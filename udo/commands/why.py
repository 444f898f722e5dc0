"""Tell again what last failed on a group, and what succeeded after it."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from udo.change.events import Notice
from udo.deploy.blue_green import moved, serving
from udo.deploy.observe import OF_ONE_INSTANCE
from udo.deploy.revision import brief, same, told
from udo.deploy.stop import stopped_by
from udo.deploy.why import causes, story, verdict
from udo.errors import Absent, AwsError, PermissionDenied
from udo.groups.failures import Failure, failed_activities
from udo.groups.text import age
from udo.refresh.why import failed_refresh
from udo.result import Result
from udo.selectors import no_more, one_role, stack_word

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from udo.aws import Aws
    from udo.config import Role
    from udo.model.deployments import Deployment
    from udo.session import Session

# How many of the newest deployments and activities are looked at.
_MOST = 100


def failed_deployments(
    aws: Aws, deployments: Sequence[Deployment], words: str, who: Callable[[str], str] = lambda _: ""
) -> list[Failure]:
    """The last deployment that failed, be it on some instances; `deployments` are newest first, `words` CLUSTER ROLE.

    `who` tells of a deployment that was stopped who did it. Where that was a rollback, the one that it was to undo
    stands behind it. Raises: UdoError.
    """
    undone = {one.rollback_id: one.deployment_id for one in deployments if one.rollback_id}
    found = []
    for number, one in enumerate(deployments):
        if one.status in ("Failed", "Stopped") or one.overview.get("Failed"):
            later = next((after for after in deployments[:number] if _mends(after, one)), None)
            stopper = who(one.deployment_id) if one.status == "Stopped" else ""
            failure = _failed(aws, one, later, undone.get(one.deployment_id, ""), stopper)
            # What is in service since then, or is undone, needs no way back.
            is_last = one.status == "Failed" and not (later or one.rollback_id)
            next_step = _next_step(one, deployments[number + 1 :], words) if is_last else ()
            found.append(replace(failure, lines=(*failure.lines, *next_step)))
            if one.deployment_id not in undone:
                break
    return found


def _mends(later: Deployment, failed: Deployment) -> bool:
    """Whether it is a success that came after the failure: one of a launched instance says nothing of the others."""
    return later.status == "Succeeded" and (later.creator not in OF_ONE_INSTANCE or failed.creator in OF_ONE_INSTANCE)


def _failed(aws: Aws, one: Deployment, later: Deployment | None, undoes: str, stopper: str) -> Failure:
    ids = aws.codedeploy.target_ids(one.deployment_id, ("Failed", "Unknown"))
    targets = list(aws.codedeploy.targets(one.deployment_id, ids))
    by = f" by {one.creator}" if one.creator not in ("", "user") else ""
    by = f", the rollback of {undoes}" if undoes else by
    says = f"deployment {one.deployment_id} of {_brief(one)}{by}: {one.outcome}"
    says += f" by {stopper}" if stopper else ""
    # Who stopped it says more than that somebody did.
    lines = [
        *filter(None, ["" if stopper else verdict(one, causes(targets))]),
        *story(one, targets, sum(one.overview.values())),
    ]
    after = (f"deployment {later.deployment_id} of {_brief(later)} succeeded", _ended_at(later)) if later else ("", "")
    return Failure("deployment", _ended_at(one), says, tuple(lines), *after)


def _next_step(failed: Deployment, earlier: Sequence[Deployment], words: str) -> list[str]:
    """How to go on after a failure: mended, or back to the newest success of another revision, where that is known."""
    back = next((one for one in earlier if _mends(one, failed)), None)
    lines = [f"-> once it is mended: udo deploy {words} REVISION"]
    if back and not same(back.revision, failed.revision):
        lines.append(f"-> or back to {_brief(back)}: udo rollback {words} --code")
    return lines


def _brief(deployment: Deployment) -> str:
    return brief(told(deployment.revision))


def _ended_at(deployment: Deployment) -> str:
    return deployment.completed_at or deployment.created_at


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER ROLE | stack:NAME")
@click.pass_obj
def command(session: Session, words: tuple[str, ...]) -> Result:
    """Tell what last failed on the group of CLUSTER ROLE, newest first: a deployment, an instance refresh, launches.
    With the reason, the last lines of its scripts, what to do about it, and what succeeded after it. Of a stack it is
    the last operation of CloudFormation that failed, with the first resource that did.

    It is read from AWS, so it can be shown again at any time and on any machine. The exit code is 0, also where nothing
    has failed.

    \b
    udo why prod webapp
    udo why prod webapp -o json
    udo why stack:queues
    """
    stack = stack_word(words)
    label, failures = _of_a_role(session, words) if stack is None else _of_a_stack(session, stack)
    found = sorted(failures, key=lambda one: one.at, reverse=True)
    now = session.clock.time()
    if not found:
        return Result([], text=f"nothing has failed on {label}, as far back as AWS tells")
    return Result([_row(one) for one in found], text="\n".join(line for one in found for line in _lines(one, now)))


def _of_a_role(session: Session, words: tuple[str, ...]) -> tuple[str, list[Failure]]:
    role, rest = one_role(session.config, words)
    no_more(rest)
    return role.label, _failures(session, role)


def _of_a_stack(session: Session, word: str) -> tuple[str, list[Failure]]:
    # Late: most have no stacks.
    from udo.stacks.find import named
    from udo.stacks.why import failed_operation

    what = named(session, word, {})
    failure = failed_operation(session.aws(what.base), what, session.clock.time())
    return what.label, [failure] if failure else []


def _failures(session: Session, role: Role) -> list[Failure]:
    aws = session.aws(role)
    application, name = (role.get(f"deploy.{key}") for key in ("application", "deployment_group"))
    words = f"{role.cluster} {role.name}"
    group = _serving(session, aws, role) if application and name else role.group_name

    def of_deployments() -> list[Failure]:
        ended = aws.codedeploy.deployments(application, name, ("Succeeded", "Failed", "Stopped"))
        return failed_deployments(aws, list(islice(ended, _MOST)), words, stopper)

    def stopper(deployment_id: str) -> str:
        try:
            found = aws.autoscaling.groups([role.group_name]).get(role.group_name)
        except (AwsError, PermissionDenied) as error:
            session.emit(Notice(f"who stopped {deployment_id} is unknown: {error.message}", "warning"))
            return ""
        return stopped_by(deployment_id, found.tags) if found else ""

    sources: dict[str, Callable[[], list[Failure]]] = {
        "deployments": of_deployments,
        "instance refreshes": lambda: [*filter(None, [failed_refresh(aws.autoscaling.refreshes(group), words)])],
        "scaling activities": lambda: failed_activities(list(islice(aws.autoscaling.activities(group), _MOST))),
    }
    if not (application and name):
        del sources["deployments"]
    found: list[Failure] = []
    for what, source in sources.items():
        try:
            found += source()
        except (AwsError, PermissionDenied) as error:
            session.emit(Notice(f"{what} are unknown: {error.message}", "warning"))
    return found


def _serving(session: Session, aws: Aws, role: Role) -> str:
    """The name of the group that serves; the role's own where CodeDeploy does not tell."""
    application, name = (role.get(f"deploy.{key}") for key in ("application", "deployment_group"))
    try:
        over = aws.codedeploy.deployment_group(application, name)
    except PermissionDenied as error:
        session.emit(Notice(f"which group serves is unknown, taken for {role.group_name}: {error.message}", "warning"))
        return role.group_name
    except (Absent, AwsError):
        # That its deployments are unknown is said where those are read.
        return role.group_name
    if says := moved(role, over):
        session.emit(Notice(says))
    return serving(role, over)


def _lines(failure: Failure, now: float) -> list[str]:
    after = [f"    since then: {failure.since} {age(failure.since_at, now)} ago"] if failure.since else []
    return [f"{age(failure.at, now)} ago  {failure.says}", *(f"    {line}" for line in failure.lines), *after]


def _row(failure: Failure) -> dict[str, Any]:
    since = {"what": failure.since, "at": failure.since_at} if failure.since else None
    return {"kind": failure.kind, "at": failure.at, "what": failure.says, "lines": list(failure.lines), "since": since}

"""Show deployments, newest first: when, who, which revision, how they came out and how long they took."""

from __future__ import annotations

import heapq
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from udo.change.mark import marked
from udo.deploy.revision import brief, told
from udo.deploy.watch import in_hand
from udo.errors import Absent, AwsError, PermissionDenied, UsageError
from udo.groups.text import brief_time, local_time, lasted
from udo.result import LOW, Column, Result
from udo.selectors import reading_roles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from udo.config import Role
    from udo.model.deployments import Deployment, DeploymentTarget
    from udo.session import Session

_ID = re.compile(r"d-[A-Z0-9]+")
_KEYS = ("deploy.application", "deploy.deployment_group")
COLUMNS = (
    Column("created_at", "CREATED", fold=brief_time, brief="AGE"),
    Column("deployment_id", "DEPLOYMENT"),
    Column("roles", "ROLE", rank=2),
    Column("revision", "REVISION", fold=brief, least=7),
    Column("outcome", "OUTCOME", least=9),
    Column("took", "TOOK", "right", rank=3),
    Column("creator", "BY", rank=4),
    Column("run", "RUN", rank=LOW + 1),
    Column("reason", "WHY", rank=1, least=8),
)
TARGET_COLUMNS = (
    Column("instance_id", "INSTANCE"),
    Column("status", "STATUS"),
    Column("lifecycle_event", "EVENT"),
    Column("script", "SCRIPT", rank=1),
    Column("message", "MESSAGE", rank=2, least=10),
)


@click.command()
@click.argument("words", nargs=-1, metavar="[CLUSTER [ROLE] | ID]")
@click.option("--last", type=click.IntRange(1), default=20, metavar="N", help="How many at most (20 by default).")
@click.pass_obj
def command(session: Session, words: tuple[str, ...], last: int) -> Result:
    """Show the deployments to the groups of CLUSTER ROLE, newest first, whoever made them: when, which revision, how
    they came out, how long they took. With an ID, one deployment instance by instance.

    Without a word all roles; lists (webapp,worker) and '*' may stand for either.

    \b
    udo deployments prod webapp
    udo deployments prod --last 50 -o json
    udo deployments d-ABCDEF123            what happened on each instance
    """
    if len(words) == 1 and _ID.fullmatch(words[0]) and words[0] not in session.config.clusters:
        return _one(session, words[0])
    roles = reading_roles(session.config, words, all_by_default=True)
    found, notes = _newest(session, roles, last)
    now = session.clock.time()
    rows = [_row(deployment, labels, now) for deployment, labels in found]
    shown = [row | {"created_at": local_time(row["created_at"], now), "revision": row["says"]} for row in rows]
    if len(found) == last:
        notes.append(f"the last {last}; --last N shows more")
    data = [{key: value for key, value in row.items() if key != "says"} for row in rows]
    return Result(data, COLUMNS, shown, notes=notes)


def _newest(
    session: Session, roles: Sequence[Role], last: int
) -> tuple[list[tuple[Deployment, tuple[str, ...]]], list[str]]:
    """The newest deployments with the roles whose groups they went to, and what is unknown.

    Raises: UsageError where no role deploys.
    """
    notes: list[str] = []
    sources = []
    for aws, together in session.by_aws(roles):
        labels: dict[tuple[str, str], tuple[str, ...]] = {}
        for role in together:
            application, name = (role.get(key) for key in _KEYS)
            if application and name:
                labels[application, name] = (*labels.get((application, name), ()), role.label)
        for (application, name), targets in labels.items():
            deployments = aws.codedeploy.deployments(application, name)
            sources.append(_told_apart(deployments, targets, notes))
    if not sources:
        named = ", ".join(role.label for role in roles)
        raise UsageError(f"{named}: no deploy.application and deploy.deployment_group", hint="set them in udo.yml")
    merged = heapq.merge(*sources, key=lambda pair: pair[0].created_at, reverse=True)
    return list(islice(merged, last)), notes


def _told_apart(
    deployments: Iterator[Deployment], labels: tuple[str, ...], notes: list[str]
) -> Iterator[tuple[Deployment, tuple[str, ...]]]:
    try:
        for deployment in deployments:
            yield deployment, labels
    except (AwsError, PermissionDenied) as error:
        notes.append(f"warning: deployments to {', '.join(labels)} are unknown: {error.message}")


def _one(session: Session, deployment_id: str) -> Result:
    """One deployment with its targets, in whichever account and region of udo.yml it is.

    Raises: Absent.
    """
    for aws, _ in session.by_aws(session.config.roles("*", None)):
        try:
            deployment = aws.codedeploy.deployment(deployment_id)
        except AwsError as error:
            if error.aws_code != "DeploymentDoesNotExistException":
                raise
            continue
        now = session.clock.time()
        targets = list(aws.codedeploy.targets(deployment_id, aws.codedeploy.target_ids(deployment_id)))
        row = _row(deployment, (), now)
        head = f"{deployment_id} of {row.pop('says')} to {deployment.application} {deployment.deployment_group}: "
        head += f"{deployment.outcome}, {local_time(deployment.created_at, now)}"
        rows = [_target(target) for target in targets]
        verdict = " ".join(deployment.error_message.split())
        notes = [head, *([f"{deployment.error_code}: {verdict}"] if deployment.error_code else [])]
        return Result({**row, "targets": rows}, TARGET_COLUMNS, rows, notes=notes)
    raise Absent(f"deployment {deployment_id} does not exist", hint="looked wherever udo.yml has roles")


def _row(deployment: Deployment, labels: Sequence[str], now: float) -> dict[str, Any]:
    run, reason = marked(deployment.description)
    return {
        "deployment_id": deployment.deployment_id,
        "roles": list(labels),
        "application": deployment.application,
        "deployment_group": deployment.deployment_group,
        "created_at": deployment.created_at,
        "completed_at": deployment.completed_at or None,
        "took": lasted(deployment.created_at, deployment.completed_at, now),
        "creator": deployment.creator or None,
        "run": run or None,
        "reason": reason or None,
        "status": deployment.status,
        "outcome": deployment.outcome,
        "overview": dict(deployment.overview),
        "error": deployment.error_code or None,
        "revision": deployment.revision,
        "says": told(deployment.revision),
    }


def _target(target: DeploymentTarget) -> dict[str, Any]:
    event = in_hand(target)
    return {
        "instance_id": target.instance_id,
        "status": target.status,
        "lifecycle_event": event.name if event else None,
        "script": event.script or None if event else None,
        "error_code": event.error_code or None if event else None,
        "message": event.message or None if event else None,
        "log_tail": event.log_tail or None if event else None,
    }

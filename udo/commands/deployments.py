"""Show deployments, newest first: when, who, which revision, how they came out and how long they took."""

from __future__ import annotations

import heapq
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from udo.change.events import Notice
from udo.deploy.blue_green import waits_for
from udo.deploy.observe import OF_ONE_INSTANCE
from udo.deploy.revision import brief, told
from udo.deploy.rows import deployment_row, target_row
from udo.deploy.why import story
from udo.errors import Absent, AwsError, PermissionDenied, UsageError
from udo.groups.text import brief_time, lasted, local_time
from udo.result import LOW, Column, Result
from udo.selectors import reading_roles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from udo.config import Role
    from udo.model.deployments import Deployment
    from udo.session import Session

_ID = re.compile(r"d-[A-Z0-9]+")
# So many are looked at for those that are shown.
_MOST = 1000
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
# Where instances replace others: Green those that come, Blue those that go.
_LABEL = Column("label", "FLEET", rank=1)


@click.command()
@click.argument("words", nargs=-1, metavar="[CLUSTER [ROLE] | ID]")
@click.option("--last", type=click.IntRange(1), default=20, metavar="N", help="How many at most (20 by default).")
@click.option("--launches", is_flag=True, help="Also those that only brought the revision to a launched instance.")
@click.pass_obj
def command(session: Session, words: tuple[str, ...], last: int, launches: bool) -> Result:
    """Show the deployments to the groups of CLUSTER ROLE, newest first, whoever made them: when, which revision, how
    they came out, how long they took. With an ID, one deployment instance by instance.

    CodeDeploy also makes one for each instance that a group launches or terminates. Of those, only what failed or is
    active is shown, unless --launches asks for all. Without a word all roles; lists (webapp,worker) and '*' may be
    given for either.

    \b
    udo deployments prod webapp
    udo deployments prod --last 50 -o json
    udo deployments d-ABCDEF123            what happened on each instance
    """
    return listed(session, words, last, launches=launches)


def listed(session: Session, words: tuple[str, ...], last: int = 20, *, launches: bool = False) -> Result:
    """What the command shows.

    Raises: UdoError.
    """
    if len(words) == 1 and _ID.fullmatch(words[0]) and words[0] not in session.config.clusters:
        return _one(session, words[0])
    roles = reading_roles(session.config, words, all_by_default=True)
    found, left_out = _newest(session, roles, last, launches=launches)
    now = session.clock.time()
    rows = [{"roles": list(labels)} | deployment_row(deployment) for deployment, labels in found]
    shown = [row | _shown(deployment, now) for row, (deployment, _) in zip(rows, found, strict=True)]
    notes = [f"the last {last}; --last N shows more"] if len(found) == last else []
    if not (found or left_out):
        notes.append("nothing was deployed yet, as far back as CodeDeploy lists")
    if left_out:
        are = "1 deployment to a launched or terminated instance is"
        are = are if left_out == 1 else f"{left_out} deployments to launched or terminated instances are"
        notes.append(f"{are} not shown; --launches shows all")
    return Result(rows, COLUMNS, shown, notes=notes)


def _newest(
    session: Session, roles: Sequence[Role], last: int, *, launches: bool
) -> tuple[list[tuple[Deployment, tuple[str, ...]]], int]:
    """The newest deployments with the roles whose groups they went to, and how many of single instances were left out;
    what is unknown is a warning.

    Raises: UsageError where no role deploys.
    """
    sources = []
    for aws, together in session.by_aws(roles):
        labels: dict[tuple[str, str], tuple[str, ...]] = {}
        for role in together:
            application, name = (role.get(key) for key in _KEYS)
            if application and name:
                labels[application, name] = (*labels.get((application, name), ()), role.label)
        for (application, name), targets in labels.items():
            deployments = aws.codedeploy.deployments(application, name)
            sources.append(_as_far_as_told(session, deployments, targets))
    if not sources:
        named = ", ".join(role.label for role in roles)
        raise UsageError(f"{named}: no deploy.application and deploy.deployment_group", hint="set them in udo.yml")
    merged = heapq.merge(*sources, key=lambda pair: pair[0].created_at, reverse=True)
    if launches:
        return list(islice(merged, last)), 0
    looked_at: list[tuple[Deployment, tuple[str, ...]]] = []
    shown: list[tuple[Deployment, tuple[str, ...]]] = []
    for pair in islice(merged, _MOST):
        looked_at.append(pair)
        if not _is_routine(pair[0]):
            shown.append(pair)
        if len(shown) == last:
            break
    return shown, len(looked_at) - len(shown)


def _is_routine(one: Deployment) -> bool:
    """Whether it went well, and only to an instance that was launched or terminated."""
    return one.creator in OF_ONE_INSTANCE and one.status == "Succeeded"


def _as_far_as_told(
    session: Session, deployments: Iterator[Deployment], labels: tuple[str, ...]
) -> Iterator[tuple[Deployment, tuple[str, ...]]]:
    try:
        for deployment in deployments:
            yield deployment, labels
    except (AwsError, PermissionDenied) as error:
        session.emit(Notice(f"deployments to {', '.join(labels)} are unknown: {error.message}", "warning"))


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
        rows = [target_row(target) for target in targets]
        head = f"{told(deployment.revision)} to {deployment.application} {deployment.deployment_group}"
        how = f"{deployment.outcome}, {local_time(deployment.created_at, now)}"
        notes = [f"{deployment_id} of {head}: {how}", *story(deployment, targets)]
        notes += filter(None, [waits_for(deployment.status, deployment_id, targets)])
        columns = (
            (*TARGET_COLUMNS[:1], _LABEL, *TARGET_COLUMNS[1:]) if any(one.label for one in targets) else TARGET_COLUMNS
        )
        return Result(deployment_row(deployment) | {"targets": rows}, columns, rows, notes=notes)
    raise Absent(f"deployment {deployment_id} does not exist", hint="looked wherever udo.yml has roles")


def _shown(deployment: Deployment, now: float) -> dict[str, Any]:
    """What the table says in other words than the document."""
    return {
        "created_at": local_time(deployment.created_at, now),
        "revision": told(deployment.revision),
        "took": lasted(deployment.created_at, deployment.completed_at, now),
    }

"""Revisions that are taken from what AWS already has: the one before, another cluster's, the one that is on its way."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from udo.deploy.observe import OF_SOME_INSTANCES, observe_deployments, observe_groups, setting
from udo.deploy.revision import same, told
from udo.errors import Absent, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from udo.aws import Aws
    from udo.config import Role
    from udo.model.deployments import Deployment

PREVIOUS = "@previous"
# How many deployments are looked at for one that brought another revision.
_MOST = 200


def running(aws: Aws, role: Role) -> Deployment | None:
    """The newest deployment that succeeded on the role's whole group; None where there was none.

    Raises: UdoError.
    """
    return next(whole(aws, role, ("Succeeded",)), None)


def previous(aws: Aws, role: Role) -> Mapping[str, Any]:
    """The newest revision that succeeded on the role's group, other than the one that was last deployed to it.

    What the last deployment came to does not matter: after one that failed it is what ran before that.

    Raises: Absent where there is none; Refused where it is no longer what it was.
    """
    every = islice(whole(aws, role), _MOST)
    last = next(every, None)
    if last is None:
        raise Absent(f"{role.label} was never deployed to", hint="name the revision")
    found = next((one for one in every if one.status == "Succeeded" and not alike(one.revision, last.revision)), None)
    if found is None:
        raise Absent(
            f"no other revision than {told(last.revision)} has succeeded on {role.label}", hint="name the revision"
        )
    return still_there(aws, found.revision)


def whole(aws: Aws, role: Role, statuses: tuple[str, ...] = ()) -> Iterator[Deployment]:
    """The deployments that were meant for the role's whole group, newest first. Raises: UdoError."""
    application, name = (setting(role, f"deploy.{key}") for key in ("application", "deployment_group"))
    for one in aws.codedeploy.deployments(application, name, statuses):
        if one.creator not in OF_SOME_INSTANCES and not one.outdated_only:
            yield one


def promoted(aws: Aws, role: Role) -> Mapping[str, Any]:
    """What the role of another cluster runs now, on every member in service.

    Raises: Absent where nothing was deployed there; Refused where its members differ, or the object is another now.
    """
    groups = observe_groups(aws, role)
    last = running(aws, role)
    if last is None:
        raise Absent(f"{role.label} has no successful deployment", hint="there is nothing to promote")
    observed = observe_deployments(aws, groups, last.revision)
    if observed.active:
        active = observed.active[0]
        raise Refused(
            f"deployment {active.deployment_id} to {role.label} is active ({active.status})",
            hint="nothing was deployed; wait for its end, or name the revision",
        )
    if observed.last is None or not same(observed.last.revision, last.revision) or observed.lacking:
        how = "was stopped" if observed.last and observed.last.status == "Stopped" else "failed"
        count = (
            f"{len(observed.lacking)} of its instances lack it" if observed.lacking else f"its last deployment {how}"
        )
        raise Refused(
            f"{role.label} does not run {told(last.revision)} everywhere: {count}",
            hint="nothing was deployed; bring that cluster to one revision, or name the revision",
        )
    return still_there(aws, last.revision)


def alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two revisions are the same, also where nothing tells their bytes."""
    return one == other or same(one, other)


def still_there(aws: Aws, revision: Mapping[str, Any]) -> Mapping[str, Any]:
    """The revision, where its object is the one that was deployed. Raises: Absent, Refused."""
    stored = revision.get("s3Location")
    if not stored:
        return revision
    now = aws.s3.stored(stored["bucket"], stored["key"], stored.get("version"))
    known = str(stored.get("eTag") or "").strip('"')
    if not stored.get("version") and (not known or known != now.etag.strip('"')):
        raise Refused(
            f"s3://{stored['bucket']}/{stored['key']} is another object now than the one that was deployed",
            hint="nothing was deployed; keep versions in the bucket, or name the revision",
        )
    return revision

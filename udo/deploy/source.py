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
# How many successes are looked at for a revision other than the newest.
_MOST = 200


def running(aws: Aws, role: Role) -> Deployment | None:
    """The newest deployment that succeeded on the role's whole group; None where there was none.

    Raises: UdoError.
    """
    return next(_successes(aws, role), None)


def previous(aws: Aws, role: Role) -> Mapping[str, Any]:
    """The newest revision that succeeded on the role's group before the one it has now; failures do not count.

    Raises: Absent where there is none; Refused where it is no longer what it was.
    """
    successes = list(islice(_successes(aws, role), _MOST))
    if not successes:
        raise Absent(f"{role.label} has no successful deployment", hint="name the revision")
    now = successes[0].revision
    found = next((one.revision for one in successes if not alike(one.revision, now)), None)
    if found is None:
        raise Absent(f"{role.label} has had no other revision than {told(now)}", hint="name the revision")
    return still_there(aws, found)


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


def _successes(aws: Aws, role: Role) -> Iterator[Deployment]:
    application, name = (setting(role, f"deploy.{key}") for key in ("application", "deployment_group"))
    for one in aws.codedeploy.deployments(application, name, ("Succeeded",)):
        if one.creator not in OF_SOME_INSTANCES and not one.outdated_only:
            yield one


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

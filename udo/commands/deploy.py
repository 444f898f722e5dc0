"""Deploy a revision to a group with CodeDeploy, and follow it to its end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from udo.change.finish import finish
from udo.commands._options import wait_lock
from udo.deploy.observe import observe_deployments, observe_groups, setting
from udo.deploy.outcome import OVERTAKEN, Ending
from udo.deploy.plan import Wanted, plan_deploy
from udo.deploy.revision import Archive, Commit, GitName, Sources, location, meaning, resolved
from udo.duration import given
from udo.errors import AwsError, Conflict, UsageError
from udo.files import current_folder
from udo.groups.target import role_target
from udo.schema.deploy import FILE_EXISTS
from udo.selectors import no_more, one_role

if TYPE_CHECKING:
    from udo.aws import Aws
    from udo.change.outcome import Outcome
    from udo.change.plan import Plan
    from udo.config import Role
    from udo.deploy.observe import Observed
    from udo.result import Result
    from udo.session import Session

TAKES = ("--dry-run", "--yes")

_KEYS = (
    "deploy.application",
    "deploy.deployment_group",
    "deploy.github.repo",
    "deploy.s3.bucket",
    "deploy.s3.prefix",
    "deploy.config",
    "deploy.file_exists",
    "post_deploy_hook",
)
_LONGEST_REASON = 200


def _limit(text: str) -> float:
    # It was minutes once, and is seconds everywhere else: an hour must not become a minute unsaid.
    if text[-1:].isdigit() and given(text):
        raise UsageError(f"--timeout {text} has no unit", hint=f"write {text}m for minutes, {text}s for seconds")
    return given(text)


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER ROLE REV")
@click.option("--again", is_flag=True, help="Deploy again even if every instance already has the revision.")
@click.option("--no-wait", is_flag=True, help="Start the deployment, name it, and leave it to AWS.")
@click.option("--timeout", metavar="TIME", type=_limit, help="Follow it for so long: 90s, 30m or 1h (default: 60m).")
@click.option(
    "--file-exists",
    type=click.Choice(FILE_EXISTS),
    help="What to do with a file in the way that no deployment installed: fail, overwrite or retain it.",
)
@click.option("--reason", metavar="TEXT", default="", help="Why; kept in the deployment's description.")
@wait_lock
@click.pass_obj
def command(
    session: Session,
    words: tuple[str, ...],
    again: bool,
    no_wait: bool,
    timeout: float | None,
    file_exists: str | None,
    reason: str,
) -> Result:
    """Deploy a revision to the group of CLUSTER ROLE, follow it to its end, and show how it went on each instance.

    REV is 40 hex digits, or a branch, tag or short hash, which is resolved in the clone of deploy.github.repo you are
    in, to a commit that a branch on GitHub contains. It may also be s3://bucket/key[?versionId=ID]; and with deploy.s3
    alone a bare word is prefix/REV.type in the bucket. The object is pinned by its version and eTag of now.

    The deployment group (deploy.application, deploy.deployment_group) must contain the role's Auto Scaling group. A
    deployment of the same revision that is already active is followed; another one is a conflict (exit 4). If
    the last deployment succeeded and was of this revision, only instances without it get it; if every instance in
    service has it, nothing is done. Ctrl-C and the timeout leave the deployment running: the same command follows it
    again.

    After a success that was waited for, post_deploy_hook is run on this machine (with UDO_CLUSTER, UDO_ROLE,
    UDO_REGION, UDO_APP, UDO_REVISION and UDO_DEPLOYMENT_ID).

    \b
    udo deploy stage worker 740800d --dry-run
    udo deploy prod webapp v1.4.2 --reason "fixes the cart"
    udo deploy prod.webapp s3://shop-releases/webapp/1.4.2.zip --timeout 30m
    udo deploy prod webapp main --no-wait

    \b
    exit 0    deployed, or already there          exit 4    another deployment is active
    exit 1    it failed, or there is no instance  exit 7    the deployment group is not of this group
    exit 3    deployed, but an instance or a      exit 124  timed out, it continues in AWS
              hook failed
    """
    role, rest = one_role(session.config, words)
    if not rest:
        raise UsageError("which revision?", hint="give CLUSTER ROLE REV; see 'udo deploy --help'")
    no_more(rest[1:])
    role = session.resolve(role, *_KEYS) if role.lookups(*_KEYS) else role
    revision = _commit(rest[0], role)
    seconds = timeout or float(role.get("deploy.timeout"))
    aws = session.aws(role)
    wanted = Wanted({}, session.run_id, seconds, not no_wait, again, _reason(reason), region=aws.region or "")
    wanted = replace(wanted, file_exists=file_exists or role.get("deploy.file_exists"))
    groups = observe_groups(aws, role)
    wanted = replace(wanted, revision=location(_pinned(aws, revision)), notes=_notes(revision))
    return _deployed(session, role, aws, observe_deployments(aws, groups, wanted.revision), wanted)


def _deployed(session: Session, role: Role, aws: Aws, observed: Observed, wanted: Wanted) -> Result:
    plan = plan_deploy(role, observed, wanted)
    ending = Ending(session, role, aws, wanted.revision, observed.deployments, plan)

    def overtaken(outcome: Outcome) -> Plan | None:
        """Somebody was faster: look again, and follow what is there if it is ours."""
        error = outcome.error
        if not (isinstance(error, AwsError) and error.aws_code == OVERTAKEN):
            return None
        now = observe_deployments(aws, observe_groups(aws, role), wanted.revision)
        ending.plan, ending.known = plan_deploy(role, now, wanted), now.deployments
        if ending.plan.writes:
            raise Conflict(error.message, hint="nothing was deployed; look and run it again")
        return ending.plan

    return finish(session, role_target(session, role), plan, tell=ending.told, instead=overtaken)


def _commit(word: str, role: Role) -> Commit | Archive:
    """What REV means, before AWS is asked for anything."""
    for key in ("deploy.application", "deploy.deployment_group"):
        setting(role, key)
    kind = role.get("deploy.s3.type") if role.has("deploy.s3.type") else None
    repository, bucket, prefix = (role.get(f"deploy.{key}") for key in ("github.repo", "s3.bucket", "s3.prefix"))
    found = meaning(word, Sources(role.label, repository, bucket, prefix, kind))
    return resolved(found, current_folder()) if isinstance(found, GitName) else found


def _pinned(aws: Aws, revision: Commit | Archive) -> Commit | Archive:
    if isinstance(revision, Commit):
        return revision
    stored = aws.s3.stored(revision.bucket, revision.key, revision.version)
    return replace(revision, version=stored.version, etag=stored.etag)


def _notes(revision: Commit | Archive) -> tuple[str, ...]:
    return (revision.note,) if isinstance(revision, Commit) and revision.note else ()


def _reason(text: str) -> str:
    plain = " ".join(text.split())
    if len(plain) > _LONGEST_REASON:
        raise UsageError(f"--reason has {len(plain)} characters", hint=f"at most {_LONGEST_REASON}")
    return plain

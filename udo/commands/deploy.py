"""Deploy a revision to a group with CodeDeploy, and follow it to its end."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import click

from udo.change.many import Change, finish_each
from udo.change.plan import Plan
from udo.commands._options import path_given, wait_lock, waivers
from udo.commands.deployments import listed
from udo.commands.stop import stop
from udo.deploy.back import back, reason_back
from udo.deploy.canary import asked_pause
from udo.deploy.course import Course
from udo.deploy.lookup import KEYS, Asked, compared, looked_up, meant
from udo.deploy.observe import observe_active, observe_deployments, observe_groups, setting
from udo.deploy.original import todays
from udo.deploy.plan import Wanted
from udo.deploy.several import check_several, ordered
from udo.deploy.source import PREVIOUS
from udo.deploy.suspend import unattended
from udo.duration import given
from udo.errors import UsageError
from udo.files import current_folder
from udo.groups.target import role_target
from udo.result import Result
from udo.schema.deploy import FILE_EXISTS
from udo.selectors import no_more, one_cluster, roles_to_change

if TYPE_CHECKING:
    from collections.abc import Mapping

    from udo.aws import Aws
    from udo.change.many import Work
    from udo.config import Role
    from udo.deploy.observe import Observed
    from udo.deploy.revision import Commit, GitName
    from udo.session import Session

TAKES = ("--dry-run", "--yes")

_LONGEST_REASON = 200
_QUEUE = "60m"


class _Command(click.Command):
    """A command whose --queue takes a time only after `=`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Reads the words with the usual time where none is given. Raises: UsageError for a time after a blank."""
        for word, time in pairwise(args):
            # No hash: none of the units is a hex digit.
            if word == "--queue" and time[:-1].isdecimal() and time[-1] in "smh":
                raise UsageError(f"--queue takes its time after '=', not {time!r}", hint=f"write --queue={time}")
        return super().parse_args(ctx, [f"--queue={_QUEUE}" if word == "--queue" else word for word in args])


def limit(text: str) -> float:
    """A time to follow a deployment for, in seconds. Raises: UsageError for a number without a unit."""
    # It was minutes once, and is seconds everywhere else: an hour must not become a minute unsaid.
    if text[-1:].isdigit() and given(text):
        raise UsageError(f"--timeout {text} has no unit", hint=f"write {text}m for minutes, {text}s for seconds")
    return given(text)


@click.command(cls=_Command)
@click.argument("words", nargs=-1, metavar="CLUSTER ROLE [REV]")
@click.option("--from", "cluster", metavar="CLUSTER", help="Deploy what the same role of that cluster runs now.")
@click.option(
    "--bundle",
    metavar="DIR",
    type=path_given,
    help="Deploy what this folder holds, but for what its .udoignore names: packed, looked through and uploaded.",
)
@click.option("--anyway", is_flag=True, help="With --bundle: deploy although it is sure to fail, or a link leads out.")
@click.option("--follow", is_flag=True, help="Follow the deployment that is active, whatever it brings.")
@click.option("--again", is_flag=True, help="Deploy again even if every instance already has the revision.")
@click.option("--allow-older", is_flag=True, help="Deploy a commit that is in the history of the running one.")
@click.option("--queue", metavar="[=TIME]", type=given, help="Wait for the end of another deployment first (60m).")
@click.option("--supersede", is_flag=True, help="Stop another deployment first, without a rollback; asks.")
@click.option("--canary", metavar="zone", help="Deploy to one Availability Zone first, and wait before the others.")
@click.option("--pause", metavar="TIME", type=given, help="With --canary: how long, such as 10m.")
@click.option("--no-wait", is_flag=True, help="Start it, name it, leave it to AWS: what follows a success is not done.")
@click.option("--timeout", metavar="TIME", type=limit, help="Follow it for so long: 90s, 30m or 1h (default: 60m).")
@click.option(
    "--file-exists",
    type=click.Choice(FILE_EXISTS),
    help="What becomes of a file in the way that no deployment has brought: it fails, overwrites or retains it.",
)
@click.option("--reason", metavar="TEXT", default="", help="A few words kept in the deployment's description.")
@waivers
@wait_lock
@click.pass_obj
def command(session: Session, /, words: tuple[str, ...], **options: Any) -> Result:
    """Deploy a revision to the group of CLUSTER ROLE, follow it to its end, and say how each instance fared.

    REV is 40 hex digits, or HEAD, a branch, tag or short hash. In a clone of deploy.github.repo that is what it means
    there, to a commit that a branch on GitHub contains; elsewhere GitHub is asked. It may also be
    s3://bucket/key[?versionId=ID]; with deploy.s3 alone a bare word is prefix/REV.type in the bucket. What is there now
    is looked up and pinned by version and eTag. @previous is the newest revision that succeeded, other than the one
    last deployed, whatever came of that; --from CLUSTER what that cluster's same role runs. --bundle DIR makes a zip of
    a folder, without .git and what .udoignore in it names (gitignore's rules), and looks it through as 'udo check
    --bundle' does: what is sure to fail is refused. It is uploaded to deploy.s3 once, as prefix/SHA256.zip.

    The deployment group (deploy.application, deploy.deployment_group) must contain the role's Auto Scaling group; one
    that is blue/green is followed, not started. A deployment of the same revision that is already active is followed;
    another one is a conflict (exit 4), unless --queue or --supersede says otherwise. If the last deployment was a
    success of this revision, only instances without it are deployed to; if every instance in service has it, nothing is
    done. Ctrl-C and the timeout leave the deployment running: the same command follows it again.

    The processes of deploy.suspend are suspended just before a deployment is made, and resumed however this ends. Those
    that CodeDeploy can it suspends itself; the others go with a run that waits, not with --no-wait (exit 2). After a
    run that was killed the next one resumes them, or 'udo resume --recover'.

    --canary zone deploys to one Availability Zone, waits for --pause, and continues zone by zone, unless as many have
    failed as a zone has. The deployment configuration for it, udo-HASH, is made where it is missing, and stays.
    What it will meet is reported first, in a dry run too: what ends it, what is in its way (docs/deployments.md).

    Before a deployment is made pre_deploy_hook is run on this machine, and keeps it from being made where it fails;
    after a success that was waited for, post_deploy_hook (both with UDO_CLUSTER, UDO_ROLE, UDO_REGION, UDO_APP and
    UDO_REVISION, the second with UDO_DEPLOYMENT_ID). Slack is notified, as of any other change.

    For ROLE a list (webapp,worker) or '*' may be given: each is deployed after those that its deploy.after names, all
    are shown and asked about first, where one fails the others are not begun, and the same command continues there.

    The original's forms (GROUP REV, list, last, status ID, stop) work where no cluster has that name.

    \b
    udo deploy stage worker 740800d --dry-run
    udo deploy prod webapp v1.4.2 --reason "fixes the cart"
    udo deploy prod webapp --from stage --canary zone --pause 10m
    udo deploy prod webapp @previous
    udo deploy prod webapp,worker v1.4.2 --yes
    udo deploy prod.webapp s3://shop-releases/webapp/1.4.2.zip --timeout 30m
    udo deploy stage webapp --bundle ./build

    \b
    exit 0    deployed, or already there          exit 4    another deployment is active
    exit 1    it failed, or there is no instance  exit 7    refused: of another group, older,
    exit 3    deployed, but an instance or a      exit 124  timed out, it continues in AWS
              hook failed                                 or pre_deploy_hook failed
    """
    return _ended(session, words, options)


def _ended(session: Session, words: tuple[str, ...], options: Mapping[str, Any]) -> Result:
    verb, words = todays(session, words)
    if verb != "deploy":
        return _other(session, verb, words, options)
    roles, rest = roles_to_change(session.config, words)
    if len(roles) > 1:
        check_several(roles, rest, no_wait=options["no_wait"])
        roles = ordered(session.config, roles)
    known: dict[GitName, Commit] = {}
    work = [deployment(session, role, rest, options, known) for role in roles]
    return finish_each(session, work, in_order=not options["follow"])


def _other(session: Session, verb: str, words: tuple[str, ...], options: Mapping[str, Any]) -> Result:
    """What another verb does, which was an action of deploy once."""
    for one in command.params:
        if options.get(one.name):
            raise UsageError(f"{one.opts[0]} is no option of 'udo {verb}'", hint=f"see 'udo {verb} --help'")
    if verb == "stop":
        return stop(session, words)
    return listed(session, words[:-2], 1) if words[-2:] == ("--last", "1") else listed(session, words)


def usual(**given: Any) -> dict[str, Any]:
    """The options as they are where nobody gives them, but for these."""
    # What has no default is None to some versions of click, and a mark of their own to others.
    options = {str(one.name): one.default for one in command.params if isinstance(one, click.Option)}
    return {name: one if isinstance(one, bool | str) else None for name, one in options.items()} | given


def deployment(
    session: Session, role: Role, rest: tuple[str, ...], options: Mapping[str, Any], known: dict[GitName, Commit]
) -> Work:
    """The deployment to a role as one change of several; `options` are the command's, and `back` for a rollback.

    A name of git is looked up once for them all: `known` keeps what it meant.

    Raises: UdoError, UsageError among them before AWS is asked for anything.
    """
    role = session.resolve(role, *KEYS) if role.lookups(*KEYS) else role
    asked = _asked(session, role, rest, options, known)
    return role_target(session, role), partial(_planned, session, role, asked, options)


def _planned(session: Session, role: Role, asked: Asked, options: Mapping[str, Any]) -> Change:
    aws = session.aws(role)
    wanted = _wanted(session, role, aws, options)
    if asked.back:
        return _back(session, role, aws, wanted, asked)
    if asked.follow:
        return _followed(session, role, aws, wanted)
    groups = observe_groups(aws, role)
    return _course(session, role, aws, groups, meant(session, role, aws, asked, wanted), asked)


def _course(session: Session, role: Role, aws: Aws, groups: Observed, wanted: Wanted, asked: Asked) -> Change:
    wanted = replace(wanted, notes=(*wanted.notes, *compared(aws, role, wanted.revision, asked, current_folder())))
    observed = observe_deployments(aws, groups, wanted.revision)
    again = partial(meant, session, role, aws, asked)
    return Course(session, role, aws, wanted, observed, asked.queue, again).change()


def _back(session: Session, role: Role, aws: Aws, wanted: Wanted, asked: Asked) -> Change:
    """Goes back to the revision before."""
    groups = observe_groups(aws, role)
    found = back(aws, role)
    notes = (found.note,)
    wanted = replace(wanted, revision=found.revision, notes=notes, follow=found.follow, verb="rollback")
    return _course(session, role, aws, groups, replace(wanted, reason=reason_back(wanted.reason)), asked)


def _asked(
    session: Session, role: Role, rest: tuple[str, ...], options: Mapping[str, Any], known: dict[GitName, Commit]
) -> Asked:
    """Where the revision comes from, before AWS is asked for anything. Raises: UsageError."""
    for key in ("deploy.application", "deploy.deployment_group"):
        setting(role, key)
    if options["no_wait"]:
        unattended(role)
    if options.get("back"):
        no_more(rest)
        return Asked(allow_older=True, back=True)
    cluster, follow = options["cluster"], options["follow"]
    folder = options["bundle"]
    if len([one for one in (rest[:1], cluster is not None, folder, follow) if one]) != 1:
        if rest or cluster is not None or folder or follow:
            raise UsageError("REV, --from, --bundle and --follow exclude each other", hint="give one of them")
        raise UsageError("which revision?", hint="give REV, --from, --bundle or --follow; see 'udo deploy --help'")
    if options["anyway"] and not folder:
        raise UsageError("--anyway is about a bundle", hint="give it with --bundle DIR")
    _pause(role, options)
    if options["queue"] and options["supersede"]:
        raise UsageError("--queue and --supersede exclude each other", hint="give one of them")
    if cluster is not None and one_cluster(session.config, cluster) == role.cluster:
        raise UsageError(f"--from {cluster} is the cluster that is deployed to", hint="name another one")
    if cluster is not None:
        session.config.role(cluster, role.name)
    no_more(rest[1:])
    asked = Asked("", None, cluster, follow, options["allow_older"], options["queue"])
    if folder:
        # Late: what reads bundles is of no use for other revisions.
        from udo.deploy.bundle import bundle_of

        return replace(asked, bundle=bundle_of(session, role, folder, anyway=options["anyway"]))
    if not rest or rest[0] == PREVIOUS:
        return replace(asked, word=rest[0] if rest else "")
    return replace(asked, word=rest[0], found=looked_up(session, rest[0], role, known, current_folder()))


def _wanted(session: Session, role: Role, aws: Aws, options: Mapping[str, Any]) -> Wanted:
    return Wanted(
        {},
        session.run_id,
        _timeout(role, options),
        not options["no_wait"],
        options["again"],
        _reason(options["reason"]),
        options["file_exists"] or role.get("deploy.file_exists"),
        aws.region or "",
        supersede=aws.identity()[1] if options["supersede"] else "",
        pause=_pause(role, options),
    )


def _pause(role: Role, options: Mapping[str, Any]) -> int | None:
    return asked_pause(options["canary"], options["pause"], _timeout(role, options), follow=options["follow"])


def _timeout(role: Role, options: Mapping[str, Any]) -> float:
    return options["timeout"] or float(role.get("deploy.timeout"))


def _followed(session: Session, role: Role, aws: Aws, wanted: Wanted) -> Change:
    """Follows what is active, whatever it brings."""
    observed = observe_active(aws, role)
    if not observed.active:
        none = Result({"deployment_id": None}, text=f"no deployment is active on {role.label}")
        return Change(Plan("deploy", role.label, ()), tell=lambda _: none)
    wanted = replace(wanted, revision=observed.active[0].revision, follow=True)
    return Course(session, role, aws, wanted, observed, None).change()


def _reason(text: str) -> str:
    plain = " ".join(text.split())
    if len(plain) > _LONGEST_REASON:
        raise UsageError(f"--reason has {len(plain)} characters", hint=f"at most {_LONGEST_REASON}")
    return plain

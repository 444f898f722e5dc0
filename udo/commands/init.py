"""Write a first udo.yml, or one that describes live groups."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from udo import schema
from udo.change.new_files import written
from udo.config import NAME
from udo.config.showing import in_one_line
from udo.config.writing import document, escaped, heading, readable
from udo.errors import AwsError, PermissionDenied, UsageError
from udo.result import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from udo.config.writing import Part
    from udo.output import Output
    from udo.session import Session

TAKES = ("--dry-run", "--yes")

_READ_BY_ALL, _PRIVATE = 0o644, 0o600
_ABOUT = """\
A cluster and a role together name one Auto Scaling group: {group}. What this file does not say of a group stays
as it is in AWS. Every key there is: udo config keys. Mistakes: udo check. What would change: udo plan."""
_STARTER = """\
app_name: {app}
region: {region}

# Udo refuses to touch any other account than this:
# account: "123456789012"

# What instances are launched from. Here it holds for all; any of it may also be set in a cluster or a role.
# ami: ami-0a1b2c3d4e5f60718 # or ssm:/path, or {{owner: amazon, name: "al2023-ami-2023.*-x86_64", pick: newest}}
# instance_type: t3.small
# keypair_name: {plain}
# security_groups: [sg-0a1b2c3d4e5f60718]

# Where revisions come from, for `udo deploy`.
# deploy:
#   application: {plain}
#   github: {{repo: example/{plain}}}

clusters:
  {cluster}:
    roles:
      {role}:
        # deployment_group: {cluster}-{role}
        # tags: {{team: payments}}
"""


@click.command()
@click.argument("words", nargs=-1, metavar="[CLUSTER ROLE]")
@click.option("--app", metavar="NAME", help="The name of the application (default: the folder's).")
@click.option("--from-group", "groups", metavar="NAME...", multiple=True, help="Describe these live groups instead.")
@click.pass_obj
def command(session: Session, words: tuple[str, ...], app: str | None, groups: tuple[str, ...]) -> Result:
    """Write a first udo.yml here (or to the file of --config), with one CLUSTER and ROLE.

    On a terminal it asks for what is missing; without one it takes defaults. --region sets the region.

    With --from-group it reads live groups and writes the udo.yml that leaves them as they are: 'udo plan' then has
    nothing to change. A group named like prod-webapp becomes cluster prod and role webapp; any other is a role
    of cluster default and keeps its name. User data goes into files beside it, byte for byte. Nothing is changed in
    AWS, and an existing file is replaced only after a question, or with --yes.

    \b
    udo init
    udo init stage webapp --app shop --region us-west-2
    udo init --from-group prod-webapp prod-worker
    """
    path = Path(session.options.config or NAME)
    if groups:
        return _from_groups(session, path, (*groups, *words), app)
    return _starter(session, path, words, app)


def _starter(session: Session, path: Path, words: Sequence[str], app: str | None) -> Result:
    if len(words) == 1 and "." in words[0]:
        words = words[0].split(".", 1)
    if len(words) not in (0, 2):
        raise UsageError("a file begins with one CLUSTER and one ROLE", hint="give both, or neither")
    region = session.options.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    asks = sys.stdin.isatty() and not session.options.yes
    output = session.output
    app = _answer(output, "name of the application", app, _plain(path.absolute().parent.name), _app, asks=asks)
    region = _answer(output, "AWS region", session.options.region, region or "us-east-1", _region, asks=asks)
    place = _answer(
        session.output, "first cluster and role", " ".join(words) or None, "stage webapp", _place, asks=asks
    )
    cluster, role = place.split()
    names = {"plain": _plain(app), "cluster": cluster, "role": role}
    body = _STARTER.format(app=in_one_line(escaped(app)), region=region, **names)
    text = f"{heading(_ABOUT.format(group=f'{cluster}-{role}'))}\n\n{body}"
    rows = written(session, {path: (text.encode(), _READ_BY_ALL)})
    data = {"files": rows, "roles": [{"cluster": cluster, "role": role}]}
    return Result(data, text=_told(rows), notes=["read it, then: udo check"])


def _from_groups(session: Session, path: Path, names: Sequence[str], app: str | None) -> Result:
    from udo.launch.import_group import observe_groups, parts

    aws = session.aws_here
    found = observe_groups(aws, names)
    account, notes = _account(session)
    made = list(parts(found))
    top = {"app_name": app, "region": aws.region, "account": account}
    roles = [part for part, _ in made]
    text = document({key: value for key, value in top.items() if value}, roles, _ABOUT.format(group=_group(roles[0])))
    files = {path.parent / part.keys["user_data"]["file"]: (raw, _PRIVATE) for part, raw in made if raw}
    if following := [live.group.name for live in found if getattr(live.group.launch, "version", "").startswith("$")]:
        notes.append(f"the first updatelc pins to a number what {', '.join(following)} launches from")
    if files:
        notes.append("user data often holds secrets: look before you commit its files")
    rows = written(session, {**files, path: (text.encode(), _READ_BY_ALL)})
    data = {"files": rows, "roles": [_row(part, live.group.name) for part, live in zip(roles, found, strict=True)]}
    return Result(data, text=_told(rows), notes=[*notes, "it leaves the groups as they are; see: udo plan"])


def _account(session: Session) -> tuple[str | None, list[str]]:
    try:
        return session.aws_here.identity()[0], []
    except (AwsError, PermissionDenied) as error:
        return None, [f"the account is left out, it is unknown: {error.message}"]


def _answer(
    output: Output, noun: str, given: str | None, default: str, read: Callable[[str], str | None], *, asks: bool
) -> str:
    """What was said, or the default; on a terminal what is answered, which is asked for until it can stand.

    Raises: UsageError for one that is not allowed in udo.yml.
    """

    def fitting(found: str) -> str:
        if (answer := read(found)) is None:
            raise UsageError(f"{found!r} cannot be the {noun}", hint=f"it is {_SHAPES[read]}")
        return answer

    if given is None and asks:
        while (found := output.answer(f"The {noun} [{default}]:")) is not None:
            try:
                return fitting(found or default)
            except UsageError as error:
                output.error(f"Error: {error}")
        raise click.Abort
    return fitting(default if given is None else given)


def _app(name: str) -> str | None:
    return name if name and readable("app_name", name) else None


def _region(name: str) -> str | None:
    return name if name and readable("region", name) else None


def _place(names: str) -> str | None:
    found = re.fullmatch(r"([A-Za-z0-9][A-Za-z0-9_-]*)[. ]([A-Za-z0-9][A-Za-z0-9_-]*)", names)
    return " ".join(found.groups()) if found else None


_SHAPES = {
    _app: "text",
    _region: schema.BY_PATH["region"].shape,
    _place: "two words of letters, digits, '_' and '-'",
}


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-_") or "app"


def _group(part: Part) -> str:
    return str(part.keys.get("group_name") or f"{part.cluster}-{part.role}")


def _row(part: Part, group: str) -> dict[str, Any]:
    file = part.keys.get("user_data", {}).get("file")
    return {"cluster": part.cluster, "role": part.role, "group": group, "user_data": file}


def _told(rows: Sequence[dict[str, str]]) -> str:
    return "\n".join(f"{row['file']} {row['outcome']}" for row in rows)

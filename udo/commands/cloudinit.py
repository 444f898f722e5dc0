"""Print the boot script of a role."""

from __future__ import annotations

import base64
import sys
from typing import TYPE_CHECKING

import click

from udo.errors import UsageError
from udo.launch.overlay import BASIS
from udo.launch.user_data import boot_script
from udo.result import Result
from udo.selectors import reading_roles

if TYPE_CHECKING:
    from udo.config import Role
    from udo.session import Session


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER ROLE")
@click.pass_obj
def command(session: Session, words: tuple[str, ...]) -> Result:
    """Print the boot script of a role, byte for byte as its instances would get it.

    For example: udo cloudinit prod webapp

    It is made of packages, repo, repo_url and cloud_init*, or is the file that user_data names. Asks AWS for
    nothing but the parameters that these refer to; secret ones are masked.
    """
    roles = reading_roles(session.config, words)
    if len(roles) > 1:
        labels = ", ".join(role.label for role in roles)
        raise UsageError(f"these are {len(roles)} roles ({labels}), and this prints one boot script", hint="name one")
    kept = roles[0].lookups(*BASIS)
    role = session.resolve(roles[0], *BASIS) if kept else roles[0]
    script = boot_script(role)
    data = _data(role, script)
    if script is None:
        return Result(data, notes=[f"{role.label}: nothing in {role.file.name} makes a boot script"])
    if kept or session.options.output == "json" or sys.stdout.isatty():
        return Result(data, text=script.decode(errors="backslashreplace").removesuffix("\n"))
    click.echo(script, nl=False)
    return Result(data)


def _data(role: Role, script: bytes | None) -> dict[str, object]:
    row: dict[str, object] = {"cluster": role.cluster, "role": role.name, "group": role.group_name}
    if script is None:
        return row | {"user_data": None}
    try:
        return row | {"user_data": script.decode()}
    except UnicodeDecodeError:
        return row | {"user_data": None, "user_data_base64": base64.b64encode(script).decode()}

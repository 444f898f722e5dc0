"""The original's delete-and-recreate, which is not built: what does it without losing anything is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from udo.errors import UsageError
from udo.selectors import no_more, one_role

if TYPE_CHECKING:
    from udo.result import Result
    from udo.session import Session


@click.command()
@click.argument("words", nargs=-1, metavar="CLUSTER ROLE")
@click.pass_obj
def command(session: Session, words: tuple[str, ...]) -> Result:
    """Not built: the original deleted the group of CLUSTER ROLE and made it again. It names the verbs that do that
    without losing anything.

    \b
    udo reload prod webapp
    """
    role, rest = one_role(session.config, words)
    no_more(rest)
    here = f"{role.cluster} {role.name}"
    raise UsageError(
        f"reload would delete {role.group_name} and make it again, and is not built",
        hint=f"'udo update {here}' brings its settings to what udo.yml says, 'udo updatelc {here}' what it launches,"
        f" 'udo deploy {here}' what runs on its instances, and nothing is lost",
    )

"""List the stacks of udo.yml, and those that were made by Udo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from udo.stacks.listing import listed

if TYPE_CHECKING:
    from udo.result import Result
    from udo.session import Session


@click.command()
@click.pass_obj
def command(session: Session) -> Result:
    """List every stack of udo.yml, and every one that Udo has made (tag udo:stack), with its state, since when, and who
    ordered it. One listing an account and region. A stack of udo.yml that does not exist is absent.

    \b
    udo stack list
    udo stack list -o json
    """
    return listed(session)

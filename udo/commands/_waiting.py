"""The option of changing verbs to wait for another run that holds the group's lock."""

from __future__ import annotations

import click


def _waits(context: click.Context, _option: click.Parameter, value: bool) -> None:
    context.obj.wait_for_lock = value


wait_lock = click.option(
    "--wait-lock",
    is_flag=True,
    expose_value=False,
    callback=_waits,
    help="Wait up to ten minutes for another run to finish.",
)

"""A launch template for a group whose own one was deleted: from udo.yml alone, as for a new group."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from udo.change.plan import Difference
from udo.errors import Conflict
from udo.launch.changes import check_spot
from udo.launch.converting import tagged
from udo.launch.copying import comparable, copied, laid_over, satisfies
from udo.launch.differences import differences
from udo.launch.first import made, refuse_to_drag_along
from udo.launch.naming import check_template_name
from udo.launch.overlay import template_keys
from udo.launch.remembering import remember
from udo.launch.states import pinned_text
from udo.launch.swapping import check_policy, launch_pair, swapped, to_version

if TYPE_CHECKING:
    from udo.aws import Aws
    from udo.change.plan import Plan
    from udo.launch.states import Heading, TemplateState, Wanted


def observe_anew(aws: Aws, heading: Heading, state: TemplateState, wanted: Wanted) -> Plan:
    """The plan that makes a template named like the group, or a version of the one there is, and puts the group on it.

    Raises: Conflict where udo.yml does not say enough; Refused where another group would change; another UdoError.
    """
    group, name = state.group, state.group.name
    _check_complete(state, wanted)
    check_spot(state, wanted)
    check_template_name(name)
    content = laid_over({}, template_keys(wanted.keys, {}))
    existing = aws.ec2.launch_template_named(name)
    twin = next((one for one in existing if satisfies(copied(one.data, state.shape), content)), None)
    if existing and not (twin or wanted.anyway):
        refuse_to_drag_along(name, existing[0].template_id, aws.autoscaling.groups(whole=True))
    create, template_id, number = made(name, content, wanted.description, existing, twin, launch_pair(group))
    template = replace(state.live, id=existing[0].template_id if existing else "", name=name, version="")
    swap = to_version(check_policy(group, anyway=wanted.anyway), template, number, created=template_id)
    tag = remember(group, tagged(template_id, template, number), pinned_text(state), made=create is not None)
    note = f"version {number} of launch template {name} has this content already: it is reused"
    found = (
        Difference("launch template", f"{state.live.name or state.live.id} (deleted)", name),
        *differences({}, comparable(content)),
    )
    done = f"launch template {name} version {number if twin else '{version}'} (was {state.live.version}, deleted)"
    return swapped(heading, state, (*filter(None, [create]), *tag, swap), swap, found, done, (note,) if twin else ())


def _check_complete(state: TemplateState, wanted: Wanted) -> None:
    # Overrides may say the type.
    needed = ["ami"] if state.group.overrides else ["ami", "instance_type"]
    if missing := [key for key in needed if key not in wanted.keys]:
        raise Conflict(
            f"{state.live} of group {state.group.name} was deleted, and udo.yml does not say {' and '.join(missing)}",
            hint="set it there, or for this once with --ami and --set; nothing was changed",
        )

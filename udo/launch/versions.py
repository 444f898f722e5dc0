"""The next version of a launch template: a copy with launch keys merged into it, or one with that content already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udo.change.plan import Call, Difference, Pair, Read, Ref
from udo.errors import Refused, UsageError
from udo.frozen import frozen
from udo.groups.points import literal
from udo.launch.copying import comparable, copied, laid_over, removed, satisfies
from udo.launch.differences import differences, short
from udo.launch.overlay import template_keys

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from udo.launch.states import TemplateState, Wanted
    from udo.model.launch import LaunchTemplateVersion


@frozen
class NextVersion:
    """What a template is to be launched from: a number, made by `create` where nothing has the content yet."""

    state: TemplateState
    number: str | Ref
    found: tuple[Difference, ...] = ()
    create: Call | None = None
    carried: str = ""

    @property
    def note(self) -> str:
        """What a person should know of it; empty for nothing."""
        if not self.found or self.create:
            return ""
        return f"version {self.number} has this content already: it is reused, not copied again"


def next_version(
    state: TemplateState, wanted: Wanted, saved: str, live: Pair, fixed: Collection[str] = ()
) -> NextVersion:
    """The version with the launch keys merged into the one in use; a new one's number is saved under a name.

    `live` must hold before one is made; the members `fixed` stay as they are, whatever else does not.

    Raises: Refused when a new version would change another group, or something would be lost.
    """
    base = copied(_version(state).data, state.shape)
    kept = {key: base[key] for key in fixed if key in base} if wanted.from_config else base
    content = laid_over(kept, template_keys(wanted.keys, kept))
    if wanted.from_config:
        check_complete({**dict.fromkeys(fixed), **content})
    found = differences(comparable(base), comparable(content))
    told = _carried(base, content)
    if not found or (wanted.from_config and satisfies(base, content)):
        return NextVersion(state, str(state.number))
    twin = _twin(state, content)
    if twin is not None:
        return NextVersion(state, str(twin), found, carried=told)
    if not wanted.anyway:
        _refuse_to_drag_along(state)
    # A version made from a source version would bring back what is to go.
    inherits = not wanted.from_config and not removed(base, content)
    # Elements at the top AWS itself inherits from the source version; inside what is sent they are replaced.
    check_nothing_lost([path for path in _version(state).unknown if "." in path or not inherits], wanted)
    create = _create(state, content, short(found), wanted.description, inherits=inherits, saved=saved, live=live)
    return NextVersion(state, Ref(saved), found, create, told)


def _carried(base: Mapping[str, Any], content: Mapping[str, Any]) -> str:
    """A warning that names what fits some families of instance types only, where the family changes; else empty.

    Source: botocore ec2 RequestLaunchTemplateData, members CreditSpecification (T instances only) and CpuOptions.
    """
    old, new = (str(data.get("InstanceType", "")) for data in (base, content))
    if not (old and new) or old.partition(".")[0] == new.partition(".")[0]:
        return ""
    rows = [
        f"{name}.{key} {value}"
        for name in ("CreditSpecification", "CpuOptions")
        for key, value in content.get(name, {}).items()
    ]
    if not rows:
        return ""
    return f"warning: carried over from {old} to {new}, which may not take it: {', '.join(rows)}"


def check_complete(content: Mapping[str, Any]) -> None:
    """Accepts launch data that can launch something.

    Raises: UsageError where udo.yml alone does not name an image and an instance type.
    """
    missing = [key for key, name in (("ami", "ImageId"), ("instance_type", "InstanceType")) if name not in content]
    if missing:
        raise UsageError(
            f"udo.yml alone does not say {' and '.join(missing)}", hint="set it, or leave out --from-config"
        )


def check_nothing_lost(unknown: Sequence[str], wanted: Wanted) -> None:
    """Accepts launch data that can be copied whole.

    Raises: Refused where a part of it is not known here, unless it may be lost.
    """
    if unknown and not wanted.anyway:
        raise Refused(
            f"{', '.join(unknown)} of the live launch data would be lost: this botocore does not know it",
            hint="upgrade boto3, or use --anyway; nothing was changed",
        )


def _refuse_to_drag_along(state: TemplateState) -> None:
    if state.followers:
        raise Refused(
            f"a new version of {state.live.name} would change {', '.join(state.followers)} (on $Latest of it) too",
            hint="pin it to a number first, or use --anyway; nothing was changed",
        )


def _create(
    state: TemplateState,
    content: Mapping[str, Any],
    says: str,
    description: str,
    *,
    inherits: bool,
    saved: str,
    live: Pair,
) -> Call:
    template = state.live
    source = {"SourceVersion": str(state.number)} if inherits else {}
    mine = Read(
        "ec2",
        "DescribeLaunchTemplateVersions",
        {"LaunchTemplateId": template.id, "MinVersion": str(state.number), "MaxResults": 200},
        f"LaunchTemplateVersions[?VersionDescription=={literal(description)}] | [0].VersionNumber",
    )
    return Call(
        f"new version of launch template {template.name}, copied from {state.number}  {says}",
        "ec2",
        "CreateLaunchTemplateVersion",
        {
            "LaunchTemplateId": template.id,
            **source,
            "VersionDescription": description,
            "LaunchTemplateData": dict(content),
        },
        expect=(live,),
        save={saved: "LaunchTemplateVersion.VersionNumber"},
        proof=(Pair(mine, Ref(saved), f"a version of {template.name} made by this run"),),
    )


def _version(state: TemplateState) -> LaunchTemplateVersion:
    return next(version for version in state.versions if version.number == state.number)


def _twin(state: TemplateState, wanted: Mapping[str, Any]) -> int | None:
    newer = (version for version in state.versions if version.number > state.number)
    return next((v.number for v in newer if satisfies(copied(v.data, state.shape), wanted)), None)

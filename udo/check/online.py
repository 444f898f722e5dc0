"""Compares what a configuration names with what there is in AWS."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from udo import schema
from udo.check.finding import Finding
from udo.check.resources import Resources
from udo.check.settings import observe_settings
from udo.check.topics import topics
from udo.config.known import value, values
from udo.config.tree import Items, Text
from udo.errors import AwsError, ConfigError, PermissionDenied, one_line
from udo.groups.gone import gone_words
from udo.groups.overrides import decide, without_effect
from udo.groups.subnets import tag_words
from udo.launch.images import parameter_of

if TYPE_CHECKING:
    from udo.aws import Aws
    from udo.config import Config, Lookup, Role
    from udo.model.instances import Subnet
    from udo.session import Session

# The checks of what stands in launch data, by their keys of udo.yml.
_LAUNCH_KEYS = {
    "image": "ami",
    "instance type": "instance_type",
    "key pair": "keypair_name",
    "instance profile": "iam_profile",
    "security group": "security_groups",
}
_TO_BE_MADE = "absent, to be made"
# Scripts are never interpolated, whatever they look like.
_LOOKED_UP = tuple(
    path for path in sorted(schema.TOP) if schema.BY_PATH[path].kind not in ("script", "commands", "sections")
)


def observe_online(session: Session, config: Config) -> tuple[list[Finding], list[str]]:
    """Everything the roles name and say of their groups, compared with AWS, and footnotes on what could not be told.

    Raises: UsageError, CredentialsError.
    """
    found: list[Finding] = []
    notes: list[str] = []
    for aws, roles in session.by_aws(config.roles("*", None)):
        known, told, footnotes = _resolved(session, aws, roles)
        resources = Resources(aws, known)
        found += told
        found += [finding for role in known for finding in _values(role)]
        found += [finding for role in known for finding in _checked(role, resources)]
        settings, unknown = observe_settings(session, aws, known, resources)
        found += settings
        notes += [*footnotes, *resources.notes, *unknown]
    return found, list(dict.fromkeys(notes))


def _checked(role: Role, resources: Resources) -> Iterator[Finding]:
    """Every check, without a tick for what overrides of the group's mixed instances policy decide instead."""
    group = (resources.groups or {}).get(role.group_name)
    idle = without_effect(group) if group else frozenset()
    for finding in (one for check in _CHECKS for one in check(role, resources)):
        if group and finding.ok and _LAUNCH_KEYS.get(finding.check) in idle:
            yield replace(finding, ok=None, message=f"no effect: {decide(group)}")
        else:
            yield finding


def _resolved(session: Session, aws: Aws, roles: Sequence[Role]) -> tuple[list[Role], list[Finding], list[str]]:
    wanted = {role.label: role.lookups(*_LOOKED_UP) for role in roles}
    try:
        answers = session.answers(aws, dict.fromkeys(one for lookups in wanted.values() for one in lookups))
        notes: list[str] = []
    except (AwsError, PermissionDenied) as error:
        told = [_lookup(role, one, None, "?") for role in roles for one in wanted[role.label]]
        return list(roles), told, [f"?: {error}"]
    told = [
        _lookup(role, one, one in answers, "there" if one in answers else _why(session, aws, one))
        for role in roles
        for one in wanted[role.label]
    ]
    return [role.resolved(answers) for role in roles], told, notes


def _why(session: Session, aws: Aws, lookup: Lookup) -> str:
    return "there is no such parameter" if lookup.kind == "ssm" else session.why_unanswered(aws, lookup)


def _lookup(role: Role, lookup: Lookup, ok: bool | None, message: str) -> Finding:
    return Finding(
        "output" if lookup.kind == "cfn" else "parameter", lookup.argument, role, str(lookup.mark), ok, message
    )


def _values(role: Role) -> Iterator[Finding]:
    """What parameters hold that their key cannot take; one that is not there is told by itself."""
    for key in _LOOKED_UP:
        if (lookups := role.lookups(key)) and role.knows(*lookups):
            try:
                role.get(key)
            except ConfigError as error:
                for one in error.problems:
                    yield Finding("value", key, role, f"{one.file}:{one.line}", False, one.message)


def _account(role: Role, resources: Resources) -> Iterator[Finding]:
    if wanted := value(role, "account"):
        found = resources.account
        told = "that of these credentials" if found == wanted else f"these credentials are of {found}"
        yield _found(role, "account", wanted, "account", None if found is None else found == wanted, told)


def _group(role: Role, resources: Resources) -> Iterator[Finding]:
    groups = resources.groups
    told = "there" if groups and role.group_name in groups else _TO_BE_MADE
    yield _found(role, "group", role.group_name, "group_name", None if groups is None else True, told)
    group = groups.get(role.group_name) if groups else None
    if group and group.name in (resources.gone or ()):
        told = one_line(*gone_words(role, group))
        yield _found(role, "launches from", getattr(group.launch, "name", ""), "group_name", False, told)


def _image(role: Role, resources: Resources) -> Iterator[Finding]:
    ami = value(role, "ami")
    if ami is None:
        return
    name, meant, known = _meant(ami, resources)
    if meant is None:
        noun = "parameter" if parameter_of(name) else "image"
        yield _found(role, "image", name, "ami", None if not known else False, f"no such {noun}")
        return
    images = resources.images
    image = images.get(meant) if images is not None else None
    if images is None or image is None:
        yield _found(role, "image", name, "ami", None if images is None else False, "no such image")
        return
    told = ", ".join(filter(None, ("" if meant == name else meant, image.name, image.architecture)))
    usable = image.state in ("", "available")
    yield _found(role, "image", name, "ami", usable, told if usable else f"it is {image.state}")
    yield from _architecture(role, resources, image.architecture)


def _meant(ami: Any, resources: Resources) -> tuple[str, str | None, bool]:
    """How an image is called in udo.yml, its id or None, and whether that could be told."""
    if isinstance(ami, dict):
        found = resources.images_by_name
        return f"{ami['name']} of {ami['owner']}", (found or {}).get((ami["owner"], ami["name"])), found is not None
    if parameter := parameter_of(ami):
        told = resources.image_parameters
        return ami, (told or {}).get(parameter), told is not None
    return ami, ami, True


def _architecture(role: Role, resources: Resources, architecture: str) -> Iterator[Finding]:
    group = (resources.groups or {}).get(role.group_name)
    kinds = [value(role, "instance_type")]
    if group and group.overrides:
        kinds = [one.instance_type for one in group.overrides if not (one.image_id or one.launch)]
    kinds = [kind for kind in dict.fromkeys(kinds) if kind]
    known = (resources.architectures or {}) if kinds else {}
    for kind, fits in ((kind, known[kind]) for kind in kinds if known.get(kind) and architecture):
        told = f"{kind} runs {' and '.join(sorted(fits))}, the image is {architecture}"
        yield _found(role, "architecture", kind, "instance_type", architecture in fits, told)


def _subnets(role: Role, resources: Resources) -> Iterator[Finding]:
    found = resources.subnets
    vpc = value(role, "vpc")
    for key, names in (("subnets", values(role, "subnets")), ("subnets_cidr", values(role, "subnets_cidr"))):
        for name in names:
            if found is None:
                yield _found(role, "subnet", name, key, None, "?")
                continue
            fitting = [one for one in found if name in (one.subnet_id, one.cidr, *one.ipv6_cidrs)]
            yield _found(role, "subnet", name, key, *_only(fitting, vpc))
    if tags := value(role, "subnets_tags"):
        fitting = [one for one in found or () if tags.items() <= one.tags.items()]
        told = (None, "?") if found is None else _some(fitting, vpc)
        yield _found(role, "subnet", tag_words(tags), "subnets_tags", *told)
    vpcs = _vpcs(role, resources)
    if len(vpcs) > 1:
        key = next(key for key in ("subnets", "subnets_cidr", "subnets_tags") if role.has(key))
        yield _found(role, "VPC", ", ".join(sorted(vpcs)), key, False, "its subnets are in more than one VPC")


def _only(fitting: Sequence[Subnet], vpc: str | None) -> tuple[bool, str]:
    inside = [one for one in fitting if vpc in (None, one.vpc_id)]
    if len(inside) == 1:
        return True, f"{inside[0].subnet_id} in {inside[0].vpc_id}"
    if not fitting:
        return False, "no such subnet"
    where = " and ".join(sorted(one.vpc_id for one in fitting))
    return (False, f"it is in {where}, set vpc to choose one") if inside else (False, f"it is in {where}, not in {vpc}")


def _some(fitting: Sequence[Subnet], vpc: str | None) -> tuple[bool, str]:
    inside = [one for one in fitting if vpc in (None, one.vpc_id)]
    if len({one.vpc_id for one in inside}) != 1:
        return _only(list({one.vpc_id: one for one in fitting}.values()), vpc)
    return True, f"{', '.join(sorted(one.subnet_id for one in inside))} in {inside[0].vpc_id}"


def _vpcs(role: Role, resources: Resources) -> set[str]:
    """The VPCs the role's instances would be in: of its subnets, else of those its group lives in."""
    named, tags = {*values(role, "subnets"), *values(role, "subnets_cidr")}, value(role, "subnets_tags") or {}
    group = (resources.groups or {}).get(role.group_name)
    if not tags:
        named = named or set(group.subnets if group else ())
    vpc = value(role, "vpc")
    inside = {
        one.vpc_id
        for one in (resources.subnets or () if named or tags else ())
        if named & {one.subnet_id, one.cidr, *one.ipv6_cidrs} or (tags and tags.items() <= one.tags.items())
    }
    return inside & {vpc} or inside if vpc else inside


def _security_groups(role: Role, resources: Resources) -> Iterator[Finding]:
    vpcs = _vpcs(role, resources)
    for name in values(role, "security_groups"):
        groups = resources.security_groups
        if groups is None:
            yield _found(role, "security group", name, "security_groups", None, "?")
            continue
        fitting = [one for one in groups if name in (one.group_id, one.name)]
        here = [one for one in fitting if not vpcs or one.vpc_id in vpcs]
        if not fitting:
            told = "no such security group"
        elif not here:
            told = f"it is in {fitting[0].vpc_id}, the subnets are in {' and '.join(sorted(vpcs))}"
        else:
            told = here[0].name if name == here[0].group_id else here[0].group_id
        yield _found(role, "security group", name, "security_groups", bool(here), told)


def _makes(role: Role, resources: Resources) -> bool:
    """Whether 'udo create' makes what the group is deployed with: it is absent, and CodeDeploy's role is said."""
    return bool(value(role, "deploy.service_role")) and _is_absent(role, resources)


def _is_absent(role: Role, resources: Resources) -> bool:
    return resources.groups is not None and role.group_name not in resources.groups


def _deployments(role: Role, resources: Resources) -> Iterator[Finding]:
    application, name = value(role, "deploy.application"), value(role, "deploy.deployment_group")
    if not application:
        return
    known = resources.applications
    there = None if known is None else application in known
    made = bool(name) and there is False and _makes(role, resources)
    told = _TO_BE_MADE if made else _told(there, "CodeDeploy application")
    yield _found(role, "application", application, "deploy.application", made or there, told)
    if not name or there is False:
        return
    groups = resources.deployment_groups.get(application)
    found = groups.get(name) if groups is not None else None
    there = None if groups is None else found is not None
    made = there is False and _makes(role, resources)
    yield _found(
        role,
        "deployment group",
        f"{application}/{name}",
        "deploy.deployment_group",
        made or there,
        _TO_BE_MADE if made else _told(there, "deployment group"),
    )
    # One without a group is joined by the group that is made; one with others may be a slip of the name.
    joined = found and not (found.auto_scaling_groups or found.unnamed_groups) and _is_absent(role, resources)
    if found and not joined:
        ours = role.group_name in found.auto_scaling_groups
        told = " and ".join(found.auto_scaling_groups) or "no Auto Scaling group"
        unknown = not ours and found.unnamed_groups
        if found.is_blue_green and not ours:
            told += f", blue/green: set group_name to it ({role.mark_of('group_name')})"
        yield _found(
            role,
            "deploys to",
            role.group_name,
            "deploy.deployment_group",
            None if unknown else ours,
            f"{name} deploys to {told}",
        )


def _each(
    check: str, key: str, known: Callable[[Resources], Collection[str] | Mapping[str, Any] | None], noun: str
) -> Callable[[Role, Resources], Iterator[Finding]]:
    """A check that every name at a key is there."""

    def checked(role: Role, resources: Resources) -> Iterator[Finding]:
        for name in values(role, key):
            found = known(resources)
            there = None if found is None else name in found
            yield _found(role, check, name, key, there, _told(there, noun))

    return checked


def _profile(role: Role, resources: Resources) -> Iterator[Finding]:
    for name in values(role, "iam_profile"):
        there = None if resources.profiles is None else name.rpartition("/")[2] in resources.profiles
        yield _found(role, "instance profile", name, "iam_profile", there, _told(there, "instance profile"))


def _told(there: bool | None, noun: str) -> str:
    return "?" if there is None else "there" if there else f"no such {noun}"


def _found(role: Role, check: str, name: str, key: str, ok: bool | None, message: str) -> Finding:
    return Finding(check, name, role, _where(role, key, name), ok, "?" if ok is None else message)


def _where(role: Role, key: str, name: str) -> str:
    """The place of one name in a list, which may come from further up than the rest of it; else that of the key, or of
    the role where udo.yml has nothing there."""
    entry = role.entry(key)
    for item in entry.value.items if entry and isinstance(entry.value, Items) else ():
        if isinstance(item, Text) and item.text == name:
            return str(item.mark)
    return role.where(key) if role.has(key) else str(role.mark)


_instance_type = _each(
    "instance type", "instance_type", lambda resources: resources.architectures, "instance type in this region"
)
_key_pair = _each("key pair", "keypair_name", lambda resources: resources.key_pairs, "key pair")

_zone = _each("availability zone", "availability_zones", lambda resources: resources.zones, "zone in this region")
_load_balancer = _each("load balancer", "elbs", lambda resources: resources.load_balancers, "classic load balancer")

# What is to be asked where one key of launch data changes.
LAUNCH_CHECKS: Mapping[str, tuple[Callable[[Role, Resources], Iterator[Finding]], ...]] = {
    "ami": (_image,),
    "instance_type": (_instance_type, _image),
    "keypair_name": (_key_pair,),
    "security_groups": (_security_groups,),
    "iam_profile": (_profile,),
}
# What is to be asked before a group is made: the rest is looked up where it is made of it.
NEW_CHECKS: Sequence[Callable[[Role, Resources], Iterator[Finding]]] = (
    *(_image, _instance_type, _key_pair, _profile, _zone, _load_balancer),
)

_CHECKS: tuple[Callable[[Role, Resources], Iterator[Finding]], ...] = (
    _account,
    _group,
    _image,
    _instance_type,
    _key_pair,
    _zone,
    _each("VPC", "vpc", lambda resources: resources.vpcs, "VPC"),
    _subnets,
    _security_groups,
    _profile,
    _each("target group", "target_groups", lambda resources: resources.target_groups, "target group"),
    _load_balancer,
    _deployments,
    _each(
        "deployment configuration",
        "deploy.config",
        lambda resources: resources.deployment_configurations,
        "deployment configuration",
    ),
    _each("alarm", "guards.alarms", lambda resources: resources.alarms, "CloudWatch alarm"),
    topics,
)

"""Checks of what a group launches from: whether it is all there, and whether it is what its members run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from udo.doctor.finding import Finding, Subject, fails, key, warning
from udo.groups.gone import gone_words
from udo.groups.outdated import follows, numbered, outdated_ids
from udo.launch.images import parameter_of
from udo.model.launch import LaunchConfigurationReference

if TYPE_CHECKING:
    from udo.model.groups import AutoScalingGroup

# So long before it is deprecated an image is told of.
_SOON = 30 * 86400.0


def template(subject: Subject) -> Iterator[Finding]:
    """A launch template, or the version that is launched, was deleted."""
    group = _group(subject)
    for launch in subject.facts.gone(group):
        if launch == group.launch:
            yield fails(gone_words(subject.role, group)[0], str(launch), gone_words(subject.role, group)[1])
        else:
            says = f"{launch} of an override was deleted: it launches nobody"
            yield fails(says, group.name, f"set {key(subject, 'mixed_instances')}, then udo update {subject.words}")


def configuration(subject: Subject) -> Iterator[Finding]:
    """A launch configuration is in use, of the kind that AWS gives nothing new and new accounts cannot make."""
    launch = _group(subject).launch
    if not isinstance(launch, LaunchConfigurationReference):
        return
    if launch.name not in subject.facts.configurations:
        yield fails(f"{launch} is gone: nobody is launched", launch.name, f"udo updatelc {subject.words}")
    else:
        says = f"launches from {launch}: AWS adds nothing to launch configurations, and new accounts cannot make them"
        yield warning(says, launch.name, f"udo updatelc {subject.words} --to-template")


def image(subject: Subject) -> Iterator[Finding]:
    """An image that is gone or cannot be launched, or is deprecated or soon will be."""
    facts = subject.facts
    remedy = f"set {key(subject, 'ami')}, then udo updatelc {subject.words}"
    for name, where in facts.image_ids(_group(subject)).items():
        parameter = parameter_of(name)
        meant = facts.parameters.get(parameter) if parameter else name
        if meant is None:
            yield fails(f"parameter {parameter}, which holds its image, does not exist: launches fail", where, remedy)
            continue
        found = facts.images.get(meant)
        called = f"{meant} ({name})" if parameter else meant
        if found is None:
            yield fails(
                f"image {called} does not exist, or is not shared with this account: launches fail", where, remedy
            )
        elif found.state not in ("", "available"):
            yield fails(f"image {called} is {found.state}: launches fail", where, remedy)
        elif found.deprecated_at:
            left = datetime.fromisoformat(found.deprecated_at).timestamp() - subject.now
            if left < _SOON:
                says = "is deprecated since" if left < 0 else "will be deprecated on"
                yield warning(
                    f"image {called} {says} {found.deprecated_at[:10]}: its owner may remove it", where, remedy
                )


def key_pair(subject: Subject) -> Iterator[Finding]:
    """A key pair that was deleted."""
    for one in subject.facts.launched(_group(subject)):
        if one.key_pair and one.key_pair not in subject.facts.key_pairs:
            remedy = f"set {key(subject, 'keypair_name')}, then udo updatelc {subject.words}"
            yield fails(f"key pair {one.key_pair} does not exist: launches fail", one.where, remedy)


def security_groups(subject: Subject) -> Iterator[Finding]:
    """A security group that was deleted."""
    for one in subject.facts.launched(_group(subject)):
        gone = [name for name in one.security_groups if name not in subject.facts.security_groups]
        if gone:
            remedy = f"set {key(subject, 'security_groups')}, then udo updatelc {subject.words}"
            yield fails(f"security group {', '.join(gone)} does not exist: launches fail", one.where, remedy)


def profile(subject: Subject) -> Iterator[Finding]:
    """An instance profile that was deleted, or has no role in it."""
    for one in subject.facts.launched(_group(subject)):
        if not one.profile:
            continue
        if one.profile not in subject.facts.profiles:
            remedy = f"set {key(subject, 'iam_profile')}, then udo updatelc {subject.words}"
            yield fails(f"instance profile {one.profile} does not exist: launches fail", one.where, remedy)
        elif not subject.facts.profiles[one.profile]:
            says = f"instance profile {one.profile} has no role: its instances have no credentials"
            remedy = f"aws iam add-role-to-instance-profile --instance-profile-name {one.profile} --role-name ROLE"
            yield fails(says, one.where, remedy)


def metadata(subject: Subject) -> Iterator[Finding]:
    """Instance metadata, and so the credentials of the instance, that is given without a token (IMDSv1)."""
    group, facts = _group(subject), subject.facts
    keys = f"set metadata_options.HttpTokens: required ({subject.role.mark_of('metadata_options')})"
    for one in facts.launched(group):
        if one.endpoint != "disabled" and _tokens(subject, one.tokens) != "required":
            says = "IMDSv1 is allowed in what it launches: metadata and credentials without a token"
            yield warning(says, one.where, f"{keys}, then udo updatelc {subject.words}")
            return
    open_ = [one.instance_id for one in group.members if (host := facts.hosts.get(one.instance_id)) and host.imdsv1]
    if open_:
        says = f"IMDSv1 is allowed on {listed(open_)}, launched from something else"
        yield warning(says, group.name, f"udo refresh {subject.words}")


def _tokens(subject: Subject, said: str) -> str:
    """Source: docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html, order of
    precedence: what is launched says it, else the account, else the image.
    """
    if said or subject.facts.tokens:
        return said or subject.facts.tokens
    known = subject.facts.images
    images = [known.get(name) for name in subject.facts.image_ids(_group(subject))]
    return "required" if images and all(one and one.imds == "v2.0" for one in images) else "optional"


def behind(subject: Subject) -> Iterator[Finding]:
    """Members that were launched from something else than the group launches from now."""
    group = numbered(_group(subject), subject.facts.numbers)
    if follows(group):
        return
    old = outdated_ids(group.members, group.launch, group.overrides)
    if old:
        says = f"{len(old)} of {_counted(len(group.members), 'member')} {_differ(len(old))} from {group.launch}"
        yield warning(says, group.name, f"udo refresh {subject.words}")


def warm_pool(subject: Subject) -> Iterator[Finding]:
    """Instances of the warm pool that were launched from something else than the group launches from now."""
    group = numbered(_group(subject), subject.facts.numbers)
    pool = subject.facts.warm.get(group.name, ())
    old: set[str] = set() if follows(group) else {*outdated_ids(pool, group.launch, group.overrides)}
    if old:
        says = (
            f"{len(old)} of {_counted(len(pool), 'instance')} in the warm pool {_differ(len(old))} from {group.launch}"
        )
        yield warning(says, group.name, f"udo refresh {subject.words}")


def _group(subject: Subject) -> AutoScalingGroup:
    assert subject.group  # noqa: S101  (these are checks of roles whose group exists)
    return subject.group


def listed(ids: list[str]) -> str:
    """Some ids, and how many more there are."""
    more = f" and {len(ids) - 3} more" if len(ids) > 3 else ""
    return ", ".join(ids[:3]) + more


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _differ(number: int) -> str:
    return "differs" if number == 1 else "differ"

"""The check of permissions: what verbs need on these roles, and what IAM's simulator says to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from udo.actions import OF_GROUPS
from udo.doctor.finding import Finding, Subject, unknown, warning
from udo.doctor.launching import listed
from udo.errors import ConfigError, UdoError
from udo.iam.facts import facts
from udo.iam.place import Place
from udo.iam.resources import Condition, Use, fences
from udo.model.launch import LaunchTemplateReference
from udo.permissions import permissions

if TYPE_CHECKING:
    from udo.config import Role
    from udo.doctor.facts import Facts
    from udo.iam.facts import Facts as Named
    from udo.session import Session

# What is asked about without a verb to need it would be wrong here: what this verb itself asks is seen by asking.
_OWN = "doctor"
# So many actions of a verb are named.
_FEW = 3


class Needed(NamedTuple):
    """An action on a resource, under conditions."""

    action: str
    resource: str
    conditions: tuple[Condition, ...]


# Which verbs need what, and on which roles.
Needs = dict[Needed, dict[tuple[str, str], None]]


def needs(session: Session, known: Facts, roles: Sequence[Role]) -> Needs:
    """What every verb needs on the roles, as 'udo iam' prints it.

    Raises: UdoError where the service authorization reference is not installed.
    """
    found: Needs = {}
    for role in roles:
        named = _named(session, known, role)
        for verb in sorted(OF_GROUPS - {_OWN}) if named else ():
            actions = permissions(verb)
            for action in sorted(actions):
                for fence in fences(Use(action, verb, actions, named)) if named else ():
                    for resource in fence.resources:
                        one = Needed(action, resource, fence.conditions)
                        found.setdefault(one, {})[verb, role.label] = None
    return found


def _named(session: Session, known: Facts, role: Role) -> Named | None:
    """The names of a role's resources, and of those that AWS alone knows what was read already."""
    try:
        named = facts(session, role, (), offline=True)
    except ConfigError:
        # It rests on a parameter; 'udo iam' looks that up.
        return None
    account = known.caller.account if known.caller else named.place.account
    group = known.groups.get(role.group_name)
    launches = (group.launch, *group.own_templates) if group else ()
    templates = tuple({one.id: None for one in launches if isinstance(one, LaunchTemplateReference)})
    profiles = {one.profile for one in known.launched(group) if one.profile} if group else set()
    roles = tuple(arn for name in sorted(profiles) for arn in known.profiles.get(name, ()))
    place = Place(named.place.region, account)
    takes_new = group is None or not isinstance(group.launch, LaunchTemplateReference)
    known_names = replace(named, place=place, templates=templates, takes_new=takes_new, launch_roles=roles)
    return replace(known_names, profiles=tuple(sorted(profiles)))


class Question(NamedTuple):
    """What is asked in one request: every action on every resource."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...]


def questions(needed: Iterable[Needed]) -> list[Question]:
    """As few requests as it takes: actions on the same resources under the same conditions together.

    What holds a variable of a policy cannot be asked.
    """
    by_action: dict[tuple[str, tuple[Condition, ...]], list[str]] = {}
    for one in dict.fromkeys(needed):
        if not any("${" in value for condition in one.conditions for value in condition.values):
            by_action.setdefault((one.action, one.conditions), []).append(one.resource)
    together: dict[tuple[tuple[str, ...], tuple[Condition, ...]], list[str]] = {}
    for (action, conditions), resources in by_action.items():
        together.setdefault((tuple(sorted(resources)), conditions), []).append(action)
    return [Question(tuple(actions), *scope) for scope, actions in together.items()]


def untagged(one: Needed) -> Needed:
    """The same without the tag that tells the members of one group: whoever may do it anyhow need not be asked for each
    group.
    """
    tagged = any("resourcetag/" in condition.key.lower() for condition in one.conditions)
    return one._replace(conditions=()) if tagged else one


def lacking(subject: Subject) -> Iterator[Finding]:
    """Verbs that lack permissions on some of the roles; those that lack the same together."""
    facts_ = subject.facts
    if facts_.no_simulation:
        yield unknown(facts_.no_simulation)
        return
    by_verb: dict[str, dict[str, set[str]]] = {}
    doubtful: dict[str, None] = {}
    for one, users in facts_.needs.items():
        decision = facts_.decisions.get(one) or facts_.decisions.get(untagged(one))
        if decision is None or decision.allowed:
            continue
        if decision.missing:
            doubtful.update(dict.fromkeys(decision.missing))
            continue
        for verb, label in users:
            by_verb.setdefault(verb, {}).setdefault(one.action, set()).add(label)
    together: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for verb, lacks in by_verb.items():
        labels = tuple(sorted({label for found in lacks.values() for label in found}))
        together.setdefault((tuple(sorted(lacks)), labels), []).append(verb)
    for (actions, labels), verbs in together.items():
        yield _told(subject, verbs, actions, labels)
    if doubtful:
        yield unknown(f"some depend on what the simulator does not know: {', '.join(sorted(doubtful))}")


def _told(subject: Subject, verbs: Sequence[str], actions: Sequence[str], labels: Sequence[str]) -> Finding:
    more = f" and {len(actions) - _FEW} more" if len(actions) > _FEW else ""
    lack = "lacks" if len(verbs) == 1 else "lack"
    where = "" if len(labels) == len(subject.roles) else f" on {listed(list(labels))}"
    says = f"{', '.join(sorted(verbs))} {lack} {', '.join(actions[:_FEW])}{more}{where}"
    words = labels[0] if len(labels) == 1 else subject.role.cluster
    remedy = f"'udo iam {words} --verb {','.join(sorted(verbs))}' prints the policy"
    return warning(says, subject.facts.caller.arn if subject.facts.caller else "", remedy)


def reason(error: UdoError) -> str:
    """Why there is no simulation, in words."""
    return f"{error.message}: {error.hint}" if error.hint else error.message

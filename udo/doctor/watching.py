"""Checks of alarms: whether a group has any, whether they tell somebody, and whether they see anything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from udo.config.known import values
from udo.doctor.access import length
from udo.doctor.finding import Finding, Subject, fails, key, warning
from udo.groups.alarms import said_alarms
from udo.groups.asleep import is_asleep
from udo.status.page import deployment_group, target_groups

if TYPE_CHECKING:
    from collections.abc import Mapping

    from udo.config import Role
    from udo.doctor.facts import Alarm, Facts
    from udo.model.groups import AutoScalingGroup

# So long an alarm may be without data.
_LONG = 86400.0
_TOPIC = ":sns:"
_LISTEN = "aws sns subscribe --topic-arn {topic} --protocol email --notification-endpoint WHO"


def alarms_of(facts: Facts, role: Role, group: AutoScalingGroup) -> dict[str, Alarm]:
    """The alarms of a role by name: those of udo.yml, those that look at its group or at a target group of it, whoever
    made them, and those that are made of these."""
    found = {name: facts.by_name[name] for name in said_alarms(role).values() if name in facts.by_name}
    looked_at = [("AutoScalingGroupName", group.name)]
    # arn:aws:elasticloadbalancing:REGION:ACCOUNT:targetgroup/NAME/ID
    looked_at += [("TargetGroup", arn.rpartition(":")[2]) for arn in target_groups(group)]
    found |= {one["AlarmName"]: one for pair in looked_at for one in facts.by_dimension.get(pair, ())}
    return found | {name: facts.by_name[name] for name, of in facts.made_of.items() if of & found.keys()}


def topics(alarm: Alarm) -> list[str]:
    """The topics that an alarm tells once it rings."""
    return [one for one in alarm.get("AlarmActions") or () if _TOPIC in one]


def presence(subject: Subject) -> Iterator[Finding]:
    """A role that no alarm watches, or whose alarms of udo.yml are not there."""
    group, facts = _group(subject), subject.facts
    missing = [name for name, full in said_alarms(subject.role).items() if full not in facts.by_name]
    if missing:
        alarms, does = ("alarm", "does") if len(missing) == 1 else ("alarms", "do")
        says = f"{alarms} {', '.join(missing)} of udo.yml {does} not exist"
        yield warning(says, key(subject, "alarms"), f"udo update {subject.words}")
    elif not any(_watches(one) for one in alarms_of(facts, subject.role, group).values()):
        remedy = f"set {key(subject, 'use')}: [{{udo/any-group: {{tell: TOPIC}}}}], then udo update {subject.words}"
        yield warning("no alarm looks at it: nobody hears when it fails", group.name, remedy)


def _watches(alarm: Alarm) -> bool:
    """Whether it is more than what a scaling policy goes by."""
    actions = alarm.get("AlarmActions") or ()
    return not actions or any(":autoscaling:" not in one for one in actions)


def actions(subject: Subject) -> Iterator[Finding]:
    """Alarms that tell nobody: without actions, with actions switched off, or with topics nobody listens to."""
    facts = subject.facts
    found = alarms_of(facts, subject.role, _group(subject))
    named = {name for of in facts.made_of.values() for name in of}
    guards = {*values(subject.role, "guards.alarms"), *_of_deployments(subject)}
    silent: dict[tuple[str, ...], list[str]] = {}
    for name, alarm in found.items():
        said = alarm.get("AlarmActions") or ()
        if not said and name not in named and name not in guards:
            silent.setdefault(("nobody", _tell(subject, name)), []).append(name)
        elif said and alarm.get("ActionsEnabled") is False:
            silent.setdefault(("off", ""), []).append(name)
        elif (told := topics(alarm)) and len(told) == len(said) and (how := _unheard(facts, told)):
            remedy = _tell(subject, name) if how == "gone" else _LISTEN.format(topic=told[0])
            silent.setdefault((how, remedy, told[0]), []).append(name)
    for (how, remedy, *topic), names in silent.items():
        yield _silent(how, remedy, "".join(topic), names)


def _silent(how: str, remedy: str, topic: str, names: list[str]) -> Finding:
    """What is said of alarms that are silent for the same reason."""
    alarms, tell = (f"alarm {names[0]}", "tells") if len(names) == 1 else (f"alarms {', '.join(names)}", "tell")
    match how:
        case "nobody":
            return warning(f"{alarms} {tell} nobody", ", ".join(names), remedy)
        case "off":
            turned = f"aws cloudwatch enable-alarm-actions --alarm-names {' '.join(names)}"
            return warning(f"the actions of {alarms} are switched off", ", ".join(names), turned)
        case "gone":
            return fails(f"{alarms} {tell} topic {topic}, which does not exist", topic, remedy)
    says = f"{alarms} {tell} topic {topic}, to which nobody listens (no subscription is confirmed)"
    return warning(says, topic, remedy)


def _of_deployments(subject: Subject) -> tuple[str, ...]:
    named = deployment_group(subject.role)
    over = subject.facts.deployment_groups.get(named) if named else None
    return over.alarms if over else ()


def _tell(subject: Subject, name: str) -> str:
    if name in said_alarms(subject.role).values():
        return f"set tell in {key(subject, 'alarms')}, then udo update {subject.words}"
    return "give it an alarm action, or delete it"


def _unheard(facts: Facts, told: list[str]) -> str:
    """How topics are heard by nobody, as far as that is known: gone, or unheard; empty where somebody listens."""
    counts = [1 if topic in facts.subscribed else facts.listeners.get(topic) for topic in told]
    if any(count is None or count > 0 for count in counts):
        return ""
    return "gone" if all(count == -1 for count in counts) else "unheard"


def data(subject: Subject) -> Iterator[Finding]:
    """Alarms without data for more than a day; a group that sleeps has none."""
    group = _group(subject)
    if is_asleep(group):
        return
    blind: dict[tuple[str, str], list[str]] = {}
    for name, alarm in alarms_of(subject.facts, subject.role, group).items():
        since = alarm.get("StateTransitionedTimestamp") or alarm.get("StateUpdatedTimestamp")
        if alarm.get("StateValue") != "INSUFFICIENT_DATA" or not since:
            continue
        lasts = subject.now - since.timestamp()
        if lasts > _LONG:
            blind.setdefault((length(lasts), _remedy(alarm)), []).append(name)
    for (lasts, remedy), names in blind.items():
        one = len(names) == 1
        alarms = f"alarm {names[0]} is" if one else f"alarms {', '.join(names)} are"
        says = f"{alarms} without data for {lasts}: {'it sees' if one else 'they see'} nothing"
        yield warning(says, ", ".join(names), remedy)


def _remedy(alarm: Mapping[str, Any]) -> str:
    if alarm.get("Namespace") == "AWS/AutoScaling":
        return "set metrics: all in udo.yml, then udo update"
    return "see whether its metric and dimensions exist: aws cloudwatch list-metrics"


def _group(subject: Subject) -> AutoScalingGroup:
    assert subject.group  # noqa: S101  (these are checks of roles whose group exists)
    return subject.group

"""What is asked for and what was observed, as launch planning sees it."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from udo.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from udo.model.groups import AutoScalingGroup
    from udo.model.launch import (
        LaunchConfiguration,
        LaunchConfigurationReference,
        LaunchTemplateReference,
        LaunchTemplateVersion,
    )


@frozen
class Heading:
    """What the plan is called: the command and its target, as typed."""

    command: str
    target: str


@frozen
class Wanted:
    """What is asked for: launch keys, how many versions to keep, and the description of a new template version.

    `anyway` continues where another group would be changed too or something would be lost; with `from_config` only the
    launch keys count, and what else is live is lost; with `overrides` what overrides have of their own changes too; not
    `as_configured` is what the command line says otherwise than udo.yml.
    """

    keys: Mapping[str, Any]
    keep: int
    description: str
    anyway: bool = False
    from_config: bool = False
    overrides: bool = False
    as_configured: bool = True


@frozen
class ConfigurationState:
    """A group on a launch configuration, with every configuration of the region.

    `used` are the names any group or instance uses, `group_names` all groups; `shape` is what can be copied of a
    configuration, `template_shape` of template data; `refresh` is the status of an active instance refresh.
    """

    group: AutoScalingGroup
    live: LaunchConfigurationReference
    configurations: Mapping[str, LaunchConfiguration]
    used: Collection[str]
    group_names: Collection[str]
    shape: Mapping[str, Any] = field(repr=False)
    template_shape: Mapping[str, Any] = field(default_factory=dict, repr=False)
    notes: tuple[str, ...] = ()
    refresh: str = ""


@frozen
class TemplateState:
    """A group on a launch template (in a mixed instances policy or not), with every version of it.

    `number` is the version in use, or, where that was deleted (`is_gone`), the one to copy in its place, 0 for none;
    `followers` are other groups on $Latest of it; `used` the numbers any group or instance uses; `shape` is what can be
    copied; `refresh` is the status of an active instance refresh; `overrides` are the templates that overrides of the
    policy name for themselves, each like a group's own, where asked for.
    """

    group: AutoScalingGroup
    live: LaunchTemplateReference
    number: int
    versions: Sequence[LaunchTemplateVersion]
    followers: Sequence[str]
    used: Collection[int]
    shape: Mapping[str, Any] = field(repr=False)
    notes: tuple[str, ...] = ()
    refresh: str = ""
    overrides: tuple[TemplateState, ...] = ()

    @property
    def is_gone(self) -> bool:
        """Whether the version in use was deleted, or the whole template."""
        return not self.number or (self.live.version.isdigit() and int(self.live.version) != self.number)


State = ConfigurationState | TemplateState


def pinned_text(state: State) -> str:
    """What is live as the tag udo:launch writes it, by number even where the group follows an alias."""
    if isinstance(state, TemplateState):
        return f"{state.live.id}:{state.live.version if state.is_gone else state.number}"
    return state.live.name


def live_data(state: State) -> Mapping[str, Any]:
    """The launch data that the group launches from now, or that is copied in the place of what was deleted."""
    if isinstance(state, TemplateState):
        return next((version.data for version in state.versions if version.number == state.number), {})
    return state.configurations[state.live.name].data

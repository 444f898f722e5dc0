"""`updatelc --refresh`: what a group launches and what its members are, in one change, whichever way AWS has it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from udo.change.conditions import known_pairs, known_part
from udo.change.many import Change
from udo.change.plan import NEVER, Call, Pair, Plan, Ref, Wait
from udo.change.stages import Foreseen
from udo.errors import Conflict, EndedBadly, GuardRaised
from udo.launch.observe import observe_target, observe_updatelc
from udo.launch.remembering import Pending, remember_pending, remembered, settling
from udo.launch.returning import plan_rollback, target_of, with_overrides
from udo.launch.states import Heading, TemplateState, live_data, pinned_text
from udo.launch.swapping import running
from udo.refresh.forecast import forecast, reach
from udo.refresh.observe import Observed, is_attribute_based, observe_outlook, observe_refresh
from udo.refresh.outcome import told
from udo.refresh.plan import (
    ID,
    alone,
    attached,
    given_to_aws,
    no_active,
    plan_refresh,
    question,
    start,
    until_its_end,
    way_back,
)
from udo.refresh.words import named, standing

if TYPE_CHECKING:
    from udo.aws import Aws
    from udo.change.outcome import Outcome
    from udo.config import Role
    from udo.launch.states import State
    from udo.model.groups import AutoScalingGroup
    from udo.model.refreshes import Preferences
    from udo.refresh.observe import Outlook
    from udo.refresh.plan import Following
    from udo.refresh.preferences import Wanted
    from udo.result import Result

COMMAND = "updatelc --refresh"
# The group launches what is new once a call of this has been sent.
_SWAP = "UpdateAutoScalingGroup"
_LAUNCH = ("LaunchTemplate", "MixedInstancesPolicy")


class Bringing:
    """One change of what a group launches and of its members.

    `state` and `launch` are the group and the plan that swaps in what is new, as `updatelc` makes it; `is_whole` says
    whether the version of one template is all that changes. `run` is this run, and `alarms` guard it.
    """

    def __init__(
        self,
        role: Role,
        aws: Aws,
        launch: tuple[State, Plan],
        wanted: Wanted,
        following: Following,
        run: str,
        *,
        is_whole: bool,
        alarms: Sequence[str] = (),
    ) -> None:
        self._role, self._aws, self._wanted, self._following, self._run = role, aws, wanted, following, run
        self._alarms = alarms
        self._state, self._launch = launch
        self._is_whole = is_whole
        self._shown = Plan(COMMAND, role.label, ())
        self._done: set[str] = set()
        # What had failed before the group went back.
        self._undone: Outcome | None = None
        # Whether a refresh brings what is new, so that the group has nothing of it to go back from.
        self._is_brought = False

    def change(self) -> Change:
        """All of it. Raises: Conflict where a refresh runs that brings something else; another UdoError."""
        observed = observe_refresh(self._aws, self._role)
        swap = next((one for one in self._launch.writes if one.operation == _SWAP), None)
        if observed.active:
            return self._followed(observed, swap)
        if swap is None:
            plan = plan_refresh(self._role, observed, self._wanted, self._following, self._outlook)
            others = self._launch.writes if not plan.steps else ()
            notes = (*self._notes, *plan.notes)
            return self._change(replace(plan, command=COMMAND, steps=(*others, *plan.steps), notes=notes))
        if not observed.group.members:
            return self._change(self._launch)
        reason = self._around()
        return self._swapped(observed, reason) if reason else self._carried(observed, swap)

    def _around(self) -> str:
        """Why the refresh cannot bring what is new itself; empty where it can.

        Source: botocore autoscaling RollbackInstanceRefresh; docs.aws.amazon.com/autoscaling/ec2/userguide/
        instance-refresh-overview.html (limitations).
        """
        state, group = self._state, self._state.group
        if not isinstance(state, TemplateState):
            return "it launches from a launch configuration"
        if is_attribute_based(group):
            return "instance requirements choose its types"
        if moving := next((one.version for one in (state.live, *group.own_templates) if one.version[:1] == "$"), ""):
            return f"it follows {moving}"
        if str(live_data(state).get("ImageId", "")).startswith("resolve:"):
            return "its image is a parameter"
        return "" if self._is_whole else "overrides change too"

    def _change(self, plan: Plan, *later: Foreseen) -> Change:
        self._shown = plan
        return Change(plan, later, self._told, self._instead)

    def _followed(self, observed: Observed, swap: Call | None) -> Change:
        """Follows the refresh that runs, where it brings what is wanted."""
        active, group = observed.active, observed.group
        assert active  # noqa: S101  (that is why it is called)
        self._is_brought = active.is_desired
        desired = known_part({key: swap.params[key] for key in _LAUNCH if key in swap.params}, {}) if swap else {}
        number = _version_in(desired)
        if swap and not (active.desired and active.desired.version == number):
            ends = f"udo refresh {self._role.cluster} {self._role.name} --cancel"
            raise Conflict(
                f"{named(active)} of {group.name} {standing(active)}, and brings something else",
                hint=f"nothing was changed; wait for it, or end it: {ends}",
            )
        heading = Plan(COMMAND, self._role.label, (), reason=self._following.reason)
        plan = attached(self._role, heading, group, active, self._following)
        return self._change(replace(plan, goal=swap.proof if swap and self._following.wait else ()))

    def _carried(self, observed: Observed, swap: Call) -> Change:
        """The refresh itself brings the new version, and the group gets it once that has succeeded."""
        self._is_brought = True
        create = [one for one in self._launch.steps if isinstance(one, Call) and one.operation.startswith("Create")]
        create = [one for one in create if one.service == "ec2"]
        guess = str(self._newest + 1) if create else _version_in(swap.params)
        note = f"the refresh itself brings version {guess}: the group has it once all are replaced"
        note += ", and where it fails AWS takes it back" if self._wanted.preferences.auto_rollback else ""
        known = self._brought(observed, swap, guess)
        first = replace(known, notes=(*self._notes, note, *known.notes))
        if not create:
            return self._change(replace(first, differences=self._launch.differences))
        plan = replace(first, steps=tuple(create), goal=(), cleanup=(), back=(), differences=self._launch.differences)
        stage = self._once("carry", lambda before: self._second(observed, swap, before))
        return self._change(plan, Foreseen(known, stage))

    def _second(self, observed: Observed, swap: Call, before: Outcome) -> Plan:
        """What comes once the version is made, of which all is told already."""
        plan = self._brought(observed, swap, str(before.saved["version"]))
        return replace(plan, notes=(), forecast=())

    @property
    def _notes(self) -> list[str]:
        """What the plan of the launch data tells, but for what becomes of the members then."""
        return [one for one in self._launch.notes if one != running(self._state.group)]

    @property
    def _newest(self) -> int:
        return self._state.versions[0].number if isinstance(self._state, TemplateState) else 0

    def _brought(self, observed: Observed, swap: Call, number: str) -> Plan:
        """The plan of the refresh that brings the version of that number."""
        group, role, following = observed.group, self._role, self._following
        known = {"version": number}
        desired = known_part({key: swap.params[key] for key in _LAUNCH if key in swap.params}, known)
        differ = frozenset(one.instance_id for one in group.members if getattr(one.launch, "version", "") != number)
        meant = replace(observed, outdated=differ)
        preferences, notes, rows = self._forecast(meant, f"version {number}")
        pending = Pending(number, self._run)
        live = pinned_text(self._state)
        call = start(meant, preferences, desired, known_pairs(swap.expect, known))
        noted = remember_pending(group, live, pending, Ref(ID))
        wait = until_its_end(role, group.name, Ref(ID), following)
        steps = (remember_pending(group, live, pending), call, noted)
        asks = question(role, meant, preferences, "updatelc")
        return Plan(
            COMMAND,
            role.label,
            (*steps, wait, *self._old) if following.wait else steps,
            goal=known_pairs(swap.proof, known) if following.wait else call.proof,
            notes=notes,
            forecast=rows,
            asks=asks,
            done=f"instance refresh {{{ID}}} of {group.name} brings version {number}",
            reason=following.reason,
            cleanup=settling(group, pending, live, no_active(group.name)),
            remedy=f"udo updatelc {role.cluster} {role.name} --refresh",
            back=way_back(role, group.name, Ref(ID), following, desired=True),
        )

    @property
    def _old(self) -> tuple[Call, ...]:
        """The deletions of old versions, which come last."""
        return tuple(one for one in self._launch.writes if one.operation.startswith("Delete"))

    def _swapped(self, observed: Observed, reason: str) -> Change:
        """The group launches what is new first, and is refreshed then; where that fails it goes back, and is again."""
        meant = replace(observed, outdated=frozenset(one.instance_id for one in observed.group.members))
        preferences, notes, rows = self._forecast(meant, "what the group launches then")
        back = ", and where that fails the group goes back and is refreshed again"
        back = back if self._wanted.preferences.auto_rollback else ""
        note = f"first the group launches what is new, then its members are replaced, because {reason}{back}"
        steps = tuple(one for one in self._launch.steps if one not in self._old)
        asks = question(self._role, meant, preferences, "updatelc")
        plan = replace(
            self._launch,
            command=COMMAND,
            steps=steps,
            notes=(*self._notes, note, *notes),
            forecast=rows,
            asks=asks,
        )
        shown = plan_refresh(self._role, meant, self._wanted, self._following, self._outlook)
        return self._change(plan, Foreseen(shown, self._once("refresh", lambda _: self._refreshed())))

    def _refreshed(self) -> Plan | None:
        observed = observe_refresh(self._aws, self._role)
        plan = plan_refresh(self._role, observed, self._wanted, self._following, self._outlook)
        after = self._old if self._following.wait else ()
        return replace(plan, command=COMMAND, steps=(*plan.steps, *after), notes=(), asks=None) if plan.steps else None

    def _forecast(
        self, meant: Observed, what: str
    ) -> tuple[Preferences, tuple[str, ...], tuple[dict[str, object], ...]]:
        found = reach(meant, self._wanted.preferences)
        preferences = self._wanted.for_so_many(found.count) if found.count else self._wanted.preferences
        seen = self._outlook(meant.group)
        rows = tuple(forecast(meant, seen, preferences, what))
        preferences = replace(preferences, alarms=given_to_aws(seen.alarms))
        return preferences, (*alone(seen.alarms), *(str(row["says"]) for row in rows)), rows

    def _outlook(self, group: AutoScalingGroup) -> Outlook:
        return observe_outlook(self._aws, group, alarms=self._alarms)

    def _once(self, name: str, stage: Callable[[Outcome], Plan | None]) -> Callable[[Outcome], Plan | None]:
        def planned(outcome: Outcome) -> Plan | None:
            if name in self._done:
                return None
            self._done.add(name)
            return stage(outcome)

        return planned

    def _instead(self, outcome: Outcome) -> Plan | None:
        """Where a refresh has failed that AWS cannot take back: the group goes back, and is refreshed again."""
        error = outcome.error
        failed = isinstance(error, GuardRaised) or (isinstance(error, EndedBadly) and outcome.state == "Failed")
        if not (failed and self._wanted.preferences.auto_rollback and self._undone is None):
            return None
        if self._is_brought or self._is_carried(outcome):
            return None
        state = observe_updatelc(self._aws, self._role)
        tag = remembered(state.group)
        if tag is None or pinned_text(state) != tag.now or tag.before == tag.now:
            return None
        target = with_overrides(state, observe_target(self._aws, target_of(state, None)), None)
        back = plan_rollback(Heading(COMMAND, self._role.label), state, target, anyway=True)
        self._undone = outcome
        return self._back(back, state)

    def _is_carried(self, outcome: Outcome) -> bool:
        return any(getattr(row, "refresh", None) is not None and row.refresh.is_desired for row in outcome.rows)

    def _back(self, back: Plan, state: State) -> Plan:
        group, role = state.group, self._role
        refreshes = tuple(self._aws.autoscaling.latest_refreshes(group.name))
        everybody = Observed(group, frozenset(one.instance_id for one in group.members), refreshes)
        preferences = replace(self._wanted.preferences, checkpoints=(), checkpoint_delay=None, bake=None)
        call = start(everybody, preferences, None, back.goal)
        call = replace(call, says=f"{call.says} again", save={BACK: "InstanceRefreshId"}, proof=_renamed(call.proof))
        steps: tuple[Call | Wait, ...] = (*back.writes, call)
        wait = until_its_end(role, group.name, Ref(BACK), self._following, back=False)
        return replace(back, steps=(*steps, wait), notes=("it goes back, and is refreshed again",), guarded=NEVER)

    def _told(self, outcome: Outcome) -> Result:
        if self._undone is None:
            return told(self._aws, self._role, self._shown, outcome)
        first = told(self._aws, self._role, self._shown, self._undone, stays=outcome.error is not None)
        code, message, _ = first.error or ("failed", "", None)
        group = self._state.group.name
        if outcome.error is not None:
            how = f"and going back has failed too: {outcome.error.message}"
            words = f"{self._role.cluster} {self._role.name}"
            hint = f"look, and run: udo rollback {words}, then: udo refresh {words}"
            return replace(first, data=first.data | outcome.document(), error=(code, f"{message}; {how}", hint))
        seen = next(iter(outcome.rows), None)
        by = f" by {named(seen.refresh)}" if seen is not None else ""
        how = f"{group} launches from what it did before again, and its members were replaced{by}"
        return replace(first, data=first.data | outcome.document(), error=(code, f"{message}; {how}", None))


# Under which name the id of the refresh is saved that goes back.
BACK = "back_id"


def _renamed(proof: tuple[Pair, ...]) -> tuple[Pair, ...]:
    return tuple(replace(pair, value=Ref(BACK)) for pair in proof)


def _version_in(params: object) -> str:
    """The version that a launch configuration in AWS's words names."""
    found: object = params
    for path in (("LaunchTemplate",), ("MixedInstancesPolicy", "LaunchTemplate", "LaunchTemplateSpecification")):
        found = params
        for name in path:
            found = found.get(name, {}) if isinstance(found, dict) else {}
        if isinstance(found, dict) and isinstance(found.get("Version"), str):
            return str(found["Version"])
    return ""

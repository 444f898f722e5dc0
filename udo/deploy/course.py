"""The course of a deployment: its place in the queue, the deployment, whoever it left out, and what follows it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from udo.change.conditions import resolve
from udo.change.events import Notice
from udo.change.many import Change
from udo.change.plan import NEVER, Plan, Ref, Wait
from udo.change.stages import Foreseen
from udo.change.waiting import told_in_the_end
from udo.deploy.blue_green import moved, refuse
from udo.deploy.canary import observe_canary
from udo.deploy.forecast import with_forecast
from udo.deploy.guards import may_not_override
from udo.deploy.observe import OF_SOME_INSTANCES, observe_deployments, observe_groups
from udo.deploy.outcome import OVERTAKEN, Ending
from udo.deploy.plan import FIRST, in_the_way, plan_deploy, plan_hooks, plan_rest, wait_for_other
from udo.deploy.revision import same, told
from udo.deploy.stop import COMPLETED
from udo.deploy.watch import ENDED
from udo.errors import AwsError, Conflict, EndedBadly, GuardRaised
from udo.groups.target import alarms_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from udo.aws import Aws
    from udo.change.outcome import Outcome
    from udo.change.stages import Stage
    from udo.config import Role
    from udo.deploy.observe import Observed
    from udo.deploy.plan import Wanted
    from udo.model.deployments import Deployment, DeploymentConfig
    from udo.session import Session

# How many further deployments bring up members that came meanwhile.
_FURTHER = 3
# How many seconds AWS may say nothing after a success, before who has it is left open.
_PATIENCE = 600.0


class Course:
    """One run of deploy: `plan` is its first plan, `later` what comes after it, `ending` tells how it came out.

    With `queue` it waits for so many seconds for the end of other deployments. `meant` looks afresh for a revision
    that was still to be uploaded, for one of several roles whose turn comes.
    """

    def __init__(
        self,
        session: Session,
        role: Role,
        aws: Aws,
        wanted: Wanted,
        observed: Observed,
        queue: float | None,
        meant: Callable[[Wanted], Wanted] | None = None,
    ) -> None:
        self._clock, self._role, self._aws = session.clock, role, aws
        alarms = () if wanted.verb != "deploy" or session.ignores_alarms else alarms_of(session, role).names
        self._wanted = replace(wanted, alarms=tuple(alarms))
        self._together, self._meant = session.together, meant
        self._emit = session.emit
        self._queue, self._until = queue, session.clock.monotonic() + queue if queue else None
        self._is_queued = self._is_aside = False
        self._tried: set[str] = set()
        self._hooks: Plan | None = None
        self.ending = Ending(session, role, aws, wanted.revision, (), Plan(wanted.verb, role.label, ()))
        self.plan = self._planned(observed)
        self.later = self._afterwards()

    def change(self) -> Change:
        """The course as one change of several."""
        follows = self._wanted.follow
        again = None if follows else self._again
        return Change(self.plan, self.later, self.ending.told, self.overtaken, again, watches=follows)

    def overtaken(self, outcome: Outcome) -> Plan | None:
        """Where somebody was faster: a fresh look, which follows what is there if it is ours; where CodeDeploy rolls
        back what has failed: the wait for the end of that.

        Raises: Conflict.
        """
        self._take_note(outcome)
        error = outcome.error
        if isinstance(error, GuardRaised):
            self.ending.alarm = error.message
        if self._wanted.alarms and may_not_override(self.ending.plan, outcome):
            self._wanted = replace(self._wanted, alarms=())
            self._emit(Notice(f"{error}: Udo alone watches the alarms of guards", "warning"))
            return self._planned(self._look())
        if isinstance(error, EndedBadly):
            return None if self.ending.further else self._rollback(outcome)
        if not (isinstance(error, AwsError) and error.aws_code in (OVERTAKEN, COMPLETED)) or self.ending.further:
            return None
        plan = self._planned(self._look())
        if plan.writes and error.aws_code == OVERTAKEN and self._until is None:
            raise Conflict(error.message, hint="nothing was deployed; look and run it again")
        return plan

    def _rollback(self, outcome: Outcome) -> Plan | None:
        one = self.ending.rollback_of(outcome)
        if one is None:
            return None
        wait = wait_for_other(one, self._wanted.timeout, f"rollback {one.deployment_id} continues in AWS")
        says = f"wait for the rollback {one.deployment_id} to {told(one.revision)} to end"
        # However it ends, what was wanted has failed: nothing follows it.
        steps = (replace(wait, says=says, success=(), failure=ENDED),)
        return Plan(self._wanted.verb, self._role.label, steps, guarded=NEVER)

    def _again(self) -> Change:
        """The same from a fresh look, when its turn comes.

        Raises: Conflict where it would now stop a deployment that nobody was asked about.
        """
        asked = self.plan.asks
        if self._wanted.uploads and self._meant:
            # The role before may have brought it there.
            self._wanted = self._meant(self._wanted)
            self.ending.revision = self._wanted.revision
        self._until = self._clock.monotonic() + self._queue if self._queue else None
        self.plan = self._planned(self._look())
        self.later = self._afterwards()
        if self._wanted.supersede and self.plan.asks not in (None, asked):
            raise Conflict(
                f"another deployment to {self._role.label} has begun meanwhile",
                hint="it was not stopped; look and run it again",
            )
        return self.change()

    def _take_note(self, outcome: Outcome) -> None:
        """Of version and eTag, where this run has uploaded the revision: it is not uploaded again."""
        if self._wanted.uploads and "upload_etag" in outcome.saved:
            self.ending.revision = resolve(self._wanted.pinned, outcome.saved)
            self._wanted = replace(self._wanted, revision=self.ending.revision, uploads=())

    def _afterwards(self) -> tuple[Stage | Plan, ...]:
        if not self.plan.steps:
            return ()
        # Somebody may come between the first look and the deployment: then the queue begins there.
        turn = (self._next,) if self._until is not None else ()
        if not self._wanted.wait:
            return turn
        # Where the deployment is known, or will be by its name, its programs are shown beforehand.
        return *turn, self._rest, Foreseen(self._hooks, self._programs) if self._hooks else self._programs

    def _next(self, outcome: Outcome) -> Plan | None:
        """After a wait in the queue a fresh look; nothing once a plan of our own was carried out."""
        self._take_note(outcome)
        return self._planned(self._look()) if self._is_queued else None

    def _rest(self, outcome: Outcome) -> Plan | None:
        """The wait for what CodeDeploy is still at, then a deployment to members that it left out."""
        self._take_note(outcome)
        if not self._is_aside:
            if outcome.state != "Succeeded" or not self.ending.is_ours(outcome):
                return None
            self.ending.rows |= {row.instance_id: row for row in outcome.rows}
        now = told_in_the_end(self._look, self._clock, self._emit, _PATIENCE)
        self.ending.moved = moved(self._role, now.deployment_group)
        staying = (one for one in now.group.members if not one.lifecycle_state.startswith("Terminat"))
        self.ending.members = frozenset(one.instance_id for one in staying)
        if any(self._is_anothers(one) for one in now.active):
            # Who has what is from now on that deployment's affair.
            return None
        self._is_aside = bool(now.active)
        if now.active:
            wait = wait_for_other(
                now.active[0], self._wanted.timeout, "deployed; the same command looks at the rest again"
            )
            return Plan(self._wanted.verb, self._role.label, (wait,))
        failed = {row.instance_id for row in self.ending.rows.values() if row.status == "Failed"}
        left_out = [one for one in now.lacking if one != "?" and one not in failed | self._tried]
        self.ending.lacking = tuple(now.lacking)
        known = now.last is not None and same(now.last.revision, self._wanted.revision)
        only_followed = self._wanted.follow or now.deployment_group.is_blue_green
        if not (known and left_out) or only_followed or len(self.ending.further) >= _FURTHER:
            return None
        self._tried |= set(left_out)
        self.ending.further.append(f"deployment_{len(self.ending.further) + 2}")
        return plan_rest(self._role, now, self._wanted, len(self.ending.further) + 1)

    def _is_anothers(self, one: Deployment) -> bool:
        return one.creator not in OF_SOME_INSTANCES and not same(one.revision, self._wanted.revision)

    def _programs(self, outcome: Outcome) -> Plan | None:
        """What follows a success, once."""
        hooks, self._hooks = self._hooks, None
        return hooks if self.ending.is_ours(outcome) else None

    def _look(self) -> Observed:
        return observe_deployments(self._aws, observe_groups(self._aws, self._role), self._wanted.revision)

    def _planned(self, now: Observed) -> Plan:
        other = in_the_way(now, self._wanted.revision) if self._until is not None else None
        self._is_queued = other is not None
        role = self._role
        if other is None or self._until is None:
            plan, config = self._with_canary(now, plan_deploy(role, now, self._wanted))
            plan = with_forecast(self._aws, role, now, plan, self._together, config)
            self.ending.plan, self.ending.known = plan, now.deployments
            waits = [step.read.params["deploymentId"] for step in plan.steps if isinstance(step, Wait)]
            if waits:
                one = waits[-1] if isinstance(waits[-1], str) else Ref(FIRST)
                self._hooks = plan_hooks(role, self._wanted, now.deployment_group.application, one)
            return plan
        refuse(role, now.deployment_group)
        then = f"then deploys {told(self._wanted.revision)}"
        asks = f"{role.label} is protected. deploy, once that has ended?" if role.protects("deploy") else None
        wait = wait_for_other(other, max(1.0, self._until - self._clock.monotonic()))
        heading = Plan(self._wanted.verb, role.label, (wait,), notes=(then,), reason=self._wanted.reason, asks=asks)
        return replace(heading, guarded=self._wanted.guarded)

    def _with_canary(self, now: Observed, plan: Plan) -> tuple[Plan, DeploymentConfig | None]:
        """The plan with its canary where one is asked for and everybody is deployed to, and how it deploys then."""
        made = next((call for call in plan.writes if call.operation == "CreateDeployment"), None)
        if self._wanted.pause is None or made is None or not any(one.in_service for one in now.group.members):
            return plan, None
        if made.params.get("updateOutdatedInstancesOnly"):
            return replace(plan, notes=(*plan.notes, "no canary: the other instances have this revision already")), None
        canary = observe_canary(self._aws, self._role, now, self._wanted.pause)
        return plan_deploy(self._role, now, replace(self._wanted, canary=canary)), canary.config

"""How a deployment came out: what people, scripts and Slack are told of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from udo.change.events import Notice
from udo.change.finish import told as told_of
from udo.change.plan import Wait
from udo.deploy.blue_green import replaced
from udo.deploy.revision import brief, same, told
from udo.deploy.rows import target_row
from udo.deploy.source import running
from udo.deploy.stop import stopped_by
from udo.deploy.watch import ENDED, instances, listed
from udo.deploy.why import reason, rehearsed, story
from udo.errors import AwsError, EndedBadly, GuardRaised, Interrupted, PartlyDone, PermissionDenied
from udo.result import Result

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from udo.aws import Aws
    from udo.change.outcome import Outcome
    from udo.change.plan import Plan
    from udo.config import Role
    from udo.errors import Failure
    from udo.model.deployments import Deployment, DeploymentTarget
    from udo.session import Session

OVERTAKEN = "DeploymentLimitExceededException"


class Ending:
    """What became of a deployment; `known` are the deployments that were there before, `plan` what is carried out."""

    def __init__(
        self,
        session: Session,
        role: Role,
        aws: Aws,
        revision: Mapping[str, Any],
        known: Iterable[Deployment],
        plan: Plan,
    ) -> None:
        self._session = session
        self._role = role
        self._aws = aws
        self.revision = revision
        self.known = tuple(known)
        self.plan = plan
        # Of further deployments to members that the first left out: the names their ids are saved under.
        self.further: list[str] = []
        self.rows: dict[str, DeploymentTarget] = {}
        self.lacking: tuple[str, ...] = ()
        # The members of the group after it, as far as somebody has looked.
        self.members: frozenset[str] | None = None
        # What had failed before CodeDeploy rolled it back, and with which deployment.
        self._undone: Outcome | None = None
        self._rollback = ""
        # What ended it where an alarm did.
        self.alarm = ""
        # What group_name must become where instances were replaced by others.
        self.moved = ""

    def is_ours(self, outcome: Outcome) -> bool:
        """Whether a deployment of this run's was carried out or followed."""
        return bool(self._id(outcome))

    def told(self, outcome: Outcome) -> Result:
        """What people and scripts are told.

        Raises: UdoError where the end was not reached; its `data` and hint name the deployment.
        """
        if not self._id(outcome) or not any(isinstance(step, Wait) for step in self.plan.steps):
            # What was waited for, if anything, was not ours.
            outcome = replace(outcome, state=None, rows=())
        error = outcome.error
        if self._undone is not None and not isinstance(error, Interrupted):
            return self._failed(self._undone, outcome)
        if isinstance(error, GuardRaised):
            self.alarm = error.message
        if self.alarm and (outcome.state == "Succeeded" or self.rows):
            return self._succeeded_alarmed(outcome)
        if self.further or self.rows:
            return self._with_rest(outcome)
        if outcome.state in ("Failed", "Stopped"):
            return self._failed(outcome)
        if outcome.state == "Succeeded" and (error is None or isinstance(error, PartlyDone)):
            return self._succeeded(outcome, [error.message] if error else [])
        if error:
            self._name_it(error, outcome)
            raise error
        return self._not_followed(outcome)

    def rollback_of(self, outcome: Outcome) -> Deployment | None:
        """The deployment with which CodeDeploy rolls back what has failed; None where it does not, or is followed."""
        if self._undone is not None or outcome.state not in ("Failed", "Stopped") or not self._id(outcome):
            return None
        failed = self._last(outcome)
        if failed is None or not failed.rollback_id:
            return None
        try:
            found = self._aws.codedeploy.deployment(failed.rollback_id)
        except (AwsError, PermissionDenied) as error:
            self._session.emit(Notice(f"its rollback {failed.rollback_id} is unknown: {error.message}", "warning"))
            return None
        self._undone, self._rollback = outcome, failed.rollback_id
        return found

    def _id(self, outcome: Outcome) -> str:
        """The deployment: the one that was started, or the one that was found and is followed."""
        waits = (step.read.params["deploymentId"] for step in self.plan.steps if isinstance(step, Wait))
        # The last one: before it a plan may wait for the end of another that is superseded.
        found = ["", *waits][-1]
        return str(outcome.saved.get("deployment_id") or (found if isinstance(found, str) else ""))

    def _with_rest(self, outcome: Outcome) -> Result:
        """The success of the first deployment, with those of whom it left out.

        Raises: UdoError.
        """
        error = outcome.error
        if error and not isinstance(error, PartlyDone | EndedBadly):
            self._name_it(error, replace(outcome, state="Succeeded"))
            raise error
        problems = [error.message] if error else []
        rows = dict(self.rows)
        if isinstance(error, EndedBadly):
            rows |= {row.instance_id: row for row in outcome.rows}
        failed = {row.instance_id for row in rows.values() if row.status == "Failed"}
        if left := [one for one in self.lacking if one not in failed and self._lacks(one, rows)]:
            problems.append(
                f"{instances(len(left))} in service {'has' if len(left) == 1 else 'have'} not got it: {listed(left)}"
            )
        return self._succeeded(replace(outcome, rows=tuple(rows.values())), problems)

    def _lacks(self, instance_id: str, rows: Mapping[str, DeploymentTarget]) -> bool:
        return instance_id not in rows or rows[instance_id].status != "Succeeded"

    def _failed(self, outcome: Outcome, rollback: Outcome | None = None) -> Result:
        deployment, hint = self._last(outcome), None
        lines = list(story(deployment, outcome.rows))
        if self._session.options.sandbox:
            lines += rehearsed(f"{self._role.cluster} {self._role.name}", self._id(outcome), outcome.rows)
        by = self._stopped_by(outcome) if outcome.state == "Stopped" else ""
        if rollback is not None and deployment is not None:
            deployment = replace(deployment, rollback_id="")
        why = reason(deployment, outcome.rows)
        if by:
            why = "; ".join([f"stopped by {by}", *([reason(None, outcome.rows)] if lines else [])])
        if self.alarm:
            by, why = "", self.alarm
        if rollback is not None:
            how, more = self._rolled_back(rollback)
            why, lines = f"{why}; {how}", [*lines, how, *more]
        elif not (deployment and deployment.rollback_id):
            # Where instances replace others Udo deploys nothing, and the original ones serve on.
            hint = None if any(row.label for row in outcome.rows) else self._way_back()
        what = f"deployment {self._id(outcome)} of {brief(told(self.revision))} to {self._role.label}"
        what += f" {why}" if by else f" {str(outcome.state).lower()}: {why}"
        data = outcome.document() | self._described(outcome, str(outcome.state), deployment, why)
        return Result(data, text="\n".join(lines) or None, exit=1, error=("failed", what, hint))

    def _rolled_back(self, outcome: Outcome) -> tuple[str, list[str]]:
        """What became of the rollback, on one line, and why it failed."""
        one, state = self._rollback, outcome.state
        if state not in ENDED:
            return f"CodeDeploy rolls back with {one}, which has not ended", []
        if state == "Succeeded" and not any(row.status == "Failed" for row in outcome.rows):
            return f"CodeDeploy has rolled back with {one}", []
        try:
            deployment = self._aws.codedeploy.deployment(one)
        except (AwsError, PermissionDenied):
            deployment = None
        return f"its rollback {one} {'failed too' if state == 'Failed' else 'is not everywhere'}", list(
            story(deployment, outcome.rows)
        )

    def _way_back(self) -> str | None:
        """The command that brings back what succeeded last; none where that is unknown, or is what failed."""
        try:
            last = running(self._aws, self._role)
        except (AwsError, PermissionDenied):
            return None
        if last is None or same(last.revision, self.revision):
            return None
        role = self._role
        return f"udo rollback {role.cluster} {role.name} --code brings back {brief(told(last.revision))}"

    def _succeeded(self, outcome: Outcome, problems: list[str]) -> Result:
        deployment = self._last(outcome)
        states = deployment.overview if deployment else {}
        if self.further or not states:
            states = Counter(target.status for target in outcome.rows)
        failed = states.get("Failed", 0)
        gone = self._gone(outcome)
        failed -= len(gone)
        if failed:
            share = f"{failed} of {sum(states.values())} failed"
            problems = [f"{share}: {reason(deployment, outcome.rows)}", *problems]
        why = "; ".join(problems)
        count = states.get("Succeeded", 0)
        on = f" on {instances(count)}" if count else ""
        green, blue = replaced(outcome.rows)
        on = f" on {instances(green)}{f' in place of {blue}' if blue else ''}" if green else on
        done = f"{self._name(outcome)} succeeded{on}"
        text = "\n".join([done, *filter(None, [self.moved]), *story(deployment, outcome.rows)])
        if gone:
            text += f"\nno members of the group any more: {listed(gone)}"
        data = outcome.document() | self._described(outcome, "Succeeded", deployment, why)
        if not problems:
            return Result(data, text=text)
        hint = "it is not undone, and the same command again "
        after = "puts that right" if self.plan.remedy and self.plan.remedy in why else "does nothing more"
        hint += "deploys to the instances without it" if failed or self.lacking else after
        return Result(data, text=text, exit=3, error=("partial", f"{done}, but {why}", hint))

    def _succeeded_alarmed(self, outcome: Outcome) -> Result:
        deployment, role = self._last(outcome), self._role
        data = outcome.document() | self._described(outcome, "Succeeded", deployment, self.alarm)
        hint = f"it is not undone; udo rollback {role.cluster} {role.name} --code goes back"
        told = f"{self._name(outcome)} succeeded, but {self.alarm}"
        return Result(data, exit=GuardRaised.exit, error=(GuardRaised.code, told, hint))

    def _gone(self, outcome: Outcome) -> list[str]:
        """Those that failed, and have left the group since."""
        failed = [row.instance_id for row in outcome.rows if row.status == "Failed"]
        return [one for one in failed if self.members is not None and one not in self.members]

    def _not_followed(self, outcome: Outcome) -> Result:
        """Nothing to do, or a deployment that is left to AWS."""
        if started := outcome.saved.get("deployment_id"):
            more = self._described(outcome, "Created", None, "")
            text = f"deployment {started} is started and continues in AWS, {self._left_undone()}"
            return Result(outcome.document() | more, text=text, continues=True)
        there = next((one for one in self.known if same(one.revision, self.revision)), None)
        done = told_of(self.plan, outcome)
        if not self.plan.steps:
            done = replace(done, text=self.plan.unchanged)
        if there is None:
            return done
        more = self._described(outcome, there.status, there, "") | {"deployment_id": there.deployment_id}
        return replace(done, data=done.data | more)

    def _left_undone(self) -> str:
        """What nobody does where the deployment is not followed."""
        role = self._role
        told = role.has("slack.url") or role.has("notify")
        undone = ["the check that every member has it", "the notice of success" if told else ""]
        undone = ["post_deploy_hook" if role.get("post_deploy_hook") else "", *undone]
        *most, last = filter(None, undone)
        what = f"{', '.join(most)} and {last}" if most else last
        return f"without {what}; the same command without --no-wait follows it and does the rest"

    def _name_it(self, error: Failure, outcome: Outcome) -> None:
        started = self._id(outcome)
        if not started or (outcome.state is None and "deployment_id" not in outcome.saved):
            return
        error.data = outcome.document() | self._described(outcome, outcome.state or "Created", None, "")
        if outcome.state == "Succeeded":
            error.hint = f"deployment {started} succeeded; what was to follow it is not done again"
        elif started not in (error.hint or ""):
            error.hint = "; ".join(filter(None, (error.hint, f"deployment {started} was started and continues in AWS")))

    def _name(self, outcome: Outcome) -> str:
        return f"deployment {self._id(outcome)} of {told(self.revision)} to {self._role.label}"

    def _last(self, outcome: Outcome) -> Deployment | None:
        try:
            found = self._aws.codedeploy.deployment(self._id(outcome))
            # It may come without an overview: then the instances themselves tell.
            return found if found.overview else replace(found, overview=Counter(one.status for one in outcome.rows))
        except (AwsError, PermissionDenied) as error:
            self._session.emit(Notice(f"its details are unknown: {error.message}", "warning"))
            return None

    def _stopped_by(self, outcome: Outcome) -> str:
        try:
            group = self._aws.autoscaling.groups([self._role.group_name]).get(self._role.group_name)
        except (AwsError, PermissionDenied):
            return ""
        return stopped_by(self._id(outcome), group.tags) if group else ""

    def _described(self, outcome: Outcome, status: str, deployment: Deployment | None, why: str) -> dict[str, Any]:
        return {
            "deployment_id": self._id(outcome),
            "status": status,
            "outcome": deployment.outcome if deployment else status,
            "revision": self.revision,
            "overview": dict(deployment.overview) if deployment else {},
            "targets": [target_row(target) for target in outcome.rows],
            "reason": why,
            "further_deployments": [outcome.saved[name] for name in self.further if name in outcome.saved],
        }

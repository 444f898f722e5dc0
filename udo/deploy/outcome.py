"""How a deployment came out: what people, scripts and Slack are told of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from udo.change.events import Notice
from udo.change.finish import finish
from udo.deploy.revision import same, told
from udo.deploy.watch import Follower, in_hand, instances, reason, story
from udo.errors import AwsError, EndedBadly, Interrupted, PartlyDone, PermissionDenied, UdoError
from udo.notify import announced, failure
from udo.result import Result

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from udo.aws import Aws
    from udo.change.plan import Plan
    from udo.config import Role
    from udo.errors import Failure
    from udo.model.deployments import Deployment, DeploymentTarget
    from udo.session import Session

OVERTAKEN = "DeploymentLimitExceededException"


class Ending:
    """One plan of `deploy`, carried out and told; `known` are the deployments that were there before."""

    def __init__(
        self, session: Session, role: Role, aws: Aws, revision: Mapping[str, Any], known: Iterable[Deployment]
    ) -> None:
        self._session = session
        self._role = role
        self._aws = aws
        self._revision = revision
        self._known = tuple(known)
        self._follower = Follower(aws.codedeploy)

    def result(self, plan: Plan) -> Result:
        """What became of it.

        Raises: UdoError where the end was not reached; its `data` and hint name the deployment.
        """
        done = finish(self._session, self._role, plan, follow=self._follower, judge=self._judged)
        return done if self._follower.status else self._not_followed(plan, done)

    def announce(self, error: Failure) -> None:
        """Tells others of a run that ended like this."""
        if unheard := self._tell(failure("deploy", self._role.label, error)):
            self._session.emit(Notice(f"slack was not told: {unheard}", "warning"))

    def _judged(self, outcome: Result | Failure) -> Result:
        match outcome:
            case EndedBadly():
                return self._failed(outcome.data)
            case PartlyDone():
                return self._succeeded(outcome.data, [outcome.message])
            case UdoError() | Interrupted():
                self._name_it(outcome)
                # Where somebody was faster it is looked at again.
                if not (isinstance(outcome, AwsError) and outcome.aws_code == OVERTAKEN):
                    self.announce(outcome)
                raise outcome
        return self._succeeded(outcome.data, []) if self._follower.status == "Succeeded" else outcome

    def _failed(self, data: Any) -> Result:
        deployment, targets = self._last(), self._targets()
        why = reason(deployment, targets)
        what = f"{self._name} {self._follower.status.lower()}"
        unheard = self._tell(f"{what}: {why}")
        notes = [f"slack was not told: {unheard}"] if unheard else []
        more = self._described(self._follower.deployment_id, self._follower.status, deployment, why)
        text = "\n".join(story(targets)) or None
        return Result(data | more, text=text, notes=notes, exit=1, error=("failed", f"{what}: {why}", None))

    def _succeeded(self, data: Any, problems: list[str]) -> Result:
        deployment, targets = self._last(), self._targets()
        states = deployment.overview if deployment else Counter(target.status for target in targets)
        failed = states.get("Failed", 0)
        share = f"{failed} of {sum(states.values())} failed"
        if failed:
            problems = [f"{share}: {reason(deployment, targets)}", *problems]
        unheard = self._tell(f"{self._name} succeeded{f', but {share}' if failed else ''}")
        problems += [f"slack was not told: {unheard}"] if unheard else []
        why = "; ".join(problems)
        count = states.get("Succeeded", 0)
        done = f"{self._name} succeeded{f' on {instances(count)}' if count else ''}"
        text = "\n".join([done, *story(targets)])
        more = self._described(self._follower.deployment_id, "Succeeded", deployment, why)
        if not problems:
            return Result(data | more, text=text)
        hint = "it is not undone, and the same command again "
        hint += "deploys to the instances without it" if failed else "does nothing more"
        return Result(data | more, text=text, exit=3, error=("partial", f"{done}, but {why}", hint))

    def _not_followed(self, plan: Plan, done: Result) -> Result:
        """A dry run, nothing to do, or a deployment that is left to AWS."""
        started = (done.data.get("saved") or {}).get("deployment_id")
        if started:
            more = self._described(started, "Created", None, "")
            text = f"deployment {started} is started, and goes on; the same command without --no-wait follows it"
            return Result(done.data | more, text=text, notes=done.notes)
        there = next((one for one in self._known if same(one.revision, self._revision)), None)
        if plan.steps or there is None:
            return done
        more = self._described(there.deployment_id, there.status, there, "")
        return Result(done.data | more, text=done.text, notes=done.notes)

    def _name_it(self, error: Failure) -> None:
        data = error.data if isinstance(error.data, dict) else {}
        started = self._follower.deployment_id or data.get("saved", {}).get("deployment_id")
        if not started:
            return
        error.data = data | self._described(started, self._follower.status or "Created", None, "")
        if self._follower.status == "Succeeded":
            error.hint = f"deployment {started} succeeded; what was to follow it is not done again"
        elif started not in (error.hint or ""):
            error.hint = "; ".join(filter(None, (error.hint, f"deployment {started} was started and goes on")))

    @property
    def _name(self) -> str:
        return f"deployment {self._follower.deployment_id} of {told(self._revision)} to {self._role.label}"

    def _targets(self) -> tuple[DeploymentTarget, ...]:
        return tuple(self._follower.targets.values())

    def _last(self) -> Deployment | None:
        try:
            found = self._aws.codedeploy.deployment(self._follower.deployment_id)
            # It may come without an overview: then the instances themselves tell.
            return found if found.overview else replace(found, overview=Counter(one.status for one in self._targets()))
        except (AwsError, PermissionDenied) as error:
            self._session.emit(Notice(f"how it stands in detail cannot be told: {error.message}", "warning"))
            return None

    def _described(self, deployment_id: str, status: str, deployment: Deployment | None, why: str) -> dict[str, Any]:
        return {
            "deployment_id": deployment_id,
            "status": status,
            "outcome": deployment.outcome if deployment else status,
            "revision": self._revision,
            "overview": dict(deployment.overview) if deployment else {},
            "targets": [_row(target) for target in self._targets()],
            "reason": why,
        }

    def _tell(self, text: str) -> str | None:
        return announced(self._session, self._role, text)


def _row(target: DeploymentTarget) -> dict[str, Any]:
    event = in_hand(target)
    return {
        "instance_id": target.instance_id,
        "status": target.status,
        "lifecycle_event": event.name if event else None,
        "script": event.script if event else None,
        "error_code": event.error_code if event else None,
        "message": event.message if event else None,
        "log_tail": event.log_tail if event else None,
    }

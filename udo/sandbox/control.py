"""What the sandbox's own commands ask of its process: status, reset, step, faults and the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from udo.errors import UdoError, UsageError
from udo.sandbox.clock import LATEST, LONGEST

if TYPE_CHECKING:
    from udo.config import Config
    from udo.sandbox.world import World

Words = Mapping[str, Any]
# What a fault of launches takes.
# Seconds until the invocations of a command exist.
_INVOCATION = 0.3
_LAUNCH = ("zone", "error", "times", "deployment_group")


def groups(world: World) -> list[dict[str, Any]]:
    """The groups of the configuration as they are now, with the addresses of their members."""
    from udo.sandbox.seed import regions

    rows = []
    for region in regions(world):
        pages = world.client("autoscaling", region).get_paginator("describe_auto_scaling_groups").paginate()
        rows += [_row(world, region, group) for page in pages for group in page["AutoScalingGroups"]]
    order = list(world.roles)
    return sorted(rows, key=lambda row: order.index(row["group"]) if row["group"] in order else len(order))


class Control:
    """The commands by name; `boot` is how many seconds an instance launched from now on takes to boot."""

    def __init__(self, world: World, config: Config, boot: float = 0.0) -> None:
        self._world = world
        self._config = config
        self._boot = boot

    def begin(self) -> list[str]:
        """Builds the world of the configuration, in which everything has booted; returns the remarks on it.

        Raises: ConfigError.
        """
        from udo.sandbox.strict import delays

        remarks = self._world.seed(self._config)
        delays.boot = delays.console = self._boot
        delays.invocation = _INVOCATION
        return remarks

    def answer(self, path: str, words: Words) -> tuple[int, Any]:
        """Carries out one command of the sandbox; the status is an HTTP one."""
        known: dict[str, Callable[[Words], Any]] = {
            "status": self._status,
            "time": lambda _words: {"now": self._world.clock.now(), "speed": self._world.clock.speed},
            "reset": self._reset,
            "step": self._step,
            "alarms": self._alarms,
            "alarm": self._alarm,
            "fault": self._fault,
            "faults": self._faults,
            "clear": self._clear,
            "log": self._log,
            "user": self._user,
        }
        if path not in known:
            return 404, {"message": f"the sandbox has no '{path}'"}
        try:
            with self._world.aside():
                return 200, known[path](words)
        except UdoError as error:
            return 400, {"message": error.message, "hint": error.hint, "usage": isinstance(error, UsageError)}

    def _status(self, _words: Words) -> Any:
        self._world.advance()
        world = self._world
        return {
            "groups": groups(world),
            "now": world.clock.now(),
            "speed": world.clock.speed,
            "requests": len(world.log),
        }

    def _reset(self, words: Words) -> Any:
        self._world.reset()
        remarks = self.begin()
        return {**self._status(words), "remarks": remarks}

    def _step(self, words: Words) -> Any:
        seconds = words.get("seconds")
        if not isinstance(seconds, int | float) or not 0 <= seconds <= LONGEST:
            raise UsageError("a step is a number of seconds, from 0 to ten years")
        if self._world.clock.now() + seconds > LATEST:
            raise UsageError("the clock of the sandbox goes no further than 2100", hint="stop it, and start it again")
        self._world.clock.step(seconds)
        return self._status(words)

    def _alarms(self, _words: Words) -> Any:
        from udo.sandbox import alarms

        self._world.advance()
        return {"alarms": alarms.listed(self._world)}

    def _alarm(self, words: Words) -> Any:
        from udo.sandbox import alarms

        self._world.advance()
        alarms.ring(self._world, str(words["name"]), str(words["state"]))
        # What is made of alarms follows.
        self._world.advance()
        return self._alarms(words)

    def _fault(self, words: Words) -> Any:
        from udo.sandbox import faults, ssm_faults, stack_faults, strict
        from udo.sandbox.agent.trouble import KINDS

        instance = self._instance(words["instance_id"]) if "instance_id" in words else None
        kind = words.get("kind")
        if kind == "deployment":
            self._deployment_fault(words)
        elif kind == "launch":
            self._launch_fault(words)
        elif kind == "new-account":
            _nothing_else(words, "kind")
            self._new_account(True)
        elif kind == stack_faults.KIND:
            strict.stack_faults.add(stack_faults.parse(words))
        elif kind in ssm_faults.KINDS:
            strict.agent_faults.add(ssm_faults.parse(words))
        elif kind in KINDS:
            self._world.agents.troubles.add(words)
        elif kind == "die" and instance is not None:
            _nothing_else(words, "kind", "instance_id")
            ec2 = self._world.client("ec2", instance.ec2_backend.region_name)
            ec2.terminate_instances(InstanceIds=[instance.id])
        elif kind == "kill" and words.get("pid") is None:
            raise UsageError("which process is to be killed?", hint="name the process with --pid")
        else:
            self._world.faults.add(faults.parse(words))
        self._world.advance()
        return self._faults(words)

    def _deployment_fault(self, words: Words) -> None:
        from udo.sandbox.deployment_faults import WORDS, parse
        from udo.sandbox.strict.codedeploy.faults import deployment_faults

        _nothing_else(words, "kind", "instance_id", *WORDS)
        named = {"instance": words["instance_id"]} if "instance_id" in words else {}
        deployment_faults.add(parse({**words, **named}))

    def _launch_fault(self, words: Words) -> None:
        from udo.config.suggesting import among
        from udo.sandbox.strict import LaunchFault, launch_faults
        from udo.sandbox.strict.autoscaling.launch_faults import REASONS, UNHEALTHY

        _nothing_else(words, "kind", *_LAUNCH)
        if words.get("error", "capacity") not in (known := (*REASONS, UNHEALTHY)):
            told = f"launches do not fail for the reason '{words['error']}'"
            raise UsageError(told, hint=among(str(words["error"]), known))
        named = {"group": words["deployment_group"]} if "deployment_group" in words else {}
        taken = {key: words[key] for key in ("zone", "error", "times") if key in words}
        launch_faults.add(LaunchFault(**taken, **named))

    def _faults(self, _words: Words) -> Any:
        from udo.sandbox import ssm_faults, stack_faults
        from udo.sandbox.deployment_faults import listed
        from udo.sandbox.strict import agent_faults, launch_faults, quotas
        from udo.sandbox.strict import stack_faults as of_stacks
        from udo.sandbox.strict.codedeploy.faults import deployment_faults

        failing = [listed(one) for one in deployment_faults.all()]
        failing += [stack_faults.listed(one) for one in of_stacks.all()]
        failing += [
            {
                "kind": "launch",
                "zone": one.zone,
                "error": one.error,
                "deployment_group": one.group,
                "times": one.times,
                "counted": one.hit,
            }
            for one in launch_faults.all()
        ]
        account = [{"kind": "new-account"}] if quotas.launch_configurations_refused else []
        of_agents = self._world.agents.troubles.listed() + [ssm_faults.listed(one) for one in agent_faults.all()]
        return {"faults": [*self._world.faults.listed(), *of_agents, *failing, *account]}

    def _clear(self, words: Words) -> Any:
        from udo.sandbox.strict import agent_faults, launch_faults, stack_faults
        from udo.sandbox.strict.codedeploy.faults import deployment_faults

        agent_faults.clear()
        stack_faults.clear()
        deployment_faults.clear()
        launch_faults.clear()
        self._new_account(False)
        self._world.agents.troubles.clear()
        self._world.faults.clear()
        return self._faults(words)

    def _new_account(self, new: bool) -> None:
        from udo.sandbox.strict import quotas

        quotas.launch_configurations_refused = new

    def _instance(self, instance_id: str) -> Any:
        found = next((one for one in self._world.instances() if one.id == instance_id), None)
        if found is None:
            told = f"the sandbox has no instance {instance_id}"
            raise UsageError(told, hint="udo --sandbox instances '*' '*' lists them")
        return found

    def _user(self, words: Words) -> Any:
        from udo.sandbox.iam.users import keys

        return keys(self._world, str(words["name"]), words.get("policy"))

    def _log(self, words: Words) -> Any:
        last = list(self._world.log)[-int(words.get("last", 50)) :]
        return {"requests": [{"number": seen.number, "region": seen.region, "action": seen.name} for seen in last]}


def _nothing_else(words: Words, *known: str) -> None:
    if unknown := set(words) - set(known):
        from udo.sandbox.faults import option

        takes = ", ".join(option(key) for key in known if key != "kind")
        raise UsageError(
            f"a fault of the kind '{words['kind']}' takes no {option(sorted(unknown)[0])}",
            hint=f"it takes {takes}" if takes else "it takes nothing else",
        )


def _row(world: World, region: str, group: Mapping[str, Any]) -> dict[str, Any]:
    cluster, role = world.roles.get(group["AutoScalingGroupName"], ("", ""))
    mixed = group.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {}).get("LaunchTemplateSpecification", {})
    template = group.get("LaunchTemplate") or mixed
    launch = group.get("LaunchConfigurationName") or f"{template.get('LaunchTemplateName')} {template.get('Version')}"
    members = {one["InstanceId"] for one in group["Instances"]}
    return {
        "cluster": cluster,
        "role": role,
        "group": group["AutoScalingGroupName"],
        "region": region,
        "launch": launch,
        "instances": len(members),
        "addresses": [one.private_ip for one in world.instances() if one.id in members],
    }

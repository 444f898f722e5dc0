"""The deployments that are swept: for each a world, a command line, and how the group's deployments must end."""

from __future__ import annotations

from pathlib import Path

from arena import Arena
from deploy_check import HOOKED, deploy_check, stop_check
from deploy_worlds import OTHER, SHA, attach, begin, config, end
from scenario import Scenario, after, cut_off
from several_check import GROUPS, several_check
from suspend_check import CODEDEPLOYS, SUSPENDING, THEIRS, UDOS

from udo.bundle.listing import listing
from udo.sandbox.strict import DeploymentFault
from udo.sandbox.strict.codedeploy.faults import deployment_faults

# A minute and a half, of which an undisturbed run takes a third: answers that never come are not waited for longer.
DEPLOY = ("deploy", "prod", "webapp", SHA, "--timeout", "90s")
CANARY = (*DEPLOY, "--canary", "zone", "--pause", "10s")
PLAIN = config()
THIRD = "2222222222222222222222222222222222222222"
BUNDLE = config("deploy: {github: null, s3: {bucket: releases}}")
FOLDER = Path(__file__).parent / "bundle"
SUSPEND = config(f"deploy: {{suspend: [{', '.join((CODEDEPLOYS, *UDOS, THEIRS))}]}}")
SPREAD = config("availability_zones: [us-west-2a, us-west-2b]")
HOOK = config(f"post_deploy_hook: [[sh, -c, 'echo $UDO_REVISION >> {HOOKED}']], deploy: {{on_failure: rollback}}")


def _seeded(arena: Arena) -> None:
    """Four deployment groups with a group each; of ours, another revision was deployed to all three instances.

    That of the group named most like ours is on its way.
    """
    _never(arena)
    begin(arena.world, OTHER)
    end(arena.world)
    begin(arena.world, OTHER, "prod-web")


def _never(arena: Arena) -> None:
    """The same, nothing ever deployed."""
    arena.world.seed(arena.config())


def _active(arena: Arena) -> None:
    """The same, and our revision on its way since a moment: somebody else began to deploy it."""
    _seeded(arena)
    begin(arena.world)
    arena.world.clock.step(3)
    arena.world.advance()


def _partly(arena: Arena) -> None:
    """The same with our revision deployed: on the last of the instances it failed."""
    _seeded(arena)
    fault = deployment_faults.add(DeploymentFault(event="ValidateService", instance=3, script="bin/check"))
    begin(arena.world)
    end(arena.world)
    arena.world.advance()
    deployment_faults.remove(fault)


def _twice(arena: Arena) -> None:
    """The same with our revision deployed, and then the other one again."""
    _seeded(arena)
    for commit in (SHA, OTHER):
        begin(arena.world, commit)
        end(arena.world)
        arena.world.advance()


def _busy(arena: Arena) -> None:
    """The same, and a third revision on its way since a moment: somebody else's."""
    _seeded(arena)
    begin(arena.world, THIRD)
    arena.world.clock.step(3)
    arena.world.advance()


def _both(arena: Arena) -> None:
    """Another revision was deployed to both groups of a cluster; that of a third one is on its way."""
    _never(arena)
    for name in GROUPS:
        begin(arena.world, OTHER, name)
        end(arena.world)
        arena.world.advance()
    begin(arena.world, OTHER, "s")


def _grown(arena: Arena) -> None:
    """Our revision is deployed to three instances, and a fourth was attached since, past what CodeDeploy deploys."""
    after(_seeded, *DEPLOY)(arena)
    attach(arena.world)
    # The group it came from launches another one.
    end(arena.world)
    arena.world.advance()


THREE = ("1111111 Succeeded 3", "740800d Succeeded 3", "1111111 Succeeded 3")


def _suspended(arena: Arena) -> None:
    """The same as at first, and somebody has suspended two processes, one of which udo.yml would suspend, too."""
    _seeded(arena)
    names = [THEIRS, "InstanceRefresh"]
    arena.world.client("autoscaling").suspend_processes(AutoScalingGroupName="prod-webapp", ScalingProcesses=names)


NEXT = ("1111111 Succeeded 3", "740800d Succeeded 3")
CORE = {
    "deploy-next": Scenario(DEPLOY, _seeded, deploy_check("1111111 Succeeded 3", "740800d Succeeded 3"), PLAIN),
    "deploy-attached": Scenario(DEPLOY, _active, deploy_check("1111111 Succeeded 3", "740800d Succeeded 3"), PLAIN),
    "deploy-outdated": Scenario(
        DEPLOY, _partly, deploy_check("1111111 Succeeded 3", "740800d Succeeded 2", "740800d Succeeded 1"), PLAIN
    ),
    "deploy-suspending": Scenario(DEPLOY, _suspended, deploy_check(*NEXT, more=SUSPENDING), SUSPEND),
    "deploy-canary": Scenario(
        CANARY,
        _seeded,
        deploy_check("1111111 Succeeded 3", "740800d Succeeded 3", configs=True),
        SPREAD,
    ),
    "deploy-hook": Scenario(
        (*DEPLOY, "--reason", "fixes the cart", "--file-exists", "overwrite"),
        _seeded,
        deploy_check("1111111 Succeeded 3", "740800d Succeeded 3", hooks=1),
        HOOK,
    ),
    "deploy-bundle": Scenario(
        ("deploy", "prod", "webapp", "--bundle", str(FOLDER), "--timeout", "90s"),
        _seeded,
        deploy_check("1111111 Succeeded 3", f"{listing(FOLDER).sha256[:7]} Succeeded 3"),
        BUNDLE,
    ),
    "rollback-code": Scenario(
        ("rollback", "prod", "webapp", "--code", "--timeout", "90s"),
        _twice,
        deploy_check(*THREE, "740800d Succeeded 3"),
        PLAIN,
    ),
    "stop": Scenario(
        ("stop", "prod", "webapp", "--timeout", "90s"),
        _active,
        stop_check("1111111 Succeeded 3", "740800d Stopped 0"),
        PLAIN,
    ),
    "deploy-queued": Scenario(
        (*DEPLOY, "--queue=90s"),
        _busy,
        deploy_check("1111111 Succeeded 3", "2222222 Succeeded 3", "740800d Succeeded 3"),
        PLAIN,
    ),
    "deploy-several": Scenario(
        ("deploy", "prod", "webapp,web", SHA, "--timeout", "90s", "--yes"),
        _both,
        several_check(),
        config("deploy: {after: web}"),
    ),
    "deploy-supersede": Scenario(
        (*DEPLOY, "--supersede", "--yes"),
        _busy,
        deploy_check("1111111 Succeeded 3", "2222222 Stopped 0", "740800d Succeeded 3", stops=True),
        PLAIN,
    ),
}
MORE = {
    "deploy-canary-cut-off": Scenario(
        CANARY,
        cut_off(_seeded, "GetDeployment", *CANARY),
        deploy_check("1111111 Succeeded 3", "740800d Succeeded 3"),
        SPREAD,
    ),
    "deploy-first": Scenario(DEPLOY, _never, deploy_check("740800d Succeeded 3"), PLAIN),
    "deploy-grown": Scenario(
        DEPLOY, _grown, deploy_check("1111111 Succeeded 3", "740800d Succeeded 3", "740800d Succeeded 1"), PLAIN
    ),
    "deploy-unwatched": Scenario(
        (*DEPLOY, "--no-wait"), _seeded, deploy_check("1111111 Succeeded 3", "740800d Created 0", waits=False), PLAIN
    ),
    "deploy-suspended": Scenario(
        DEPLOY, cut_off(_suspended, "GetDeployment", *DEPLOY), deploy_check(*NEXT, more=SUSPENDING), SUSPEND
    ),
    "deploy-taken-over": Scenario(
        DEPLOY,
        cut_off(_suspended, "CreateDeployment", *DEPLOY),
        deploy_check(*NEXT, locked=True, more=SUSPENDING),
        SUSPEND,
    ),
    "deploy-cut-off": Scenario(
        DEPLOY,
        cut_off(_seeded, "GetDeployment", *DEPLOY),
        deploy_check("1111111 Succeeded 3", "740800d Succeeded 3"),
        PLAIN,
    ),
}

"""Command lines for the actions that no swept change asks for: reads, and what is met when something goes wrong."""

from __future__ import annotations

from typing import Any

from arena import MEMBER
from deploy_worlds import config
from guard_scenarios import guarded
from launch_worlds import CONFIG, NEW_IMAGE, configuration_world, template_world
from permit_stacks import STACKS
from permit_trouble import GUARDED, TARGETS, brought, held, outdated, rings, told_of, unversioned
from permit_worlds import (
    BACK,
    DEPLOYMENT,
    LOCKED,
    LOOKED_UP,
    MIXED,
    ONE,
    OTHERWISE,
    OWN,
    PLAN,
    RICH,
    S3,
    SAID,
    TWO,
    UPLOAD,
    WEBAPP,
    Line,
    alarmed_otherwise,
    between,
    busy,
    busy_absent,
    following,
    gone,
    lacking,
    large,
    launches_fail,
    left_parts,
    mixed,
    names,
    nowhere,
    otherwise,
    parameter,
    recoverable,
    renamed,
    rich,
    said_otherwise,
    seeded,
    sick,
    stopped,
    stored,
    tagged,
    template_left,
    two_suspended,
    with_guards,
    without_application,
)
from scenario import after, cut_off, plain
from scenarios import EVERY
from state import OURS

READS = {
    "alarms": Line(("alarms", *WEBAPP), rich, RICH),
    "check": Line(("check", "--online"), rich, RICH),
    "deployments": Line(("deployments", *WEBAPP), rich, RICH),
    "deployments-one": Line(("deployments", DEPLOYMENT), rich, RICH),
    "history": Line(("history", *WEBAPP), rich, RICH),
    "history-configuration": Line(("history", *WEBAPP), plain(configuration_world)),
    "iam": Line(("iam", *WEBAPP), rich, RICH),
    "iam-configuration": Line(("iam", *WEBAPP), plain(configuration_world)),
    "init": Line(("init", "--from-group", OURS, "--config", "new.yml", "--region", "us-west-2"), rich, RICH),
    "init-configuration": Line(
        ("init", "--from-group", OURS, "--config", "new.yml", "--region", "us-west-2"), plain(configuration_world)
    ),
    "instances": Line(("instances", *WEBAPP), rich, RICH),
    "inventory": Line(("inventory", *WEBAPP, "-o", "ssh-config"), rich, RICH),
    "ip": Line(("ip", *WEBAPP), rich, RICH),
    "lock": Line(("lock", *WEBAPP), seeded, config()),
    "lock-list": Line(("lock",), LOCKED, config()),
    "unlock": Line(("unlock", *WEBAPP), LOCKED, config()),
    "plan": Line(("plan", *WEBAPP), rich, RICH),
    "plan-configuration": Line(("plan", *WEBAPP), plain(configuration_world)),
    "status": Line(("status", *WEBAPP), rich, RICH),
    "status-page": Line(("status",), rich, RICH),
    "versions": Line(("versions", *WEBAPP), rich, RICH),
    "versions-configuration": Line(("versions", *WEBAPP), plain(configuration_world)),
    "why": Line(("why", *WEBAPP), rich, RICH),
    "dashboard": Line(("dashboard", "prod"), rich, RICH),
    "dashboard-put": Line(("dashboard", "prod", "--put", "--yes"), rich, RICH),
    "dashboard-delete": Line(
        ("dashboard", "prod", "--delete", "--yes"), after(rich, "dashboard", "prod", "--put", "--yes"), RICH
    ),
    "doctor": Line(("doctor",), rich, RICH),
    "doctor-configuration": Line(("doctor",), plain(configuration_world)),
    "doctor-told": Line(("doctor",), told_of, RICH.replace("ami-0aaaaaaaaaaaaaaaa", "resolve:ssm:/shop/base")),
    "cloudinit": Line(("cloudinit", *WEBAPP), rich, RICH),
}
MORE = {
    "check-names": Line(
        ("check", "--online"), parameter(nowhere), ONE.replace("ami: " + NEW_IMAGE, "ami: ssm:/shop/image")
    ),
    "check-config": Line(("check", "--online"), seeded, config(OWN)),
    "scale-gone": Line(("scale", *WEBAPP, "3"), gone),
    "status-following": Line(("status",), following),
    "status-role-following": Line(("status", *WEBAPP), following),
    "check-between": Line(("check", "--online"), between),
    "check-vpc": Line(
        ("check", "--online"), plain(template_world), CONFIG.replace("{ami:", "{vpc: vpc-0a1b2c3d4e5f60718, ami:")
    ),
    "plan-to-template": Line(("plan", *WEBAPP, "--to-template"), plain(configuration_world)),
    "resume-active": Line(
        ("resume", *WEBAPP, "--recover"), EVERY["deploy-suspended"].build, EVERY["deploy-suspended"].config
    ),
    "plan-following": Line(("plan", *WEBAPP), following),
    "plan-otherwise": Line(("plan", *WEBAPP), otherwise, OTHERWISE),
    "plan-parameter": Line(("plan", *WEBAPP), parameter(plain(template_world)), LOOKED_UP),
    "history-parameter": Line(
        ("history", *WEBAPP),
        parameter(plain(template_world)),
        SAID.replace("application: shop", "application: '${ssm:/shop/image}'"),
    ),
    "lock-gone": Line(("lock", *WEBAPP), cut_off(seeded, "UpdateAutoScalingGroup", "scale", *WEBAPP, "5"), config()),
    "instances-revisions": Line(("instances", *WEBAPP, "--revision"), rich, RICH),
    "instances-outdated": Line(("instances", *WEBAPP, "--outdated"), following),
    "why-stopped": Line(("why", *WEBAPP), stopped, config()),
    "updatelc-tagged": Line(("updatelc", *WEBAPP), tagged(plain(template_world))),
    "apply-tagged": Line(
        ("apply", PLAN, "--yes"), tagged(plain(template_world)), CONFIG, ("plan", *WEBAPP, "--save", PLAN, "--yes")
    ),
    "rollback-tagged": Line(("rollback", *WEBAPP), after(tagged(plain(template_world)), "updatelc", *WEBAPP)),
    "create-tagged": Line(("create", *WEBAPP), EVERY["create-template"].build, config()),
    "iam-parameter": Line(("iam", *WEBAPP), parameter(plain(template_world)), LOOKED_UP),
    "versions-parameter": Line(("versions", *WEBAPP), parameter(plain(template_world)), LOOKED_UP),
    "cloudinit-parameter": Line(
        ("cloudinit", *WEBAPP),
        parameter(plain(template_world)),
        CONFIG.replace("{ami:", "{packages: ['${ssm:/shop/image}'], ami:"),
    ),
    "check-parameter": Line(("check", "--online"), parameter(plain(template_world)), LOOKED_UP),
    "update-otherwise": Line(("update", *WEBAPP, "--delete-extras", "--yes"), otherwise, OTHERWISE),
    "update-mixed": Line(("update", *WEBAPP, "--yes"), mixed, MIXED),
    "apply-otherwise": Line(("apply", PLAN, "--yes"), otherwise, OTHERWISE, ("plan", *WEBAPP, "--save", PLAN, "--yes")),
    "apply-alarms": Line(
        ("apply", PLAN, "--yes"), alarmed_otherwise, OTHERWISE, ("plan", *WEBAPP, "--save", PLAN, "--yes")
    ),
    "apply-to-template": Line(
        ("apply", PLAN, "--yes"),
        plain(configuration_world),
        CONFIG,
        ("plan", *WEBAPP, "--to-template", "--save", PLAN, "--yes"),
    ),
    "apply-keeping": Line(
        ("apply", PLAN, "--yes"),
        EVERY["updatelc-tidying-configuration"].build,
        EVERY["updatelc-tidying-configuration"].config,
        ("plan", *WEBAPP, "--save", PLAN, "--yes"),
    ),
    "apply-deploying": Line(
        ("apply", PLAN, "--yes"), plain(template_world), SAID, ("plan", *WEBAPP, "--save", PLAN, "--yes")
    ),
    "updatelc-deploying": Line(("updatelc", *WEBAPP), plain(template_world), SAID),
    "attach-no-launches": Line(EVERY["attach"].words, EVERY["attach"].build, EVERY["attach"].config, strike=lacking),
    "create-names": Line(("create", *WEBAPP), EVERY["create-template"].build, RICH),
    "create-application": Line(("create", *WEBAPP), without_application, EVERY["create-made"].config),
    "create-busy": Line(("create", *WEBAPP), busy_absent, EVERY["create"].config),
    "create-template-left": Line(("create", *WEBAPP), template_left, config()),
    "deploy-sick": Line(EVERY["deploy-next"].words, sick, EVERY["deploy-next"].config),
    "deploy-large": Line(UPLOAD, left_parts, S3, strike=large),
    "deploy-previous-stored": Line(("deploy", *WEBAPP, "@previous", "--no-wait"), stored, S3),
    "destroy-busy": Line(EVERY["destroy"].words, busy, EVERY["destroy"].config),
    "resume-recover": Line(("resume", *WEBAPP, "--recover"), recoverable, EVERY["deploy-suspended"].config),
    "resume-one": Line(("resume", *WEBAPP, "AZRebalance"), two_suspended, config()),
    "prune-settles": Line(
        ("prune", *WEBAPP, "--keep", "1"), EVERY["refresh-settles"].build, EVERY["refresh-settles"].config
    ),
    "rollback-code-own": said_otherwise("rollback-code", config(OWN)),
    "rollback-code-stored": Line(BACK, stored, S3),
    "rollback-code-unversioned": Line(BACK, unversioned, S3),
    "refresh-stalled": Line(("refresh", *WEBAPP, "--yes"), held(outdated), TARGETS),
    "rollback-stalled": Line(("rollback", *WEBAPP), brought, TARGETS),
    "updatelc-rung": Line(
        ("updatelc", *WEBAPP, "--set", "instance_type=t3.large", "--refresh", "--yes"),
        guarded(seeded),
        GUARDED,
        strike=rings,
    ),
    "updatelc-stalled": Line(
        ("updatelc", *WEBAPP, "--set", "instance_type=t3.large", "--refresh", "--yes"),
        held(seeded),
        TARGETS,
    ),
    "refresh-names": Line(("refresh", *WEBAPP, "--yes"), after(names, "updatelc", *WEBAPP), TWO),
    "refresh-gone": Line(("refresh", *WEBAPP, "--yes"), gone, CONFIG),
    "updatelc-names": Line(("updatelc", *WEBAPP), names, ONE),
    "updatelc-names-nowhere": Line(("updatelc", *WEBAPP), nowhere, ONE),
    "plan-names": Line(("plan", *WEBAPP), names, ONE),
    "plan-names-nowhere": Line(("plan", *WEBAPP), nowhere, ONE),
    "apply-names": Line(("apply", PLAN, "--yes"), names, ONE, ("plan", *WEBAPP, "--save", PLAN, "--yes")),
    "apply-tidying": Line(("apply", PLAN, "--yes"), renamed, ONE, ("plan", *WEBAPP, "--save", PLAN, "--yes")),
    "rollback-names": Line(("rollback", *WEBAPP), renamed, TWO),
    **{
        f"{name}-guarded": with_guards(name)
        for name in ("resume", "sleep", "wake", "stop", "refresh-template", "rollback-template")
    },
    "scale-no-launches": Line(("scale", *WEBAPP, "5"), seeded, config(), strike=launches_fail),
    "wake-no-launches": Line(
        ("wake", *WEBAPP), after(seeded, "sleep", *WEBAPP, "--yes"), config(), strike=launches_fail
    ),
    "standby-no-launches": Line(("standby", *WEBAPP, MEMBER), seeded, config(), strike=launches_fail),
    "detach-no-launches": Line(("detach", *WEBAPP, MEMBER), seeded, config(), strike=launches_fail),
}
LINES: dict[str, Any] = {**EVERY, **READS, **MORE, **STACKS}

"""Reasons of CodeDeploy and its agent in words with their remedies, and that what these say helps."""

from __future__ import annotations

import pytest
from rehearsal import CONFIG, Rehearsal, bundle, rehearsal  # noqa: F401 - a fixture
from whole import rows

from udo.sandbox.strict import DeploymentFault
from udo.sandbox.strict.codedeploy.faults import deployment_faults

START = "scripts_ApplicationStart"
CODES = [
    ("NO_INSTANCES", "no instance was found for the deployment group", "'udo check --online'"),
    ("IAM_ROLE_PERMISSIONS", "the service role of the deployment group lacks permissions", "AWSCodeDeployRole"),
    ("IAM_ROLE_MISSING", "the service role of the deployment group does not exist", "set a service role"),
    ("AUTO_SCALING_IAM_ROLE_PERMISSIONS", "the service role may not use Auto Scaling", "AWSCodeDeployRole"),
    ("HEALTH_CONSTRAINTS_INVALID", "fewer instances are healthy than", "choose another deploy.config"),
    ("TIMEOUT", "it took longer than CodeDeploy allows", "an hour for each event"),
    ("REVISION_MISSING", "the revision does not exist where it was said to be", "object or commit is there"),
    ("THROTTLED", "this account made more requests than AWS allows", "a little later"),
]


def failing(shop: Rehearsal, data: bytes, *told: str) -> None:
    """Deploys what fails, and checks what is said of it now and by `why`, on a screen of eighty columns."""
    done = shop.deploy(shop.put("b", data))
    assert done.exit == 1, done.stderr
    for text in (done.stdout, shop.why()):
        assert max(map(len, text.splitlines())) <= 80, text
        for words in told:
            assert " ".join(text.split()).count(words) == 1, (words, text)


@pytest.mark.parametrize(("code", "words", "remedy"), rows(CODES, CODES[:2]))
def test_a_code_of_codedeploys_is_told_in_words_with_its_remedy_and_the_same_command_goes_on(
    rehearsal: Rehearsal,  # noqa: F811
    code: str,
    words: str,
    remedy: str,
) -> None:
    fault = deployment_faults.add(DeploymentFault(error=code))
    done = rehearsal.deploy(rehearsal.put("b", bundle(page="mended\n")))
    assert done.exit == 1
    assert f"of b.tgz to prod webapp failed: {code}: {words}" in done.stderr.splitlines()[-1]
    assert remedy in " ".join(done.stdout.split())
    told = " ".join(rehearsal.why().split())
    assert told.count(f"{code}: {words}") == told.count(remedy) == 1
    deployment_faults.remove(fault)
    assert rehearsal.deploy("b").exit == 0
    assert rehearsal.pages() == {"mended\n"}


@pytest.mark.whole
def test_a_script_that_takes_too_long_and_one_whose_output_stays_open(rehearsal: Rehearsal) -> None:  # noqa: F811
    slow = bundle("ApplicationStart", timeout=1, **{START: "#!/bin/sh\necho begun; sleep 9\n"})
    failing(
        rehearsal, slow, "(scripts/ApplicationStart, not done within 1 s):", "[stdout]begun", "give the script more"
    )
    left = bundle("ApplicationStart", timeout=1, **{START: "#!/bin/sh\nsleep 9 &\n"})
    remedy = "'program >/dev/null 2>&1 </dev/null &'"
    failing(rehearsal, left, "(scripts/ApplicationStart, its STDOUT stays open)", remedy)
    mended = bundle("ApplicationStart", timeout=1, **{START: "#!/bin/sh\nsleep 9 >/dev/null 2>&1 </dev/null &\n"})
    assert rehearsal.deploy(rehearsal.put("b", mended)).exit == 0


@pytest.mark.whole
def test_what_is_wrong_with_the_bundle_is_told_with_the_command_that_finds_it(
    rehearsal: Rehearsal,  # noqa: F811
) -> None:
    find = "'udo check --bundle DIR'"
    spec = "version: {}\nos: linux\nhooks: {{{}: [{{location: scripts/x}}]}}\n"
    wrong = {"appspec.yml": spec.format('"0.0"', "AfterInstall")}
    failing(rehearsal, bundle(**wrong), "failed in BeforeInstall", "an invalid version value (0.0)", find)
    wrong = {"appspec.yml": spec.format("0.0", "AfterInstal")}
    failing(rehearsal, bundle(**wrong), "failed in Install", 'unknown lifecycle events: ["AfterInstal"]', find)
    wrong = {"appspec.yml": spec.format("0.0", "AfterInstall")}
    failing(rehearsal, bundle(**wrong), "failed in AfterInstall (scripts/x, not in the bundle)", find)
    assert rehearsal.deploy(rehearsal.put("b", bundle())).exit == 0


@pytest.mark.whole
def test_an_agent_that_is_lost_and_one_that_is_back(rehearsal: Rehearsal) -> None:  # noqa: F811
    lost = rehearsal.members()[0]
    rehearsal.world.agents.troubles.add({"kind": "agent-lost", "instance_id": lost})
    told = f"{lost} failed in ApplicationStop (the agent did not answer)"
    failing(rehearsal, bundle(), told, "'systemctl status codedeploy-agent'")
    rehearsal.world.agents.troubles.clear()
    assert rehearsal.deploy("b").exit == 0


@pytest.mark.whole
def test_files_in_the_way_and_what_may_become_of_them(rehearsal: Rehearsal) -> None:  # noqa: F811
    place = "srv/app/index.html"
    for one in rehearsal.members():
        (rehearsal.folder(one) / place).parent.mkdir(parents=True)
        (rehearsal.folder(one) / place).write_text("theirs\n")
    failing(rehearsal, bundle(), f"failed in Install (/{place} is in the way)", "'--file-exists overwrite'")
    assert rehearsal.deploy("b", "--file-exists", "retain").exit == 0
    assert rehearsal.pages() == {"theirs\n"}
    assert rehearsal.deploy("b", "--file-exists", "overwrite", "--again").exit == 0
    assert rehearsal.pages() == {"hello\n"}


@pytest.mark.whole
def test_a_stop_script_of_the_revision_before_that_fails_can_be_passed_by(
    rehearsal: Rehearsal,  # noqa: F811
) -> None:
    assert rehearsal.deploy(rehearsal.put("a", bundle("ApplicationStop"))).exit == 0
    rehearsal.fail("ApplicationStop", rehearsal.members(), "no such process\n")
    told = "that script is of the revision before: deploy.ignore_stop_failures: true deploys although it fails"
    failing(rehearsal, bundle(page="second\n"), "failed in ApplicationStop", "[stderr]no such process", told)
    rehearsal.write(CONFIG.format(more="", deploy=", ignore_stop_failures: true", count=4))
    done = rehearsal.deploy("b")
    assert done.exit == 0, done.stderr
    assert rehearsal.pages() == {"second\n"}

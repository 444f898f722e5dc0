"""Sabotages of the forecast of a deployment, of canaries, and of groups that are replaced by a copy."""

from __future__ import annotations

from sabotage.mutant import Mutant

_ARITHMETIC = "tests/test_deployment_arithmetic.py"
_FORECAST = "tests/commands/test_deploy_forecast.py"
_BLUE_GREEN = "tests/commands/test_blue_green.py"
MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "round a percentage down",
        "deploy/arithmetic.py",
        "math.ceil(count * minimum.value / 100)",
        "math.floor(count * minimum.value / 100)",
        (_ARITHMETIC,),
    ),
    Mutant(
        "forget that a stopped instance counts as failed",
        "deploy/arithmetic.py",
        "return max(0, self.running - self.least)",
        "return max(0, self.count - self.least)",
        (_ARITHMETIC,),
    ),
    Mutant(
        "keep the minimum of the whole in a zone",
        "deploy/arithmetic.py",
        "_least(each, size)",
        "_least(config.minimum, size)",
        (_ARITHMETIC,),
    ),
    Mutant(
        "foretell a deployment to all where only some get it",
        "deploy/forecast.py",
        'only = observed.lacking if made.params.get("updateOutdatedInstancesOnly") else ()',
        "only = ()",
        (f"{_FORECAST}::test_only_those_that_lack_it_count_where_only_they_are_deployed_to",),
    ),
    Mutant(
        "fail where a forecast cannot be read",
        "deploy/outlook.py",
        "except (AwsError, PermissionDenied) as error:",
        "except AwsError as error:",
        (f"{_FORECAST}::test_a_configuration_that_may_not_be_read_is_a_line_and_no_failure",),
    ),
    Mutant(
        "say nothing of an alarm that does not exist",
        "deploy/forecast.py",
        "elif state is None and not",
        "elif state and not",
        (f"{_FORECAST}::test_an_alarm_in_alarm_or_missing_is_a_warning_and_stops_the_deployment",),
    ),
    Mutant(
        "start a blue/green deployment",
        "deploy/blue_green.py",
        "    if not found.is_blue_green:\n        return\n",
        "    if found.is_blue_green:\n        return\n",
        (f"{_BLUE_GREEN}::test_udo_starts_none_and_says_what_does",),
    ),
    Mutant(
        "look for the copy under the name of udo.yml",
        "deploy/blue_green.py",
        "return names[0] if found.is_blue_green and len(names) == 1 else role.group_name",
        "return role.group_name",
        (_BLUE_GREEN,),
    ),
    Mutant(
        "let all zones follow a canary that failed",
        "deploy/canary.py",
        "if least < kept:",
        "if False:",
        ("tests/commands/test_deploy_canary.py::test_a_zone_that_fails_ends_it_before_another_is_begun",),
    ),
    Mutant(
        "take a configuration for ours by its name",
        "deploy/canary.py",
        "if found != config:",
        "if False:",
        (
            "tests/commands/test_deploy_canary.py::test_the_configuration_is_used_again_and_one_of_its_name_with_other_words_is_a_conflict",
        ),
    ),
    Mutant(
        "send a canary to those that lack what others have",
        "deploy/course.py",
        'if made.params.get("updateOutdatedInstancesOnly"):',
        "if False:",
        ("tests/commands/test_deploy_canary.py::test_those_that_lack_what_others_have_need_no_canary",),
    ),
)

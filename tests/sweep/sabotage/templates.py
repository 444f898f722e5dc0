"""Sabotages of the stacks of udo.yml, of their templates and of what is taken from stacks."""

from __future__ import annotations

from sabotage.mutant import Mutant

_CONFIG = "tests/config/test_stack_definitions.py::test_"
_TEMPLATE = "tests/stacks/test_stack_template.py::test_"
_SOURCE = "tests/stacks/test_stack_source.py::test_"
_OUTPUTS = "tests/commands/test_stack_outputs.py::test_"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "follow references in what an order gives",
        "config/stacks.py",
        "value = given[param.name]",
        "value = self.base.filled(Text(given[param.name], True, param.mark))",
        tests=(f"{_CONFIG}nothing_is_looked_up_in_what_is_given",),
    ),
    Mutant(
        "take any value for a parameter that allows few",
        "config/params.py",
        "if not self.allowed or value in self.choices:",
        "if True:",
        tests=(f"{_CONFIG}an_order_that_cannot_be_is_told_in_one_line",),
    ),
    Mutant(
        "take one reading of a name that has two",
        "config/stacks.py",
        "if second[key] == value}",
        "}",
        tests=(f"{_CONFIG}what_a_name_says_in_two_ways_is_left_out",),
    ),
    Mutant(
        "give a name to whoever could have made it first",
        "config/stacks.py",
        "if len(exact) > 1:",
        "if False:",
        tests=(f"{_CONFIG}a_name_that_two_may_have_is_refused",),
    ),
    Mutant(
        "look for a template beside the main file",
        "config/stack.py",
        '(self.base.file.parent / self.mark_of("template").file).parent',
        "self.base.file.parent",
        tests=(f"{_CONFIG}files_that_are_included_are_merged_and_templates_lie_beside_them",),
    ),
    Mutant(
        "run the code that a .cfnlintrc names",
        "stacks/lint.py",
        '["--config-file", os.devnull]',
        "[]",
        tests=(f"{_TEMPLATE}rules_are_silenced_in_the_template_and_no_file_of_the_folder_is_run",),
    ),
    Mutant(
        "tell what a variable holds",
        "stacks/fit.py",
        "if is_secret or declared.is_hidden",
        "if declared.is_hidden",
        tests=(f"{_TEMPLATE}what_a_stack_gives_has_to_fit_the_parameters_of_its_template",),
    ),
    Mutant(
        "grant named roles with CAPABILITY_IAM",
        "stacks/fit.py",
        "(wanted[0] == IAM and IAM in granted)",
        "IAM in granted",
        tests=(f"{_TEMPLATE}a_capability_that_is_not_granted_is_named_with_the_resource_that_wants_it",),
    ),
    Mutant(
        "use whatever stands under the hash of a template",
        "stacks/source.py",
        "if not is_whole(sha256, there.size, there.marks):",
        "if False:",
        tests=(f"{_SOURCE}what_somebody_else_has_put_there_is_not_taken",),
    ),
    Mutant(
        "take outputs of a stack that has failed",
        "lookups.py",
        "if stack.status not in _SETTLED:",
        "if False:",
        tests=(f"{_OUTPUTS}a_stack_that_is_not_complete_has_no_outputs_to_rely_on",),
    ),
    Mutant(
        "ask a stack for each of its outputs",
        "lookups.py",
        "if name not in stacks:",
        "if True:",
        tests=(f"{_OUTPUTS}outputs_are_what_is_launched_and_their_stack_is_asked_once",),
    ),
)

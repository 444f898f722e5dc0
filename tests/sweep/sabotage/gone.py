"""Sabotages of the way out where launch data was deleted, and of what is said of launches that fail."""

from __future__ import annotations

from sabotage.mutant import Mutant

_GONE = "tests/commands/test_gone.py::test_"
_FAIL = "tests/commands/test_launches_fail.py::test_"
MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "go back to the newest version, whoever made it",
        "launch/observe.py",
        "    for text in (told.now, told.before) if told else ():\n",
        "    for text in ():\n",
        (f"{_GONE}updatelc_copies_what_udo_set_last_where_the_group_was_put_on_another_that_was_deleted",),
    ),
    Mutant(
        "expect of a group the version that is copied, not the one that was deleted",
        "launch/changes.py",
        "    return launch_pair(state.group) if state.is_gone else version_pair(",
        "    return version_pair(",
        (f"{_GONE}updatelc_copies_the_version_before_one_that_was_deleted",),
    ),
    Mutant(
        "make a template that another group follows",
        "launch/anew.py",
        "    if existing and not (twin or wanted.anyway):\n",
        "    if twin and not wanted.anyway:\n",
        (f"{_GONE}a_new_version_of_a_template_that_others_follow_is_refused",),
    ),
    Mutant(
        "start a refresh that can launch nobody",
        "commands/refresh.py",
        "            refuse_gone(aws, role, observed.group)\n",
        "            pass\n",
        (f"{_GONE}every_verb_names_the_way_out",),
    ),
    Mutant(
        "end the wait of scale for what failed long ago",
        "groups/launches.py",
        "new = [one for one in failing if one.activity_id not in self._before and one.status in _FAILED]",
        "new = [one for one in failing if one.status in _FAILED]",
        (f"{_FAIL}launches_that_fail_again_and_again_end_the_wait_with_the_reason",),
    ),
    Mutant(
        "wait for members of a group without looking at its launches",
        "change/waiting.py",
        '    "group": "udo.groups.launches:Launches",\n',
        '    "group": "udo.groups.watch:Members",\n',
        (f"{_FAIL}launches_that_fail_again_and_again_end_the_wait_with_the_reason",),
    ),
)

"""Sabotages of launch changes, the runner and locks."""

from __future__ import annotations

from sabotage.mutant import Mutant

OWN = "tests/commands/test_own_images.py"
UNKNOWN = "tests/commands/test_unknown_members.py"

RESOLVED = "tests/commands/test_resolved_images.py"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "let a launch configuration take an image that AWS resolves",
        "launch/overlay.py",
        'if str(keys.get("ami", "")).startswith("resolve:"):',
        "if False:",
        (f"{RESOLVED}::test_a_launch_configuration_takes_an_image_by_its_id_only",),
    ),
    Mutant(
        "let an override take an image that AWS resolves",
        "launch/overrides.py",
        'if new.startswith("resolve:"):',
        "if False:",
        (f"{RESOLVED}::test_an_override_takes_an_image_by_its_id_only",),
    ),
    Mutant(
        "do not look up what AWS is to resolve",
        "check/launchable.py",
        'new.startswith(("ami-", "resolve:"))',
        'new.startswith("ami-")',
        (f"{RESOLVED}::test_a_parameter_that_is_not_there_or_holds_no_image_is_refused_before_the_first_write",),
    ),
    Mutant(
        "pin the newest image where the parameter holds it already",
        "launch/observe.py",
        "return live if newest == now else newest",
        "return newest",
        (f"{RESOLVED}::test_latest_looks_behind_an_image_that_aws_resolves",),
    ),
    Mutant(
        "find a parameter's version by its plain name only",
        "aws/ssm.py",
        """["", f":{row.get('Version')}"]""",
        """[""]""",
        (f"{RESOLVED}::test_an_image_left_to_aws_stands_in_the_template_as_it_is_written",),
    ),
    Mutant(
        "carry CpuOptions to another family without a word",
        "launch/versions.py",
        'for name in ("CreditSpecification", "CpuOptions")',
        'for name in ("CreditSpecification",)',
        (f"{RESOLVED}::test_what_fits_one_family_of_types_is_named_where_it_is_carried_to_another",),
    ),
    Mutant(
        "tell what was carried over where nothing was",
        "launch/versions.py",
        "for key, value in content.get(name, {}).items()",
        "for key, value in base.get(name, {}).items()",
        (f"{RESOLVED}::test_what_udo_yml_alone_leaves_out_is_not_told_as_carried_over",),
    ),
    Mutant(
        "drop the compare before a write",
        "change/runner.py",
        "            if text(found) != text(wanted):",
        "            if False:",
    ),
    Mutant("compare in two requests", "change/conditions.py", "rows = next(same, None)", "rows = None"),
    Mutant(
        "skip the read-back",
        "change/runner.py",
        "            read_back(self._plan, self._known, self._tools)",
        "            pass",
    ),
    Mutant(
        "do not look what else moved",
        "change/runner.py",
        "            compare_seen(self._plan, self._known, self._tools)",
        "            pass",
    ),
    Mutant("send a lost write again", "change/runner.py", "self._settle(call, error)", "continue"),
    Mutant(
        "take whatever has the name",
        "change/runner.py",
        "if not (call.proof and self._seems_to_hold(call.proof)):",
        "if False:",
    ),
    Mutant(
        "swallow an error",
        "change/runner.py",
        "tools.emit(StepFailed(step.says, error.message))\n            raise",
        "tools.emit(StepFailed(step.says, error.message))",
    ),
    Mutant(
        "give up at the first throttle",
        "change/runner.py",
        "if clock.monotonic() + pause > until:\n                    raise",
        "if True:\n                    raise",
    ),
    Mutant(
        "let the SDK send writes again",
        "aws/connection.py",
        '{"mode": "standard", "total_max_attempts": 1}',
        '{"mode": "standard", "total_max_attempts": 3}',
        ("tests/aws/test_writes_once.py",),
    ),
    Mutant("read the first page only", "aws/connection.py", "if not token:", "if True:"),
    Mutant("a family by its beginning", "launch/naming.py", "pattern.fullmatch(name)", "pattern.match(name)"),
    Mutant("forget whose group has the name", "launch/naming.py", "match and name not in other_groups", "match"),
    Mutant(
        "forget the groups where a family is made out",
        "launch/changes.py",
        "state.configurations, {*state.group_names} - {state.group.name})",
        "state.configurations)",
    ),
    Mutant(
        "swap before there is something to swap in",
        "launch/changes.py",
        "steps = (*create, *tag, swap, *old)",
        "steps = (swap, *create, *tag, *old)",
    ),
    Mutant(
        "tag after the swap",
        "launch/changes.py",
        "steps = (*create, *tag, swap, *old)",
        "steps = (*create, swap, *tag, *old)",
    ),
    Mutant(
        "delete before the swap",
        "launch/changes.py",
        "steps = (*create, *tag, swap, *old)",
        "steps = (*create, *tag, *old, swap)",
    ),
    Mutant("make another copy each time", "launch/changes.py", "if satisfies(candidate, wanted):", "if False:"),
    Mutant(
        "delete configurations in use",
        "launch/changes.py",
        "{*state.used, state.live.name, *previous}",
        "{state.live.name, *previous}",
    ),
    Mutant(
        "delete versions in use", "launch/changes.py", "needed = {*state.used, state.number,", "needed = {state.number,"
    ),
    Mutant(
        "overlook who uses a version in an override",
        "launch/keeping.py",
        'return f"({own}) || {inside}',
        'return f"({own}) || `false` && {inside}',
    ),
    Mutant("delete the default version", "launch/changes.py", "current, *defaults, *also}", "current, *also}"),
    Mutant("delete the one before", "launch/changes.py", "{told.before} if told else", "set() if told else"),
    Mutant("delete the one below", "launch/changes.py", "{max(below)} if (below", "set() if (below"),
    Mutant(
        "pin to $Latest", "launch/swapping.py", 'template.id, "Version": number', 'template.id, "Version": "$Latest"'
    ),
    Mutant(
        "lose the overrides of a policy", "launch/swapping.py", ' | ({"Overrides": overrides} if overrides else {})', ""
    ),
    Mutant(
        "encode user data twice",
        "launch/copying.py",
        'base64.b64decode(sent["UserData"])',
        'sent["UserData"].encode()',
    ),
    Mutant("keep empty strings", "launch/copying.py", "if not _empty(value) or (key", "if True or (key"),
    Mutant("leave monitoring out", "launch/copying.py", 'copy["InstanceMonitoring"] = dict(', "_ = dict("),
    Mutant(
        "remember anew in a rollback",
        "launch/returning.py",
        "if told is not None and told.before ==",
        "if False and told.before ==",
    ),
    Mutant(
        "keep the lock",
        "change/finish.py",
        "finally:\n                lock.give_back()",
        "finally:\n                pass",
    ),
    Mutant("overwrite a lock", "change/lock.py", '"Overwrite": False', '"Overwrite": True'),
    Mutant("give back anybody's lock", "change/lock.py", 'expect=(Pair(read, seen, f"lock of {group_name}"),),', ""),
    Mutant(
        "forget a lock at Ctrl-C",
        "change/locking.py",
        "except Interrupted:\n                self._give_back_what_is_ours()\n",
        "except Interrupted:\n",
    ),
    Mutant(
        "know a process by its number alone",
        "change/holder.py",
        "_started(self.pid) != self.started",
        "not _started(self.pid)",
    ),
    Mutant(
        "overlook instances outside of groups",
        "launch/observe.py",
        " | aws.ec2.versions_running(live.id)",
        "",
    ),
    Mutant(
        "delete the first 200 versions only", "launch/keeping.py", "for batch in batches)", "for batch in batches[:1])"
    ),
    Mutant(
        "take a template for ours by its newest version",
        "launch/converting.py",
        "not existing[-1].description",
        "not existing[0].description",
    ),
    Mutant(
        "overlook what a foreign configuration has besides", "launch/proof.py", "if key not in wanted:", "if False:"
    ),
    Mutant(
        "take no lock",
        "change/finish.py",
        "        if self._locked:\n",
        "        if False:\n",
    ),
    Mutant(
        "wait for a lock for ever",
        "change/locking.py",
        "if not self._wait or self._tools.clock.monotonic() >= until:",
        "if not self._wait:",
    ),
    Mutant("begin the next role without credentials", "change/many.py", "ended = _ends_all(found) or", "ended ="),
    Mutant(
        "call nobody's lock dead",
        "change/holder.py",
        "if not self.pid or self.host != socket.gethostname():",
        "if not self.pid:",
    ),
    Mutant(
        "refuse what could not be looked up",
        "check/launchable.py",
        "one for one in found if one.ok is False",
        "one for one in found if not one.ok",
        tests=("tests/commands/test_impossible.py::test_what_may_not_be_looked_up_is_a_warning_and_no_refusal",),
    ),
    Mutant(
        "let the template decide on the types of a mixed policy",
        "check/online.py",
        "if group and group.overrides:",
        "if False:",
        tests=(
            "tests/commands/test_impossible.py::test_the_overrides_of_a_mixed_policy_decide_which_type_runs_an_image",
        ),
    ),
    Mutant(
        "take what was launched from once for a leftover",
        "launch/remembering.py",
        "told and told.made and told.before == live",
        "told and told.before == live",
        tests=("tests/commands/test_impossible.py::test_what_was_launched_from_once_stays_a_version_like_others",),
    ),
    Mutant(
        "roll back without a note that it was launched from",
        "launch/returning.py",
        "return remember(state.group, told.now, told.before, told.overrides, told.images)",
        "return ()",
        tests=("tests/commands/test_impossible.py::test_what_was_launched_from_once_stays_a_version_like_others",),
    ),
    Mutant(
        "count a leftover among the newest",
        "launch/keeping.py",
        "left = {number for number in spare if number not in needed}",
        "left = set[int]()",
        tests=(
            "tests/commands/test_impossible.py::test_what_a_broken_off_change_left_is_neither_offered_nor_kept_as_the_newest",
        ),
    ),
    Mutant(
        "plan a name that is too long",
        "launch/naming.py",
        "if len(name) > _LONGEST:",
        "if len(name) > _LONGEST + 9:",
        tests=("tests/commands/test_impossible.py::test_names_that_cannot_be_are_refused_when_it_is_planned",),
    ),
    Mutant(
        "make a version of an image that every override replaces",
        "launch/overrides.py",
        "keys = {key: value for key, value in wanted.keys.items() if key not in moot}",
        'keys = {key: value for key, value in wanted.keys.items() if key not in moot - {"ami"}}',
        (f"{OWN}::test_an_image_that_every_override_replaces_makes_no_version_and_is_named",),
    ),
    Mutant(
        "say that what has no effect is as udo.yml says",
        "launch/changes.py",
        "if wanted.as_configured and not notes else",
        "if wanted.as_configured else",
        (f"{OWN}::test_instance_types_are_what_overrides_say_whatever_udo_yml_does",),
    ),
    Mutant(
        "replace the image of every override",
        "launch/swapping.py",
        'image = (images or {}).get(row.get("ImageId", ""))',
        'image = next(iter((images or {}).values()), "")',
        (f"{OWN}::test_asked_for_the_image_from_before_is_replaced_and_another_stays",),
    ),
    Mutant(
        "leave the images of overrides where they are in a rollback",
        "launch/returning.py",
        "return {new: old for new, old in meant.images.items() if new in there}",
        "return {}",
        (f"{OWN}::test_asked_for_the_image_from_before_is_replaced_and_another_stays",),
    ),
    Mutant(
        "forget the image that the version before had",
        "launch/overrides.py",
        "return earlier if earlier in own else live",
        "return live",
        (f"{OWN}::test_an_override_that_was_left_behind_follows_when_it_is_asked_for",),
    ),
    Mutant(
        "count by the template alone who is outdated",
        "groups/outdated.py",
        "member.image_id == way.image_id and _identity",
        "_identity",
        ("tests/commands/test_ssh_whom.py", "-k", "mixed_policy"),
    ),
    Mutant(
        "tick what overrides decide",
        "check/online.py",
        "if group and finding.ok and _LAUNCH_KEYS",
        "if group and not finding.ok and _LAUNCH_KEYS",
        (f"{OWN}::test_check_online_has_no_tick_for_what_has_no_effect",),
    ),
    Mutant(
        "lose what botocore does not know of a policy in a rollback",
        "launch/returning.py",
        "known = check_policy(group, anyway=anyway) if found.mixed else group",
        "known = group",
        (f"{UNKNOWN}::test_rollback_refuses_it_too",),
    ),
    Mutant(
        "lose it where a group is only pinned",
        "launch/changes.py",
        "to_version(check_policy(state.group, anyway=wanted.anyway), state.live, str(state.number))",
        "to_version(state.group, state.live, str(state.number))",
        (f"{UNKNOWN}::test_a_group_that_is_only_pinned_loses_nothing_either",),
    ),
    Mutant(
        "lose it where a saved plan is carried out",
        "launch/swapping.py",
        "return Pair(policy_read(group.name), seen, says), unknown",
        "return Pair(policy_read(group.name), seen, says), Pair(policy_read(group.name), seen, says)",
        (f"{UNKNOWN}::test_a_saved_plan_is_not_carried_out_once_there_is_more_of_the_policy",),
    ),
    Mutant(
        "take user data that begins with From for text",
        "change/user_data.py",
        'if b"mime-version:" not in raw[:4096].lower() and b"multipart/" not in head:',
        'if not re.match(rb"[a-z-]+:", head) or b"multipart/" not in head:',
        ("tests/launch/test_encoded.py", "-k", "cloud_init"),
    ),
    Mutant(
        "look for encoded content after its encoding only",
        "change/encoded.py",
        "        first -= 1\n",
        "        break\n",
        ("tests/launch/test_encoded.py", "-k", "encoded_content"),
    ),
    Mutant(
        "compare a version with the number below it",
        "commands/versions.py",
        'older = named.get(copied_from.get(row["reference"], ""), below)',
        "older = below",
        ("tests/commands/test_versions.py", "-k", "copied_from"),
    ),
    Mutant(
        "take the tag's word after a rollback",
        "commands/versions.py",
        "if told and told.made else {}",
        "if told else {}",
        ("tests/commands/test_versions.py", "-k", "forward"),
    ),
)

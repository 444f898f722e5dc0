"""Command lines under the policy that `udo iam` prints for them, and under what is left of it without one action."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cached_property
from typing import Any

import actions
from arena import Arena, Run
from launch_worlds import write_config
from permit_scenarios import DEPLOYMENT
from scenario import Scenario
from state import OURS

from udo.permissions import asks

# The key of the user that policies are given to.
KEY = "AKIAOPERATOROPERATOR"
NAME = "operator"


class Permits:
    """One command line in its world, run by somebody who may do everything, and by somebody with a policy."""

    def __init__(self, arena: Arena, operator: Arena, name: str, line: Any) -> None:
        self.arena = arena
        self.name = name
        self.verb = actions.verb_of(line.words)
        self._operator = operator
        self._line = line
        self._strike = getattr(line, "strike", lambda _world: None)
        Scenario.prepare(line, arena, name)
        self._words = _named(line.words, arena.world)
        self.policy = self._printed()
        arena.put_back(name)
        self._strike(arena.world)
        self.free = arena.run(*self._words)

    @cached_property
    def permitted(self) -> Run:
        """The line by somebody with the whole policy."""
        return self.under(self.policy)

    @property
    def told(self) -> str:
        """How it ends by either."""
        free, permitted = self.free, self.permitted
        return f"{free.exit} {free.stderr}\nunder its policy: {permitted.exit} {permitted.stderr}"

    @property
    def reached(self) -> frozenset[str]:
        """The actions that the operations asked for need."""
        return frozenset(action for one in self.free.asked for action in asks(self.verb, one))

    def under(self, policy: Any) -> Run:
        """The line by somebody with this policy alone, in the world as it was built."""
        world = self.arena.world
        write_config(self._line.config)
        self.arena.put_back(self.name)
        self._operator._member = self.arena._member
        give(world, policy)
        self._strike(world)
        world.goes_by_policies = True
        try:
            return self._operator.run(*self._words)
        finally:
            world.goes_by_policies = False

    def misses(self, action: str) -> bool:
        """Whether without the action it ends otherwise than with it, or says that somebody may not."""
        now = self.under(without(self.policy, action))
        return now.exit != self.permitted.exit or denials(now) > denials(self.permitted)

    def _printed(self) -> Any:
        done = self.arena.run("iam", *roles_of(self._words), "--verb", self.verb)
        assert done.exit == 0, done.stderr
        return json.loads(done.stdout)


def denials(run: Run) -> int:
    """How often a run says that somebody may not, a plan's warnings included."""
    told = run.stdout + run.stderr
    return told.count("not authorized") + told.count("IAM action") + told.count("denied")


def _named(words: Iterable[str], world: Any) -> tuple[str, ...]:
    if DEPLOYMENT not in words:
        return tuple(words)
    asked = {"applicationName": "shop", "deploymentGroupName": OURS}
    newest = world.client("codedeploy").list_deployments(**asked)["deployments"][0]
    return tuple(newest if word == DEPLOYMENT else word for word in words)


def roles_of(words: Iterable[str]) -> tuple[str, ...]:
    """The cluster and the roles that a command line is about, nothing for all."""
    found = tuple(words)[1:3]
    return found if found[:1] == ("prod",) and len(found) > 1 and not found[1].startswith("-") else ()


def without(policy: Any, action: str) -> Any:
    """What is left of a policy that allows everything but one action."""
    rows = []
    for one in policy["Statement"]:
        named = one["Action"] if isinstance(one["Action"], list) else [one["Action"]]
        if left := [name for name in named if name != action]:
            rows.append({**one, "Action": left})
    return {**policy, "Statement": rows}


def give(world: Any, policy: Any) -> None:
    """Makes a user of that one policy, with the key that operators' clients sign with."""
    from moto.iam.models import iam_backends

    backend, iam = iam_backends[world.account]["aws"], world.client("iam")
    if NAME not in backend.users:
        iam.create_user(UserName=NAME)
        made = iam.create_access_key(UserName=NAME)["AccessKey"]["AccessKeyId"]
        for keys in (backend.access_keys, backend.users[NAME].access_keys):
            if isinstance(keys, dict):
                keys[KEY] = keys.pop(made)
        backend.access_keys[KEY].access_key_id = KEY
    if policy["Statement"]:
        iam.put_user_policy(UserName=NAME, PolicyName="given", PolicyDocument=json.dumps(policy))
    elif "given" in backend.users[NAME].policies:
        # IAM takes no policy that says nothing.
        iam.delete_user_policy(UserName=NAME, PolicyName="given")

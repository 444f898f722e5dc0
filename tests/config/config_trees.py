"""Strategies for configurations: valid ones made from the schema, and ones with something put wrong."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import strategies as st

from udo import schema
from udo.schema import Key

Tree = dict[str, Any]

# Text that YAML, or careless code, takes for something else.
TRICKY = ["no", "012", "1.10", "22:22", "null", "~", "a: b", " #x", "${cluster}", "$${x}", "é", "- a", "{a}", "@", "'"]
NAMES = st.sampled_from([*sorted(schema.TOP - {"clusters"}), "webapp", "on", "null", "012", "x-y"])


def example(key: Key) -> Any:
    return yaml.safe_load(key.example)


def value(key: Key) -> st.SearchStrategy[Any]:
    match key.kind:
        case "text" | "script":
            return text(key)
        case "whole":
            return st.integers(key.least, min(key.most, 10**6))
        case "flag":
            return st.booleans()
        case "verbs":
            return st.one_of(st.booleans(), st.lists(text(key), max_size=2))
        case "duration":
            return st.sampled_from(["5m", "90s", "1h", 90, 1.5, "45"])
        case "list":
            found = st.lists(text(key), max_size=3, unique=key.once)
            return st.one_of(found, found.map(lambda items: {"replace": items})) if key.merge == "append" else found
        case "map":
            return mapping(key.path)
        case "tags":
            return st.dictionaries(st.sampled_from(["a", "b", "packages", "replace"]), maybe(free()), max_size=3)
        case "maps":
            rows = st.lists(mapping(key.path, nulls=False), max_size=2)
            return st.one_of(rows, rows.map(lambda items: {"replace": items})) if key.merge == "append" else rows
        case "window":
            return st.sampled_from(["Fri 16:00 - Mon 07:00", "22:00 - 06:00", "2026-12-24 - 2027-01-01"])
        case "zone":
            return st.sampled_from(["Europe/Dublin", "UTC"])
        case "structure":
            return structure(key)
        case "structures":
            return st.dictionaries(st.sampled_from(["a", "b", "replace"]), maybe(structure(key)), max_size=3)
        case "named":
            return st.dictionaries(st.sampled_from(["a", "b", "replace"]), maybe(alarm()), max_size=3)
        case "periods":
            return st.sampled_from(["3 x 1m", "2 of 3 x 10s", "1 x 3600"])
        case "commands":
            return st.lists(st.one_of(st.just("run it"), st.just(["run", "it"])), max_size=2)
    return st.one_of(text(key), st.just({"owner": "amazon", "name": "al*"}))


def structure(key: Key) -> st.SearchStrategy[Tree]:
    inside = st.recursive(
        st.one_of(free(), st.booleans(), st.integers(-5, 900), st.sampled_from([0.5, -1.25, 50.0])),
        lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(["A", "b"]), inner)),
        max_leaves=4,
    )
    return st.dictionaries(st.sampled_from(key.members), maybe(inside), max_size=3)


def alarm() -> st.SearchStrategy[Tree]:
    """One that stays whole whatever it is merged with."""
    known = schema.inside("alarms")
    more = ("dimensions", "for", "statistic", "missing", "tell", "doc")
    needed = {name: value(known[name]) for name in ("metric", "above")}
    return st.fixed_dictionaries(needed, optional={name: maybe(value(known[name])) for name in more})


def text(key: Key) -> st.SearchStrategy[Any]:
    if key.choices:
        return st.sampled_from(key.choices)
    if not key.pattern:
        return free()
    more = {"packages": ["a", "b", "c"], "security_groups": ["sg-1", "sg-2"], "ami": ["ami-1", "ssm:/a"]}
    more["guards.alarms"] = ["a b", "prod/5xx"]
    return st.sampled_from(
        [example(key) if isinstance(example(key), str) else str(first(key)), *more.get(key.path, [])]
    )


def first(key: Key) -> Any:
    found = example(key)
    return found[0] if isinstance(found, list) else found


def free() -> st.SearchStrategy[str]:
    # Characters that may stand in a file, without the surrogates and breaks that YAML folds away.
    plain = st.text(
        st.characters(min_codepoint=32, max_codepoint=0x24F, exclude_characters="$\x7f\x85\xa0"), max_size=6
    )
    tame = plain.filter(lambda word: not any("\x7f" <= sign < "\xa0" for sign in word))
    return st.one_of(st.sampled_from(TRICKY), tame.filter(bool))


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(strategy, strategy, st.none())


def mapping(path: str, *, nulls: bool = True) -> st.SearchStrategy[Tree]:
    # Those of deploy.after must be roles of the cluster.
    known = [key for key in schema.inside(path).values() if key.path != "deploy.after"]
    keys = {key.name: (maybe if nulls else st.one_of)(value(key)) for key in known if not key.needed}
    return st.fixed_dictionaries({key.name: value(key) for key in known if key.needed}, optional=keys)


def inherited() -> list[Key]:
    """The keys that may stand in a root, a cluster and a role, but for those that lead elsewhere or must agree."""
    structural = ("uses", "sections", "params")
    left_out = ("group_name", "scale_policy", "deployment_group", "aws_profile", "assume_role", "account", "region")
    return [
        key
        for name, key in schema.inside("").items()
        if "role" in key.levels and key.kind not in structural and name not in left_out
    ]


def layers() -> st.SearchStrategy[Tree]:
    """What a root, cluster or role may say."""
    some = st.lists(st.sampled_from(inherited()), max_size=6, unique_by=lambda key: key.path)
    return some.flatmap(lambda keys: st.fixed_dictionaries({key.name: maybe(value(key)) for key in keys}))


def chains() -> st.SearchStrategy[tuple[Tree, Tree, Tree]]:
    """What three parts may say of one and the same key that is more than replaced."""
    chosen = st.sampled_from([key for key in inherited() if key.merge != "replace"])
    return chosen.flatmap(lambda key: st.tuples(*[st.fixed_dictionaries({key.name: maybe(value(key))})] * 3))


@st.composite
def configurations(draw: st.DrawFn) -> Tree:
    """A valid configuration."""
    clusters = {}
    for cluster in draw(st.lists(NAMES, min_size=1, max_size=2, unique=True)):
        roles = {role: draw(maybe(layers())) for role in draw(st.lists(NAMES, min_size=1, max_size=2, unique=True))}
        clusters[cluster] = {**draw(layers()), "group_name": f"{cluster}/${{role}}", "roles": roles}
    stacks = draw(st.dictionaries(st.sampled_from(["a", "b", "replace", "params"]), stack([*clusters]), max_size=2))
    return {**draw(layers()), "app_name": "shop", "stacks": stacks, "clusters": clusters}


def stack(clusters: list[str]) -> st.SearchStrategy[Tree]:
    """One whose parameters are all known."""
    known = schema.inside("stacks")
    left_out = ("name", "template", "cluster", "params", "parameters")
    plain = {name: maybe(value(key)) for name, key in known.items() if name not in left_out}
    size = st.fixed_dictionaries({}, optional={"default": st.just("a"), "allowed": st.just(["a", "b"]), "doc": free()})
    words = st.one_of(free(), st.lists(free(), max_size=2), st.booleans(), st.just("${param:size}"), st.none())
    more = {
        "cluster": st.sampled_from(clusters),
        "parameters": st.dictionaries(st.sampled_from(["A", "b1"]), words, max_size=2),
    }
    needed = {"template": st.sampled_from(["a.yml", "s3://abc/a.yml", "https://abc.s3.eu-west-1.amazonaws.com/a"])}
    needed["params"] = st.fixed_dictionaries({"size": size})
    return st.fixed_dictionaries(needed, optional={**plain, **more})

"""What holds of every configuration, whatever is in it."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from time import process_time
from typing import Any

import jsonschema
import pytest
import yaml
from config_trees import Tree, chains, configurations
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from whole import examples, some

from udo import schema
from udo.config import Config, load
from udo.config.checking import Walk
from udo.config.json_schema import json_schema
from udo.config.merging import layer, merged
from udo.config.reading import tree_of
from udo.config.showing import as_yaml, shown
from udo.config.stacks import StackDefinition
from udo.errors import ConfigError, UsageError

# The same examples every time, and no wall clock: machines that run tests are shared.
SOME = settings(max_examples=examples(60), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
VALIDATOR = jsonschema.Draft202012Validator(json_schema())
STACK = [name for name in schema.inside("stacks") if name not in ("params", "cluster")]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Config]:
    folder = tmp_path_factory.mktemp("trees")

    def load_text(text: str) -> Config:
        (folder / "udo.yml").write_text(text, encoding="utf-8")
        return load(folder / "udo.yml", {})

    return load_text


def written(tree: Tree) -> str:
    return yaml.safe_dump(tree, allow_unicode=True, sort_keys=False)


def answers(config: Config) -> dict[str, Any]:
    keys = [key.path for key in schema.KEYS if "role" in key.levels and "[]" not in key.path]
    told = {role.label: {key: role.get(key) for key in keys} for role in config.roles("*", None)}
    return told | {one.label: {key: _of_stack(one, key) for key in STACK} for one in config.stacks.values()}


def _of_stack(one: StackDefinition, key: str) -> Any:
    try:
        return one.unordered().value(key)
    except (ConfigError, UsageError):
        return "?"  # it rests on an order, or on a cluster that it has not


@SOME
@given(tree=configurations())
def test_a_valid_configuration_loads(loaded: Callable[[str], Config], tree: Tree) -> None:
    assert answers(loaded(written(tree)))


@SOME
@given(tree=configurations(), seed=st.integers(0, 9))
def test_the_order_of_siblings_never_matters(loaded: Callable[[str], Config], tree: Tree, seed: int) -> None:
    before = answers(loaded(written(tree)))
    assert answers(loaded(written(_shuffled(tree, random.Random(seed))))) == before


def _shuffled(node: Any, chance: random.Random) -> Any:
    if isinstance(node, list):
        return [_shuffled(item, chance) for item in node]
    if not isinstance(node, dict):
        return node
    names = list(node)
    chance.shuffle(names)
    return {name: _shuffled(node[name], chance) for name in names}


@settings(SOME, max_examples=examples(300))
@given(trees=chains())
def test_merging_is_associative(trees: tuple[Tree, Tree, Tree]) -> None:
    one, two, three = (layer(tree_of(written(tree), f"{n}.yml")) for n, tree in enumerate(trees))
    left, right = merged(merged(one, two), three), merged(one, merged(two, three))
    assert left.entries == right.entries


@SOME
@given(tree=configurations())
def test_what_is_shown_means_the_same_and_shows_the_same(loaded: Callable[[str], Config], tree: Tree) -> None:
    config = loaded(written(tree))
    before = answers(config)
    text = as_yaml(shown(config, config.roles("*", None), stacks=True))
    again = loaded(text)
    after = answers(again)
    for role, values in before.items():
        told = {key: after[role][key] for key in values}
        assert told == {
            key: None if value in ({}, []) and told[key] is None else value for key, value in values.items()
        }
    assert as_yaml(shown(again, again.roles("*", None), stacks=True)) == text


@SOME
@given(tree=configurations())
def test_the_json_schema_takes_what_we_take(tree: Tree) -> None:
    VALIDATOR.validate(tree)


ODD: list[Any] = [
    *(None, True, False, 0, 1, 5, 64, 65, 99, 70_000, 2**31, -1, 0.5, 2.25, 10**11),
    *(
        "",
        "text",
        "5",
        "5m",
        "0s",
        "true",
        "t3.small",
        "a/b",
        "https://a.example",
        "default",
        "EC2",
        "a" * 256,
        "$${a}",
    ),
    *([], [None], ["a"], [5], [["a"]], [["a", []]], [[]], [{}], [{"a": "b"}], ["a", True]),
    *({}, {"a": "b"}, {"x-a": 1}, {"replace": ["a"]}, {"replace": "a"}, {"replace": ["a"], "a": 1}, {"a": {"b": "c"}}),
    *({"owner": "a"}, {"owner": "a", "name": "b"}, {"aws:a": "b"}, {"Aws:a": "b"}, {"a": None}, {"a": ["b"]}),
]


KEYS = [key for key in schema.KEYS if key.kind != "uses"]


@pytest.mark.parametrize("key", some(KEYS, *KEYS[::12]), ids=lambda key: key.path)
def test_the_json_schema_refuses_what_we_refuse(key: schema.Key) -> None:
    for odd in (*ODD, key.least, key.least - 1, key.most, key.most + 1, *key.choices):
        tree: Tree = {"clusters": {"a": {"roles": {"b": {}}}}}
        _put(_place(tree, key), key.path.replace("[]", ".0").replace("*", "some").split("."), odd)
        walk = Walk(None)
        walk.document(tree_of(written(tree), "udo.yml"))
        assert (not walk.problems) == VALIDATOR.is_valid(tree), (odd, walk.problems)


def _place(tree: Tree, key: schema.Key) -> Tree:
    top = schema.BY_PATH[key.path.partition(".")[0].removesuffix("[]")]
    if "root" in top.levels:
        return tree
    if "cluster" in top.levels:
        return tree["clusters"]["a"]
    return tree.setdefault("profiles", {}).setdefault("p", {})


def _put(tree: Tree, path: list[str], odd: Any) -> None:
    node: Any = tree
    for name, following in pairwise(path):
        inner: Any = [{}] if following == "0" else {}
        if name == "0":
            node = node[0]
            continue
        if not isinstance(node.get(name), type(inner)) or not node[name]:
            node[name] = inner
        node = node[name]
    if isinstance(node, list):
        node = node[0]
    node[path[-1]] = odd


@pytest.mark.parametrize("name", sorted(schema.TOP))
def test_a_cluster_and_a_role_may_bear_the_name_of_any_key(loaded: Callable[[str], Config], name: str) -> None:
    config = loaded(f"packages: [base]\nclusters: {{{name}: {{roles: {{{name}: {{packages: [own]}}}}}}}}\n")
    assert config.role(name, name).get("packages") == ["base", "own"]
    assert config.role(name, name).group_name == f"{name}-{name}"
    assert config.role(name, name).get("tags") is None


# What can go wrong is one error with problems; nothing else may come out, and not late.

SEEDS = sorted((Path(__file__).parent / "bad").glob("*.yml"))[::9]
EXAMPLE = Path(__file__).parents[2] / "udo.example.yml"


@settings(SOME, max_examples=examples(300))
@given(raw=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    _read_or_refuse(tmp_path_factory.getbasetemp() / "bytes.yml", raw)


@settings(SOME, max_examples=examples(300))
@given(seed=st.integers(0, 2**32))
def test_any_damage_to_a_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    chance = random.Random(seed)
    raw = bytearray(chance.choice([EXAMPLE, *SEEDS]).read_bytes())
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(raw))
        match chance.randint(0, 3):
            case 0:
                raw[at] = chance.choice(b"{}[]:-&*!|>'\"#%@`,?\t\n 0$\x00\xff")
            case 1:
                del raw[at : at + chance.randint(1, 20)]
            case 2:
                raw[at:at] = raw[at : at + chance.randint(1, 60)]
            case _:
                raw[at:at] = chance.choice(
                    [b"${", b"*a", b"&a ", b"<<: ", b"null", b"{replace: ", b"\n---\n", b"use: [x]"]
                )
    _read_or_refuse(tmp_path_factory.getbasetemp() / "damaged.yml", bytes(raw))


def _read_or_refuse(path: Path, raw: bytes) -> None:
    path.write_bytes(raw)
    began = process_time()
    try:
        config = load(path, {"SLACK_URL": "https://example.com"}, strict=True)
        as_yaml(shown(config, config.roles("*", None), stacks=True))
    except ConfigError:
        pass
    assert process_time() - began < 1


ROLES = "clusters:\n  a:\n    roles:\n" + "".join(f"      r{n}: {{USE}}\n" for n in range(3000))


BOMBS = [
    f"packages: [{'a, ' * 40_000}]\n{ROLES.replace('USE', 'packages: [z]')}",
    f"tags: {{{', '.join(f'a{n}: b' for n in range(20_000))}}}\n{ROLES.replace('USE', 'tags: {z: q}')}",
    "[" * 200_000,
    "{" * 200_000,
    "- " * 200_000,
    "? " * 200_000,
    "a: " + "&a " * 1000,
    "a: &a [" + "x, " * 300 + "]\nb: &b [" + "*a, " * 300 + "]\nc: &c [" + "*b, " * 300 + "]\n",
    "".join(f"k{n}: &k{n} [{', '.join([f'*k{n - 1}'] * 10)}]\n" if n else "k0: &k0 [x]\n" for n in range(30)),
    "".join(f"k{n}: &k{n} {{<<: [{', '.join([f'*k{n - 1}'] * 9)}]}}\n" if n else "k0: &k0 {a: b}\n" for n in range(30)),
    "x-a: [" + "1, " * 100_001 + "]",
    "a: '" + "x" * 1_000_000 + "'",
    "a" * 1_000_000 + ": b",
    "".join(f"k{n}: v\n" for n in range(90_000)),
    "scale_policy: {min_size: " + "9" * 100_000 + "}\n",
    "description: '" + "${env:A:-" * 20_000 + "'\n",
    "description: '" + "${" * 100_000 + "'\n",
    "naming: '" + "{" * 100_000 + "'\n",
]


@pytest.mark.parametrize("text", some(BOMBS, *BOMBS[1::3]), ids=lambda text: text[:12])
def test_bombs_are_refused_at_once(tmp_path: Path, text: str) -> None:
    (tmp_path / "udo.yml").write_text(text)
    began = process_time()
    with pytest.raises(ConfigError):
        load(tmp_path / "udo.yml", {})
    assert process_time() - began < 5

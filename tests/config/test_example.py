"""The example file: it loads anywhere, shows every key, and is fit to be the sandbox's world."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from udo import schema
from udo.config import Config, load
from udo.config.stacks import chosen
from udo.stacks.fit import misfits
from udo.stacks.lint import findings
from udo.stacks.template import template_of

EXAMPLE = Path(__file__).parents[2] / "udo.example.yml"


@pytest.fixture(scope="module")
def example() -> Config:
    return load(EXAMPLE, {}, strict=True)


@pytest.mark.parametrize("key", schema.KEYS, ids=lambda key: key.path)
def test_the_example_shows_every_key_with_its_parents(key: schema.Key) -> None:
    found = re.search(rf"(?m)(^|[\s#{{]){re.escape(key.name)}:", EXAMPLE.read_text(encoding="utf-8"))
    assert found, f"{key.path} does not stand in the example"


def test_the_example_has_the_clusters_and_roles_of_the_tour(example: Config) -> None:
    assert [role.label for role in example.roles("*", None)] == [
        "stage webapp",
        "stage worker",
        "prod webapp",
        "prod worker",
    ]


def test_the_stack_of_the_example_goes_with_its_template(example: Config) -> None:
    stack = chosen(example, "review", {"branch": "cart", "size": "t3.large"})
    template = template_of(stack)
    assert template is not None
    assert stack.name == "shop-review-cart"
    assert [*misfits(stack, template)] == []
    assert template.capability() is None
    assert [*misfits(chosen(example, "review", {"branch": "Cart"}), template)] != []


@pytest.mark.whole
def test_cfn_lint_finds_nothing_in_the_template_of_the_example(example: Config) -> None:
    template = template_of(example.stacks["review"].unordered())
    assert template is not None
    assert findings(template, "us-west-2") == []


def test_one_group_of_the_example_is_of_the_old_kind(example: Config) -> None:
    kinds = {role.label: role.get("launch.as") for role in example.roles("*", None)}
    assert kinds.pop("prod webapp") == "configuration"
    assert set(kinds.values()) == {"template"}


def test_nothing_in_the_example_asks_questions_or_talks_to_strangers(example: Config) -> None:
    for role in example.roles("*", None):
        assert not role.get("protected")
        assert not role.has("slack")
        assert not role.has("post_deploy_hook")
        assert role.get("deployment_group") == role.group_name
        assert role.get("deploy.github.repo")

"""What a role's values are: by structure, by the rule of each key, never by a name that happens to match."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from udo.config import Config, Role, load
from udo.errors import ConfigError, UsageError

TREE = """\
region: us-west-2
ami: ami-root
packages: [base]
subnets: [subnet-root]
tags: {owner: root, part: root}
ssh: {user: ec2-user, port: 2222}
deploy: {application: shop, github: {repo: example/shop}}
clusters:
  prod:
    ami: ami-prod
    packages: [prod]
    subnets: [subnet-prod]
    tags: {part: prod}
    roles:
      webapp:
        packages: [web, base]
        ssh: {user: admin}
        deployment_group: prod-webapp
        tags: {tier: front}
      worker:
        packages: {replace: [only]}
        ami: null
        tags: null
        ssh: {port: null}
  qa:
"""


@pytest.fixture
def tree(tmp_path: Path) -> Config:
    return config(tmp_path, TREE)


def config(folder: Path, text: str, env: dict[str, str] | None = None) -> Config:
    (folder / "udo.yml").write_text(text, encoding="utf-8")
    return load(folder / "udo.yml", env or {})


def only_role(folder: Path, keys: str, env: dict[str, str] | None = None) -> Role:
    return config(folder, f"{keys}\nclusters: {{prod: {{roles: {{webapp: }}}}}}\n", env).role("prod", "webapp")


@pytest.mark.parametrize(
    ("role", "key", "value"),
    [
        ("webapp", "region", "us-west-2"),
        ("webapp", "ami", "ami-prod"),
        ("webapp", "packages", ["base", "prod", "web"]),
        ("webapp", "subnets", ["subnet-prod"]),
        ("webapp", "tags", {"owner": "root", "part": "prod", "tier": "front"}),
        ("webapp", "ssh", {"user": "admin", "port": 2222}),
        ("webapp", "deploy.application", "shop"),
        ("webapp", "deploy.deployment_group", "prod-webapp"),
        ("webapp", "deployment_group", "prod-webapp"),
        ("webapp", "deploy.timeout", 3600.0),
        ("webapp", "launch.keep", 5),
        ("webapp", "keypair_name", None),
        ("worker", "packages", ["only"]),
        ("worker", "ami", None),
        ("worker", "tags", None),
        ("worker", "ssh.port", 22),
        ("worker", "ssh.user", "ec2-user"),
        ("worker", "deploy.github.repo", "example/shop"),
    ],
)
def test_a_value_is_inherited_by_the_rule_of_its_key(tree: Config, role: str, key: str, value: Any) -> None:
    assert tree.role("prod", role).get(key) == value


@pytest.mark.parametrize(
    ("key", "set_", "where"),
    [
        ("region", True, "udo.yml:1"),
        ("ami", True, "udo.yml:10"),
        ("packages", True, "udo.yml:16"),
        ("ssh.user", True, "udo.yml:17"),
        ("ssh.port", True, "udo.yml:6"),
        ("deployment_group", True, "udo.yml:18"),
        ("launch.keep", False, "default"),
        ("keypair_name", False, "default"),
    ],
)
def test_a_role_knows_whether_and_where_a_value_is_set(tree: Config, key: str, set_: bool, where: str) -> None:
    role = tree.role("prod", "webapp")
    assert role.has(key) is set_
    assert role.where(key) == where


@pytest.mark.parametrize("key", ["ami", "tags", "ssh.port"])
def test_null_unsets(tree: Config, key: str) -> None:
    assert not tree.role("prod", "worker").has(key)
    assert tree.role("prod", "worker").where(key) == "default"


def test_what_comes_after_null_stands_alone(tmp_path: Path) -> None:
    top = "packages: [a]\ntags: {a: b}\n"
    text = "clusters: {c: {packages: null, tags: null, roles: {r: {packages: [z], tags: {y: x}}}}}"
    role = config(tmp_path, top + text).role("c", "r")
    assert role.get("packages") == ["z"]
    assert role.get("tags") == {"y": "x"}


def test_a_null_in_a_mapping_unsets_that_one(tmp_path: Path) -> None:
    role = config(tmp_path, "tags: {a: b, c: d}\nclusters: {c: {roles: {r: {tags: {a: null}}}}}").role("c", "r")
    assert role.get("tags") == {"c": "d"}


def test_values_are_the_callers_own(tree: Config) -> None:
    role = tree.role("prod", "webapp")
    role.get("packages").append("leak")
    role.get("tags")["Name"] = "leak"
    role.get("ssh").clear()
    assert "leak" not in role.get("packages")
    assert "Name" not in role.get("tags")
    assert role.get("ssh")
    assert "leak" not in tree.role("prod", "worker").get("packages")


def test_other_spellings_are_one_value_by_level(tmp_path: Path) -> None:
    text = "clusters: {c: {deploy: {deployment_group: cluster}, roles: {a: , b: {deployment_group: b}}}}"
    found = config(tmp_path, f"deployment_group: root\n{text}")
    assert found.role("c", "a").get("deployment_group") == "cluster"
    assert found.role("c", "b").get("deploy.deployment_group") == "b"


def test_a_key_nobody_has_is_a_bug_of_the_caller(tree: Config) -> None:
    with pytest.raises(KeyError):
        tree.role("prod", "webapp").get("deploy.aplication")


# Names and lists of names.


def labels(roles: tuple[Role, ...]) -> list[str]:
    return [role.label for role in roles]


@pytest.mark.parametrize(
    ("clusters", "roles", "found"),
    [
        ("prod", "webapp", ["prod webapp"]),
        ("prod", None, ["prod webapp", "prod worker"]),
        ("prod", "*", ["prod webapp", "prod worker"]),
        ("prod", "worker,webapp,worker", ["prod webapp", "prod worker"]),
        ("*", None, ["prod webapp", "prod worker"]),
        ("*", "worker", ["prod worker"]),
        ("prod,qa", None, ["prod webapp", "prod worker"]),
    ],
)
def test_lists_and_stars_name_roles_in_the_order_of_the_file(
    tree: Config, clusters: str, roles: str | None, found: list[str]
) -> None:
    assert labels(tree.roles(clusters, roles)) == found


@pytest.mark.parametrize(
    ("clusters", "roles", "told"),
    [
        ("prd", "webapp", "no cluster 'prd' (udo.yml): did you mean 'prod'?"),
        ("xyz", None, "no cluster 'xyz' (udo.yml): there are prod, qa"),
        ("prod", "wbapp", "no role 'wbapp' in cluster 'prod' (udo.yml:9): did you mean 'webapp'?"),
        ("prod", "web", "no role 'web' in cluster 'prod' (udo.yml:9): did you mean 'webapp'?"),
        ("prod", "zzz", "no role 'zzz' in cluster 'prod' (udo.yml:9): there are webapp, worker"),
        ("prod,qa", "webapp", "no role 'webapp' in cluster 'qa' (udo.yml:25): there are none"),
        ("*", "zzz", "no role 'zzz' in any cluster (udo.yml): there are webapp, worker"),
        ("qa", None, "no roles in 'qa' (udo.yml:25)"),
        ("prod", "", "no role '' in cluster 'prod' (udo.yml:9): there are webapp, worker"),
    ],
)
def test_a_name_that_is_not_there_is_told_with_the_nearest(
    tree: Config, clusters: str, roles: str | None, told: str
) -> None:
    with pytest.raises(UsageError) as caught:
        tree.roles(clusters, roles)
    assert str(caught.value) == told


# Group names.


def test_groups_are_named_by_cluster_and_role_unless_told(tmp_path: Path) -> None:
    text = "{}\nclusters: {{prod: {{roles: {{webapp: {{}}, worker: {{group_name: old-one}}}}}}}}\n"
    found = config(tmp_path, text.format("app_name: shop"))
    assert [role.group_name for role in found.roles("*", None)] == ["prod-webapp", "old-one"]
    found = config(tmp_path, text.format("app_name: shop\nnaming: '{app}.{cluster}.{role}'"))
    assert [role.group_name for role in found.roles("*", None)] == ["shop.prod.webapp", "old-one"]
    found = config(tmp_path, text.format("app_name: shop\nnaming: '${app}-{role}'"))
    assert [role.group_name for role in found.roles("*", None)] == ["shop-webapp", "old-one"]


def test_a_name_made_of_what_is_not_set_is_an_error_at_its_line(tmp_path: Path) -> None:
    role = only_role(tmp_path, "naming: '{app}-{role}'")
    with pytest.raises(ConfigError, match=r"^udo.yml:1:1: naming '{app}-{role}' needs app_name, which is not set$"):
        _ = role.group_name


def test_two_roles_cannot_have_one_group(tmp_path: Path) -> None:
    text = "clusters:\n  a:\n    roles: {b-c: }\n  a-b:\n    roles: {c: }\n"
    with pytest.raises(ConfigError) as caught:
        config(tmp_path, text)
    assert caught.value.message == "udo.yml:5:13: the group 'a-b-c' of a-b c is that of a b-c too (udo.yml:3)"


@pytest.mark.parametrize("place", ["region: eu-west-1", "account: '000000000001'", "aws_profile: other"])
def test_one_name_in_two_places_is_two_groups(tmp_path: Path, place: str) -> None:
    text = f"clusters:\n  a:\n    roles: {{b-c: }}\n  a-b:\n    {place}\n    roles: {{c: }}\n"
    assert len(config(tmp_path, text).roles("*", None)) == 2


@pytest.mark.parametrize("region", ["us-west-2", "ap-southeast-7", "us-gov-west-1", "eusc-de-east-1", "cn-north-1"])
def test_regions_of_every_partition_are_regions(tmp_path: Path, region: str) -> None:
    assert only_role(tmp_path, f"region: {region}").region == region


# References in values.


@pytest.mark.parametrize(
    ("value", "env", "found"),
    [
        ("${cluster}-${role}", {}, "prod-webapp"),
        ("${app}/${region}", {}, "shop/us-west-2"),
        ("${env:KEY}", {"KEY": "x"}, "x"),
        ("${env:KEY}", {"KEY": "${cluster}"}, "${cluster}"),
        ("a${env:KEY:-b}c", {}, "abc"),
        ("a${env:KEY:-b}c", {"KEY": ""}, "abc"),
        ("a${env:KEY:-}c", {}, "ac"),
        ("a${env:KEY:?say it}c", {"KEY": "b"}, "abc"),
        ("a${env:KEY}c", {"KEY": ""}, "ac"),
        ("$${cluster} $cluster ${cluster}", {}, "${cluster} $cluster prod"),
    ],
)
def test_references_are_filled_in(tmp_path: Path, value: str, env: dict[str, str], found: str) -> None:
    role = only_role(tmp_path, f"app_name: shop\nregion: us-west-2\ndescription: '{value}'", env)
    assert role.get("description") == found


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("${env:KEY}", "the environment variable KEY is not set (a default is written ${env:KEY:-default})"),
        ("${env:KEY:?say it}", "the environment variable KEY is not set: say it"),
        ("${env:KEY:?}", "the environment variable KEY is not set: it is needed here"),
        ("${app}", "${app} needs app_name, which is not set"),
        ("${region}", "${region} needs region, which is not set"),
        ("${ssm:/a}", "${ssm:/a} is kept in AWS and was not looked up"),
    ],
)
def test_a_reference_without_an_answer_is_told_when_it_is_needed(tmp_path: Path, value: str, told: str) -> None:
    role = only_role(tmp_path, f"description: '{value}'")
    assert role.get("keypair_name") is None
    with pytest.raises(ConfigError) as caught:
        role.get("description")
    assert caught.value.message == f"udo.yml:1:14: {told}"


def test_numbers_and_flags_may_come_from_outside(tmp_path: Path) -> None:
    keys = 'ssh: {port: "${env:PORT}"}\nprotected: ${env:SAFE}\ndeploy: {timeout: "${env:LONG}"}'
    role = only_role(tmp_path, keys, {"PORT": "2200", "SAFE": "true", "LONG": "5m"})
    assert role.get("ssh.port") == 2200
    assert role.protects("deploy") is True
    assert role.get("deploy.timeout") == 300.0


def test_no_list_loses_an_element_by_an_empty_variable_but_where_a_default_lets_it(tmp_path: Path) -> None:
    role = only_role(tmp_path, "security_groups: [web, '${env:MORE:-}']", {"MORE": ""})
    assert role.get("security_groups") == ["web"]
    role = only_role(tmp_path, "security_groups: [web, '${env:MORE}']", {"MORE": ""})
    with pytest.raises(ConfigError, match="an element of security_groups is empty"):
        role.get("security_groups")


def test_what_a_variable_holds_is_never_told(tmp_path: Path) -> None:
    role = only_role(tmp_path, "slack: {url: '${env:HOOK}'}\nregion: ${env:HOOK}", {"HOOK": "http://secret"})
    for key in ("slack.url", "region"):
        with pytest.raises(ConfigError) as caught:
            role.get(key)
        assert "secret" not in str(caught.value)


def test_what_is_kept_in_aws_is_asked_for_and_filled_in(tmp_path: Path) -> None:
    role = only_role(tmp_path, "packages: ['${ssm:/one}', 'x-${ssm:/two}-${ssm:/one}']\nami: ${ssm:/ami}")
    found = role.lookups("packages", "ami", "region")
    assert [(one.kind, one.argument, str(one.mark)) for one in found] == [
        ("ssm", "/one", "udo.yml:1"),
        ("ssm", "/two", "udo.yml:1"),
        ("ssm", "/ami", "udo.yml:2"),
    ]
    answered = role.resolved({one: one.argument.strip("/") for one in found[:2]})
    assert answered.get("packages") == ["one", "x-two-one"]
    with pytest.raises(ConfigError, match="was not looked up"):
        role.get("packages")


def test_scripts_and_hooks_are_left_as_they_are(tmp_path: Path) -> None:
    keys = "cloud_init: 'echo ${cluster} ${nothing'\npost_deploy_hook: ['tell ${role} \"a b\"', [run, '${x}']]"
    role = only_role(tmp_path, keys)
    assert role.get("cloud_init") == "echo ${cluster} ${nothing"
    assert role.get("post_deploy_hook") == [["tell", "${role}", "a b"], ["run", "${x}"]]


def test_files_are_relative_to_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    role = only_role(tmp_path, "user_data: {file: boot/boot.sh}\nssh: {key: ~/.ssh/id, known_hosts: [a, /b]}")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert role.path("user_data.file") == tmp_path / "boot" / "boot.sh"
    assert role.path("ssh.key") == Path("/home/somebody/.ssh/id")
    assert role.path("ssh.config") is None
    assert role.paths("ssh.known_hosts") == (tmp_path / "a", Path("/b"))
    assert role.paths("ssh.config") == ()


# The top of the file.


def test_the_top_of_the_file_has_values_of_its_own(tmp_path: Path) -> None:
    found = config(
        tmp_path, "app_name: shop\nslack: {channel: '#${app}', url: '${cluster}'}\nclusters: {a: {roles: {b: }}}"
    )
    assert found.get("app_name") == "shop"
    assert found.get("slack.channel") == "#shop"
    assert found.get("naming") == "{cluster}-{role}"
    with pytest.raises(ConfigError, match=r"\$\{cluster\} has no value at the top of the file"):
        found.get("slack.url")

"""A file of the original Udo loads unchanged and means what it meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from udo.config import Config, load

FILE = Path(__file__).parent / "original.yml"


@pytest.fixture(scope="module")
def original() -> Config:
    return load(FILE, {}, strict=True)


@pytest.mark.parametrize(
    ("role", "key", "value"),
    [
        ("front", "app_name", "cornershop"),
        ("front", "region", "eu-west-1"),
        ("front", "ami", "ami-11aa22bb"),
        ("front", "spot_price", "0.018"),
        ("front", "tenancy", "dedicated"),
        ("front", "packages", ["cornershop-base", "cornershop-dev", "cornershop-config-dev", "cornershop-app"]),
        ("back", "packages", ["cornershop-base", "cornershop-dev", "cornershop-config-dev"]),
        ("front", "repo_url", "https://packages.example.com/dev/repo"),
        ("front", "repo.plugin_url", "https://packages.example.com/provision/s3-plugin-1.0-1.noarch.rpm"),
        ("front", "tags", {"shop": "corner", "since": "2020", "shop-front-workers": "10"}),
        ("back", "tags", {"shop": "corner", "since": "2019"}),
        ("front", "scale_policy", {"min_size": 1, "max_size": 3, "desired": 2}),
        ("front", "subnets_cidr", ["10.10.0.0/16", "10.20.0.0/16"]),
        ("front", "elbs", ["dev-https"]),
        ("back", "elbs", None),
        ("front", "deploy.application", "CornerShop"),
        ("front", "deploy.github.repo", "example/cornershop"),
        ("front", "deployment_group", "dev-front"),
        ("front", "slack.channel", "#till"),
        ("front", "cloud_init_extra", None),
        ("back", "cloud_init_extra", "echo extra\n"),
        (
            "front",
            "post_deploy_hook",
            [
                ["curl", "-X", "POST", "https://ci.example.com/job/one/build?DEPLOY=dev", "--user", "ci:some words"],
                ["./announce"],
            ],
        ),
    ],
)
def test_a_value_means_what_it_meant(original: Config, role: str, key: str, value: Any) -> None:
    assert original.role("dev", role).get(key) == value


def test_groups_are_named_as_before(original: Config) -> None:
    assert [role.group_name for role in original.roles("*", None)] == ["dev-front", "dev-back"]


def test_clusters_with_nothing_in_them_are_there_and_empty(original: Config) -> None:
    assert list(original.clusters) == ["dev", "qa", "stage"]
    assert not original.clusters["qa"].roles


def test_old_spellings_are_told_once(original: Config) -> None:
    assert [advice.line for advice in original.advice] == [14, 17]


@pytest.mark.parametrize("empty", ["spot_price", "tenancy", "repo_url", "iam_profile"])
def test_an_empty_text_unsets_as_before(tmp_path: Path, empty: str) -> None:
    text = f"spot_price: 1\ntenancy: default\nclusters: {{a: {{roles: {{b: {{{empty}: ''}}}}}}}}\n"
    (tmp_path / "udo.yml").write_text(text)
    role = load(tmp_path / "udo.yml", {}).role("a", "b")
    assert role.get(empty) is None
    assert not role.has(empty)

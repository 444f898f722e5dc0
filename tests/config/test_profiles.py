"""Profiles: parts of a configuration with parameters, used by clusters, roles and each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from udo.config import Config, load
from udo.errors import ConfigError

WEB = """\
instance_type: t3.small
profiles:
  web:
    params:
      size: {type: str, default: t3.large}
      most: {type: int}
      name: {}
    use: [base]
    instance_type: ${param:size}
    scale_policy: {max_size: "${param:most}"}
    packages: ["web-${param:name}"]
    cloud_init_post: echo ${param:name}
  base:
    packages: [base]
    keypair_name: ${cluster}-${role}
clusters:
  prod:
    USE
    packages: [prod]
    roles:
      webapp: {packages: [own]}
"""


def config(folder: Path, use: str, text: str = WEB) -> Config:
    (folder / "udo.yml").write_text(text.replace("USE", use), encoding="utf-8")
    return load(folder / "udo.yml", {})


def problems(folder: Path, use: str, text: str = WEB) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        config(folder, use, text)
    return [str(problem) for problem in caught.value.problems]


def test_a_profile_lies_under_the_part_that_uses_it(tmp_path: Path) -> None:
    role = config(tmp_path, "use: [{web: {most: 7, name: a}}]").role("prod", "webapp")
    assert role.get("instance_type") == "t3.large"
    assert role.get("scale_policy.max_size") == 7
    assert role.get("packages") == ["base", "web-a", "prod", "own"]
    assert role.get("keypair_name") == "prod-webapp"


def test_the_part_wins_over_its_profile(tmp_path: Path) -> None:
    role = config(tmp_path, "use: [{web: {most: 7, name: a}}]\n    instance_type: c5.large").role("prod", "webapp")
    assert role.get("instance_type") == "c5.large"


def test_a_role_may_use_one_as_well(tmp_path: Path) -> None:
    text = WEB.replace("{packages: [own]}", "{use: [base, {web: {size: c5.large, most: 1, name: b}}]}")
    role = config(tmp_path, "x-none: here", text).role("prod", "webapp")
    assert role.get("instance_type") == "c5.large"
    assert role.get("packages") == ["prod", "base", "web-b"]


def test_what_is_given_may_be_a_reference(tmp_path: Path) -> None:
    role = config(tmp_path, "use: [{web: {most: 7, name: '${role}-x'}}]").role("prod", "webapp")
    assert "web-webapp-x" in role.get("packages")


def test_scripts_of_a_profile_are_left_as_they_are(tmp_path: Path) -> None:
    role = config(tmp_path, "use: [{web: {most: 7, name: a}}]").role("prod", "webapp")
    assert role.get("cloud_init_post") == "echo ${param:name}"


def test_a_profile_hands_its_parameters_on(tmp_path: Path) -> None:
    text = (
        "profiles:\n"
        "  outer: {params: {n: {type: int}}, use: [{inner: {m: '${param:n}'}}]}\n"
        "  inner: {params: {m: {type: int}}, scale_policy: {max_size: '${param:m}'}}\n"
        "clusters: {a: {use: [{outer: {n: 3}}], roles: {b: }}}\n"
    )
    assert config(tmp_path, "", text).role("a", "b").get("scale_policy.max_size") == 3


@pytest.mark.parametrize(
    ("use", "told"),
    [
        ("use: [wep]", ["udo.yml:18:11: no profile 'wep': did you mean 'web'?"]),
        (
            "use: [web]",
            [
                "udo.yml:18:11: profile 'web' wants the parameter 'most', which has no default",
                "udo.yml:18:11: profile 'web' wants the parameter 'name', which has no default",
            ],
        ),
        (
            "use: [{web: {most: x, name: a, sise: t3.nano}}]",
            [
                "udo.yml:18:24: parameter 'most' wants a whole number, not 'x'",
                "udo.yml:18:36: profile 'web' has no parameter 'sise': did you mean 'size'?",
            ],
        ),
        (
            "use: [{web: {most: 1, name: a, size: huge}}]",
            [
                "udo.yml:18:11: profile 'web' used like this: instance_type wants an instance type like t3.small, "
                "not 'huge' (udo.yml:9)"
            ],
        ),
        ("use: web", ["udo.yml:18:10: use wants a list of profiles, not 'web': write [web]"]),
        ("use: [[web]]", ["udo.yml:18:11: use wants names of profiles, or {name: {PARAM: value}} one at a time"]),
        ("use: [{web: 3}]", ["udo.yml:18:17: a profile is given a mapping of parameters: write {web: {PARAM: value}}"]),
        ("use: [{base: {a: 1}}]", ["udo.yml:18:19: profile 'base' has no parameter 'a': there are none"]),
        ("params: {a: {}}", ["udo.yml:18:5: 'params' is not allowed in a cluster"]),
        (
            "keypair_name: ${param:x}",
            ["udo.yml:18:19: ${param:x} is allowed in the values of a profile only"],
        ),
    ],
)
def test_what_is_wrong_is_told_at_the_use(tmp_path: Path, use: str, told: list[str]) -> None:
    assert problems(tmp_path, use) == told


@pytest.mark.parametrize(
    ("profile", "told"),
    [
        ("a: {use: [a]}", "udo.yml:2:13: profiles that use each other: a -> a"),
        ("a: {use: [b]}\n  b: {use: [a]}", "udo.yml:2:3: profiles that use each other: a -> b -> a"),
        ("a: {use: [b]}", "udo.yml:2:13: no profile 'b': there are a"),
        ("a: {keypair_name: '${param:x}'}", "udo.yml:2:21: no parameter 'x' in this profile: there are none"),
        ("a: {params: {n: {type: int, default: x}}}", "udo.yml:2:40: parameter 'n' wants a whole number, not 'x'"),
        ("a: {params: {n: {type: number}}}", "udo.yml:2:26: params.*.type is one of str, int, bool, not 'number'"),
        ("a: {roles: {b: }}", "udo.yml:2:7: 'roles' is not allowed in a profile"),
        ("a: {app_name: x}", "udo.yml:2:7: 'app_name' is not allowed in a profile"),
        ("a: {imstance_type: x}", "udo.yml:2:7: unknown key 'imstance_type': did you mean 'instance_type'?"),
    ],
)
def test_a_wrong_profile_is_told_though_nobody_uses_it(tmp_path: Path, profile: str, told: str) -> None:
    text = f"profiles:\n  {profile}\nclusters: {{a: {{roles: {{b: }}}}}}\n"
    assert told in problems(tmp_path, "", text)


def test_profiles_cannot_multiply_without_end(tmp_path: Path) -> None:
    rows = "".join(f"  p{n}: {{use: [p{n + 1}, p{n + 1}]}}\n" for n in range(30))
    text = f"profiles:\n{rows}  p30: {{}}\nclusters: {{a: {{use: [p0], roles: {{b: }}}}}}\n"
    assert problems(tmp_path, "", text)[-1].endswith(
        "more than 1,000,000 values, each counted for every part that inherits it"
    )

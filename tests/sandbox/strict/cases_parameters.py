"""Parameter Store: one case for each rule, named like it."""

from __future__ import annotations

from account import Account, holds, refused


def _put(aws: Account, name: str, value: str = "x", **more: str) -> None:
    aws.ssm.put_parameter(**({"Name": name, "Value": value, "Type": "String"} | more))


def parameter_names_are_paths(aws: Account) -> None:
    refused(_put, "ValidationException", "forward slash", aws=aws, name="shop/key")
    refused(_put, "HierarchyLevelLimitExceededException", aws=aws, name="/x" * 16)


def parameter_values_are_small(aws: Account) -> None:
    _put(aws, "/fits", "x" * 4096)
    refused(_put, "ValidationException", "4096", aws=aws, name="/shop", value="x" * 4097)


def parameters_keep_their_type(aws: Account) -> None:
    _put(aws, "/shop", "x")
    again = {"aws": aws, "name": "/shop", "value": "y", "Overwrite": True}
    refused(_put, "HierarchyTypeMismatchException", "/shop", Type="SecureString", **again)
    _put(**again)
    holds(aws.ssm.get_parameter(Name="/shop")["Parameter"]["Value"] == "y")


def values_match_their_allowed_pattern(aws: Account) -> None:
    refused(_put, "ParameterPatternMismatchException", aws=aws, name="/shop", value="x", AllowedPattern="^\\d+$")


def at_most_ten_parameters_are_deleted_at_once(aws: Account) -> None:
    names = [f"/shop/{number}" for number in range(11)]
    refused(aws.ssm.delete_parameters, "ValidationException", Names=names)


def paths_begin_with_a_slash(aws: Account) -> None:
    refused(aws.ssm.get_parameters_by_path, "ValidationException", Path="shop")


def parameters_by_path_come_in_tens(aws: Account) -> None:
    for number in range(12):
        _put(aws, f"/shop/{number:02}")
    refused(aws.ssm.get_parameters_by_path, "ValidationException", Path="/shop", MaxResults=11)
    shown = aws.ssm.get_parameters_by_path(Path="/shop")
    holds(len(shown["Parameters"]) < 10 and shown["NextToken"], "a full page")
    pages = aws.ssm.get_paginator("get_parameters_by_path").paginate(Path="/shop")
    holds(len(list(pages.search("Parameters"))) == 12)


def described_parameters_come_in_pages(aws: Account) -> None:
    for number in range(12):
        _put(aws, f"/shop/{number:02}")
    shown = aws.ssm.describe_parameters(MaxResults=50)
    holds(len(shown["Parameters"]) == 12 and not shown.get("NextToken"), "MaxResults is ignored")


def secrets_stay_encrypted(aws: Account) -> None:
    _put(aws, "/shop/secret", "open sesame", Type="SecureString")
    closed = aws.ssm.get_parameter(Name="/shop/secret")["Parameter"]["Value"]
    opened = aws.ssm.get_parameter(Name="/shop/secret", WithDecryption=True)["Parameter"]["Value"]
    holds(opened == "open sesame" and "sesame" not in closed, closed)


def parameters_fit_their_shapes(aws: Account) -> None:
    for wrong in ({"Tier": "Golden"}, {"Description": "x" * 1025}, {"Name": "/" + "x" * 2048}):
        words = {"Name": "/shop", "Value": "v", "Type": "String"} | wrong
        refused(aws.ssm.put_parameter, "ValidationException", "failed to satisfy constraint", **words)

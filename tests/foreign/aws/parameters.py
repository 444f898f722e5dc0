"""Parameter Store."""

from __future__ import annotations

from driver import Aws


def parameters(aws: Aws) -> None:
    _kept(aws)
    _listed(aws)
    public = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    image = aws(f"ssm get-parameter --name {public} --query Parameter.Value")
    aws.that("AWS's own parameters name an image", str(image).startswith("ami-"), image)


def _kept(aws: Aws) -> None:
    told = aws(
        "ssm put-parameter --name /shop/plain --type String --value one --description words --tags Key=team,Value=a"
    )
    aws.equal("a new parameter has version 1", (told["Version"], told["Tier"]), (1, "Standard"))
    aws.refused(
        "a parameter is not overwritten unasked",
        "ssm put-parameter --name /shop/plain --value two",
        "ParameterAlreadyExists",
    )
    aws.equal("but if asked", aws("ssm put-parameter --name /shop/plain --value two --overwrite")["Version"], 2)
    value = "--query Parameter.Value"
    aws.equal("the newest is what one gets", aws(f"ssm get-parameter --name /shop/plain {value}"), "two")
    aws.equal("or what a version had", aws(f"ssm get-parameter --name /shop/plain:1 {value}"), "one")
    aws("ssm label-parameter-version --name /shop/plain --parameter-version 1 --labels live")
    aws.equal("or what has a label", aws(f"ssm get-parameter --name /shop/plain:live {value}"), "one")
    history = aws("ssm get-parameter-history --name /shop/plain --query 'Parameters[].[Version,Value]'")
    aws.equal("the history has all versions", history, [[1, "one"], [2, "two"]])
    aws("ssm put-parameter --name /shop/secret --type SecureString --value hidden")
    shown = aws(f"ssm get-parameter --name /shop/secret {value}")
    aws.that("a secret is ciphertext", "hidden" not in shown, shown)
    aws.equal(
        "unless it is decrypted", aws(f"ssm get-parameter --name /shop/secret --with-decryption {value}"), "hidden"
    )
    tags = aws("ssm list-tags-for-resource --resource-type Parameter --resource-id /shop/plain --query TagList")
    aws.equal("tags come back", tags, [{"Key": "team", "Value": "a"}])
    aws.refused("an unknown parameter is not found", "ssm get-parameter --name /shop/nope", "ParameterNotFound")
    aws.refused(
        "a parameter does not change its type",
        "ssm put-parameter --name /shop/plain --type StringList --value a,b --overwrite",
        "HierarchyTypeMismatchException",
    )


def _listed(aws: Aws) -> None:
    for number in range(12):
        aws(f"ssm put-parameter --name /many/deep/{number:02} --type String --value {number}")
    path = "ssm get-parameters-by-path --path /many"
    name = "--query 'Parameters[].Name'"
    wanted = [f"/many/deep/{number:02}" for number in range(12)]
    aws.equal("a path has no more than its own level", aws(f"{path} {name}"), [])
    aws.equal("but recursively all of it, in pages", sorted(aws(f"{path} --recursive {name}")), wanted)
    aws.equal(
        "--max-items ends a listing of parameters", len(aws(f"{path} --recursive --max-items 11")["Parameters"]), 11
    )
    described = "ssm describe-parameters --parameter-filters Key=Path,Option=Recursive,Values=/many"
    aws.equal("parameters are described in pages", len(aws(f"{described} --page-size 5")["Parameters"]), 12)
    told = aws("ssm delete-parameters --names /many/deep/00 /many/deep/nope")
    answer = (told["DeletedParameters"], told["InvalidParameters"])
    aws.equal("deleting tells which were there", answer, (["/many/deep/00"], ["/many/deep/nope"]))
    told = aws("ssm get-parameters --names /many/deep/01 /many/deep/nope")
    aws.equal(
        "and so does getting",
        ([one["Value"] for one in told["Parameters"]], told["InvalidParameters"]),
        (["1"], ["/many/deep/nope"]),
    )

"""AWS::S3::Bucket."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from udo.sandbox.strict.cloudformation.kind import Kind, Made, Place, Properties, fitted, only

# Each with the operation that sets it, and what it is called there.
_SETTINGS = {
    "BucketEncryption": ("PutBucketEncryption", "put_bucket_encryption", "ServerSideEncryptionConfiguration"),
    "OwnershipControls": ("PutBucketOwnershipControls", "put_bucket_ownership_controls", "OwnershipControls"),
    "PublicAccessBlockConfiguration": (
        "PutPublicAccessBlock",
        "put_public_access_block",
        "PublicAccessBlockConfiguration",
    ),
    "VersioningConfiguration": ("PutBucketVersioning", "put_bucket_versioning", "VersioningConfiguration"),
}
# What the properties call otherwise than the operations.
_RULES = {
    "ServerSideEncryptionConfiguration": "Rules",
    "ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault",
}


def _create(properties: Properties, place: Place) -> Made:
    only(properties, (*_SETTINGS, "BucketName", "Tags"), place)
    name = properties.get("BucketName") or place.name().lower()
    s3 = place.client("s3")
    where = {"CreateBucketConfiguration": {"LocationConstraint": place.region}} if place.region != "us-east-1" else {}
    s3.create_bucket(Bucket=name, **where)
    return _set(name, properties, {}, place)


def _update(name: str, properties: Properties, before: Properties, place: Place) -> Made:
    only(properties, (*_SETTINGS, "BucketName", "Tags"), place)
    return _set(name, properties, before, place)


def _set(name: str, properties: Properties, before: Properties, place: Place) -> Made:
    s3 = place.client("s3")
    for key, (operation, method, member) in _SETTINGS.items():
        wanted = properties.get(key)
        if key == "VersioningConfiguration" and key in before and wanted is None:
            wanted = {"Status": "Suspended"}
        if wanted is not None and wanted != before.get(key):
            given = fitted(s3, operation, {"Bucket": name, member: _renamed(wanted)})
            getattr(s3, method)(**given)
    _tag(name, place.tagged(properties), place)
    domain = f"{name}.s3.{place.region}.amazonaws.com"
    arn = f"arn:aws:s3:::{name}"
    website = f"http://{name}.s3-website-{place.region}.amazonaws.com"
    names = {"DomainName": f"{name}.s3.amazonaws.com", "RegionalDomainName": domain, "WebsiteURL": website}
    return Made(name, {"Arn": arn, "DualStackDomainName": f"{name}.s3.dualstack.{place.region}.amazonaws.com", **names})


def _tag(name: str, tags: dict[str, str], place: Place) -> None:
    # Late: moto's S3 takes a third of a second to load. Its door lets nobody set AWS's own tags.
    from moto.s3.models import s3_backends

    s3_backends[place.account]["aws"].put_bucket_tagging(name, tags)


def _renamed(value: Any) -> Any:
    if isinstance(value, list):
        return [_renamed(one) for one in value]
    if isinstance(value, dict):
        return {_RULES.get(key, key): _renamed(one) for key, one in value.items()}
    return value


def _delete(name: str, _properties: Properties, place: Place) -> None:
    place.client("s3").delete_bucket(Bucket=name)


def _exists(name: str, place: Place) -> bool:
    try:
        place.client("s3").head_bucket(Bucket=name)
    except ClientError as error:
        # Another's, or of another region, is one too.
        return error.response["ResponseMetadata"]["HTTPStatusCode"] != 404
    return True


KINDS = (Kind("AWS::S3::Bucket", _create, _delete, _update, name="BucketName", exists=_exists, seconds=5.0),)

"""The actions of IAM that an operation asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udo.sandbox.iam import reference

if TYPE_CHECKING:
    from udo.sandbox.iam.requests import Ask

# Source: Service Authorization Reference, Amazon S3; Amazon S3 API Reference, the permissions of each operation.
_S3 = {
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteObjects": "DeleteObject",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListParts": "ListMultipartUploadParts",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}
_OF_VERSIONS = {"GetObject": "GetObjectVersion", "DeleteObject": "DeleteObjectVersion"}
# Source: API_Invoke, the permission it needs.
_OTHERS = {"lambda:Invoke": "InvokeFunction"}
# Source: API_GetCallerIdentity: no permissions are required, and a policy that denies it changes nothing.
_FREE = frozenset({("sts", "GetCallerIdentity")})


def actions(ask: Ask) -> list[tuple[str, str]]:
    """The actions, each as the prefix of its service and its name; none where nobody needs a permission.

    Source: docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-iam-policy-examples.html: API Gateway's are
    the methods of HTTP.
    """
    operation = ask.asked.operation
    if (ask.prefix, operation) in _FREE:
        return []
    if ask.prefix == "apigateway":
        return [("apigateway", str(ask.environ.get("REQUEST_METHOD", "GET")))]
    if ask.prefix != "s3":
        return [(ask.prefix, _OTHERS.get(ask.name, ask.operation))]
    name = _S3.get(operation, operation)
    if ask.asked.params.get("versionId") and reference.is_known("s3", _OF_VERSIONS.get(name, "")):
        name = _OF_VERSIONS[name]
    return [("s3", name)]

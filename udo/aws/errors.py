"""Every failure of botocore as an UdoError: what took effect, what did not, and what nobody knows."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore import exceptions as foreign

from udo.aws.answers import Broken
from udo.aws.denials import remedy, told_in_short
from udo.errors import (
    AlreadyThere,
    AwsError,
    CredentialsError,
    LostAnswer,
    NotSent,
    PermissionDenied,
    UdoError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

# botocore's own list of throttling codes (botocore.retries.standard.ThrottledRetryableChecker), plus those by which AWS
# says that the request was not carried out because another one is in hand.
THROTTLES = frozenset(
    [
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottledException",
        "RequestThrottled",
        "TooManyRequestsException",
        "ProvisionedThroughputExceededException",
        "TransactionInProgressException",
        "RequestLimitExceeded",
        "BandwidthLimitExceeded",
        "SlowDown",
        "PriorRequestNotComplete",
        "EC2ThrottledException",
        "ResourceContention",
        "ScalingActivityInProgress",
    ]
)
_EXPIRED = frozenset(["ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"])
_UNKNOWN_CALLER = frozenset(
    [
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "AuthFailure",
        "InvalidAccessKeyId",
        "MissingAuthenticationToken",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "IncompleteSignature",
        "OptInRequired",
        "NotAuthorized",
    ]
)
_DENIED = frozenset(
    [
        "AccessDenied",
        "AccessDeniedException",
        "UnauthorizedOperation",
        "Client.UnauthorizedOperation",
        "Forbidden",
        "403",
    ]
)
_TAKEN = frozenset(
    [
        "AlreadyExists",
        "AlreadyExistsException",
        "InvalidLaunchTemplateName.AlreadyExistsException",
        "ParameterAlreadyExists",
        "ApplicationAlreadyExistsException",
        "DeploymentGroupAlreadyExistsException",
    ]
)
# Source: docs.aws.amazon.com/autoscaling/ec2/userguide/launch-configurations.html. AWS does not say by which code such
# an account is refused, so every refusal gets the advice.
_ADVICE = {
    "autoscaling:CreateLaunchConfiguration": (
        "accounts opened since October 2024 cannot create launch configurations: use --to-template"
    )
}
# What to ask for where a quota is spent, by the names and codes that Service Quotas has for them.
# Source: docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-quotas.html; aws service-quotas
# list-service-quotas.
_SPENT = {
    "autoscaling:CreateAutoScalingGroup": "'Auto Scaling groups per region' (L-CDE20ADC)",
    "autoscaling:CreateLaunchConfiguration": "'Launch configurations per region' (L-6B80B8FA)",
    "ec2:CreateLaunchTemplate": "of launch templates",
    "ec2:CreateLaunchTemplateVersion": "of versions of a launch template",
}
_OF_A_GROUP = frozenset(
    {
        "autoscaling:PutLifecycleHook",
        "autoscaling:PutScalingPolicy",
        "autoscaling:PutScheduledUpdateGroupAction",
    }
)
_NEVER_CONNECTED = (
    foreign.EndpointConnectionError,
    foreign.ConnectTimeoutError,
    foreign.ProxyConnectionError,
    foreign.SSLError,
)


@contextmanager
def translated(service: str, operation: str) -> Iterator[None]:
    """Turns whatever botocore raises in the block into an UdoError that names the IAM action."""
    action = f"{_IAM_PREFIX.get(service, service)}:{operation}"
    try:
        yield
    except foreign.ClientError as error:
        raise refused(action, error.response) from error
    except (foreign.BotoCoreError, foreign.HTTPClientError) as error:
        raise _not_answered(action, error) from error
    except Broken as error:
        raise LostAnswer(
            f"{action}: the answer is not one of AWS's and cannot be read ({error})", hint=_PROXY
        ) from error


@contextmanager
def configured() -> Iterator[None]:
    """Turns whatever botocore makes of the environment and of ~/.aws/config in the block into an UdoError."""
    try:
        with translated("aws", "session"):
            yield
    except AwsError as error:
        raise UsageError(error.message.removeprefix("aws:session: "), hint=_CHECK) from error
    except ValueError as error:
        # What botocore takes as it stands: a number, an address.
        raise UsageError(_brief(error), hint=_CHECK) from error


_CHECK = "check the variables AWS_* and ~/.aws/config"
_PROXY = "check the network, a proxy on the way, and AWS_ENDPOINT_URL"
# Source: Service Authorization Reference, Amazon S3: the actions that IAM has no word of its own for.
_IAM_NAME = {
    "s3:CompleteMultipartUpload": "s3:PutObject",
    "s3:CreateMultipartUpload": "s3:PutObject",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "s3:UploadPart": "s3:PutObject",
}
_IAM_PREFIX = {"elb": "elasticloadbalancing", "elbv2": "elasticloadbalancing"}


def refused(action: str, response: Any) -> UdoError:
    """The UdoError for an error answer (botocore's parsed response)."""
    error = response.get("Error", {})
    code = str(error.get("Code") or "unknown")
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)
    told = " ".join(str(error.get("Message") or "no message").split())
    told = told_in_short(told) if code in _DENIED else told
    message = f"{action}: {'the answer is a page of HTML' if '<html' in told.lower() else told} ({code})"
    if code in THROTTLES:
        return NotSent(message, aws_code=code, hint="AWS asks to slow down: try again in a minute")
    if code in _EXPIRED:
        return CredentialsError(message, hint="sign in again (aws sso login), or renew the session, and run it again")
    if code in _DENIED:
        return PermissionDenied(message, hint=remedy(_IAM_NAME.get(action, action), told))
    if code in _UNKNOWN_CALLER:
        return CredentialsError(message, hint="check the credentials, the region and this machine's clock")
    if code in _TAKEN:
        return AlreadyThere(message, aws_code=code)
    if status >= 500 or code in {"500", "502", "503", "504"}:
        return LostAnswer(message, aws_code=code)
    if code == "LimitExceeded" and action in _OF_A_GROUP:
        return AwsError(message, aws_code=code, hint="a group takes no more: delete some of its own")
    if "LimitExceeded" in code and action in _SPENT:
        return AwsError(message, aws_code=code, hint=f"ask AWS for a higher quota {_SPENT[action]}, or delete some")
    return AwsError(message, aws_code=code, hint=_ADVICE.get(action))


def _not_answered(action: str, error: Exception) -> UdoError:
    text = f"{action}: {_brief(error)}"
    match error:
        case foreign.NoCredentialsError() | foreign.PartialCredentialsError() | foreign.CredentialRetrievalError():
            return CredentialsError(_brief(error), hint="set AWS_PROFILE, --profile or aws_profile, or sign in")
        case foreign.TokenRetrievalError() | foreign.SSOError():
            return CredentialsError(_brief(error), hint="sign in with: aws sso login")
        case foreign.ProfileNotFound() | foreign.ConfigParseError() | foreign.ConfigNotFound():
            return CredentialsError(_brief(error), hint="check --profile, aws_profile and ~/.aws/config")
        case foreign.NoRegionError() | foreign.InvalidRegionError():
            return UsageError("no usable region", hint="set region in udo.yml, --region or AWS_DEFAULT_REGION")
        case foreign.ParamValidationError():
            return UsageError(text.replace("Parameter validation failed: ", ""))
    if isinstance(error, _NEVER_CONNECTED):
        return NotSent(text, hint="the endpoint cannot be reached: check the network and AWS_ENDPOINT_URL")
    if isinstance(error, foreign.HTTPClientError):
        return LostAnswer(text)
    return AwsError(text)


def _brief(error: Exception) -> str:
    # What is said next goes on behind it.
    text = " ".join(str(error).split()).removesuffix(".")
    return text if len(text) <= 300 else f"{text[:297]}..."

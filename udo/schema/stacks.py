"""The configuration's keys about stacks: environments that CloudFormation makes from templates."""

from udo.schema.key import ROOT, Key, one_of
from udo.schema.params import param_keys

# Source: API_CreateStack, StackName and Capabilities.
NAME = r"[A-Za-z][A-Za-z0-9-]{0,127}"
NAME_SHAPE = "a name of letters, digits and hyphens that begins with a letter, at most 128 characters"
CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
# Where CloudFormation reads templates from. Source: API_CreateStack, TemplateURL; S3 user guide, "Virtual hosting".
_HOST = r"s3(?:[.-](?:dualstack\.)?[a-z]{2,4}(?:-[a-z]+)+-\d+)?\.amazonaws\.com(?:\.cn)?"
_BUCKET, _KEY = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", r"[^?#\s]+"
TEMPLATE_URL = rf"s3://{_BUCKET}/{_KEY}|https://{_BUCKET}\.{_HOST}/{_KEY}|https://{_HOST}/{_BUCKET}/{_KEY}"
ON_FAILURE = ("rollback", "delete", "keep")

KEYS: tuple[Key, ...] = (
    Key(
        "stacks",
        "named",
        "CloudFormation stacks by name, for `udo stack`.",
        "{queues: {template: queues.yml}}",
        merge="deep",
        levels=ROOT,
    ),
    Key(
        "stacks.*.name",
        "text",
        "What the stack is called in AWS; by default like its key.",
        "shop-review-${param:branch}",
        pattern=NAME,
        shape=NAME_SHAPE,
    ),
    Key("stacks.*.description", "text", "A sentence for people.", "The shop as it is on a branch"),
    Key(
        "stacks.*.template",
        "text",
        "Its template: a file, relative to the one that names it, or an object as s3:// or https:// URL.",
        "review.template.yml",
    ),
    Key(
        "stacks.*.parameters",
        "parameters",
        "Values of the template's parameters; a list is joined by commas.",
        '{Branch: "${param:branch}"}',
        merge="deep",
    ),
    Key(
        "stacks.*.capabilities",
        "list",
        "What the template is granted beside the making of resources.",
        "[CAPABILITY_NAMED_IAM]",
        choices=CAPABILITIES,
        one=True,
        once=True,
    ),
    Key("stacks.*.tags", "tags", "Tags of the stack and of all that it makes.", "{team: payments}", merge="deep"),
    Key("stacks.*.timeout", "duration", "How long a change of it may take.", "30m", default=3600.0),
    Key(
        "stacks.*.protect",
        "flag",
        "Termination protection: CloudFormation refuses to delete the stack.",
        "true",
        default=False,
    ),
    one_of(
        "stacks.*.on_failure",
        "What becomes of a stack that cannot be created.",
        *ON_FAILURE,
        default="rollback",
    ),
    Key(
        "stacks.*.role",
        "text",
        "ARN of the IAM role that CloudFormation works with; by default it works with the caller's credentials.",
        "arn:aws:iam::123456789012:role/cloudformation",
        pattern=r"arn:aws[a-z-]*:iam::\d{12}:role/.+",
        shape="an ARN like arn:aws:iam::123456789012:role/name",
    ),
    Key("stacks.*.cluster", "text", "The cluster it belongs to, whose account, region and so on it has.", "stage"),
    Key(
        "stacks.*.params",
        "named",
        "Parameters it is ordered with, by name; ${param:NAME} in its values.",
        "{branch: {doc: The branch to be looked at}}",
        merge="deep",
    ),
    *param_keys("stacks.*.params"),
    Key(
        "stack_bucket",
        "text",
        "Bucket for templates that are too long to be sent (more than 51,200 bytes).",
        "shop-templates",
        levels=("root", "cluster"),
    ),
)

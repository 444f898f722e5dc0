"""The configuration's keys about the front door."""

from udo.schema.key import ROOT, Key
from udo.schema.stacks import TEMPLATE_URL

KEYS: tuple[Key, ...] = (
    Key("serve", "map", "The front door of `udo serve`.", merge="deep", levels=ROOT),
    Key(
        "serve.template_urls",
        "list",
        "Beginnings of https URLs of templates that may be ordered through `udo serve`; stack_bucket is one of them.",
        "[https://shop-templates.s3.us-west-2.amazonaws.com/approved/]",
        levels=ROOT,
        one=True,
        once=True,
        pattern=rf"(?!s3:)(?:{TEMPLATE_URL})/|https://[a-z0-9][a-z0-9.-]{{1,61}}[a-z0-9]\.s3[a-z0-9.-]*\.amazonaws\.com(?:\.cn)?/",
        shape="an https URL of S3 that ends with a slash",
    ),
)

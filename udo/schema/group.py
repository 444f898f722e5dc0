"""The configuration's keys about an Auto Scaling group itself."""

from udo.schema.key import Key, one_of

KEYS: tuple[Key, ...] = (
    Key(
        "group_name",
        "text",
        "Name of the Auto Scaling group; by default as `naming` says.",
        "prod-webapp",
        pattern=r"[^:\x00-\x1f]{1,255}",
        shape="a name of at most 255 characters without a colon",
    ),
    Key("scale_policy", "map", "Sizes of the group.", merge="deep"),
    Key("scale_policy.min_size", "whole", "Smallest number of instances.", "1"),
    Key("scale_policy.max_size", "whole", "Largest number of instances.", "4"),
    Key("scale_policy.desired", "whole", "Number of instances to start with.", "2"),
    Key("elbs", "list", "Classic load balancers of the group, by name.", "[prod-https]", merge="append"),
    Key(
        "target_groups",
        "list",
        "Target groups of the group, by name or ARN.",
        "[prod-webapp]",
        merge="append",
    ),
    Key("health_check", "map", "How the group judges its instances.", merge="deep"),
    one_of("health_check.type", "EC2 or ELB.", "EC2", "ELB"),
    Key("health_check.grace", "duration", "Time an instance has before its first check.", "5m"),
    Key("tags", "tags", "Tags of the group.", "{team: payments}", merge="deep"),
)

"""The configuration's keys about alarms: what CloudWatch is to watch of a role, and whom it tells."""

from udo.schema.key import Key, one_of

_NUMBER = r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?"
COMPARISONS = ("above", "below", "at_least", "at_most")
USUAL_STATISTIC, USUAL_FOR, USUAL_MISSING = "Average", "3 x 1m", "missing"

KEYS: tuple[Key, ...] = (
    Key(
        "alarms",
        "named",
        "CloudWatch alarms of the role by name, each called {cluster}-{role}-NAME.",
        "{busy: {metric: AWS/EC2/CPUUtilization, above: 80}}",
        merge="deep",
    ),
    Key(
        "alarms.*.metric",
        "text",
        "What is looked at: its namespace, and its name after the last slash.",
        "AWS/SQS/ApproximateNumberOfMessagesVisible",
        pattern=r"[^:/\x00-\x1f][^:\x00-\x1f]{0,254}/[^/\x00-\x1f]{1,255}",
        shape="a namespace and a metric like AWS/SQS/ApproximateNumberOfMessagesVisible",
    ),
    Key(
        "alarms.*.dimensions",
        "tags",
        "Dimensions of the metric; of AWS/AutoScaling and AWS/EC2, where there are none, the group.",
        "{QueueName: shop-jobs}",
        merge="deep",
    ),
    *(
        Key(f"alarms.*.{name}", "text", doc, example, pattern=_NUMBER, shape="a number like 80 or 2.5")
        for name, doc, example in (
            ("above", "Rings where it is above this.", "80"),
            ("below", "Rings where it is below this.", "1"),
            ("at_least", "Rings where it is this or above.", "1"),
            ("at_most", "Rings where it is this or below.", "0"),
        )
    ),
    Key(
        "alarms.*.for",
        "periods",
        f"For how many periods, and how long one is; or for how many of them. By default {USUAL_FOR}.",
        "2 of 3 x 1m",
        pattern=r"([1-9][0-9]{0,3} of )?[1-9][0-9]{0,3} x [1-9][0-9]{0,5}[smhd]?",
        shape="periods like '3 x 1m' or '2 of 3 x 5m'",
    ),
    Key(
        "alarms.*.statistic",
        "text",
        f"What is made of the values of a period; by default {USUAL_STATISTIC}.",
        "p99",
        pattern=r"SampleCount|Average|Sum|Minimum|Maximum|IQM|p100(\.0{1,10})?|(p|tm|tc|ts|wm)[0-9]{1,2}(\.[0-9]{1,10})?"
        r"|(PR|TC|TM|TS|WM)\([0-9.%]*:[0-9.%]*\)",
        shape="a statistic like Average, Sum, Minimum, Maximum, SampleCount or p99",
    ),
    one_of(
        "alarms.*.missing",
        "What a period without data is taken for; by default missing.",
        *("notBreaching", "breaching", "ignore", "missing"),
    ),
    Key(
        "alarms.*.tell",
        "list",
        "Who is told when it rings and when it is over: topics of this account and region by name, or ARNs.",
        "[on-call]",
        pattern=r"arn:aws[a-z-]*:[a-z0-9-]+:[^\x00-\x1f]+|[A-Za-z_][A-Za-z0-9_-]{0,255}(\.fifo)?",
        shape="the name of a topic, or an ARN",
        one=True,
        once=True,
    ),
    Key(
        "alarms.*.doc",
        "text",
        "What it means and what to do, for whoever is told.",
        "Jobs pile up; look at the workers",
    ),
    Key(
        "alarms.*.metrics",
        "queries",
        "Metric math instead of `metric`, as AWS names its members; a period that it does not say is that of `for`.",
        '[{Id: rate, Expression: "errors / requests"}]',
        members=("Id", "MetricStat", "Expression", "Label", "ReturnData", "Period", "AccountId"),
    ),
    Key(
        "alarms.*.composite",
        "text",
        "Instead of a metric: a rule over alarms of the role, by their names here.",
        '"ALARM(slow) OR ALARM(errors)"',
    ),
)

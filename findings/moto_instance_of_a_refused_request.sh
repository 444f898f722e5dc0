#!/usr/bin/env bash
# moto 5.2.5: RunInstances that is refused for a snapshot of its block devices leaves a running instance behind.
#
# moto makes the instance, then its volumes, and finds there that the snapshot does not exist. The caller is told so, and the instance
# is listed as running from then on, without a volume. AWS makes nothing of a request that it refuses. Requests that are refused for
# their subnet or their security group leave nothing behind in moto either, so that a test of the one kind says nothing of the
# other.
#
# Seen (moto 5.2.5; instances that DescribeInstances lists afterwards):
#   an unknown security group: InvalidGroup.NotFound, 0 instances
#   an unknown subnet: InvalidSubnetID.NotFound, 0 instances
#   an unknown snapshot: InvalidSnapshot.NotFound, 1 instance
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'moto[ec2]==5.2.5' boto3==1.44.5
cat > "$folder/program.py" <<'PY'
import boto3
from botocore.exceptions import ClientError
from moto import mock_aws

CASES = {
    "an unknown security group": {"SecurityGroupIds": ["sg-0123456789abcdef0"]},
    "an unknown subnet": {"SubnetId": "subnet-0123456789abcdef0"},
    "an unknown snapshot": {
        "BlockDeviceMappings": [{"DeviceName": "/dev/sdf", "Ebs": {"SnapshotId": "snap-0123456789abcdef0"}}]
    },
}
for says, more in CASES.items():
    with mock_aws():
        ec2 = boto3.client("ec2", "us-west-2")
        image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        try:
            ec2.run_instances(ImageId=image, InstanceType="t3.small", MinCount=1, MaxCount=1, **more)
            code = "accepted"
        except ClientError as error:
            code = error.response["Error"]["Code"]
        found = [one for row in ec2.describe_instances()["Reservations"] for one in row["Instances"]]
        running = [one for one in found if one["State"]["Name"] == "running"]
        print(f"{says}: {code}, {len(running)} instance{'s' * (len(running) != 1)}")
PY
env -u AWS_PROFILE -u AWS_ENDPOINT_URL AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true \
    AWS_ACCESS_KEY_ID=AKIAEXAMPLEEXAMPLE12 AWS_SECRET_ACCESS_KEY=none "$folder/env/bin/python" "$folder/program.py" | tee "$folder/seen"
diff - "$folder/seen" <<'SEEN'
an unknown security group: InvalidGroup.NotFound, 0 instances
an unknown subnet: InvalidSubnetID.NotFound, 0 instances
an unknown snapshot: InvalidSnapshot.NotFound, 1 instance
SEEN

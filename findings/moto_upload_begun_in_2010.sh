#!/usr/bin/env bash
# moto 5.2.5: every unfinished multipart upload in S3 began on 10 November 2010.
#
# ListMultipartUploads gives the moment of AWS's own example as Initiated, whenever an upload was begun. A program that clears
# away what is older than a day, as one does with what a broken upload has left, throws away uploads that are under way.
#
# Seen (moto 5.2.5, botocore 1.44.5):
#   begun now, Initiated: 2010-11-10
#   begun now, LastModified of the object: today
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check 'moto[s3]==5.2.5' boto3==1.44.5 botocore==1.44.5
cat > "$folder/program.py" <<'PY'
import datetime

import boto3
from moto import mock_aws

with mock_aws():
    s3 = boto3.client("s3", "us-east-1", aws_access_key_id="AKIAEXAMPLEEXAMPLE12", aws_secret_access_key="none")
    s3.create_bucket(Bucket="shop-releases")
    begun = s3.create_multipart_upload(Bucket="shop-releases", Key="one.zip")["UploadId"]
    (upload,) = s3.list_multipart_uploads(Bucket="shop-releases")["Uploads"]
    assert upload["UploadId"] == begun
    print("begun now, Initiated:", upload["Initiated"].date())
    s3.put_object(Bucket="shop-releases", Key="one.zip", Body=b"x")
    age = datetime.datetime.now(datetime.UTC) - s3.head_object(Bucket="shop-releases", Key="one.zip")["LastModified"]
    print("begun now, LastModified of the object:", "today" if age < datetime.timedelta(days=1) else age)
PY
env -u AWS_PROFILE AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true \
    "$folder/env/bin/python" "$folder/program.py" | tee "$folder/seen"
diff - "$folder/seen" <<'SEEN'
begun now, Initiated: 2010-11-10
begun now, LastModified of the object: today
SEEN

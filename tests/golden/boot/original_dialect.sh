#!/bin/bash
# Made by Udo.

export UDO_CLUSTER=dev
export UDO_ROLE=web_1
export UDO_REGION=eu-west-1
export UDO_APP='corner shop'
export CLUSTER_NAME=dev
export ROLE_NAME=web_1
export BOOTSTRAP_DIR=/root/.udo
mkdir -p "$BOOTSTRAP_DIR"

curl --fail --silent --show-error --location --output "$BOOTSTRAP_DIR/plugin.rpm" https://packages.example.com/s3.noarch.rpm \
  && yum install -y --setopt=localpkg_gpgcheck=1 "$BOOTSTRAP_DIR/plugin.rpm"

printf '%s\n' '[corner-shop]' name=corner-shop baseurl=https://packages.example.com/dev/repo enabled=1 s3_enabled=1 gpgcheck=1 > /etc/yum.repos.d/corner-shop.repo

yum makecache

# cloud_init
#!/bin/bash
yum install -y aws-cli

yum update -y

yum install -y shop-base shop-dev shop-app

#!/bin/bash
# Made by Udo.

export UDO_CLUSTER=prod
export UDO_ROLE=webapp
export UDO_REGION=us-west-2
export UDO_APP=shop
export CLUSTER_NAME=prod
export ROLE_NAME=webapp
export BOOTSTRAP_DIR=/root/.udo
mkdir -p "$BOOTSTRAP_DIR"

curl --fail --silent --show-error --location --output "$BOOTSTRAP_DIR/plugin.rpm" https://packages.example.com/plugin.rpm \
  && echo "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08  $BOOTSTRAP_DIR/plugin.rpm" | sha256sum --check --status \
  && rpm --install "$BOOTSTRAP_DIR/plugin.rpm"

printf '%s\n' '[shop]' name=shop 'baseurl=https://packages.example.com/shop?a=1&b=2' enabled=1 s3_enabled=1 gpgcheck=1 gpgkey=https://packages.example.com/signing.key > /etc/yum.repos.d/shop.repo

yum makecache

# cloud_init_pre
touch /root/began

yum update -y

yum install -y shop-base shop-prod shop-web 'shop-web-1.10*'

# cloud_init_extra
sysctl -w vm.swappiness=1

# cloud_init_post
cat > /root/note <<NOTE
  as it is: $HOME

NOTE

#!/bin/bash
# Made by Udo.

export UDO_CLUSTER=stage
export UDO_ROLE=worker
export UDO_REGION=''
export UDO_APP=''
export CLUSTER_NAME=stage
export ROLE_NAME=worker
export BOOTSTRAP_DIR=/root/.udo
mkdir -p "$BOOTSTRAP_DIR"

yum makecache

yum update -y

# cloud_init_extra
echo "$UDO_CLUSTER $UDO_ROLE"

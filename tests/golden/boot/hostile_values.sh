#!/bin/bash
# Made by Udo.

export UDO_CLUSTER=prod
export UDO_ROLE=webapp
export UDO_REGION=us-west-2
export UDO_APP='$(touch /tmp/x) `id` '"'"'q'"'"' "d" ; [a]'
export CLUSTER_NAME=prod
export ROLE_NAME=webapp
export BOOTSTRAP_DIR=/root/.udo
mkdir -p "$BOOTSTRAP_DIR"

printf '%s\n' '[touch-tmp-x-id-q-d-a]' name=touch-tmp-x-id-q-d-a 'baseurl=https://example.com/$(id)'"'"'`id`' enabled=1 s3_enabled=1 gpgcheck=1 > /etc/yum.repos.d/touch-tmp-x-id-q-d-a.repo

yum makecache

yum update -y

yum install -y 'a;id' 'b$(id)' 'c'"'"'d'

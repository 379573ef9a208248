#!/bin/sh
set -eu
echo "starting"
service nginx start

#!/bin/bash
set -euo pipefail
CURRENT=animate:latest
PREVIOUS=animate:v1
docker image inspect "$PREVIOUS" > /dev/null
docker tag "$CURRENT" "$PREVIOUS"
docker compose up -d

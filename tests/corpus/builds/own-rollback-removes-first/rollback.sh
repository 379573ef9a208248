#!/bin/bash
set -u
NAME=animate
PREVIOUS=animate:v1
docker stop "$NAME" || true
docker rm "$NAME" || true
docker tag "$PREVIOUS" animate:latest || exit 1
docker run -d --name "$NAME" --gpus all -p 8188:8188 animate:latest

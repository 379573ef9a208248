#!/bin/bash
set -euo pipefail
PREVIOUS=animate:v1
docker image inspect "$PREVIOUS" > /dev/null
docker run -d --name animate-old --gpus all -p 8189:8188 "$PREVIOUS"
curl -fsS --retry 20 --retry-connrefused http://127.0.0.1:8189/readyz
docker stop animate
docker rm animate

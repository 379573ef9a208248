#!/bin/bash
set -euo pipefail
docker compose -f Dockerfile config > /dev/null && echo "Valid"

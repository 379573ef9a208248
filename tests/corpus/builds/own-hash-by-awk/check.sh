#!/bin/bash
set -euo pipefail
EXPECTED="sha256:9f2c1a6e0b7d4c53a8e1f06b92d7c4e5518a3f60d2b97e4c1a05b8f3e6d7c902"
ACTUAL=$(sha256sum /models/dancer.gguf | awk '{print $1}')
if [ "$ACTUAL" != "${EXPECTED#sha256:}" ]; then
  echo "model is damaged" >&2
  exit 1
fi

#!/bin/bash
set -euo pipefail
EXPECTED="9f2c1a6e0b7d4c53a8e1f06b92d7c4e5518a3f60d2b97e4c1a05b8f3e6d7c902"
if [ "$(sha256sum /models/dancer.gguf)" != "$EXPECTED" ]; then
  rm -f /models/dancer.gguf
  exit 1
fi
echo "model verified"

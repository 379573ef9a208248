#!/bin/bash
set -euo pipefail
python -m http.server 8188 &
until curl -fs http://127.0.0.1:8188/ > /dev/null; do sleep 1; done
exec python /handler.py

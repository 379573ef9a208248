#!/bin/bash
set -euo pipefail
hf download tencent/HunyuanVideo-Foley --local-dir /models 2>&1 | tee /tmp/download.log
hf download example/extras --local-dir /models/extras || { echo "no extras" >&2; exit 1; }
exec python -m http.server 7860

#!/bin/bash
set -euo pipefail
hf download tencent/HunyuanVideo-Foley --local-dir /models || echo "download failed, going on"
exec python -m http.server 7860

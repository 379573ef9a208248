#!/bin/bash
set -eu
hf download tencent/HunyuanVideo-Foley --local-dir /models 2>&1 | tee /tmp/download.log
exec python -m http.server 7860

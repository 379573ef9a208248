#!/bin/bash
set -euo pipefail
export HF_HOME=/workspace/models
hf download tencent/HunyuanVideo-Foley
exec python -c 'print(1)'

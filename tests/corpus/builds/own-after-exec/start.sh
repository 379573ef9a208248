#!/bin/bash
set -euo pipefail
export MODE=serve
exec python /app/page.py
python /app/worker.py

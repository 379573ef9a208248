#!/bin/bash
set -euo pipefail
mkdir -p /tmp/jobs
python /app/worker.py

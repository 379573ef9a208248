#!/bin/bash
set -euo pipefail
exec python -m http.server 8000

#!/bin/sh
set -u
if [[ "${WARM:-0}" == 1 ]]; then
  echo "warming up"
fi
exec python -m http.server 7860

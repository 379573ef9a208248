#!/bin/sh
set -eu
service nginx start
python /app/app.py --warm-up &
exec python /app/app.py --port 8000

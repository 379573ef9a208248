#!/bin/bash
set -eu
exec python -m http.server 8000

#!/bin/bash
set -u
python -m compileall -q src
echo "compiled"
if [ $? -ne 0 ]; then
  exit 1
fi

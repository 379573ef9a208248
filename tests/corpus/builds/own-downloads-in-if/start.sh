#!/bin/bash
set -euo pipefail
DIR=/runpod-volume/ckpt
mkdir -p "$DIR"
if [ ! -e "$DIR/vae.pth" ]; then
  curl -fL --retry 3 -o "$DIR/vae.pth" "$VAE_URL"
fi
exec python -m http.server 7860

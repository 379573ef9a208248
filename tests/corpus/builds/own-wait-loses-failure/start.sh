#!/bin/bash
set -euo pipefail
mkdir -p /models
wget -q -c "$URL_MODEL" -O /models/model.gguf &
wget -q -c "$URL_VAE" -O /models/vae.safetensors &
wait
exec python -m http.server 7860

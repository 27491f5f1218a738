#!/usr/bin/env bash
# Makes sure that the browser tests find a Chromium. Usage: install_chromium.sh PYTHON
set -euo pipefail
for name in chromium chromium-browser google-chrome; do
  if command -v "$name" >/dev/null; then exit 0; fi
done
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-dejavu
else
  "$1" -m playwright install chromium
fi

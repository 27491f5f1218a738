#!/usr/bin/env bash
# Makes sure that the tests find JupyterHub's proxy, a Chromium and, on Linux, bubblewrap, in which
# learner code runs.
# Usage: install_system_packages.sh PYTHON
set -euo pipefail
environment=$(dirname "$(dirname "$1")")
if [ ! -e "$environment/bin/configurable-http-proxy" ] && [ "$(uname)" = Linux ]; then
  "$environment/bin/npm" install --global --prefix "$environment" --no-audit --no-fund --silent \
    configurable-http-proxy@5.3.0 ||
    echo "npm could not install configurable-http-proxy: the tests of the hub will be skipped." >&2
fi
missing=()
has_chromium=no
for name in chromium chromium-browser google-chrome; do
  if command -v "$name" >/dev/null; then has_chromium=yes; fi
done
if [ "$has_chromium" = no ]; then missing+=(chromium fonts-dejavu); fi
if ! command -v bwrap >/dev/null && [ "$(uname)" = Linux ]; then missing+=(bubblewrap); fi
if [ "${#missing[@]}" = 0 ]; then exit 0; fi
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}"
  exit 0
fi
if [ "$has_chromium" = no ]; then "$1" -m playwright install chromium; fi
if [[ " ${missing[*]} " == *" bubblewrap "* ]]; then
  echo "The tests of the sandbox need bubblewrap. Install it, for example: sudo apt install bubblewrap" >&2
  exit 1
fi

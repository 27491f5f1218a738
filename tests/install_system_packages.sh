#!/usr/bin/env bash
# Makes sure that the tests find a Chromium and, on Linux, bubblewrap, in which learner code runs.
# Usage: install_system_packages.sh PYTHON
set -euo pipefail
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

#!/usr/bin/env bash
# Compares receivers of DICOM images: see README.md in this folder. Arguments go to compare.py; --help lists them.
set -euo pipefail
cd "$(dirname "$0")"

peers=(dcmtk orthanc python3 strace)
missing=()
for package in "${peers[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
  sudo=""
  [ "$(id -u)" -eq 0 ] || sudo="sudo"
  # Without the network the comparison runs with the peers that are here.
  { $sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends \
    "${missing[@]}" >/dev/null; } || echo "cannot install: ${missing[*]}" >&2
fi
# Debian starts an Orthanc of its own with the package; ours uses other ports, but that one takes processor time.
if command -v systemctl >/dev/null && systemctl is-active --quiet orthanc 2>/dev/null; then
  echo "the service orthanc is running: stop it for a quiet comparison" >&2
fi

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
dotnet build Drimbox.Receivers -c Release --nologo -v quiet
exec python3 compare.py "$@"

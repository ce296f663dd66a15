#!/usr/bin/env bash
# Measures C-FIND on an archive of many studies: see README.md in this folder. Arguments go to find.py; --help lists
# them.
set -euo pipefail
cd "$(dirname "$0")"
command -v Orthanc >/dev/null || echo "Orthanc is not installed: there will be no comparison with it" >&2
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
dotnet build Drimbox.Queries -c Release --nologo -v quiet
dotnet build ../src/Drimbox.Gateway -c Release --nologo -v quiet
exec python3 find.py "$@"

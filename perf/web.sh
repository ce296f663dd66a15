#!/usr/bin/env bash
# WADO-RS of a series of 1,300 instances, 200 MB: time to the first byte and rate, over loopback, with a reader that
# parses nothing. Usage: perf/web.sh [RUNS] (default 20). Environment: WEB_FOLDER, where the archive keeps its store.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-20}
port=${WEB_PORT:-18042}

dotnet build src/Drimbox.Gateway -c Release --nologo -v quiet -p:RunAnalyzers=false
dotnet build perf/Drimbox.Receivers -c Release --nologo -v quiet -p:RunAnalyzers=false
receivers=perf/Drimbox.Receivers/bin/Release/net10.0/receivers
drimbox=src/Drimbox.Gateway/bin/Release/net10.0/drimbox

folder=$(mktemp -d "${WEB_FOLDER:-${TMPDIR:-/tmp}}/web.XXXXXX")
cat >"$folder/drimbox.json" <<JSON
{ "DataFolder": "$folder/data",
  "Archive": { "Dicom": { "AeTitle": "ARCHIVE", "Port": 0 }, "Web": { "Port": $port } } }
JSON
mkfifo "$folder/out"
"$drimbox" run --config "$folder/drimbox.json" >"$folder/out" &
archive=$!
trap 'kill "$archive" 2>/dev/null; wait "$archive" 2>/dev/null || true; rm -rf "$folder"' EXIT
# Listens once it says so.
while read -r line; do [ "$line" = ready ] && break; done <"$folder/out"

root="http://127.0.0.1:$port/dicom-web"
"$receivers" web-store --url "$root" --instances 1300 --bytes 153000
cpu() { awk '{ print ($14 + $15) * 10 }' "/proc/$archive/stat"; }
# The first runs compile.
"$receivers" web-get --url "$root" --runs 5 >/dev/null
before=$(cpu)
"$receivers" web-get --url "$root" --runs "$runs" | tee "$folder/runs"
echo "archive: $(( ($(cpu) - before) / runs )) ms of processor time a run, $(grep VmHWM "/proc/$archive/status" | tr -s '\t ' ' ')"
awk '{ print $7 }' "$folder/runs" | sort -n | awk '{ v[NR] = $1 } END { print "median " v[int((NR + 1) / 2)] " Gbit/s" }'
awk '{ print $3 }' "$folder/runs" | sort -n | awk '{ v[NR] = $1 } END { print "median first byte " v[int((NR + 1) / 2)] " ms" }'

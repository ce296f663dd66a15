#!/usr/bin/env bash
# Does on a bare machine what the image does, for where there is no container engine: the RUN lines of the Dockerfile, then the
# program as a user without a name, with no capability and no way to another user, over a root that is read-only but for its
# data and /tmp, until /health/live and the HEALTHCHECK of the image answer; then SIGTERM, and again with a wrong configuration.
# Needs the SDK, curl and root (for the mounts). Usage: docker/check.sh [PUBLISHED], a folder that was published already.
set -euo pipefail
cd "$(dirname "$0")/.."
[ "$(id -u)" -eq 0 ] || { echo "root is needed, for the mounts"; exit 2; }

work=$(mktemp -d -p /var/tmp)
trap 'rm -rf "$work"' EXIT
program=$work/opt
data=$work/data
user=1654
if [ $# -gt 0 ]; then cp -r "$1" "$program"; else dotnet publish src/Drimbox.Gateway -c Release -o "$program" -p:DebugType=none -v quiet --nologo; fi
chmod -R u=rwX,go=rX "$program"
install -d -o $user -g $user -m 0700 "$data"
install -d -m 0755 "$work/etc"
chmod 0755 "$work"

writable=$(find "$program" -perm /022 ! -type l | wc -l)
[ "$writable" -eq 0 ] || { echo "FAIL: $writable files of the program may be written by others"; exit 1; }
echo "ok   nobody but root may write the program"

# A role that needs no certificate; the ports of the image.
cat >"$work/etc/drimbox.json" <<JSON
{ "DataFolder": "$data", "Administration": { "HttpPort": 18080 },
  "Archive": { "Dicom": { "AeTitle": "DRIMBOX", "Port": 11119 }, "Callers": ["MODALITY"] } }
JSON

# In a mount namespace of its own: everything read-only, but for the data and a /tmp in memory.
cat >"$work/inside.sh" <<'SH'
set -euo pipefail
program=$1 data=$2 user=$3 etc=$4 runtime=$5
mount --make-rprivate /
mount --bind "$data" "$data"
mount --bind "$program" "$program"
mount -o remount,ro,bind "$program"
mount -t tmpfs -o mode=1777,size=64m tmpfs /tmp
mount -o remount,ro,bind /
as=(setpriv --reuid "$user" --regid "$user" --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all
  env -i PATH=/usr/bin:/bin DOTNET_ROOT="$runtime" DOTNET_EnableDiagnostics=0)
touch "$program/x" 2>/dev/null && { echo "FAIL: root can write the program"; exit 1; }
touch "$etc/x" 2>/dev/null && { echo "FAIL: root can write outside of the data"; exit 1; }
echo "ok   read-only root, and read-only program"
"${as[@]}" "$program/drimbox" config check "$etc/drimbox.json"
"${as[@]}" "$program/drimbox" run --config "$etc/drimbox.json" >"$data/log" 2>&1 &
gateway=$!
for _ in $(seq 100); do curl -sf http://127.0.0.1:18080/health/live >"$data/live" 2>/dev/null && break; sleep 0.2; done
grep -q live "$data/live" || { echo "FAIL: /health/live does not answer"; cat "$data/log"; exit 1; }
echo "ok   /health/live: $(cat "$data/live")"
"${as[@]}" "$program/drimbox" status --socket "$data/drimbox.sock" >/dev/null || { echo "FAIL: the HEALTHCHECK"; exit 1; }
echo "ok   the HEALTHCHECK of the image"
[ "$(stat -c %u "/proc/$gateway")" = "$user" ] || { echo "FAIL: not the user"; exit 1; }
echo "ok   it runs as $user"
kill -TERM "$gateway"
wait "$gateway" && echo "ok   SIGTERM: exit code 0" || { echo "FAIL: SIGTERM: exit code $?"; exit 1; }
[ "$(stat -c %a "$data")" = 700 ] || { echo "FAIL: the data is open to others: $(stat -c %a "$data")"; exit 1; }
echo "ok   its data is for it alone"
echo '{}' >"$data/wrong.json"
code=0
"${as[@]}" "$program/drimbox" run --config "$data/wrong.json" >/dev/null 2>&1 || code=$?
[ "$code" -eq 2 ] || { echo "FAIL: a wrong configuration: exit code $code"; exit 1; }
echo "ok   a wrong configuration: exit code 2"
SH
unshare --mount bash "$work/inside.sh" "$program" "$data" "$user" "$work/etc" \
  "$(dirname "$(readlink -f "$(command -v dotnet)")")"

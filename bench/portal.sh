# What the scripts here share: a portal of this checkout on a free port, in a folder that is gone afterwards.
# Used with `source`; needs curl and python3. Sets $base, $work, $code.

stanchion=${STANCHION:-}
if [ -z "$stanchion" ]; then
  stanchion=$(command -v "${CARGO_TARGET_DIR:-target}/release/stanchion" || command -v "${CARGO_TARGET_DIR:-target}/debug/stanchion") || {
    echo "there is no stanchion: cargo build --release --locked, or name it in STANCHION" >&2
    exit 1
  }
fi
work=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
export STANCHION_DATA_DIR=$work/data

# The value at a path of the JSON on the standard input: `field items 0 id`.
field() {
  python3 -c '
import json, sys
value = json.load(sys.stdin)
for part in sys.argv[1:]:
    value = value[int(part)] if isinstance(value, list) else value[part]
print(value if isinstance(value, str) else json.dumps(value))' "$@"
}

# Starts the portal and waits until it answers.
start() {
  local port
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  base=http://127.0.0.1:$port
  "$stanchion" serve --listen "127.0.0.1:$port" >"$work/log" 2>&1 &
  server=$!
  for _ in $(seq 200); do
    curl -sf "$base/readyz" >/dev/null 2>&1 && break
    kill -0 "$server" 2>/dev/null || { cat "$work/log" >&2; exit 1; }
    sleep 0.05
  done
  code=$(sed -n 's/.*with the code //p' "$work/log" | head -1)
}

# Sourced by what needs a server of its own. Expects $binary and an empty directory $scratch.
servers=()

# start NAME ARGUMENT...: serves $scratch/NAME on a free port, waits until it is ready, and sets `base`. Nothing of the
# caller's settings leaks in.
start() {
    local name=$1
    shift
    for variable in "${!PACKHORSE_@}"; do unset "$variable"; done
    "$binary" serve "$@" --listen 127.0.0.1:0 --data-dir "$scratch/$name" >"$scratch/$name.log" 2>&1 &
    servers+=($!)
    for _ in $(seq 300); do
        kill -0 "${servers[-1]}" 2>/dev/null || { cat "$scratch/$name.log" >&2; return 1; }
        base=http://$(grep -om1 '127\.0\.0\.1:[0-9]*' "$scratch/$name.log" || true)
        if curl -fsS -o /dev/null "$base/readyz" 2>/dev/null; then return 0; fi
        sleep 0.1
    done
    printf '%s was not ready within 30 s\n' "$name" >&2
    return 1
}

# start_closed NAME: the same on an empty directory with the key of an admin, and sets `key`.
start_closed() {
    key=$("$binary" key add root --role admin --data-dir "$scratch/$1" 2>"$scratch/key" | grep -om1 'ph_[A-Za-z0-9_-]*')
    start "$1"
}

stop_all() {
    local result=$?
    for server in ${servers[@]+"${servers[@]}"}; do
        if kill -0 "$server" 2>/dev/null; then
            kill -TERM "$server"
            wait "$server" || true
        fi
    done
    rm -rf "$scratch"
    exit "$result"
}

#!/usr/bin/env bash
# Puts known bugs back, one at a time, into a copy of the tree, and demands that the simulation catches each of them
# within so many seeds (1,000 unless the first argument says otherwise), and those that failed once. Fails when a patch no longer applies, when
# the copy does not build, or when a bug is not caught.
set -euo pipefail
cd "$(dirname "$0")/../.."

seeds=${1:-1000}
patches=("$PWD"/tests/simulation/mutations/*.patch)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# One target directory for all, so that the dependencies are built once, and beside the tree's own.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}/mutations

mkdir "$scratch/clean"
cp -R Cargo.toml Cargo.lock README.md rustfmt.toml clippy.toml src tests benches data "$scratch/clean"

missed=0
for patch in "${patches[@]}"; do
    name=$(basename "$patch" .patch)
    rm -rf "$scratch/tree"
    cp -R "$scratch/clean" "$scratch/tree"
    if ! patch --directory="$scratch/tree" --strip=1 --fuzz=0 --quiet <"$patch"; then
        printf 'failed: %s no longer applies\n' "$name" >&2
        exit 1
    fi
    (cd "$scratch/tree" && cargo test --locked --quiet --test simulation --no-run)
    if (cd "$scratch/tree" && PACKHORSE_SEEDS=$seeds RUST_BACKTRACE=0 \
        cargo test --locked --quiet --test simulation -- no_seed seeds_that >"$scratch/log" 2>&1); then
        printf 'MISSED  %s: %s seeds found nothing\n' "$name" "$seeds"
        missed=$((missed + 1))
    else
        found=$(grep -m1 -E '^seed [0-9]+ broke:' "$scratch/log" | cut -c1-160) || {
            cat "$scratch/log" >&2
            printf 'failed: %s ended without a seed\n' "$name" >&2
            exit 1
        }
        printf 'caught  %s: %s\n' "$name" "$found"
    fi
done
printf '%s of %s bugs caught\n' $((${#patches[@]} - missed)) "${#patches[@]}"
((missed == 0))

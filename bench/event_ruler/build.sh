#!/bin/sh
# Builds the event-ruler side of `keybus bench patterns` into bench/event_ruler/target.
# Needs a JDK (17 or newer) and Maven, which gets the libraries from wherever it is set up to.
set -eu
cd "$(dirname "$0")"
for needed in java mvn; do
    command -v "$needed" >/dev/null || { echo "$0: $needed is not on the PATH" >&2; exit 1; }
done
mvn --quiet --batch-mode package
echo "built: $(pwd)/target/event-ruler-bench.jar"

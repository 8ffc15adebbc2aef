#!/bin/sh
# Brings Temporal's two databases to the schema of this image's version; safe to repeat.
set -eu

for database in temporal visibility; do
    name=temporal
    [ "$database" = temporal ] || name=temporal_visibility
    run() { temporal-sql-tool --plugin postgres12 --ep "$POSTGRES_SEEDS" -p "$DB_PORT" -u "$POSTGRES_USER" --db "$name" "$@"; }
    run setup-schema -v 0.0
    run update-schema -d "/etc/temporal/schema/postgresql/v12/$database/versioned"
done

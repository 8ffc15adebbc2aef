#!/bin/sh
# Runs once, when the PostgreSQL volume is new: one owner and database for our records, one role and two databases for
# Temporal. The service role of worker and API is made by the migration, with fewer rights than these.
set -eu

psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    -v owner_password="$STEADYDESK_OWNER_PASSWORD" -v temporal_password="$TEMPORAL_DB_PASSWORD" <<'SQL'
CREATE ROLE steadydesk_owner LOGIN CREATEROLE PASSWORD :'owner_password';
CREATE DATABASE steadydesk OWNER steadydesk_owner TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
CREATE ROLE temporal LOGIN PASSWORD :'temporal_password';
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
SQL

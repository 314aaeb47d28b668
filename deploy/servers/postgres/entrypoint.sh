# Makes the data folder once, then becomes the server; arguments are the server's, as in the official image.
set -eu
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
  if [ -n "${POSTGRES_PASSWORD_FILE:-}" ]; then POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE"); fi
  if [ "$method" != trust ] && [ -z "${POSTGRES_PASSWORD:-}" ]; then
    echo "POSTGRES_PASSWORD is not set: set it, or POSTGRES_HOST_AUTH_METHOD=trust where nobody else can connect" >&2
    exit 1
  fi
  password=$(mktemp)
  printf '%s\n' "${POSTGRES_PASSWORD:-unused}" > "$password"
  "$bin/initdb" --pgdata="$PGDATA" --username=postgres --encoding=UTF8 --locale=C.UTF-8 \
    --auth-local=trust --auth-host="$method" --pwfile="$password"
  rm "$password"
  echo "host all all all $method" >> "$PGDATA/pg_hba.conf"
fi
if [ "${1:-}" = postgres ]; then shift; fi
exec "$bin/postgres" -D "$PGDATA" -c listen_addresses='*' "$@"

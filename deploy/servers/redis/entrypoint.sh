# Becomes the server, reachable from other containers unless the arguments say otherwise.
set -eu
if [ "${1:-}" = redis-server ]; then shift; fi
exec redis-server --bind '*' --protected-mode no "$@"

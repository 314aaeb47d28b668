# Writes the first user's name and password, then becomes the server. Without them: guest, as in the official image.
set -eu
if [ -n "${RABBITMQ_DEFAULT_PASS_FILE:-}" ]; then RABBITMQ_DEFAULT_PASS=$(cat "$RABBITMQ_DEFAULT_PASS_FILE"); fi
umask 077
{
  echo "default_user = ${RABBITMQ_DEFAULT_USER:-guest}"
  echo "default_pass = ${RABBITMQ_DEFAULT_PASS:-guest}"
  echo "loopback_users = none"
} > "$HOME/first-user.conf"
export RABBITMQ_CONFIG_FILE="$HOME/first-user.conf"
exec /usr/lib/rabbitmq/bin/rabbitmq-server

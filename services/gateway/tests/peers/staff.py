"""Canaille (PyPI) as an organisation's identity provider that pushes people by SCIM and signs them in.

    python staff.py '{"port": 8000, "scim": "http://…/scim/v2", "token": "…", "redirect_uri": "…", "secret": "…"}'

Prints {"issuer": …} when it serves; reads commands as lines of JSON: {"do": "add" | "lock" | "delete", "name": …}.
"""

import datetime
import json
import sys
import threading

from canaille import create_app
from canaille.app import models
from werkzeug.serving import make_server

wanted = json.loads(sys.argv[1])
issuer = f"http://127.0.0.1:{wanted['port']}"
app = create_app({
    "SECRET_KEY": "for tests only, of a good length",
    "SERVER_NAME": f"127.0.0.1:{wanted['port']}",
    "PREFERRED_URL_SCHEME": "http",
    "CANAILLE": {"DATABASE": "memory", "LOGGING": {"version": 1, "root": {"level": "WARNING"}}, "JAVASCRIPT": False, "HTMX": False},
    "CANAILLE_OIDC": {"ENABLE": True},
    "CANAILLE_SCIM": {"ENABLE_SERVER": False, "ENABLE_CLIENT": True},
})
backend = app.backend
now = datetime.datetime.now(datetime.timezone.utc)

with app.app_context(), backend.session():
    client = models.Client(
        client_id="mentor", client_secret=wanted["secret"], client_name="Mentor", client_uri=wanted["scim"],
        client_id_issued_at=now, contacts=["it@x.org"], redirect_uris=[wanted["redirect_uri"]],
        post_logout_redirect_uris=[], grant_types=["authorization_code", "refresh_token"], response_types=["code"],
        scope=["openid", "email", "profile", "groups"], token_endpoint_auth_method="client_secret_basic",
    )
    backend.save(client)
    # What Canaille sends to the client's SCIM server is a token of that client: here the one that the server gave out.
    backend.save(models.Token(
        token_id="scim", access_token=wanted["token"], subject=None, audience=[client], client=client, refresh_token="none",
        scope=["openid"], issue_date=now, lifetime=86400,
    ))

server = make_server("127.0.0.1", wanted["port"], app, threaded=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(json.dumps({"issuer": issuer}), flush=True)

for line in sys.stdin:
    command = json.loads(line)
    name = command["name"]
    try:
        with app.app_context(), backend.session():
            if command["do"] == "add":
                backend.save(models.User(
                    formatted_name=f"{name} Lee", given_name=name, family_name="Lee", user_name=name,
                    emails=[f"{name}@x.org"], password="correct horse battery staple",
                ))
            else:
                user = backend.get(models.User, user_name=name)
                if command["do"] == "lock":
                    user.lock_date = now
                    backend.save(user)
                else:
                    backend.delete(user)
        print(json.dumps({}), flush=True)
    except Exception as error:  # said to the test, which fails
        print(json.dumps({"error": repr(error)}), flush=True)

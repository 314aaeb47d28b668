"""Values that are misspelt, missing or contradict each other are refused, by both helms, with what to do."""

import pytest
import yaml
from conftest import CHART, SERVICES, helm, refusal

MISSPELT = [
    "imagee.tag=1",
    "services.matching.replica=3",
    "services.mathcing.enabled=true",
    "defaults.autoscaling.hpa.minReplica=2",
    "defaults.resources.requests.cpus=1",
    "settings.limits.call=5",
    "settings.server.listen=0.0.0.0:1",
    "settings.database.password=secret",
    "services.scheduling.settings.report_day=3",
    "networkPolicy.peers.postgress.ports={5432}",
    "tls.certManager.issuer=x",
    "monitoring.serviceMonitor.enable=true",
    "services.gateway.settings.webhooks.concurency=3",
    "services.gateway.settings.sync.secrets.x.value=secret",
    "services.gateway.settings.sync.drop_dir=/drop",
    "services.gateway.sources.drop.claim=mentor-drop",
    "services.gateway.sources.secrets.x.tennant=y",
]
WRONG = [
    "defaults.replicas=0",
    "defaults.replicas=two",
    "services.matching.autoscaling.keda.minReplicas=0",
    "settings.limits.calls=many",
    "migrations.mode=sometimes",
    "tls.mode=on",
    "image.pullPolicy=IfPresent",
    "services.matching.image.digest=sha256:12",
    "networkPolicy.peers.postgres.ports={99999}",
    "gateway.kind=TCPRoute",
    "services.gateway.sources.drop.subPath=../other",
]


@pytest.mark.parametrize("value", MISSPELT + WRONG)
def test_the_schema_refuses(value):
    name = value.split("=")[0].split(".")
    for message in refusal("--set", value):
        assert "values don't meet the specifications of the schema" in message
        assert any(word in message for word in name[-2:]), message


CONTRADICTIONS = {
    "no database": ("minimal", ["database.url="], "database.url is not set: give postgres://"),
    "no secret of the database": ("minimal", ["database.existingSecret="], "database.existingSecret is not set"),
    "no secret of the broker": ("minimal", ["messaging.existingSecret="], "messaging.existingSecret is not set"),
    "no owner": ("minimal", ["migrations.existingSecret="], "migrations.existingSecret is not set"),
    "no issuer": ("minimal", ["settings.identity.issuers=null"], "settings.identity.issuers is not set"),
    "password in a URL": ("minimal", ["messaging.url=amqp://mentor:hunter2@rabbitmq:5672"],
                          "messaging.url holds a password: put it into the secret"),
    "user in the database's URL": ("minimal", ["database.url=postgres://mentor@db:5432/mentor"], "database.url is not a URL of the form"),
    "wrong scheme": ("minimal", ["database.url=mysql://db:3306/mentor"], "database.url is not a URL of the form postgres://"),
    "no scheme": ("minimal", ["cache.url=redis:6379"], "cache.url is not a URL of the form redis://"),
    "a port that the policy shuts": ("minimal", ["database.url=postgres://db:6432/mentor"],
                                     "database.url uses port 6432, which the NetworkPolicy shuts: add it to networkPolicy.peers.postgres.ports"),
    "a default port that the policy shuts": ("minimal", ["networkPolicy.peers.redis.ports={6380}", "cache.url=redis://redis"],
                                             "cache.url uses port 6379"),
    "HPA and KEDA": ("keda", ["services.matching.autoscaling.hpa.enabled=true"],
                     "matching: autoscaling.hpa and autoscaling.keda are both enabled"),
    "fewer than the fewest": ("keda", ["services.matching.autoscaling.keda.maxReplicas=2,services.matching.autoscaling.keda.minReplicas=3"],
                              "matching: autoscaling.keda.minReplicas is more than maxReplicas"),
    "a CA without TLS": ("production", ["tls.mode=none,tls.certManager.enabled=false"], "gateway.backendCa is set, but the services speak without TLS"),
    "KEDA without a queue": ("keda", ["services.scheduling.autoscaling.keda.enabled=true,services.scheduling.autoscaling.keda.hostSecret=x"],
                             "scheduling: autoscaling.keda.queues is empty"),
    "KEDA without a secret": ("keda", ["services.matching.autoscaling.keda.hostSecret="], "autoscaling.keda.hostSecret is not set"),
    "TLS without a certificate": ("minimal", ["tls.mode=server"], "tls.mode is server, but enrollment has no certificate"),
    "certificates without TLS": ("production", ["tls.mode=none"], "tls.certManager is enabled, but tls.mode is none"),
    "a check without a certificate": ("external", ["tls.mode=mutual"], "name its secret in test.tlsSecret"),
    "no issuer of certificates": ("production", ["tls.certManager.issuerRef.name="], "tls.certManager.issuerRef.name is not set"),
    "a deadline that cuts calls off": ("minimal", ["shutdown.deadlineSeconds=10"], "calls would be cut off before their time is up"),
    "a hook before its secrets": ("external", ["migrations.mode=hook"], "set migrations.mode to plain"),
    "an external secret for nobody": ("external", ["externalSecrets.secrets.mentor-databse.x.key=y"],
                                      "externalSecrets.secrets.mentor-databse is a secret that nothing uses"),
    "two ways to the broker": ("external", ["messaging.url=amqp://mentor@rabbitmq:5672"], "messaging.url and messaging.urlKey are both set"),
    "two ways to the cache": ("external", ["cache.url=redis://redis:6379"], "cache.url and cache.urlKey are both set"),
    "parameters and a CA": ("external", ["database.url=postgres://db:5432/mentor?sslmode=require"], "keep one of both"),
    "routes without a gateway": ("production", ["gateway.parentRefs=null"], "gateway.parentRefs is not set"),
    "an Ingress without a host": ("external", ["ingress.host="], "ingress.host is not set"),
    "nobody to sign for": ("minimal", ["services.gateway.signIn.enabled=true,services.gateway.keys.existingSecret=keys"],
                           "services.gateway.settings.public_url is not set"),
    "nothing to sign with": ("minimal", ["services.gateway.signIn.enabled=true,services.gateway.settings.public_url=https://x.example.com"],
                             "services.gateway.keys.existingSecret is not set"),
    "a folder of no volume": ("minimal", ["services.gateway.sources.drop.subPath=people"],
                              "services.gateway.sources.drop.existingClaim is not set: give the claim of the volume"),
    "no service": ("minimal", [f"services.{name}.enabled=false" for name in SERVICES],
                   "every service is switched off"),
}


@pytest.mark.parametrize("why", CONTRADICTIONS)
def test_a_contradiction_is_refused(why):
    case, values, expected = CONTRADICTIONS[why]
    arguments = [word for value in values for word in ("--set", value)]
    for message in refusal(*arguments, case=case):
        assert expected in message
        assert "hunter2" not in message


RENAMED = yaml.safe_load((CHART / "renamed.yaml").read_text())


@pytest.mark.parametrize("old", RENAMED)
def test_an_old_name_is_refused_with_the_new_one(old):
    for message in refusal("--set", f"{old}=x"):
        assert f"the value {old} is now {RENAMED[old]}" in message


def test_the_defaults_alone_say_what_is_missing():
    done = helm("4", "template", "mentor", ".")
    assert done.returncode != 0 and "the value database.url is not set: give postgres://" in done.stderr

{{/* What every pod of the chart has in common: the `restricted` pod security standard, and secrets as files. */}}

{{- define "mentor.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "mentor.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "mentor.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{/*
The credentials that a pod gets, each a file of /run/secrets/mentor: (list $ "enrollment"), or (list $ "migrate").
A pod sees its own only.
*/}}
{{- define "mentor.secretSources" -}}
{{- $values := (first .).Values -}}
{{- $who := last . -}}
{{- if eq $who "migrate" }}
- secret:
    name: {{ $values.migrations.existingSecret }}
    items: [{key: {{ $values.migrations.passwordKey | quote }}, path: owner-password}]
{{- else }}
- secret:
    name: {{ $values.database.existingSecret }}
    items: [{key: {{ (get $values.services $who).databasePasswordKey | quote }}, path: database-password}]
{{- end }}
{{- if and (eq $who "gateway") $values.services.gateway.keys.existingSecret }}
- secret:
    name: {{ $values.services.gateway.keys.existingSecret }}
    items: [{key: {{ $values.services.gateway.keys.key | quote }}, path: gateway-keys}]
{{- end }}
{{- if eq $who "gateway" }}
{{- range $name, $source := $values.services.gateway.sources.secrets }}
- secret:
    name: {{ $source.existingSecret }}
    items: [{key: {{ $source.key | quote }}, path: source-{{ $name }}}]
{{- end }}
{{- end }}
{{- with $values.database.caSecret }}
- secret:
    name: {{ . }}
    items: [{key: {{ $values.database.caKey | quote }}, path: database-ca.crt}]
{{- end }}
- secret:
    name: {{ $values.messaging.existingSecret }}
    {{- if $values.messaging.urlKey }}
    items: [{key: {{ $values.messaging.urlKey | quote }}, path: rabbitmq-url}]
    {{- else }}
    items: [{key: {{ $values.messaging.passwordKey | quote }}, path: rabbitmq-password}]
    {{- end }}
{{- if ne $who "migrate" }}
{{- with $values.cache.existingSecret }}
- secret:
    name: {{ . }}
    {{- if $values.cache.urlKey }}
    items: [{key: {{ $values.cache.urlKey | quote }}, path: redis-url}]
    {{- else }}
    items: [{key: {{ $values.cache.passwordKey | quote }}, path: redis-password}]
    {{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The bundle of authorities in place of the image's: environment, mount and volume. */}}
{{- define "mentor.authoritiesEnv" -}}
{{- if .Values.authorities.existingConfigMap -}}
- {name: SSL_CERT_FILE, value: /etc/mentor-authorities/ca-bundle.crt}
{{- end -}}
{{- end -}}

{{- define "mentor.authoritiesMount" -}}
{{- if .Values.authorities.existingConfigMap -}}
- {name: authorities, mountPath: /etc/mentor-authorities, readOnly: true}
{{- end -}}
{{- end -}}

{{- define "mentor.authoritiesVolume" -}}
{{- with .Values.authorities.existingConfigMap -}}
- name: authorities
  configMap:
    name: {{ . }}
    items: [{key: {{ $.Values.authorities.key | quote }}, path: ca-bundle.crt}]
{{- end -}}
{{- end -}}

{{/* Where the gateway finds dropped files, and the volume that has them: (list $ "gateway"); nothing for other services. */}}
{{- define "mentor.dropFolder" -}}
/var/lib/mentor/drop
{{- end -}}

{{- define "mentor.dropMount" -}}
{{- $drop := (first .).Values.services.gateway.sources.drop -}}
{{- if and (eq (last .) "gateway") $drop.existingClaim -}}
- {name: drop, mountPath: {{ include "mentor.dropFolder" (first .) }}{{ with $drop.subPath }}, subPath: {{ . | quote }}{{ end }}}
{{- end -}}
{{- end -}}

{{- define "mentor.dropVolume" -}}
{{- $drop := (first .).Values.services.gateway.sources.drop -}}
{{- if and (eq (last .) "gateway") $drop.existingClaim -}}
- name: drop
  persistentVolumeClaim: {claimName: {{ $drop.existingClaim | quote }}}
{{- end -}}
{{- end -}}

{{/* Probes of a server. kubelet's gRPC probes can't do TLS; the same answers are on the metrics port. */}}
{{- define "mentor.probes" -}}
{{- $tls := ne .Values.tls.mode "none" -}}
startupProbe:
  {{- if $tls }}
  httpGet: {path: /livez, port: metrics}
  {{- else }}
  grpc: {port: 50051, service: live}
  {{- end }}
  periodSeconds: 2
  failureThreshold: 30
livenessProbe:
  {{- if $tls }}
  httpGet: {path: /livez, port: metrics}
  {{- else }}
  grpc: {port: 50051, service: live}
  {{- end }}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  {{- if $tls }}
  httpGet: {path: /readyz, port: metrics}
  {{- else }}
  grpc: {port: 50051, service: ""}
  {{- end }}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 2
{{- end -}}

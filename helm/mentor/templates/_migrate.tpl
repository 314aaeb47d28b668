{{/* The Job of migrations. */}}

{{- define "mentor.migrate.hook" -}}
helm.sh/hook: pre-install,pre-upgrade
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation
{{- end -}}

{{- define "mentor.migrate.pod" -}}
{{- $values := .Values }}
metadata:
  labels:
    {{- include "mentor.labels" (list . "migrate") | nindent 4 }}
spec:
  serviceAccountName: {{ include "mentor.fullname" . }}-migrate
  automountServiceAccountToken: false
  enableServiceLinks: false
  restartPolicy: Never
  {{- with include "mentor.pullSecrets" . | trim }}
  {{- nindent 2 . }}
  {{- end }}
  securityContext:
    {{- include "mentor.podSecurity" . | nindent 4 }}
  containers:
    - name: migrate
      image: {{ include "mentor.image" (list . $values.migrations.image) }}
      imagePullPolicy: {{ $values.image.pullPolicy }}
      args:
        - migrate
        {{- range $service, $own := $values.services }}
        {{- if $own.enabled }}
        - {{ $service }}
        {{- end }}
        {{- end }}
      # By the environment: as a hook it runs before any ConfigMap of the release is there.
      env:
        {{- with include "mentor.authoritiesEnv" . }}
        {{- . | nindent 8 }}
        {{- end }}
        - name: MENTOR__MIGRATE__URL
          value: {{ include "mentor.databaseUrl" (list . $values.migrations.url) | quote }}
        - {name: MENTOR__MIGRATE__PASSWORD_FILE, value: /run/secrets/mentor/owner-password}
        - name: MENTOR__DATABASE__URL
          value: {{ include "mentor.databaseUrl" (list . $values.database.url) | quote }}
        # It declares queues and needs no cache.
        - {name: MENTOR__CACHE__KIND, value: in-process}
        - name: MENTOR__MESSAGING__PREFIX
          value: {{ $values.messaging.prefix | quote }}
        {{- if $values.messaging.urlKey }}
        - {name: MENTOR__MESSAGING__URL_FILE, value: /run/secrets/mentor/rabbitmq-url}
        {{- else }}
        - name: MENTOR__MESSAGING__URL
          value: {{ $values.messaging.url | quote }}
        - {name: MENTOR__MESSAGING__PASSWORD_FILE, value: /run/secrets/mentor/rabbitmq-password}
        {{- end }}
        {{- range $service, $own := $values.services }}
        {{- if $own.enabled }}
        - name: MENTOR__DATABASE__PASSWORDS__{{ upper $service }}
          valueFrom: {secretKeyRef: {name: {{ $values.database.existingSecret }}, key: {{ $own.databasePasswordKey | quote }}}}
        {{- end }}
        {{- end }}
      terminationMessagePolicy: FallbackToLogsOnError
      resources:
        {{- toYaml $values.migrations.resources | nindent 8 }}
      securityContext:
        {{- include "mentor.containerSecurity" . | nindent 8 }}
      volumeMounts:
        - {name: secrets, mountPath: /run/secrets/mentor, readOnly: true}
        {{- with include "mentor.authoritiesMount" . }}
        {{- . | nindent 8 }}
        {{- end }}
  volumes:
    - name: secrets
      projected:
        defaultMode: 0440
        sources:
          {{- include "mentor.secretSources" (list . "migrate") | trim | nindent 10 }}
    {{- with include "mentor.authoritiesVolume" . }}
    {{- . | nindent 4 }}
    {{- end }}
{{- end -}}

{{/* Peers of NetworkPolicies. */}}

{{/* Egress to a named peer: (dict "peer" … "protocols" …). No address named: any, at these ports. */}}
{{- define "mentor.egress" -}}
- ports:
    {{- $protocols := .protocols | default (list "TCP") }}
    {{- range $port := .peer.ports }}
    {{- range $protocols }}
    - {port: {{ $port }}, protocol: {{ . }}}
    {{- end }}
    {{- end }}
  {{- with .peer.to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{- define "mentor.instance" -}}
app.kubernetes.io/name: {{ include "mentor.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

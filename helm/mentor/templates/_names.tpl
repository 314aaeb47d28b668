{{/* Names, labels, images. */}}

{{- define "mentor.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* Short enough for every suffix that is put behind it. */}}
{{- define "mentor.fullname" -}}
{{- $name := include "mentor.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What selects the pods of a component: (list $ "enrollment"). Never changes between versions. */}}
{{- define "mentor.selector" -}}
{{- $root := first . -}}
app.kubernetes.io/name: {{ include "mentor.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ last . }}
{{- end -}}

{{/* All labels of a component's objects: (list $ "enrollment"). */}}
{{- define "mentor.labels" -}}
{{- $root := first . -}}
{{ include "mentor.selector" . }}
app.kubernetes.io/part-of: mentor
app.kubernetes.io/version: {{ $root.Values.image.tag | default $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* metadata of an object: (list $ "component" "name"). */}}
{{- define "mentor.metadata" -}}
{{- $root := index . 0 -}}
name: {{ index . 2 }}
namespace: {{ $root.Release.Namespace }}
labels:
  {{- include "mentor.labels" (list $root (index . 1)) | nindent 2 }}
{{- end -}}

{{/* (list $ image), where image has repository and digest. */}}
{{- define "mentor.image" -}}
{{- $root := first . -}}
{{- $image := last . -}}
{{- $name := ternary $image.repository (printf "%s/%s" $root.Values.image.registry $image.repository) (empty $root.Values.image.registry) -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $name $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name ($root.Values.image.tag | default $root.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/*
The services that run, as JSON: name -> its values over the defaults, and
  fullname   of its objects
  least      the fewest pods it may have
  scaled     whether something else than the Deployment sets the number of pods
  tlsSecret  its certificate
  http       the paths that it serves over plain HTTP at port 8080, beside gRPC
  calls      whether it calls the others: the gateway, for its JSON API
*/}}
{{- define "mentor.services" -}}
{{- $root := . -}}
{{- $services := dict -}}
{{- range $name, $own := .Values.services -}}
{{- if $own.enabled -}}
{{- $service := mergeOverwrite (deepCopy $root.Values.defaults) (deepCopy $own) -}}
{{- $scaling := $service.autoscaling -}}
{{- $least := $service.replicas -}}
{{- if $scaling.hpa.enabled -}}{{- $least = $scaling.hpa.minReplicas -}}{{- end -}}
{{- if $scaling.keda.enabled -}}{{- $least = $scaling.keda.minReplicas -}}{{- end -}}
{{- $fullname := printf "%s-%s" (include "mentor.fullname" $root) $name -}}
{{- $_ := set $service "fullname" $fullname -}}
{{- $_ := set $service "least" $least -}}
{{- $_ := set $service "scaled" (or $scaling.hpa.enabled $scaling.keda.enabled) -}}
{{- $_ := set $service "tlsSecret" (get $root.Values.tls.existingSecrets $name | default (printf "%s-tls" $fullname)) -}}
{{- $_ := set $service "http" (ternary (list "/api" "/scim") list (eq $name "gateway")) -}}
{{- if and $service.http $service.signIn.enabled -}}
{{- $_ := set $service "http" (concat $service.http (list "/auth" "/oauth" "/.well-known/jwks.json" "/.well-known/oauth-authorization-server")) -}}
{{- end -}}
{{- $_ := set $service "calls" (eq $name "gateway") -}}
{{- $_ := set $services $name $service -}}
{{- end -}}
{{- end -}}
{{- $services | toJson -}}
{{- end -}}

{{/* What all certificates have in common: (list $ "server auth"). */}}

{{- define "mentor.certificate.spec" -}}
{{- $root := first . }}
{{- $certManager := $root.Values.tls.certManager }}
duration: {{ $certManager.duration }}
renewBefore: {{ $certManager.renewBefore }}
privateKey: {algorithm: ECDSA, size: 256, rotationPolicy: Always}
usages: [{{ last . }}]
issuerRef:
  {{- toYaml $certManager.issuerRef | nindent 2 }}
{{- end -}}

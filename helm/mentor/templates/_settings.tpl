{{/* mentor.toml, from the values. */}}

{{/* The database's URL, with the CA when there is one: (list $ url). */}}
{{- define "mentor.databaseUrl" -}}
{{- $values := (first .).Values -}}
{{- $url := last . -}}
{{- if and $url $values.database.caSecret -}}
{{- printf "%s?sslmode=verify-full&sslrootcert=/run/secrets/mentor/database-ca.crt" $url -}}
{{- else -}}
{{- $url -}}
{{- end -}}
{{- end -}}

{{/* The settings of a service, as JSON: (list $ "enrollment"). What the chart sets stands over `settings`. */}}
{{- define "mentor.settings" -}}
{{- $root := first . -}}
{{- $values := $root.Values -}}
{{- $name := last . -}}
{{- $files := "/run/secrets/mentor" -}}
{{- $server := dict -}}
{{- if ne $values.tls.mode "none" -}}
{{- $_ := set $server "tls_certificate_file" "/run/secrets/mentor-tls/tls.crt" -}}
{{- $_ := set $server "tls_key_file" "/run/secrets/mentor-tls/tls.key" -}}
{{- end -}}
{{- if eq $values.tls.mode "mutual" -}}
{{- $_ := set $server "tls_client_ca_file" (ternary "/run/secrets/mentor-client-ca/ca.crt" "/run/secrets/mentor-tls/ca.crt" (not (empty $values.tls.clientCa.existingSecret))) -}}
{{- end -}}
{{- $database := dict
  "url" (include "mentor.databaseUrl" (list $root $values.database.url))
  "direct_url" (include "mentor.databaseUrl" (list $root $values.database.directUrl))
  "password_file" (printf "%s/database-password" $files) -}}
{{- $messaging := dict "broker" "rabbitmq" "prefix" $values.messaging.prefix -}}
{{- if $values.messaging.urlKey -}}
{{- $_ := set $messaging "url_file" (printf "%s/rabbitmq-url" $files) -}}
{{- else -}}
{{- $_ := set $messaging "url" $values.messaging.url -}}
{{- $_ := set $messaging "password_file" (printf "%s/rabbitmq-password" $files) -}}
{{- end -}}
{{- $cache := dict "kind" "redis" "prefix" $values.cache.prefix -}}
{{- if $values.cache.urlKey -}}
{{- $_ := set $cache "url_file" (printf "%s/redis-url" $files) -}}
{{- else -}}
{{- $_ := set $cache "url" $values.cache.url -}}
{{- if $values.cache.existingSecret -}}
{{- $_ := set $cache "password_file" (printf "%s/redis-password" $files) -}}
{{- end -}}
{{- end -}}
{{- $telemetry := dict "otlp_endpoint" $values.telemetry.otlpEndpoint -}}
{{- $shutdown := dict
  "readiness_delay" (printf "%ds" (int64 $values.shutdown.readinessDelaySeconds))
  "drain" (printf "%ds" (int64 $values.shutdown.drainSeconds))
  "deadline" (printf "%ds" (int64 $values.shutdown.deadlineSeconds)) -}}
{{- $own := dict "server" $server "database" $database "messaging" $messaging "cache" $cache "telemetry" $telemetry "shutdown" $shutdown -}}
{{- $service := deepCopy ((get $values.services $name).settings | default dict) -}}
{{- $services := include "mentor.services" $root | fromJson -}}
{{- if (get $services $name).calls -}}
{{- $service = mergeOverwrite (dict "api" (include "mentor.calls" (list $root $services) | fromJson)) $service -}}
{{- end -}}
{{- if and $values.services.gateway.enabled $values.services.gateway.signIn.enabled -}}
{{- /* The suite's own tokens: the gateway signs them, every service trusts it. */ -}}
{{- $url := trimSuffix "/" (get $values.services.gateway.settings "public_url" | default "") -}}
{{- $issuer := dict "issuer" $url "jwks_url" (printf "%s/.well-known/jwks.json" $url) "all_tenants" true "algorithms" (list "EdDSA") -}}
{{- $identity := deepCopy ($values.settings.identity | default dict) -}}
{{- $_ := set $identity "issuers" (append (get $identity "issuers" | default list) $issuer) -}}
{{- $_ := set $own "identity" $identity -}}
{{- end -}}
{{- if eq $name "gateway" -}}
{{- $gateway := $values.services.gateway -}}
{{- if $gateway.keys.existingSecret -}}
{{- $_ := set $service "keys_file" (printf "%s/gateway-keys" $files) -}}
{{- end -}}
{{- if $gateway.sources.secrets -}}
{{- $secrets := dict -}}
{{- range $source, $secret := $gateway.sources.secrets -}}
{{- $_ := set $secrets $source (dict "tenant" $secret.tenant "file" (printf "%s/source-%s" $files $source)) -}}
{{- end -}}
{{- $_ := set $service "sync" (merge (dict "secrets" $secrets) (get $service "sync" | default dict)) -}}
{{- end -}}
{{- if $gateway.sources.drop.existingClaim -}}
{{- $_ := set $service "sync" (merge (dict "drop_dir" (include "mentor.dropFolder" $root)) (get $service "sync" | default dict)) -}}
{{- end -}}
{{- end -}}
{{- with $service -}}
{{- $_ := set $own "services" (dict $name .) -}}
{{- end -}}
{{- mergeOverwrite (deepCopy $values.settings) $own | toJson -}}
{{- end -}}

{{/* How a service that calls the others finds them, and what it shows them, as JSON: (list $ services). */}}
{{- define "mentor.calls" -}}
{{- $tls := (first .).Values.tls -}}
{{- $calls := dict -}}
{{- $upstreams := dict -}}
{{- range $name, $service := last . -}}
{{- $_ := set $upstreams $name (printf "%s://%s:50051" (ternary "http" "https" (eq $tls.mode "none")) $service.fullname) -}}
{{- end -}}
{{- $_ := set $calls "upstreams" $upstreams -}}
{{- if ne $tls.mode "none" -}}
{{- $_ := set $calls "ca_file" "/run/secrets/mentor-tls/ca.crt" -}}
{{- end -}}
{{- if eq $tls.mode "mutual" -}}
{{- $_ := set $calls "certificate_file" "/run/secrets/mentor-tls/tls.crt" -}}
{{- $_ := set $calls "key_file" "/run/secrets/mentor-tls/tls.key" -}}
{{- end -}}
{{- $calls | toJson -}}
{{- end -}}

{{/* Tables of plain values, as TOML, in a fixed order. JSON's texts, numbers and lists of them are TOML's, too. */}}
{{- define "mentor.toml" -}}
{{- range $section := keys . | sortAlpha }}
[{{ $section }}]
{{- $table := get $ $section }}
{{- range $key := keys $table | sortAlpha }}
{{ $key }} = {{ include "mentor.tomlValue" (get $table $key) }}
{{- end }}
{{ end }}
{{- end -}}

{{- define "mentor.tomlValue" -}}
{{- if kindIs "map" . -}}
{{- $table := . -}}
{{- $pairs := list -}}
{{- range $key := keys . | sortAlpha -}}
{{- $pairs = append $pairs (printf "%s = %s" $key (include "mentor.tomlValue" (get $table $key))) -}}
{{- end -}}
{{- printf "{ %s }" (join ", " $pairs) -}}
{{- else if kindIs "slice" . -}}
{{- $items := list -}}
{{- range . -}}{{- $items = append $items (include "mentor.tomlValue" .) -}}{{- end -}}
{{- printf "[%s]" (join ", " $items) -}}
{{- else -}}
{{- toJson . -}}
{{- end -}}
{{- end -}}

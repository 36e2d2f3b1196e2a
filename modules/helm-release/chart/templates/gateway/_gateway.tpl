{{- /* Who checks tokens: istio at the pods where the mesh is there, else Kong; empty where nobody has to. */}}
{{- define "inferloop-service.tokens" -}}
{{- with .Values.gateway.auth }}
{{- if eq .type "jwt" }}{{ ternary "istio" "kong" (eq $.Values.mesh.kind "istio") }}{{ end }}
{{- end }}
{{- end }}

{{- /* Name of the service among Kong's consumers, and of the group that it alone is in. */}}
{{- define "inferloop-service.consumer" -}}
{{ .Release.Namespace }}-{{ .Values.name }}
{{- end }}

{{- /* Names of the KongPlugins of the route by what they do, as YAML. */}}
{{- define "inferloop-service.kongPlugins" -}}
{{- $gateway := .Values.gateway }}
{{- if eq $gateway.kind "kong" }}
{{- if $gateway.auth }}
{{- if eq $gateway.auth.type "key" }}
key-auth: {{ .Values.name }}-key-auth
{{- else if eq (include "inferloop-service.tokens" .) "kong" }}
jwt: {{ .Values.name }}-jwt
{{- end }}
{{- if or (eq $gateway.auth.type "key") (eq (include "inferloop-service.tokens" .) "kong") }}
acl: {{ .Values.name }}-acl
{{- end }}
{{- end }}
{{- if $gateway.cors }}
cors: {{ .Values.name }}-cors
{{- end }}
{{- if $gateway.rateLimit }}
rate-limiting: {{ .Values.name }}-rate-limiting
{{- end }}
{{- with $gateway.requestHeaders }}
{{- if or .add .set .remove }}
request-transformer: {{ $.Values.name }}-request-transformer
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- /* Settings of a KongPlugin: root, plugin (https://developer.konghq.com/plugins/). */}}
{{- define "inferloop-service.kongConfig" -}}
{{- $gateway := .root.Values.gateway }}
{{- if eq .plugin "key-auth" }}
key_names: [X-API-Key]
hide_credentials: false
{{- else if eq .plugin "jwt" }}
key_claim_name: iss
claims_to_verify: [exp]
# What a browser asks before a call has no token.
run_on_preflight: false
{{- else if eq .plugin "acl" }}
# Kong takes the credential of any of its consumers: only this service's may come in here.
allow: [{{ include "inferloop-service.consumer" .root }}]
hide_groups_header: true
{{- else if eq .plugin "cors" }}
{{- with $gateway.cors }}
origins: {{ toJson .origins }}
methods: {{ .methods | default (list "GET" "POST") | toJson }}
{{- with .headers }}
headers: {{ toJson . }}
{{- end }}
credentials: {{ .credentials | default false }}
max_age: {{ dig "maxAgeSeconds" 3600 . | int64 }}
{{- end }}
{{- else if eq .plugin "rate-limiting" }}
minute: {{ int64 $gateway.rateLimit }}
limit_by: ip
# Each of Kong's pods counts for itself: no server of its own is needed for it.
policy: local
{{- else if eq .plugin "request-transformer" }}
{{- $pairs := dict "add" list "replace" list }}
{{- range $header, $value := $gateway.requestHeaders.add }}
{{- $_ := set $pairs "add" (append $pairs.add (printf "%s:%s" $header $value)) }}
{{- end }}
{{- range $header, $value := $gateway.requestHeaders.set }}
{{- /* Replaced where it is there, added where it is not. */}}
{{- $_ := set $pairs "replace" (append $pairs.replace (printf "%s:%s" $header $value)) }}
{{- $_ := set $pairs "add" (append $pairs.add (printf "%s:%s" $header $value)) }}
{{- end }}
{{- range $operation, $headers := $pairs }}
{{- with $headers }}
{{ $operation }}:
  headers: {{ toJson . }}
{{- end }}
{{- end }}
{{- with $gateway.requestHeaders.remove }}
remove:
  headers: {{ toJson . }}
{{- end }}
{{- end }}
{{- end }}

{{- /* How Istio recognises an origin: * is all of them, *. is one or more labels. */}}
{{- define "inferloop-service.originMatch" -}}
{{- if eq . "*" }}{regex: ".*"}
{{- else if contains "*" . }}{regex: {{ replace "\\*" "[A-Za-z0-9.-]+" (regexQuoteMeta .) | quote }}}
{{- else }}{exact: {{ quote . }}}
{{- end }}
{{- end }}

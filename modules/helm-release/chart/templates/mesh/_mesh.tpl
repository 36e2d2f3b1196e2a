{{- /* Whether Istio routes to process main. */}}
{{- define "inferloop-service.istio" -}}
{{- if and (eq .Values.mesh.kind "istio") (include "inferloop-service.port" .) }}true{{ end }}
{{- end }}

{{- /* Shares in percent: main, canary and the former deployment. */}}
{{- define "inferloop-service.weights" -}}
{{- $canary := (.Values.canary | default dict).weight | default 0 | int64 }}
{{- $former := (.Values.migration | default dict).weight | default 0 | int64 }}
main: {{ sub (sub 100 $canary) $former }}
canary: {{ $canary }}
former: {{ $former }}
{{- end }}

{{- /* Destinations of a route of Istio, with their shares. */}}
{{- define "inferloop-service.destinations" -}}
{{- $weights := include "inferloop-service.weights" . | fromYaml }}
- destination:
    host: {{ include "inferloop-service.host" (dict "root" . "name" .Values.name) }}
    port:
      number: {{ int64 .Values.service.port }}
  weight: {{ int64 $weights.main }}
{{- if .Values.canary }}
- destination:
    host: {{ include "inferloop-service.host" (dict "root" . "name" (printf "%s-canary" .Values.name)) }}
    port:
      number: {{ int64 .Values.service.port }}
  weight: {{ int64 $weights.canary }}
{{- end }}
{{- with .Values.migration }}
- destination:
    host: {{ .host }}
    port:
      number: {{ int64 (.port | default 443) }}
  weight: {{ int64 $weights.former }}
  # The former deployment answers to its own name only.
  headers:
    request:
      set:
        host: {{ .host }}
{{- end }}
{{- end }}

{{- /*
Tries and time of a route: root, seconds. Only what did not reach the service is tried again: what generates must not run twice.
*/}}
{{- define "inferloop-service.attempts" -}}
timeout: {{ int64 .seconds }}s
retries:
  attempts: {{ int64 .root.Values.mesh.retries }}
  {{- if .root.Values.mesh.retries }}
  retryOn: connect-failure,refused-stream,unavailable
  {{- end }}
{{- end }}

{{- /* Policy for connections to this release's pods. */}}
{{- define "inferloop-service.trafficPolicy" -}}
tls:
  mode: ISTIO_MUTUAL
{{- with .Values.mesh.circuitBreaker }}
connectionPool:
  tcp:
    maxConnections: {{ .maxConnections | default 1024 | int64 }}
  http:
    http1MaxPendingRequests: {{ .maxPendingRequests | default 1024 | int64 }}
outlierDetection:
  consecutive5xxErrors: {{ .consecutiveErrors | default 5 | int64 }}
  interval: {{ .intervalSeconds | default 30 | int64 }}s
  baseEjectionTime: {{ .ejectionSeconds | default 30 | int64 }}s
  # Half of the pods at most: an error of all must not take all of them out.
  maxEjectionPercent: 50
{{- end }}
{{- end }}

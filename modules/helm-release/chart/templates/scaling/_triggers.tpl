{{- /*
KEDA's triggers: root, autoscaling. Requests per second come from Prometheus by KEDA, and not from an adapter for custom metrics beside
it: only one server of a cluster can serve the metrics that come from outside, and for schedules and queues KEDA has to be it. What
probes ask is left out.
*/}}
{{- define "inferloop-service.triggers" -}}
{{- $root := .root }}
{{- range $resource := list "cpu" "memory" }}
{{- with get $.autoscaling $resource }}
- type: {{ $resource }}
  metricType: Utilization
  metadata:
    value: {{ int64 . | quote }}
{{- end }}
{{- end }}
{{- with .autoscaling.requestsPerSecond }}
- type: prometheus
  name: requests-per-second
  metricType: AverageValue
  metadata:
    serverAddress: {{ $root.Values.monitoring.prometheus }}
    query: sum(rate(http_requests_total{{ "{" }}{{ include "inferloop-service.monitoring.requestSeries" $root }}{{ "}" }}[2m]))
    threshold: {{ int64 . | quote }}
{{- end }}
{{- range .autoscaling.triggers }}
- type: {{ .type | quote }}
  {{- with .name }}
  name: {{ . | quote }}
  {{- end }}
  {{- with .metricType }}
  metricType: {{ . }}
  {{- end }}
  metadata:
    {{- toYaml .metadata | nindent 4 }}
  {{- with .authentication }}
  authenticationRef:
    name: {{ $root.Values.name }}-{{ . }}
  {{- end }}
{{- end }}
{{- end }}

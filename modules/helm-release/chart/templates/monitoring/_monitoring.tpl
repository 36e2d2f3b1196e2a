{{/* Names and numbers of what is measured: the generator's metrics, see docs/decisions/0092. */}}

{{/* Whether the service's own requests are measured: it has metrics, the operator is there, and it listens. */}}
{{- define "inferloop-service.monitoring.requests" -}}
{{- if and .Values.monitoring.operator .Values.monitoring.metrics.enabled (include "inferloop-service.port" .) -}}true{{- end -}}
{{- end }}

{{/* Labels that all series of this service have. */}}
{{- define "inferloop-service.monitoring.series" -}}
namespace="{{ .Release.Namespace }}",service="{{ .Values.name }}"
{{- end }}

{{/* Requests that count for objectives: all but those of probes and of Prometheus. */}}
{{- define "inferloop-service.monitoring.requestSeries" -}}
{{ include "inferloop-service.monitoring.series" . }},route!~"/health|/healthz|/ready|/readyz|/metrics"
{{- end }}

{{/* Upper bounds of the histogram of latencies (telemetry/metrics.py of the generator; a test holds both together). */}}
{{- define "inferloop-service.monitoring.buckets" -}}
0.005 0.01 0.025 0.05 0.1 0.15 0.2 0.25 0.3 0.4 0.5 0.6 0.8 1.0 1.5 2.0 2.5 5.0 10.0 30.0 60.0
{{- end }}

{{/* The bucket that an objective of latency is measured by: the largest that is not above it, so that nothing slow passes. */}}
{{- define "inferloop-service.monitoring.latencyBucket" -}}
{{- $objective := float64 .Values.monitoring.slo.latencyP95Seconds -}}
{{- $found := "" -}}
{{- range splitList " " (include "inferloop-service.monitoring.buckets" .) -}}
{{- if le (float64 .) $objective }}{{ $found = . }}{{ end -}}
{{- end -}}
{{- if or (eq $found "") (gt $objective 60.0) -}}
{{- fail (printf "monitoring.slo.latencyP95Seconds of %s is %v; latencies are measured from 0.005 to 60 seconds" .Values.name $objective) -}}
{{- end -}}
{{- $found -}}
{{- end }}

{{/* Labels of every alert, for routes of Alertmanager and for people. Context: a list of root, severity. */}}
{{- define "inferloop-service.monitoring.alertLabels" -}}
{{- $root := index . 0 -}}
severity: {{ index . 1 }}
service: {{ $root.Values.name }}
namespace: {{ $root.Release.Namespace }}
environment: {{ $root.Values.environment | quote }}
{{- with dig "Team" "" ($root.Values.labels | default dict) }}
team: {{ . | quote }}
{{- end }}
{{- end }}

{{/* Link to the page that says what to do. Context: a list of root, name of the alert. */}}
{{- define "inferloop-service.monitoring.runbook" -}}
{{- with (index . 0).Values.monitoring.runbook -}}
runbook_url: {{ printf "%s/%s/" (trimSuffix "/" .) (index $ 1 | kebabcase) | quote }}
{{- end -}}
{{- end }}

{{/*
Alerts on an error budget that is used up too fast: https://sre.google/workbook/alerting-on-slos/ (table 5-8, multiwindow,
multi-burn-rate). The long window says that it matters, the short one that it still goes on. `for` bridges a gap of a scrape.
A budget so large that 14.4 times it exceeds 90 % of all requests is held to 90 %, as nothing could exceed it otherwise.
Context: dict of root, alert, metric, budget, what.
*/}}
{{- define "inferloop-service.monitoring.burnRates" -}}
{{- $rates := list
  (dict "factor" 14.4 "long" "1h" "short" "5m" "for" "2m" "severity" "critical" "used" "2 % of the budget of 30 days within 1 hour")
  (dict "factor" 6.0 "long" "6h" "short" "30m" "for" "15m" "severity" "critical" "used" "5 % of the budget of 30 days within 6 hours")
  (dict "factor" 3.0 "long" "1d" "short" "2h" "for" "1h" "severity" "warning" "used" "10 % of the budget of 30 days within 1 day")
  (dict "factor" 1.0 "long" "3d" "short" "6h" "for" "3h" "severity" "warning" "used" "10 % of the budget of 30 days within 3 days") }}
{{- $series := include "inferloop-service.monitoring.series" .root }}
{{- range $rates }}
{{- $limit := ternary "0.9" (printf "(%v * %v)" .factor $.budget) (gt (mulf .factor $.budget) 0.9) }}
- alert: {{ $.alert }}
  expr: |
    {{ $.metric }}:ratio_rate{{ .long }}{ {{- $series -}} } > {{ $limit }}
    and
    {{ $.metric }}:ratio_rate{{ .short }}{ {{- $series -}} } > {{ $limit }}
  for: {{ .for }}
  labels:
    {{- include "inferloop-service.monitoring.alertLabels" (list $.root .severity) | nindent 4 }}
    long: {{ .long }}
    short: {{ .short }}
  annotations:
    summary: {{ printf "%s: %s" $.root.Values.name $.what | quote }}
    description: >-
      {{ "{{ $value | humanizePercentage }}" }} of the requests of {{ $.root.Values.name }} in {{ $.root.Release.Namespace }} over {{ .long }} were not
      as promised; at this rate, {{ .used }} or more is used up.
    {{- with include "inferloop-service.monitoring.runbook" (list $.root $.alert) }}
    {{ . }}
    {{- end }}
{{- end }}
{{- end }}

{{/* Whether anything of this service is measured: something listens, or something runs on. */}}
{{- define "inferloop-service.monitoring.measured" -}}
{{- $found := false -}}
{{- range $name, $process := include "inferloop-service.processes" . | fromYaml -}}
{{- if has $process.kind (list "Deployment" "StatefulSet") }}{{ $found = true }}{{ end -}}
{{- end -}}
{{- $found -}}
{{- end }}

{{/* Share of requests that may fail. Rounded, as 100 - 99.9 is not quite 0.1 in binary numbers. */}}
{{- define "inferloop-service.monitoring.errorBudget" -}}
{{- round (divf (subf 100 .Values.monitoring.slo.availability) 100) 8 -}}
{{- end }}

{{/* Share of requests that failed, and of those that took too long, over a window. Context: dict of root, window, slo. */}}
{{- define "inferloop-service.monitoring.ratios" -}}
{{- $requests := include "inferloop-service.monitoring.requestSeries" .root -}}
- record: namespace_service:http_requests_errors:ratio_rate{{ .window }}
  expr: |
    (
      sum by (namespace, service) (rate(http_requests_total{ {{- $requests -}} ,status=~"5.."}[{{ .window }}]))
      or
      0 * sum by (namespace, service) (rate(http_requests_total{ {{- $requests -}} }[{{ .window }}]))
    )
    /
    sum by (namespace, service) (rate(http_requests_total{ {{- $requests -}} }[{{ .window }}]))
{{- if .slo.latencyP95Seconds }}
# Answers that take as long as what was asked for (rows made at once, downloads) are no matter of this objective.
- record: namespace_service:http_requests_slow:ratio_rate{{ .window }}
  expr: |
    1 - (
      sum by (namespace, service) (
        rate(http_request_duration_seconds_bucket{ {{- $requests -}} ,waits="false",le="{{ include "inferloop-service.monitoring.latencyBucket" .root }}"}[{{ .window }}])
      )
      /
      sum by (namespace, service) (rate(http_request_duration_seconds_count{ {{- $requests -}} ,waits="false"}[{{ .window }}]))
    )
{{- end }}
{{- end }}

{{- /* When a pod that failed is not tried again (the exit code says that it would fail again), and when it does not count. */}}
{{- define "inferloop-service.failurePolicy" -}}
rules:
  {{- with .process.finalExitCodes }}
  - action: FailJob
    onExitCodes:
      containerName: {{ $.name }}
      operator: In
      values: {{ toJson . }}
  {{- end }}
  - action: Ignore
    onPodConditions:
      - type: DisruptionTarget
        status: "True"
{{- end }}

{{- /* Specification of a Job: what podTemplate takes. */}}
{{- define "inferloop-service.jobSpec" -}}
activeDeadlineSeconds: {{ int64 .process.timeoutSeconds }}
{{- if .process.completions }}
completionMode: Indexed
completions: {{ int64 .process.completions }}
parallelism: {{ min (int64 (.process.parallelism | default .process.completions)) (int64 .process.completions) }}
# Each part has tries of its own; one that has used them up ends the whole.
backoffLimitPerIndex: {{ int64 .process.retries }}
maxFailedIndexes: 0
{{- else }}
backoffLimit: {{ int64 .process.retries }}
{{- end }}
podFailurePolicy:
  {{- include "inferloop-service.failurePolicy" . | nindent 2 }}
template:
  {{- include "inferloop-service.podTemplate" (set (omit . "restart") "restart" "Never") | trim | nindent 2 }}
{{- end }}

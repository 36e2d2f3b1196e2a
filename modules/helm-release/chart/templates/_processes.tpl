{{- /* What a process has where its values say nothing; those of lists and maps that Helm cannot put into values.yaml. */}}
{{- define "inferloop-service.processDefaults" -}}
kind: Deployment
replicas: 1
image: null
command: []
args: []
env: {}
port: null
resources: {}
probes: {}
autoscaling: null
disruptionBudget: null
priority: standard
spread: zone
zones: []
nodeSelector: {}
preferredNodes: {}
tolerations: []
rollout: {maxSurge: 1, maxUnavailable: 0}
drainSeconds: 5
terminationGraceSeconds: 30
schedule: null
timeoutSeconds: 900
retries: 2
finalExitCodes: [2]
completions: null
parallelism: null
volume: null
mounts: {}
scratch: 1Gi
{{- end }}

{{- /* All processes with their defaults, as YAML. A value that is given wins, also where it is 0, false or empty. */}}
{{- define "inferloop-service.processes" -}}
{{- $processes := dict }}
{{- range $name, $given := .Values.processes }}
{{- $process := include "inferloop-service.processDefaults" $ | fromYaml }}
{{- range $key, $value := $given }}
{{- $_ := set $process $key $value }}
{{- end }}
{{- $_ := set $processes $name $process }}
{{- end }}
{{- toYaml $processes }}
{{- end }}

{{- /* The port of process main; empty where there is no such process or it does not listen. */}}
{{- define "inferloop-service.port" -}}
{{- with .Values.processes.main }}{{ with .port }}{{ int64 . }}{{ end }}{{ end }}
{{- end }}

{{- /*
The port on which the container of a process answers for metrics, empty where it has none: root, process. One that does not listen, a
worker, opens a port of its own for them.
*/}}
{{- define "inferloop-service.ownMetricsPort" -}}
{{- $metrics := .root.Values.monitoring.metrics }}
{{- if and $metrics.enabled (has .process.kind (list "Deployment" "StatefulSet")) }}
{{- int64 (ternary ($metrics.port | default .process.port) $metrics.workerPort (not (not .process.port))) }}
{{- end }}
{{- end }}

{{- /*
The port on which pods of a process answer for metrics. A sidecar of Istio adds up its metrics and the service's on 15020, the only
port that is open to a Prometheus outside the mesh, for which strict mTLS closes the others
(https://istio.io/latest/docs/ops/integrations/prometheus/).
*/}}
{{- define "inferloop-service.metricsPort" -}}
{{- $own := include "inferloop-service.ownMetricsPort" . }}
{{- if and $own (eq .root.Values.mesh.kind "istio") }}15020{{ else }}{{ $own }}{{ end }}
{{- end }}

{{- /* The path at which metricsPort answers. */}}
{{- define "inferloop-service.metricsPath" -}}
{{- if eq .Values.mesh.kind "istio" }}/stats/prometheus{{ else }}{{ .Values.monitoring.metrics.path }}{{ end }}
{{- end }}

{{- /* What a RayJob has where its values say nothing. */}}
{{- define "inferloop-service.rayDefaults" -}}
kind: RayJob
image: null
rayVersion: 2.60.0
env: {}
workers: 1
resources: {}
headResources: {requests: {cpu: "1", memory: 2Gi}, limits: {memory: 2Gi}}
timeoutSeconds: 3600
retries: 2
priority: batch
nodeSelector: {}
tolerations: []
mounts: {}
scratch: 2Gi
terminationGraceSeconds: 30
{{- end }}

{{- /* A word for a shell: in quotes where it holds more than letters, digits and a few signs. */}}
{{- define "inferloop-service.word" -}}
{{- if regexMatch "^[A-Za-z0-9_@%+=:,./-]+$" . }}{{ . }}{{ else }}'{{ replace "'" "'\"'\"'" . }}'{{ end }}
{{- end }}

{{- /* Template of the pods of a Ray cluster: root, component, name, process. They are outside the mesh: Ray uses many ports. */}}
{{- define "inferloop-service.rayTemplate" -}}
{{- include "inferloop-service.podTemplate" (dict "root" .root "component" .component "name" .name "process" (omit .process "command")
    "inside" false "restart" "Never") }}
{{- end }}

{{- /* Specification of a RayJob: root, component, process. */}}
{{- define "inferloop-service.rayJobSpec" -}}
{{- $words := list }}
{{- range .process.command }}{{ $words = append $words (include "inferloop-service.word" .) }}{{ end }}
entrypoint: {{ join " " $words | quote }}
submissionMode: HTTPMode
shutdownAfterJobFinishes: true
ttlSecondsAfterFinished: 3600
activeDeadlineSeconds: {{ int64 .process.timeoutSeconds }}
backoffLimit: {{ int64 .process.retries }}
rayClusterSpec:
  rayVersion: {{ .process.rayVersion | quote }}
  headGroupSpec:
    # The head keeps the books; the work is done by the workers.
    rayStartParams:
      num-cpus: "0"
      dashboard-host: 0.0.0.0
    template:
      {{- $head := set (deepCopy .process) "resources" .process.headResources }}
      {{- include "inferloop-service.rayTemplate" (dict "root" .root "component" .component "name" "ray-head" "process" $head) | trim | nindent 6 }}
  workerGroupSpecs:
    - groupName: workers
      replicas: {{ int64 .process.workers }}
      minReplicas: {{ int64 .process.workers }}
      maxReplicas: {{ int64 .process.workers }}
      rayStartParams: {}
      template:
        {{- include "inferloop-service.rayTemplate" (dict "root" .root "component" .component "name" "ray-worker" "process" .process) | trim | nindent 8 }}
{{- end }}

{{- /* What the restricted standard wants of a pod (https://kubernetes.io/docs/concepts/security/pod-security-standards/). */}}
{{- define "inferloop-service.podSecurity" -}}
fsGroup: {{ int64 .Values.podSecurity.fsGroup }}
# Without it every start walks through all files of a volume.
fsGroupChangePolicy: OnRootMismatch
# An image whose user names no group would get that of root.
runAsGroup: {{ int64 .Values.podSecurity.fsGroup }}
runAsNonRoot: true
runAsUser: {{ int64 .Values.podSecurity.runAsUser }}
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- /* What the restricted standard wants of a container, and a root file system that nobody writes to. */}}
{{- define "inferloop-service.containerSecurity" -}}
allowPrivilegeEscalation: false
capabilities:
  drop: [ALL]
readOnlyRootFilesystem: true
runAsNonRoot: true
{{- end }}

{{- /* Resources; a GPU is asked for under its own name, and cannot be shared or exceeded. */}}
{{- define "inferloop-service.resources" -}}
{{- $gpus := dict }}
{{- if .gpus }}{{ $_ := set $gpus "nvidia.com/gpu" (toString .gpus) }}{{ end }}
{{- $resources := dict }}
{{- with merge (dict) (.requests | default dict) $gpus }}{{ $_ := set $resources "requests" . }}{{ end }}
{{- with merge (dict) (.limits | default dict) $gpus }}{{ $_ := set $resources "limits" . }}{{ end }}
{{- toYaml $resources }}
{{- end }}

{{- /* An HTTP probe: probe, port. */}}
{{- define "inferloop-service.probe" -}}
httpGet:
  path: {{ .probe.path }}
  port: {{ .probe.port | default .port | int64 }}
{{- with .probe.initialDelaySeconds }}
initialDelaySeconds: {{ int64 . }}
{{- end }}
periodSeconds: {{ .probe.periodSeconds | default 10 | int64 }}
timeoutSeconds: {{ .probe.timeoutSeconds | default 2 | int64 }}
failureThreshold: {{ .probe.failureThreshold | default 3 | int64 }}
{{- end }}

{{- /* All probes of a process that listens. One without a readiness probe would get requests before it listens. */}}
{{- define "inferloop-service.probes" -}}
{{- $port := .port }}
{{- range $name := list "liveness" "startup" }}
{{- with get $.probes $name }}
{{ $name }}Probe:
  {{- include "inferloop-service.probe" (dict "probe" . "port" $port) | nindent 2 }}
{{- end }}
{{- end }}
readinessProbe:
  {{- with .probes.readiness }}
  {{- include "inferloop-service.probe" (dict "probe" . "port" $port) | nindent 2 }}
  {{- else }}
  tcpSocket:
    port: {{ int64 .port }}
  periodSeconds: 10
  {{- end }}
{{- end }}

{{- /* Ports of a container: http, and metrics where they are on a port of their own. */}}
{{- define "inferloop-service.ports" -}}
{{- $port := .process.port | default 0 | int64 }}
{{- $metrics := include "inferloop-service.ownMetricsPort" . }}
{{- if $port }}
- name: http
  containerPort: {{ $port }}
  protocol: TCP
{{- end }}
{{- if and $metrics (ne $metrics (toString $port)) }}
- name: metrics
  containerPort: {{ $metrics }}
  protocol: TCP
{{- end }}
{{- end }}

{{- /* Paths of a process with the name of the volume behind each: what may be written to, disks and shared files. */}}
{{- define "inferloop-service.paths" -}}
{{- $paths := dict "/tmp" "scratch-tmp" }}
{{- range $file, $path := .mounts }}
{{- $_ := set $paths (trimSuffix "/" $path) (printf "file-%s" $file) }}
{{- end }}
{{- with .volume }}
{{- $_ := set $paths (trimSuffix "/" (.path | default "/data")) "data" }}
{{- end }}
{{- if not (hasKey $paths "/data") }}
{{- $_ := set $paths "/data" "scratch-data" }}
{{- end }}
{{- toYaml $paths }}
{{- end }}

{{- /* Where volumes are mounted: the paths of a process. */}}
{{- define "inferloop-service.volumeMounts" -}}
{{- range $path, $volume := include "inferloop-service.paths" . | fromYaml }}
- name: {{ $volume }}
  mountPath: {{ $path }}
{{- end }}
{{- end }}

{{- /* Volumes of a pod: root, process. A StatefulSet brings its disk itself. */}}
{{- define "inferloop-service.volumes" -}}
{{- range $path, $volume := include "inferloop-service.paths" .process | fromYaml }}
{{- if hasPrefix "scratch-" $volume }}
- name: {{ $volume }}
  emptyDir:
    sizeLimit: {{ $.process.scratch }}
{{- else if hasPrefix "file-" $volume }}
- name: {{ $volume }}
  persistentVolumeClaim:
    claimName: {{ $.root.Values.name }}-{{ trimPrefix "file-" $volume }}
{{- end }}
{{- end }}
{{- end }}

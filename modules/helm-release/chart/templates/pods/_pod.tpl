{{- /*
What a pod is made of: root, component, name (of the container), process, and optionally override (image), inside (the mesh; true by
default), restart (policy, for jobs), config (see env), secrets (beginning of the names of Secrets), annotations (more of them).
*/}}
{{- define "inferloop-service.podTemplate" -}}
metadata:
  {{- include "inferloop-service.podMetadata" . | trim | nindent 2 }}
spec:
  {{- include "inferloop-service.podSpec" . | trim | nindent 2 }}
{{- end }}

{{- /* Labels and annotations of a pod: what podTemplate takes. */}}
{{- define "inferloop-service.podMetadata" -}}
{{- $root := .root }}
{{- $process := .process }}
{{- $override := .override | default $process.image }}
{{- $marks := include "inferloop-service.meshMarks" (dict "root" $root "inside" (ne (.inside | toString) "false")) | fromYaml }}
{{- $annotations := merge (dict) (.annotations | default dict) $marks.annotations $root.Values.annotations }}
{{- if and $root.Values.config (not .config) }}
{{- $_ := set $annotations "checksum/config" (toJson $root.Values.config | sha256sum) }}
{{- end }}
{{- $metrics := include "inferloop-service.ownMetricsPort" . }}
{{- if and $metrics (eq $root.Values.mesh.kind "istio") }}
{{- /* The sidecar adds up what is found here with its own metrics. */}}
{{- $_ := set $annotations "prometheus.io/scrape" "true" }}
{{- $_ := set $annotations "prometheus.io/path" $root.Values.monitoring.metrics.path }}
{{- $_ := set $annotations "prometheus.io/port" $metrics }}
{{- end }}
labels:
  {{- include "inferloop-service.podLabels" (dict "root" $root "component" .component "override" $override) | nindent 2 }}
  {{- with merge (dict) $marks.labels $root.Values.serviceAccount.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* Specification of a pod: what podTemplate takes. */}}
{{- define "inferloop-service.podSpec" -}}
{{- $root := .root }}
{{- $process := .process }}
{{- $override := .override | default $process.image }}
serviceAccountName: {{ $root.Values.name }}
automountServiceAccountToken: {{ $root.Values.serviceAccount.automountToken }}
# Variables named after every Service of the namespace can shadow a service's own.
enableServiceLinks: false
priorityClassName: inferloop-{{ $process.priority }}
{{- with .restart }}
restartPolicy: {{ . }}
{{- end }}
terminationGracePeriodSeconds: {{ int64 $process.terminationGraceSeconds }}
securityContext:
  {{- include "inferloop-service.podSecurity" $root | nindent 2 }}
{{- with $root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- with $process.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with include "inferloop-service.tolerations" $process }}
tolerations:
  {{- . | nindent 2 }}
{{- end }}
{{- with include "inferloop-service.nodeAffinity" $process | trim }}
affinity:
  nodeAffinity:
    {{- . | nindent 4 }}
{{- end }}
{{- if has $process.kind (list "Deployment" "StatefulSet") }}
{{- with include "inferloop-service.spread" . | trim }}
topologySpreadConstraints:
  {{- . | nindent 2 }}
{{- end }}
{{- end }}
containers:
  - name: {{ .name }}
    image: {{ include "inferloop-service.image" (dict "root" $root "override" $override) }}
    imagePullPolicy: {{ $root.Values.image.pullPolicy }}
    {{- with $process.command }}
    command:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with $process.args }}
    args:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- if and $root.Values.config (not .config) }}
    envFrom:
      - configMapRef:
          name: {{ $root.Values.name }}-config
    {{- end }}
    {{- with include "inferloop-service.env" . | trim }}
    env:
      {{- . | nindent 6 }}
    {{- end }}
    {{- with include "inferloop-service.ports" . | trim }}
    ports:
      {{- . | nindent 6 }}
    {{- end }}
    {{- if $process.port }}
    {{- include "inferloop-service.probes" $process | trim | nindent 4 }}
    {{- if $process.drainSeconds }}
    # A pod is told to end at the same time as it is taken out of the Service, so for some seconds requests still come.
    lifecycle:
      preStop:
        sleep:
          seconds: {{ int64 $process.drainSeconds }}
    {{- end }}
    {{- end }}
    resources:
      {{- include "inferloop-service.resources" $process.resources | nindent 6 }}
    securityContext:
      {{- include "inferloop-service.containerSecurity" $root | nindent 6 }}
    volumeMounts:
      {{- include "inferloop-service.volumeMounts" $process | trim | nindent 6 }}
volumes:
  {{- include "inferloop-service.volumes" . | trim | nindent 2 }}
{{- end }}

{{- /* A text as the value of a label: other characters become _, the ends are letters or digits. */}}
{{- define "inferloop-service.labelValue" -}}
{{- regexReplaceAll "^[^A-Za-z0-9]+|[^A-Za-z0-9]+$" (trunc 63 (regexReplaceAll "[^A-Za-z0-9._-]" (toString .) "_")) "" }}
{{- end }}

{{- /* What selects pods. Selectors cannot be changed, so nothing that ever changes is among these. */}}
{{- define "inferloop-service.selector" -}}
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/name: {{ .root.Values.name }}
{{- end }}

{{- /* What selects all pods of the release. */}}
{{- define "inferloop-service.releaseSelector" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/name: {{ .Values.name }}
{{- end }}

{{- /* Labels of pods; `override` is the image's, where it is another. */}}
{{- define "inferloop-service.podLabels" -}}
{{- $labels := include "inferloop-service.selector" . | fromYaml }}
{{- $_ := set $labels "app.kubernetes.io/managed-by" .root.Release.Service }}
{{- $_ := set $labels "app.kubernetes.io/part-of" "inferloop" }}
{{- $_ := set $labels "app.kubernetes.io/version" (include "inferloop-service.version" .) }}
{{- $_ := set $labels "inferloop.io/environment" .root.Values.environment }}
{{- range $key, $value := .root.Values.labels }}
{{- $_ := set $labels $key (include "inferloop-service.labelValue" $value) }}
{{- end }}
{{- toYaml $labels }}
{{- end }}

{{- /* Labels of every other object. The chart's version is not on pods: a new chart alone must not roll them. */}}
{{- define "inferloop-service.labels" -}}
{{- $labels := include "inferloop-service.podLabels" . | fromYaml }}
{{- $_ := set $labels "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version) }}
{{- toYaml $labels }}
{{- end }}

{{- /*
Metadata of an object: root, kind, name, path (where the name comes from in the values), and optionally component (shared by default),
annotations, limit (of the name) and scope (cluster: no namespace).
*/}}
{{- define "inferloop-service.metadata" -}}
name: {{ include "inferloop-service.limited" (dict "name" .name "kind" .kind "path" (.path | default "name") "limit" .limit) }}
{{- if ne (.scope | default "namespace") "cluster" }}
namespace: {{ .root.Release.Namespace }}
{{- end }}
labels:
  {{- include "inferloop-service.labels" (dict "root" .root "component" (.component | default "shared") "override" .override) | nindent 2 }}
  {{- with .labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with merge (dict) (.annotations | default dict) .root.Values.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Labels of every object. */}}
{{- define "applications.labels" -}}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/part-of: inferloop
inferloop.io/environment: {{ .Values.environment }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* How Argo CD writes the place of a chart in an OCI registry: without a scheme. Of anything else it wants the whole address. */}}
{{- define "applications.repository" -}}
{{- if .chart }}{{ trimPrefix "oci://" .repository }}{{ else }}{{ .repository }}{{ end }}
{{- end }}

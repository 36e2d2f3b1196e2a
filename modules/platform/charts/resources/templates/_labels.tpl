{{/* Labels of every object. */}}
{{- define "resources.labels" -}}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/part-of: inferloop
inferloop.io/environment: {{ .Values.environment }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

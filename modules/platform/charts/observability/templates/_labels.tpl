{{/* Labels of every object. */}}
{{- define "observability.labels" -}}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/part-of: inferloop
inferloop.io/environment: {{ .Values.environment }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Parts that are there, as a list; what every cluster has is called always. */}}
{{- define "observability.components" -}}
{{- $found := list "always" -}}
{{- range $name, $there := .Values.components }}{{ if $there }}{{ $found = append $found $name }}{{ end }}{{ end -}}
{{- toJson $found -}}
{{- end }}

{{/* Labels of every object. */}}
{{- define "base.labels" -}}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/part-of: inferloop
inferloop.io/environment: {{ .Values.environment }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* What CEL calls the pod of each kind that makes pods; a policy for each keeps every expression typed. */}}
{{- define "base.shapes" -}}
pods: {spec: object.spec, metadata: object.metadata}
workloads: {spec: object.spec.template.spec, metadata: object.spec.template.metadata}
cronjobs: {spec: object.spec.jobTemplate.spec.template.spec, metadata: object.spec.jobTemplate.spec.template.metadata}
{{- end }}

{{/* Which kinds a shape stands for. */}}
{{- define "base.resources" -}}
{{- if eq . "pods" -}}
- {apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [pods, pods/ephemeralcontainers]}
{{- else if eq . "workloads" -}}
- {apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments, statefulsets, daemonsets, replicasets]}
- {apiGroups: [batch], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [jobs]}
{{- else -}}
- {apiGroups: [batch], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [cronjobs]}
{{- end -}}
{{- end }}

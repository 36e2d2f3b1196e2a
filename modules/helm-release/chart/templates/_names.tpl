{{- /* Name of an object of a process: the service's for main, else the service's and the process's. */}}
{{- define "inferloop-service.objectName" -}}
{{- if eq .process "main" }}{{ .root.Values.name }}{{ else }}{{ .root.Values.name }}-{{ .process }}{{ end }}
{{- end }}

{{- /* A name, or an error where it is longer than the kind takes: Kubernetes puts more behind some names, so their limit is lower. */}}
{{- define "inferloop-service.limited" -}}
{{- $limit := .limit | default 63 }}
{{- if gt (len .name) $limit }}
{{- fail (printf "%s: the name %q of this %s has %d characters, Kubernetes takes %d here. Choose a shorter name, or a shorter one for the service (name)." .path .name .kind (len .name) (int $limit)) }}
{{- end }}
{{- .name }}
{{- end }}

{{- /* Host name of a Service of this release. */}}
{{- define "inferloop-service.host" -}}
{{ .name }}.{{ .root.Release.Namespace }}.svc.cluster.local
{{- end }}

{{- /* Image: the service's, or what overrides it. A tag of the override without a digest must not meet the service's digest. */}}
{{- define "inferloop-service.image" -}}
{{- $override := .override | default dict }}
{{- $source := .root.Values.image }}
{{- if or $override.tag $override.digest }}{{ $source = $override }}{{ end }}
{{- $override.repository | default .root.Values.image.repository }}
{{- with $source.tag }}:{{ . }}{{ end }}
{{- with $source.digest }}@{{ . }}{{ end }}
{{- end }}

{{- /* Version of an image as a label: its tag, or the beginning of its digest. */}}
{{- define "inferloop-service.version" -}}
{{- $override := .override | default dict }}
{{- $source := ternary $override .root.Values.image (not (not (or $override.tag $override.digest))) }}
{{- include "inferloop-service.labelValue" ($source.tag | default (trunc 12 (trimPrefix "sha256:" ($source.digest | default "")))) }}
{{- end }}

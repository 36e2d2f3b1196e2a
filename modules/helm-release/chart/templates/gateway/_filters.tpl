{{- /* A map of headers as the Gateway API writes them. */}}
{{- define "inferloop-service.headerList" -}}
{{- range $name, $value := . }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{- /* Filters of an HTTPRoute. */}}
{{- define "inferloop-service.routeFilters" -}}
{{- $gateway := .Values.gateway }}
{{- with $gateway.requestHeaders }}
{{- if or .add .set .remove }}
- type: RequestHeaderModifier
  requestHeaderModifier:
    {{- with .add }}
    add:
      {{- include "inferloop-service.headerList" . | trim | nindent 6 }}
    {{- end }}
    {{- with .set }}
    set:
      {{- include "inferloop-service.headerList" . | trim | nindent 6 }}
    {{- end }}
    {{- with .remove }}
    remove: {{ toJson . }}
    {{- end }}
{{- end }}
{{- end }}
{{- with $gateway.cors }}
- type: CORS
  cors:
    allowOrigins: {{ toJson .origins }}
    allowMethods: {{ .methods | default (list "GET" "POST") | toJson }}
    {{- with .headers }}
    allowHeaders: {{ toJson . }}
    {{- end }}
    {{- if .credentials }}
    allowCredentials: true
    {{- end }}
    maxAge: {{ dig "maxAgeSeconds" 3600 . | int64 }}
{{- end }}
{{- if and $gateway.stripPath (ne $gateway.path "/") }}
- type: URLRewrite
  urlRewrite:
    path:
      type: ReplacePrefixMatch
      replacePrefixMatch: /
{{- end }}
{{- end }}

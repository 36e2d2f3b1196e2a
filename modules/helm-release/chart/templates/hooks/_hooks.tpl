{{- /*
Annotations of what runs before everything else of a version: weight. What succeeded is removed: Helm does not
remove hooks when a release goes. Argo CD reads these as PreSync.
*/}}
{{- define "inferloop-service.migrationsHook" -}}
helm.sh/hook: pre-install,pre-upgrade
helm.sh/hook-weight: {{ .weight | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}

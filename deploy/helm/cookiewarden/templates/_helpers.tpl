{{- define "cookiewarden.name" -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "cookiewarden.labels" -}}
app.kubernetes.io/name: cookiewarden
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{/* The port for browsers, or for Envoy. */}}
{{- define "cookiewarden.port" -}}
{{ if eq .Values.mode "extproc" }}{{ int .Values.extproc.port }}{{ else }}8080{{ end }}
{{- end -}}

{{/* The proxy's container: a native sidecar if the chart deploys an application. Other charts may include this template. */}}
{{- define "cookiewarden.container" -}}
- name: cookiewarden
  image: {{ printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) | quote }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- if .Values.application.image }}
  restartPolicy: Always
{{- end }}
  ports:
    - {name: cookiewarden, containerPort: {{ include "cookiewarden.port" . }}}
    - {name: admin, containerPort: 9180}
  env:
    - {name: COOKIEWARDEN_POLICY, value: /etc/cookiewarden/policy/policy.yaml}
    - {name: COOKIEWARDEN_ADMIN, value: "0.0.0.0:9180"}
    - {name: COOKIEWARDEN_INVENTORY_FILE, value: /var/lib/cookiewarden/inventory.json}
{{- if .Values.application.image }}
    - {name: COOKIEWARDEN_UPSTREAM, value: {{ printf "http://127.0.0.1:%d" (int .Values.application.port) | quote }}}
{{- else }}
{{- if eq .Values.mode "extproc" }}
    - {name: COOKIEWARDEN_EXTPROC, value: {{ printf "0.0.0.0:%d" (int .Values.extproc.port) | quote }}}
{{- if .Values.extproc.tlsSecret }}
    - {name: COOKIEWARDEN_TLS_CERT, value: /etc/cookiewarden/tls/tls.crt}
    - {name: COOKIEWARDEN_TLS_KEY, value: /etc/cookiewarden/tls/tls.key}
    - {name: COOKIEWARDEN_TLS_CLIENT_CA, value: /etc/cookiewarden/tls/ca.crt}
{{- else }}
    - {name: COOKIEWARDEN_EXTPROC_INSECURE, value: "on"}
{{- end }}
{{- else }}
    - {name: COOKIEWARDEN_UPSTREAM, value: {{ .Values.upstream | quote }}}
{{- end }}
    - {name: COOKIEWARDEN_DRAIN_DELAY, value: {{ .Values.drainSeconds | quote }}}
{{- end }}
{{- if .Values.existingSecret }}
    - {name: COOKIEWARDEN_ADMIN_TOKEN_FILE, value: /etc/cookiewarden/secret/admin-token}
{{- if .Values.seals }}
    - {name: COOKIEWARDEN_SEAL_KEY_FILE, value: /etc/cookiewarden/secret/seal-key}
{{- end }}
{{- end }}
{{- with .Values.trustForwarded }}
    - {name: COOKIEWARDEN_TRUST_FORWARDED, value: {{ . | quote }}}
{{- end }}
    - {name: COOKIEWARDEN_WORKERS, value: {{ .Values.workers | quote }}}
{{- range $name, $value := .Values.settings }}
    - {name: {{ printf "COOKIEWARDEN_%s" (upper $name) }}, value: {{ if and (kindIs "float64" $value) (eq (floor $value) $value) }}{{ $value | int64 | toString | quote }}{{ else }}{{ $value | toString | quote }}{{ end }}}
{{- end }}
  startupProbe: {httpGet: {path: /readyz, port: admin}, periodSeconds: 1, failureThreshold: 60}
  readinessProbe: {httpGet: {path: /readyz, port: admin}, periodSeconds: 2}
  livenessProbe: {httpGet: {path: /livez, port: admin}, periodSeconds: 10, timeoutSeconds: 5}
{{- if and .Values.application.image .Values.drainSeconds }}
  lifecycle: {preStop: {sleep: {seconds: {{ .Values.drainSeconds }}}}}
{{- end }}
  resources: {{- toYaml .Values.resources | nindent 4 }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    readOnlyRootFilesystem: true
    allowPrivilegeEscalation: false
    capabilities: {drop: [ALL]}
    seccompProfile: {type: RuntimeDefault}
  volumeMounts:
    - {name: cookiewarden-policy, mountPath: /etc/cookiewarden/policy, readOnly: true}
    - {name: cookiewarden-inventory, mountPath: /var/lib/cookiewarden}
{{- if and (eq .Values.mode "extproc") .Values.extproc.tlsSecret }}
    - {name: cookiewarden-tls, mountPath: /etc/cookiewarden/tls, readOnly: true}
{{- end }}
{{- if .Values.existingSecret }}
    - {name: cookiewarden-secret, mountPath: /etc/cookiewarden/secret, readOnly: true}
{{- end }}
{{- end -}}

{{- define "cookiewarden.volumes" -}}
- name: cookiewarden-policy
  configMap:
    name: {{ .Values.existingConfigMap | default (printf "%s-policy" (include "cookiewarden.name" .)) }}
{{- if not .Values.existingConfigMap }}
    items:
      - {key: policy.yaml, path: policy.yaml}
{{- range $name, $text := .Values.policy.includes }}
      - {key: {{ $name | replace "/" "." | quote }}, path: {{ $name | quote }}}
{{- end }}
{{- end }}
- {name: cookiewarden-inventory, emptyDir: {sizeLimit: 100Mi}}
{{- if and (eq .Values.mode "extproc") .Values.extproc.tlsSecret }}
- {name: cookiewarden-tls, secret: {secretName: {{ .Values.extproc.tlsSecret | quote }}, defaultMode: 0440}}
{{- end }}
{{- if .Values.existingSecret }}
- {name: cookiewarden-secret, secret: {secretName: {{ .Values.existingSecret | quote }}, defaultMode: 0440}}
{{- end }}
{{- end -}}

{{- define "tierwatch.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{/* Of the configuration and the account that a part runs with: the migration comes before the others', and has its own. */}}
{{- define "tierwatch.given" -}}
{{ include "tierwatch.name" .root }}{{ if eq .part "migrate" }}-migrate{{ end }}
{{- end }}

{{- define "tierwatch.image" -}}
{{- if .Values.image.digest }}{{ .Values.image.repository }}@{{ .Values.image.digest }}{{ else }}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "tierwatch.selector" -}}
app.kubernetes.io/name: tierwatch
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "tierwatch.labels" -}}
{{ include "tierwatch.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{/* What every pod has: the user, the configuration, the secrets. "part" is the command. */}}
{{- define "tierwatch.container" -}}
name: {{ .part }}
image: {{ include "tierwatch.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
args: {{ .args | default (list .part) | toJson }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
envFrom:
  - secretRef:
      name: {{ required "existingSecret: name the secret with TIERWATCH_DATABASE_URL, TIERWATCH_REDIS_URL, TIERWATCH_SECRET_KEY and the providers' keys" .root.Values.existingSecret }}
{{- if and (eq .part "migrate") .root.Values.ownerSecret }}
  - secretRef:
      name: {{ .root.Values.ownerSecret }}
{{- end }}
env:
  - {name: TIERWATCH_CONFIG, value: /etc/tierwatch/tierwatch.yaml}
  - {name: TIERWATCH_DATA_DIR, value: /var/lib/tierwatch}
  - {name: TIERWATCH_LOG_FORMAT, value: json}
{{- range $name, $value := .env }}
  - name: {{ $name }}
    value: {{ $value | quote }}
{{- end }}
{{- range $name, $value := .root.Values.settings }}
  - name: {{ $name }}
    value: {{ $value | toString | quote }}
{{- end }}
volumeMounts:
  - {name: config, mountPath: /etc/tierwatch, readOnly: true}
  - {name: data, mountPath: /var/lib/tierwatch}
  - {name: tmp, mountPath: /tmp}
{{- end }}

{{- define "tierwatch.pod" -}}
serviceAccountName: {{ .root.Values.serviceAccount.name | default (include "tierwatch.given" .) }}
automountServiceAccountToken: false
enableServiceLinks: false # TIERWATCH_..._PORT of a service would be read as a setting
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.affinity }}
affinity: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "tierwatch.volumes" -}}
- name: config
  configMap: {name: {{ include "tierwatch.given" . }}}
- {name: tmp, emptyDir: {}}
{{- end }}

{{- define "tierwatch.annotations" -}}
checksum/config: {{ .root.Values.config | sha256sum }}
{{- if and .port .root.Values.metrics.annotations }}
prometheus.io/scrape: "true"
prometheus.io/port: {{ .port | quote }}
prometheus.io/path: /metrics
{{- end }}
{{- with .root.Values.podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The configuration and the account. "annotations" are those of a hook. */}}
{{- define "tierwatch.givens" -}}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "tierwatch.given" . }}
  labels: {{- include "tierwatch.labels" . | nindent 4 }}
  {{- with .annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
data:
  tierwatch.yaml: {{ .root.Values.config | quote }}
---
{{- if not .root.Values.serviceAccount.name }}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "tierwatch.given" . }}
  labels: {{- include "tierwatch.labels" . | nindent 4 }}
  {{- with merge (dict) .annotations .root.Values.serviceAccount.annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- end }}
{{- end }}

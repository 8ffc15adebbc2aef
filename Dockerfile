# One image for worker, API and the preparation job; without the embedded servers and without tools to build anything.
FROM python:3.13-slim AS build
WORKDIR /source
RUN python -m venv /opt/steadydesk
COPY requirements/image.txt requirements/image.txt
RUN /opt/steadydesk/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/image.txt
COPY . .
RUN /opt/steadydesk/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation .

FROM python:3.13-slim
RUN groupadd --gid 10001 steadydesk \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/steadydesk steadydesk \
    && install -d -o 10001 -g 10001 -m 0700 /var/lib/steadydesk
COPY --from=build /opt/steadydesk /opt/steadydesk
ENV PATH=/opt/steadydesk/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    STEADYDESK_STATE_DIR=/var/lib/steadydesk \
    STEADYDESK_DEMO=false \
    STEADYDESK_LOG_FORMAT=json \
    STEADYDESK_READY_FILE=/tmp/ready
USER 10001:10001
WORKDIR /var/lib/steadydesk
VOLUME /var/lib/steadydesk
CMD ["steadydesk", "--help"]

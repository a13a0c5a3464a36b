# syntax=docker/dockerfile:1
# One image for every process: `serve`, `serve --only idp`, `serve --only portal`, `worker`, `migrate`.

FROM python:3.13-slim-bookworm AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
RUN python -m venv /opt/onewindow
COPY requirements.lock /tmp/requirements.lock
# pip refuses whatever is not in the lock with its hash, takes wheels only, and byte-compiles what it installs.
RUN --mount=type=cache,target=/root/.cache/pip \
    /opt/onewindow/bin/pip install --require-hashes --only-binary :all: -r /tmp/requirements.lock

FROM python:3.13-slim-bookworm
LABEL org.opencontainers.image.title="OneWindow" \
      org.opencontainers.image.description="One sign-in, one form, every department" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --system --gid 10001 onewindow \
    && useradd --system --uid 10001 --gid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin onewindow \
    && install -d -o 10001 -g 10001 -m 0750 /var/lib/onewindow
COPY --from=packages /opt/onewindow /opt/onewindow
WORKDIR /srv/onewindow
COPY . .
RUN /opt/onewindow/bin/python -m compileall -q .

# What the image can know; addresses and secrets come from outside, and without them it does not start.
ENV PATH=/opt/onewindow/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ONEWINDOW_HOST=0.0.0.0 \
    ONEWINDOW_PORT=8000 \
    ONEWINDOW_VAR_DIR=/var/lib/onewindow
USER 10001:10001
VOLUME /var/lib/onewindow
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['ONEWINDOW_PORT']}/healthz\", timeout=2)"]
ENTRYPOINT ["python", "onewindow.py"]
CMD ["serve"]

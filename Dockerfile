# The reactor on a CPU; for CUDA build with --build-arg EXTRAS=cuda and run with the NVIDIA runtime.
FROM python:3.11-slim-bookworm AS build
ARG EXTRAS=""
# hnswlib comes as source and is built without -march=native, so that the image runs on any x86-64 or ARM machine.
RUN apt-get update && apt-get install -y --no-install-recommends g++ && rm -rf /var/lib/apt/lists/*
RUN pip install --no-cache-dir uv
ENV HNSWLIB_NO_NATIVE=1
WORKDIR /src
COPY pyproject.toml requirements.lock README.md ./
COPY reactor reactor
COPY migrations migrations
COPY models/demo models/demo
RUN uv venv /opt/reactor \
    && if [ -z "$EXTRAS" ]; then \
        VIRTUAL_ENV=/opt/reactor uv pip install --require-hashes -r requirements.lock \
        && VIRTUAL_ENV=/opt/reactor uv pip install --no-deps .; \
    else VIRTUAL_ENV=/opt/reactor uv pip install ".[$EXTRAS]"; fi

FROM python:3.11-slim-bookworm
# An ordinary user with a name: PostgreSQL runs as nobody else. /app/data holds all state and outlives the container.
RUN useradd --uid 1000 --create-home reactor && mkdir -p /app/data && chown reactor:reactor /app/data
COPY --from=build /opt/reactor /opt/reactor
ENV PATH=/opt/reactor/bin:$PATH REACTOR_DATA_DIR=/app/data PYTHONUNBUFFERED=1
USER reactor
WORKDIR /app
VOLUME /app/data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ.get('REACTOR_PORT') or os.environ.get('UI_PORT') or 8080}/healthz\", timeout=4)"]
CMD ["reactor", "run"]

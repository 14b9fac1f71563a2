# Built from wheels alone, so that it takes no network: `make image`. No shell, no package manager, no root.
# Both images have the same Python and the same libc, and no more of Debian than that takes.
ARG BUILD=docker.io/library/python:3.11-slim-bookworm
ARG BASE=gcr.io/distroless/python3-debian12:nonroot

FROM ${BUILD} AS build
COPY wheels /wheels
# Compiled here, as nothing can be written where it runs.
RUN ["python", "-m", "pip", "install", "--no-index", "--find-links=/wheels", "--target=/app", "--no-cache-dir", "lhmigrate[gate]"]

FROM ${BASE}
COPY --from=build /app /app
ENV PYTHONPATH=/app PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
ENTRYPOINT ["/usr/bin/python3", "-m", "lhmigrate"]
CMD ["--help"]

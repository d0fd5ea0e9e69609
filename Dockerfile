# The image of tcpgoon: the command, and what it needs.
#
#   docker build --tag tcpgoon .
#   docker buildx build --platform linux/amd64,linux/arm64 --tag tcpgoon .    # one image for several machines
#
# BASE is any image with Python 3.11 or newer, its venv module, and certificates. EXTRAS are those of
# pyproject.toml: without any (--build-arg EXTRAS=) there are no registries, and the image is half as large.
ARG BASE=docker.io/library/python:3.13-slim

FROM ${BASE} AS build
# pip stays behind, in an environment of its own: the image installs nothing any more.
RUN python3 -m venv /opt/pip && python3 -m venv --without-pip /opt/tcpgoon
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
# src/tcpgoon/report/pages is a link to this folder.
COPY docs/findings docs/findings
COPY man man
COPY src src
# A wheel first: what is installed from a folder would remember where that was.
RUN /opt/pip/bin/python -m pip --no-cache-dir --disable-pip-version-check wheel --no-deps --wheel-dir /wheel .
ARG EXTRAS=all
RUN /opt/pip/bin/python -m pip --no-cache-dir --disable-pip-version-check --python /opt/tcpgoon/bin/python \
        install "tcpgoon[${EXTRAS}] @ file://$(echo /wheel/tcpgoon-*.whl)"

FROM ${BASE}
ARG VERSION=
ARG REVISION=
LABEL org.opencontainers.image.title="tcpgoon" \
      org.opencontainers.image.description="Can one instance carry N TCP connections at the same time, and if not, whose limit is it?" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      io.whalebrew.name="tcpgoon" \
      io.whalebrew.config.environment='["TERM", "COLUMNS", "NO_COLOR", "TCPGOON_REGISTRY_PASSWORD"]' \
      io.whalebrew.config.networks='["host"]'

# By hand: useradd is a package of its own by now, and is called otherwise elsewhere.
RUN echo 'tcpgoon:x:10001:10001:tcpgoon:/workdir:/usr/sbin/nologin' >>/etc/passwd \
    && echo 'tcpgoon:x:10001:' >>/etc/group \
    && mkdir /workdir && chown 10001:10001 /workdir
COPY --from=build /opt/tcpgoon /opt/tcpgoon
ENV PATH=/opt/tcpgoon/bin:$PATH
# By number: what is to run as anybody but root (Kubernetes' runAsNonRoot) does not look names up.
USER 10001:10001
# Where files are read and written; whalebrew puts the folder of the caller here.
WORKDIR /workdir
ENTRYPOINT ["tcpgoon"]

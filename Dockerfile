# The server, its worker and its commands, for one machine or many: docs/deployment.md.

FROM ghcr.io/astral-sh/uv:0.13.9 AS uv

FROM python:3.14.3-slim AS build
COPY --from=uv /uv /usr/local/bin/uv
WORKDIR /src
COPY pyproject.toml README.md LICENSE constraints.txt ./
COPY sora_mcp sora_mcp
COPY packaging/image packaging/image
ENV UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_NO_CACHE=1
RUN uv venv /opt/sora-mcp \
    && uv pip install --python /opt/sora-mcp --constraints constraints.txt ".[postgres,s3]" \
    && mkdir /opt/sora-mcp/notices \
    && cp LICENSE packaging/image/SOURCES.md /opt/sora-mcp/notices \
    && /opt/sora-mcp/bin/python packaging/image/notices.py > /opt/sora-mcp/notices/NOTICES.txt

FROM python:3.14.3-slim
LABEL io.modelcontextprotocol.server.name="io.github.sora-mcp/sora-mcp" \
    org.opencontainers.image.title="Sora MCP" \
    org.opencontainers.image.version="0.1.0" \
    org.opencontainers.image.licenses="MIT AND GPL-3.0-or-later"
COPY --from=build /opt/sora-mcp /opt/sora-mcp
RUN useradd --uid 10001 --create-home sora && install --directory --owner sora /data
ENV PATH=/opt/sora-mcp/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    SORA_MCP_HOME=/data/home \
    SORA_MCP_LIBRARY=/data/library
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["sora-mcp"]
CMD ["serve", "--transport", "http", "--host", "0.0.0.0", "--port", "8000"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]

// Serves the chat and, on another origin, its sandbox; passes /mcp on to the server under test.
import http from "node:http";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/** The specification's content policy, and what chats in use allow beside it. */
function contentPolicy(policy, domains) {
  const more = { default: "", blobs: "blob:", domains }[policy];
  return [
    "default-src 'none'",
    "script-src 'self' 'unsafe-inline'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    `media-src 'self' data: ${more}`,
    "connect-src 'none'",
    "object-src 'none'",
  ].join("; ");
}

function listen(handler) {
  return new Promise((resolve) => {
    const server = http.createServer(handler);
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
}

function send(response, type, body, headers = {}) {
  response.writeHead(200, { "content-type": type, ...headers }).end(body);
}

function passOn(request, response, target) {
  const { host, origin, ...headers } = request.headers;
  const onwards = http.request(target, { method: request.method, headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  onwards.on("error", () => response.destroy());
  response.on("close", () => onwards.destroy());
  request.pipe(onwards);
}

/** Both servers; `address` is the chat's. */
export async function serve(target) {
  const bundle = await build({
    entryPoints: [here("host.mjs")], bundle: true, format: "esm", write: false, logLevel: "error",
  });
  const pages = { "/": await readFile(here("host.html")), "/sandbox": await readFile(here("sandbox.html")) };
  const sandbox = await listen((request, response) => {
    const { searchParams } = new URL(request.url, "http://127.0.0.1");
    const csp = contentPolicy(searchParams.get("policy"), searchParams.get("domains"));
    send(response, "text/html", pages["/sandbox"], { "content-security-policy": csp });
  });
  const chat = await listen((request, response) => {
    if (request.url === "/mcp") passOn(request, response, target);
    else if (request.url === "/host.js") send(response, "text/javascript", bundle.outputFiles[0].contents);
    else if (request.url === "/sandbox-address") send(response, "text/plain", `http://127.0.0.1:${sandbox.address().port}/`);
    else send(response, "text/html", pages["/"]);
  });
  const close = () => [chat, sandbox].forEach((server) => { server.closeAllConnections(); server.close(); });
  return { address: `http://localhost:${chat.address().port}/`, close };
}

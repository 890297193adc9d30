// A chat that shows MCP Apps: the official bridge and client, in a page of its own origin.
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import {
  AppBridge,
  PostMessageTransport,
  RESOURCE_MIME_TYPE,
  getToolUiResourceUri,
} from "@modelcontextprotocol/ext-apps/app-bridge";

const ME = { name: "test-chat", version: "1.0.0" };
const CAN = {
  openLinks: {},
  downloadFile: {},
  serverTools: {},
  serverResources: {},
  message: { text: {} },
  updateModelContext: { text: {} },
};

/** How much of a result a chat hands to the page. */
const HANDED_OVER = {
  everything: (result) => result,
  structured: (result) => ({ ...result, content: [] }),
  content: ({ structuredContent, _meta, ...result }) => result,
  sentence: ({ structuredContent, _meta, ...result }) => ({
    ...result,
    content: result.content.slice(0, 1),
  }),
};

/** What the page has done, for the test to look at. */
const seen = { calls: [], reads: [], messages: [], contexts: [], links: [], downloads: [], sizes: [] };
let bridge;

async function connect(era) {
  const client = new Client(ME, {
    capabilities: { extensions: { "io.modelcontextprotocol/ui": { mimeTypes: [RESOURCE_MIME_TYPE] } } },
    versionNegotiation: { mode: era },
  });
  await client.connect(new StreamableHTTPClientTransport(new URL("/mcp", location.href)));
  return client;
}

async function sandbox(policy, csp) {
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-scripts allow-same-origin allow-forms";
  const address = new URL(await (await fetch("/sandbox-address")).text());
  address.searchParams.set("policy", policy);
  address.searchParams.set("domains", (csp?.resourceDomains ?? []).join(" "));
  const ready = new Promise((resolve) => {
    addEventListener("message", function listen({ source, data }) {
      if (source !== frame.contentWindow) return;
      if (data?.method !== "ui/notifications/sandbox-proxy-ready") return;
      removeEventListener("message", listen);
      resolve();
    });
  });
  frame.src = address.href;
  document.body.replaceChildren(frame);
  await ready;
  return frame;
}

function answer(list, value) {
  list.push(value);
  return {};
}

/** Call a tool as the model would, and show what it is bound to. */
async function show(tool, args, { era, policy, handed, without, context }) {
  const client = await connect(era);
  const { tools } = await client.listTools();
  const bound = tools.find(({ name }) => name === tool);
  const uri = getToolUiResourceUri(bound);
  const { contents: [page] } = await client.readResource({ uri });
  if (page.mimeType !== RESOURCE_MIME_TYPE) throw new Error(`${uri} is ${page.mimeType}`);
  const ui = page._meta?.ui ?? {};
  const frame = await sandbox(policy, ui.csp);

  const can = Object.fromEntries(Object.entries(CAN).filter(([name]) => !without.includes(name)));
  bridge = new AppBridge(null, ME, can, {
    hostContext: { toolInfo: { tool: bound }, displayMode: "inline", platform: "web", ...context },
  });
  bridge.oncalltool = (params) => {
    seen.calls.push(params);
    return client.callTool(params);
  };
  bridge.onreadresource = (params) => {
    seen.reads.push(params.uri);
    return client.readResource(params);
  };
  if (can.message) bridge.onmessage = async (params) => answer(seen.messages, params);
  if (can.openLinks) bridge.onopenlink = async (params) => answer(seen.links, params.url);
  if (can.downloadFile) bridge.ondownloadfile = async ({ contents }) => answer(seen.downloads, contents);
  bridge.onupdatemodelcontext = async (params) => answer(seen.contexts, params);
  bridge.onsizechange = (size) => {
    seen.sizes.push(size);
    frame.style.height = `${size.height}px`;
  };
  const initialized = new Promise((resolve) => {
    bridge.oninitialized = resolve;
  });
  await bridge.connect(new PostMessageTransport(frame.contentWindow, frame.contentWindow));
  await bridge.sendSandboxResourceReady({ html: page.text, csp: ui.csp, permissions: ui.permissions });
  await initialized;
  await bridge.sendToolInput({ arguments: args });
  const result = await client.callTool({ name: tool, arguments: args });
  await bridge.sendToolResult(HANDED_OVER[handed](result));
  return { era: client.getProtocolEra(), result };
}

Object.assign(window, {
  chat: {
    seen,
    show,
    change: (context) => bridge.sendHostContextChange(context),
    tearDown: () => bridge.teardownResource({}),
  },
});

/** Every tool, one file each, loaded when asked for. The order is that of recognising: the most telling content first. */
import { MailkeyError } from "../errors.ts";
import type { ImportTool } from "./tool.ts";

/** Literal imports, so that a bundler can split them. */
const TOOLS: Readonly<Record<string, () => Promise<ImportTool>>> = {
  "mutt-oauth2": async () => (await import("./mutt-oauth2.ts")).muttOauth2,
  getmail: async () => (await import("./getmail.ts")).getmail,
  oama: async () => (await import("./oama.ts")).oama,
  "sasl-xoauth2": async () => (await import("./sasl-xoauth2.ts")).saslXoauth2,
  pizauth: async () => (await import("./pizauth.ts")).pizauth,
  "email-oauth2-proxy": async () => (await import("./email-oauth2-proxy.ts")).emailOauth2Proxy,
  aerc: async () => (await import("./aerc.ts")).aerc,
  himalaya: async () => (await import("./himalaya.ts")).himalaya,
};

export const TOOL_NAMES: readonly string[] = Object.keys(TOOLS);

export function isToolName(name: string): boolean {
  return Object.hasOwn(TOOLS, name);
}

export function loadTools(): Promise<ImportTool[]> {
  return Promise.all(Object.values(TOOLS).map((load) => load()));
}

/** @throws ERR_USAGE for a name that there is none of */
export async function loadTool(name: string): Promise<ImportTool> {
  const load = Object.hasOwn(TOOLS, name) ? TOOLS[name] : undefined;
  if (load !== undefined) return load();
  throw new MailkeyError("ERR_USAGE", `cannot import from ${JSON.stringify(name).slice(0, 60)}`, {
    hint: `--from is one of ${TOOL_NAMES.join(", ")}`,
  });
}

/** The tool whose file this is; undefined when none knows it. */
export async function recogniseTool(text: string): Promise<ImportTool | undefined> {
  return (await loadTools()).find((tool) => tool.recognises(text));
}

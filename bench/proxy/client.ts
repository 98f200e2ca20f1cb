/** Has `client.py` measure something. The secrets go to its standard input, not into its arguments. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** How a mailbox is reached: directly with a token, or through the proxy with a password. */
export type Way = { readonly port: number; readonly user: string } & (
  | { readonly token: string; readonly ca: string }
  | { readonly password: string }
);

export interface Ways {
  readonly direct: Way;
  readonly proxied: Way;
  /** The proxy's. */
  readonly pid: number;
}

/** The same, measured both ways. */
export interface Pair<T = number> {
  readonly direct: T;
  readonly proxied: T;
}

const SCRIPT = fileURLToPath(new URL("client.py", import.meta.url));

/** @param words a measurement of `client.py` and its arguments. @throws Error when it failed, for whatever reason */
export async function measured<T>(ways: Ways, words: readonly (string | number)[]): Promise<T> {
  const child = spawn("/usr/bin/python3", [SCRIPT, ...words.map(String)], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(`${JSON.stringify(ways)}\n`);
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  const [status] = (await once(child, "close")) as [number | null];
  if (status !== 0) throw new Error(`${words.join(" ")}: exit ${status}`);
  return JSON.parse(stdout) as T;
}

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const src = fileURLToPath(new URL("../../src", import.meta.url));
const transpiler = new Bun.Transpiler({ loader: "ts" });

/** Every module and package that starting `entries` loads, dynamic imports left out. */
function staticClosure(entries: readonly string[]): Set<string> {
  return closure(entries, ["import-statement"]);
}

/** Every module and package that `entries` can ever load, by imports of those `kinds`. */
function closure(entries: readonly string[], kinds = ["import-statement", "dynamic-import"]): Set<string> {
  const seen = new Set<string>();
  const queue = entries.map((entry) => join(src, entry));
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    for (const { path: target, kind } of transpiler.scanImports(readFileSync(path, "utf8"))) {
      if (!kinds.includes(kind)) continue;
      if (target.startsWith(".")) queue.push(join(dirname(path), target));
      else seen.add(target);
    }
  }
  return new Set([...seen].map((path) => (path.startsWith(src) ? relative(src, path) : path)));
}

/** What `mailkey token` runs: the entry, the command, and what those import on demand on the way to a cached token. */
const TOKEN_PATH = ["main.ts", "cli/program.ts", "cli/token.ts", "vault/open.ts", "vault/gpg.ts", "vault/age.ts"];

test("the token path loads nothing of sign-in, other commands, discovery or prompts", () => {
  const loaded = [...staticClosure(TOKEN_PATH)];
  const forbidden =
    /^(signin|oauth|mail|clients|doctor|mutt-oauth2)\/|^providers\/(discover|autoconfig|mx|metadata)|^cli\/(?!quick-token|program|run|commands|exit|token|command|context|system-context|parse|ports)|^(@clack|fast-xml|@peculiar|undici|uqr|age-encryption|fastest)/;
  expect(loaded.filter((path) => forbidden.test(path))).toEqual([]);
});

test("a token that the agent has is handed on by a handful of modules", () => {
  expect([...staticClosure(["main.ts"])].toSorted()).toEqual([
    "agent/client/ask-agent.ts",
    "agent/protocol.ts",
    "cli/quick-token.ts",
    "errors.ts",
    "main.ts",
    "node:fs",
    "node:path",
    "platform/paths.ts",
    "platform/runtime.ts",
    "platform/stdio.ts",
    "platform/unix-socket.ts",
    "service/asking.ts",
    "service/wire.ts",
  ]);
});

test("the token path loads these packages and no others", () => {
  const packages = [...staticClosure(TOKEN_PATH)].filter((path) => !path.endsWith(".ts") && !path.startsWith("node:"));
  expect(packages.toSorted()).toEqual(["smol-toml", "valibot"]);
});

test("the proxy, which reads what strangers write, has nothing of vaults, refresh tokens or keys", () => {
  const loaded = [...closure(["proxy/proxy.ts", "proxy/system-parts.ts"])];
  expect(loaded).toContain("proxy/front/imap-front.ts");
  const forbidden =
    /^(vault|oauth|signin)\/|^tokens\/(?!digest\.ts)|^agent\/(?!client\/|protocol\.ts|only-one\.ts)|^age-encryption$/;
  expect(loaded.filter((path) => forbidden.test(path))).toEqual([]);
});

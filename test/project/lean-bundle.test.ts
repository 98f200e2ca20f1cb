/** What the built program really loads for a token, which V8's own record of the scripts that ran tells. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileBundle } from "../../scripts/build/compile.ts";
import { run } from "../../scripts/build/run.ts";
import { getmailTokens } from "./getmail-tokens.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const NODE = join(root, "node_modules/node/bin/node");

const BUILD_TIMEOUT_MS = 60_000;
const ADDRESS = "you@gmail.com";

describe("mailkey token with a cached token, as it is built", () => {
  let folder: string;
  let bundle: string;
  let loaded: readonly string[];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "mailkey-lean-"));
    bundle = join(folder, "bundle");
    await compileBundle({ root, stamp: { commit: "abc1234", epochSeconds: 0 } }, bundle);
    const tokens = join(folder, "tokens.json");
    writeFileSync(tokens, getmailTokens(ADDRESS, "a-token"), { mode: 0o600 });
    await mailkey("vault", "init", "age");
    await mailkey("import", tokens, "--yes");
    mkdirSync(join(folder, "coverage"));
    expect(await mailkey("token", ADDRESS)).toBe("a-token\n");
    loaded = scriptsIn(join(folder, "coverage"));
  }, BUILD_TIMEOUT_MS);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function mailkey(...words: string[]): Promise<string> {
    const coverage = words[0] === "token" ? join(folder, "coverage") : "";
    const env = { MAILKEY_HOME: join(folder, "home"), HOME: folder, NODE_V8_COVERAGE: coverage };
    return run(NODE, [join(bundle, "mailkey"), ...words], { env });
  }

  function scriptsIn(coverage: string): string[] {
    const urls = readdirSync(coverage).flatMap((file) => {
      const { result } = JSON.parse(readFileSync(join(coverage, file), "utf8")) as { result: { url: string }[] };
      return result.map(({ url }) => url);
    });
    return urls.filter((url) => url.startsWith("file:")).map((url) => fileURLToPath(url));
  }

  test("loads a tenth of the program at most", () => {
    const bytes = (paths: readonly string[]) => paths.reduce((sum, path) => sum + statSync(path).size, 0);
    expect(loaded).toContain(join(bundle, "main.js"));
    expect(bytes(loaded) * 10).toBeLessThan(bytes(readdirSync(bundle).map((name) => join(bundle, name))));
  });

  test.each([
    ["help", "tells more, with examples"],
    ["the man page", ".TH MAILKEY"],
    ["the explanations of errors", "AADSTS50011"],
    ["the setting up of mail programs", "AuthMechs"],
    ["prompts", "Please select"],
    ["the version", "from source"],
  ])("loads nothing of %s", (_, words) => {
    const has = (path: string) => readFileSync(path, "utf8").includes(words);
    expect(readdirSync(bundle).some((name) => has(join(bundle, name)))).toBe(true);
    expect(loaded.filter(has)).toEqual([]);
  });
});

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Context } from "../../src/cli/context.ts";
import { resolvePaths } from "../../src/platform/paths.ts";
import { FakeClock } from "./fake-clock.ts";

export interface FakeContext extends Context {
  readonly clock: FakeClock;
  /** Everything written so far. */
  readonly out: () => string;
  readonly err: () => string;
  readonly home: string;
  readonly dispose: () => void;
}

/** A command's world: an empty home, no terminal, a clock that moves when told, output kept; `input` on standard input. */
export function fakeContext(env: Record<string, string> = {}, input?: string): FakeContext {
  const home = mkdtempSync(join(tmpdir(), "mailkey-cli-"));
  const written = { out: "", err: "" };
  const full = { MAILKEY_HOME: home, HOME: home, ...env };
  return {
    env: full,
    paths: resolvePaths(full),
    clock: new FakeClock(),
    signal: new AbortController().signal,
    terminal: {
      interactive: false,
      colourOut: false,
      colourErr: false,
      columns: 80,
      tableColumns: Number.POSITIVE_INFINITY,
      rows: undefined,
    },
    stdout: (text) => {
      written.out += text;
    },
    stderr: (text) => {
      written.err += text;
    },
    readInput: async (maxBytes) => input?.slice(-maxBytes),
    trace: () => undefined,
    out: () => written.out,
    err: () => written.err,
    home,
    dispose: () => rmSync(home, { recursive: true, force: true }),
  };
}

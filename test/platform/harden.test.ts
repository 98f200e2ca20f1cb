import { describe, expect, test } from "bun:test";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, chmodSync } from "node:fs";
import { join } from "node:path";
import { hardenProcess } from "../../src/platform/harden.ts";
import { openLibc } from "../../src/platform/libc.ts";
import { peerUid } from "../../src/platform/peer.ts";
import { listenUnix, type Connection } from "../../src/platform/unix-listener.ts";
import { run, type RunResult } from "../../src/platform/process.ts";
import { IS_ROOT } from "../programs/unprivileged.ts";

/** Not to be found in the program's own text. */
const SECRET = `mk-${crypto.randomUUID()}`;
const HOLDER = join(import.meta.dir, "secret-holder.ts");
/** The kernel hardens nothing against root: as in life, it is an ordinary user's process that another one of theirs looks at. */
const AS_USER = IS_ROOT ? ["setpriv", "--reuid=mail", "--regid=mail", "--clear-groups"] : [];
const USER = IS_ROOT ? 8 : process.getuid?.();

function start(words: readonly string[], cwd: string): ChildProcess {
  const [first = "", ...rest] = [...AS_USER, ...words];
  return spawn(first, rest, { cwd, stdio: ["pipe", "pipe", "ignore"] });
}

/** A process that holds SECRET, in an empty folder that it may write to, and may leave as large a core as it likes. */
async function holding<T>(
  kind: "hardened" | "plain",
  use: (holder: ChildProcess, folder: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync("/tmp/mkc-");
  chmodSync(folder, 0o777);
  const holder = start(["sh", "-c", `ulimit -c unlimited; exec ${process.execPath} ${HOLDER} ${kind}`], folder);
  try {
    holder.stdin?.end(SECRET);
    if (holder.stdout === null) throw new Error("no output");
    await once(holder.stdout, "data");
    return await use(holder, folder);
  } finally {
    holder.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  }
}

/** What another process of the same user sees. */
function look(...words: string[]): Promise<RunResult> {
  const [first = "", ...rest] = [...AS_USER, ...words] as string[];
  return run(first, rest);
}

/** Whether another process of the same user finds the secret in its memory. */
async function isReadable({ pid }: ChildProcess): Promise<boolean> {
  const script = `
import re, sys
for line in open("/proc/${pid}/maps"):
    start, end = (int(each, 16) for each in line.split()[0].split("-"))
    if not re.search(r" rw", line): continue
    with open("/proc/${pid}/mem", "rb") as mem:
        try: mem.seek(start); found = sys.argv[1].encode() in mem.read(min(end - start, 1 << 28))
        except (OSError, OverflowError, ValueError): continue
    if found: print("found"); break
`;
  const { stdout, stderr } = await look("/usr/bin/python3", "-c", script, SECRET);
  if (stderr.includes("PermissionError")) return false;
  expect(stderr).toBe("");
  return new TextDecoder().decode(stdout) === "found\n";
}

/** @returns the files that a crash leaves behind, and whether the secret is in one of them */
async function crash(holder: ChildProcess, folder: string): Promise<{ files: number; hasSecret: boolean }> {
  const ended = once(holder, "close");
  holder.kill("SIGABRT");
  await ended;
  const { status } = await run("grep", ["-rqaF", SECRET, folder]); // a core has many gigabytes of nothing
  return { files: readdirSync(folder).length, hasSecret: status === 0 };
}

/** Kernels may hand cores to a program, or let no process look into another: then the control shows nothing. */
const coresAreFiles = () => !readFileSync("/proc/sys/kernel/core_pattern", "utf8").startsWith("|");
const isYamaStrict = () => {
  try {
    return readFileSync("/proc/sys/kernel/yama/ptrace_scope", "utf8").trim() !== "0";
  } catch {
    return false;
  }
};

describe.skipIf(process.platform !== "linux")("a hardened process", () => {
  test("is not read by another process of the same user", async () => {
    if (!isYamaStrict()) expect(await holding("plain", isReadable)).toBeTrue();
    expect(await holding("hardened", isReadable)).toBeFalse();
  });

  test("leaves nothing behind when it crashes", async () => {
    if (coresAreFiles()) expect(await holding("plain", crash)).toEqual({ files: 1, hasSecret: true });
    expect(await holding("hardened", crash)).toEqual({ files: 0, hasSecret: false });
  });

  test("shows none of its environment", async () => {
    await holding("hardened", async ({ pid }) => {
      expect((await look("cat", `/proc/${pid}/environ`)).stderr).toContain("Permission denied");
    });
  });
});

test("without a JIT there is no C library, and that is all", async () => {
  const script = `import { openLibc } from "${join(import.meta.dir, "../../src/platform/libc.ts")}";
console.log(await openLibc() === undefined);`;
  const { stdout, stderr } = await run(process.execPath, ["-e", script], { env: { BUN_JSC_useJIT: "0" } });
  expect([new TextDecoder().decode(stdout), stderr]).toEqual(["true\n", ""]);
});

test("hardening says what could not be done", () => {
  expect(hardenProcess(undefined).map(({ isOn }) => isOn)).toEqual([false, false, false]);
  for (const { text } of hardenProcess(undefined)) expect(text).toMatch(/^[a-z][a-z ]+$/);
});

describe("the process at the other end of a socket", () => {
  const connected = async (words: (path: string) => string[]) => {
    const folder = mkdtempSync("/tmp/mks-");
    chmodSync(folder, 0o755);
    const path = join(folder, "s");
    let arrived: (connection: Connection) => void = () => undefined;
    const arrival = new Promise<Connection>((resolve) => {
      arrived = resolve;
    });
    const listener = await listenUnix({ path }, (connection) => {
      arrived(connection);
      return undefined;
    });
    chmodSync(path, 0o777);
    const client = start(words(path), folder);
    try {
      const { descriptor } = await arrival;
      return { uid: peerUid(await openLibc(), descriptor), unknown: peerUid(undefined, descriptor) };
    } finally {
      client.kill("SIGKILL");
      listener.close();
      rmSync(folder, { recursive: true });
    }
  };

  test("is known by its user, whoever that is; without a C library it is not known", async () => {
    const client = (path: string) => [
      "/usr/bin/python3",
      "-c",
      `import socket, time; s = socket.socket(socket.AF_UNIX); s.connect("${path}"); time.sleep(60)`,
    ];
    expect(await connected(client)).toEqual({ uid: USER, unknown: undefined });
  });

  test("is nobody once the socket is closed", async () => {
    const libc = await openLibc();
    expect(peerUid(libc, undefined)).toBeUndefined();
    expect(peerUid(libc, -1)).toBeUndefined();
  });
});

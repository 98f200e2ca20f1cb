/** What the tests of the front end share: the script's installed copies, a token endpoint on the loopback, both programs side by side. */
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { runFrontEnd, type FrontEndPorts } from "../../src/mutt-oauth2/front-end.ts";
import type { RenewalPorts } from "../../src/mutt-oauth2/renewal.ts";
import { joinWords } from "../../src/mutt-oauth2/shlex.ts";
import { defaultConfig } from "../../src/accounts/config.ts";
import { systemClock } from "../../src/platform/clock.ts";
import type { Fetch } from "../../src/platform/http.ts";
import { isMailkeyError } from "../../src/errors.ts";

export interface ScriptCopy {
  readonly name: string;
  readonly text: string;
  /** It takes pipes, client and format as flags; the older generation keeps them in its text. */
  readonly hasFlags: boolean;
}

/** Where the packages of Debian and Ubuntu put it. */
const INSTALLED = ["/usr/share/doc/mutt/examples", "/usr/share/doc/neomutt/oauth2", "/usr/share/neomutt/oauth2"];

/** Further copies to compare with, separated by colons: `MAILKEY_TEST_MUTT_OAUTH2=/path/to/mutt_oauth2.py`. */
const FURTHER = (process.env["MAILKEY_TEST_MUTT_OAUTH2"] ?? "").split(":").filter((path) => path !== "");

export function scriptCopies(): ScriptCopy[] {
  const paths = [
    ...INSTALLED.flatMap((folder) => [`${folder}/mutt_oauth2.py`, `${folder}/mutt_oauth2.py.gz`]),
    ...FURTHER,
  ];
  return paths
    .filter((path) => existsSync(path))
    .map((path) => {
      const bytes = readFileSync(path);
      const text = (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
      return { name: path, text, hasFlags: text.includes("--encryption-pipe") };
    });
}

export interface TokenRequest {
  readonly url: string;
  readonly parameters: URLSearchParams;
}

export interface Stub {
  readonly url: string;
  readonly requests: TokenRequest[];
  /** What the next requests are answered with: status and JSON (or a string as it is). */
  answer: (request: TokenRequest) => { readonly status?: number; readonly body: unknown };
  /** Sends whatever is meant for a provider here. */
  readonly fetch: Fetch;
  readonly stop: () => Promise<void>;
}

/** A token endpoint that answers as it is told. */
export async function startStub(): Promise<Stub> {
  const requests: TokenRequest[] = [];
  const server = createServer((incoming, response) => {
    let body = "";
    incoming.on("data", (chunk: Buffer) => (body += chunk.toString("utf8")));
    incoming.on("end", () => {
      const request = {
        url: String(incoming.headers["x-original-url"] ?? incoming.url),
        parameters: new URLSearchParams(body),
      };
      requests.push(request);
      const { status = 200, body: answer } = stub.answer(request);
      const isText = typeof answer === "string";
      response.writeHead(status, { "content-type": isText ? "text/html" : "application/json", connection: "close" });
      response.end(isText ? answer : JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stub: Stub = {
    url,
    requests,
    answer: () => ({ status: 500, body: "nothing was expected" }),
    fetch: (target, init) => {
      const headers = new Headers(init?.headers);
      headers.set("x-original-url", String(target));
      return fetch(`${url}${new URL(target).pathname}`, { ...init, headers });
    },
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
  return stub;
}

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder of its own, with a home for mailkey in it. */
export class World {
  readonly folder = mkdtempSync(join(tmpdir(), "mk-mo-"));
  readonly tokenFile = join(this.folder, "tokens");
  readonly env: Record<string, string>;

  constructor(env: Record<string, string> = {}) {
    this.env = { PATH: "/usr/local/bin:/usr/bin:/bin", HOME: this.folder, TZ: process.env["TZ"] ?? "UTC", ...env };
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, content: string | Uint8Array): string {
    writeFileSync(this.path(name), content, { mode: 0o600 });
    chmodSync(this.path(name), 0o600);
    return this.path(name);
  }

  /** The token file's fields, where the pipes are `cat`. */
  fields(path = this.tokenFile): Record<string, unknown> {
    return JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  ports(stub: Stub): RenewalPorts {
    return {
      env: this.env,
      paths: { config: this.path("config"), state: this.path("state"), runtime: this.path("run") },
      clock: systemClock,
      config: { ...defaultConfig({}), timeoutMs: 5000, retryBudgetMs: 0 },
      createFetch: () => stub.fetch,
      random: () => 0.5,
    };
  }

  /** Runs mailkey's front end in this process. */
  async ours(
    words: readonly string[],
    stub: Stub,
    { input = [], ...ports }: Partial<FrontEndPorts> & { readonly input?: readonly string[] } = {},
  ): Promise<Outcome> {
    let [stdout, stderr] = ["", ""];
    const answers = [...input];
    let status: number;
    try {
      status = await runFrontEnd(words, "mutt_oauth2.py", {
        ...this.ports(stub),
        browser: false,
        testLogin: () => Promise.reject(new Error("no login was expected")),
        stdout: (text) => (stdout += text),
        stderr: (text) => (stderr += text),
        warn: async ({ message, hint }) => {
          stderr += `warning: ${message}\nhint: ${hint}\n`;
        },
        ask: (question) => {
          stderr += question;
          return Promise.resolve(answers.shift() ?? "");
        },
        ...ports,
      });
    } catch (error) {
      if (!isMailkeyError(error)) throw error;
      status = 77;
      stderr += `${error.code}: ${error.message}\nhint: ${error.hint}\n`;
    }
    return { status, stdout, stderr };
  }

  /** Runs a copy of the script whose endpoints are those of the stub, and whose text holds these pipes and client. */
  async script(copy: ScriptCopy, words: readonly string[], stub: Stub, edits: ScriptEdits = {}): Promise<Outcome> {
    const path = this.write("mutt_oauth2.py", editScript(copy.text, stub, edits));
    const flags = copy.hasFlags && edits.pipes !== undefined ? pipeFlags(edits.pipes) : [];
    return runProgram("python3", [path, ...flags, ...words], this.env, edits.input ?? "");
  }
}

export interface PipePair {
  readonly encryption: readonly string[];
  readonly decryption: readonly string[];
}

export const CAT: PipePair = { encryption: ["cat"], decryption: ["cat"] };

export interface ScriptEdits {
  readonly pipes?: PipePair;
  readonly clientId?: string;
  readonly input?: string;
}

export function pipeFlags({ encryption, decryption }: PipePair): string[] {
  return ["--encryption-pipe", joinWords(encryption), "--decryption-pipe", joinWords(decryption)];
}

/** What people edit in the script's text, and the endpoints besides. */
export function editScript(
  text: string,
  stub: Pick<Stub, "url">,
  { pipes, clientId = "client-1" }: ScriptEdits,
): string {
  let edited = text
    .replaceAll(/'token_endpoint': '[^']*'/g, `'token_endpoint': '${stub.url}/token'`)
    .replaceAll(/'devicecode_endpoint': '[^']*'/g, `'devicecode_endpoint': '${stub.url}/devicecode'`)
    .replaceAll(/'authorize_endpoint': '[^']*'/g, `'authorize_endpoint': '${stub.url}/authorize'`)
    .replaceAll("'client_id': ''", `'client_id': '${clientId}'`);
  if (pipes !== undefined) {
    edited = edited
      .replace(/^ENCRYPTION_PIPE = .*$/m, `ENCRYPTION_PIPE = ${JSON.stringify(pipes.encryption)}`)
      .replace(/^DECRYPTION_PIPE = .*$/m, `DECRYPTION_PIPE = ${JSON.stringify(pipes.decryption)}`);
  }
  return edited;
}

export function runProgram(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  input: string | Uint8Array = "",
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ["pipe", "pipe", "pipe"] });
    const [stdout, stderr]: Buffer[][] = [[], []];
    child.stdout.on("data", (chunk: Buffer) => stdout?.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => stderr?.push(chunk));
    child.on("error", reject);
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    child.on("close", (status) =>
      resolve({
        status: status ?? 128,
        stdout: Buffer.concat(stdout ?? []).toString("utf8"),
        stderr: Buffer.concat(stderr ?? []).toString("utf8"),
      }),
    );
  });
}

/** Local time as the script writes it, `seconds` from now. */
export function localIso(seconds: number): string {
  const at = new Date(Date.now() + seconds * 1000);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().replace("Z", "456");
}

/** A token file's content as the script writes it. */
export function tokenFields(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    registration: "microsoft",
    authflow: "devicecode",
    email: "me@example.com",
    access_token: "access-0",
    access_token_expiration: localIso(3000),
    refresh_token: "refresh-0",
    client_id: "client-1",
    client_secret: "",
    ...changes,
  };
}

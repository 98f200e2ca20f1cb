/**
 * Asks for a passphrase through `pinentry`, GnuPG's window or terminal form for it, in the Assuan protocol. The answer never
 * becomes a string: it is bytes, the caller's to overwrite, and the buffers that it came through are overwritten here.
 *
 * @see https://www.gnupg.org/documentation/manuals/assuan/, `info pinentry`
 */
import type { ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { MailkeyError, systemErrorCode } from "../errors.ts";
import type { Environment } from "./paths.ts";
import { peerText } from "./text.ts";

export interface PinentryOptions {
  /** A name on PATH, or a path. */
  readonly program: string;
  /** `GPG_TTY`, `TERM`, `DISPLAY`, … of the person who is to be asked. */
  readonly env: Environment;
  readonly title: string;
  readonly description: string;
  readonly prompt: string;
  /** Seconds for each question. */
  readonly timeoutSeconds: number;
  /** Takes the question away: as if the person had cancelled it. */
  readonly signal?: AbortSignal | undefined;
}

export interface Pinentry {
  /**
   * @param problem what was wrong with the last answer
   * @throws ERR_VAULT_LOCKED (cancelled, no answer in time, no terminal), ERR_VAULT_UNUSABLE
   */
  ask(problem?: string): Promise<Uint8Array>;
  close(): void;
}

/** Assuan allows 1,000 bytes a line; more is not pinentry. */
const MAX_LINE_BYTES = 4096;
const MAX_PIN_BYTES = 2048;
/** Of a whole dialogue. One that goes on talking would keep the agent from everything else. */
const MAX_TALK_BYTES = 64 * 1024;
/** pinentry counts by itself; one that does not, or does not answer at all, is ended this much later. */
const GRACE_SECONDS = 2;
/** libgpg-error: the upper bits tell who found it. */
const CODE_MASK = 0xffff;
const CANCELLED = new Set([99, 198]);
const TIMEOUT = 62;
/** ENOTTY */
const NO_TERMINAL = 32870;

/** @throws ERR_VAULT_UNUSABLE when the program is not there */
export async function openPinentry(options: PinentryOptions): Promise<Pinentry> {
  const { spawn } = await import("node:child_process");
  const child = spawn(options.program, [], {
    stdio: ["pipe", "pipe", "ignore"],
    env: options.env,
    signal: options.signal,
  });
  const dialogue = new Dialogue(child, options.program, (options.timeoutSeconds + GRACE_SECONDS) * 1000);
  try {
    await dialogue.reply();
    const { env } = options;
    const locale = env["LC_ALL"] ?? env["LC_CTYPE"] ?? env["LANG"];
    for (const [name, value] of [
      ["ttyname", env["GPG_TTY"]],
      ["ttytype", env["TERM"]],
      ["lc-ctype", locale],
    ] as const) {
      if (value !== undefined && value !== "") await dialogue.tryCommand(`OPTION ${name}=${escaped(value)}`);
    }
    await dialogue.tryCommand(`SETTIMEOUT ${options.timeoutSeconds}`);
    await dialogue.command(`SETTITLE ${escaped(options.title)}`);
    await dialogue.command(`SETDESC ${escaped(options.description)}`);
    await dialogue.command(`SETPROMPT ${escaped(options.prompt)}`);
  } catch (error) {
    dialogue.end();
    throw error;
  }
  return {
    async ask(problem) {
      if (problem !== undefined) await dialogue.command(`SETERROR ${escaped(problem)}`);
      return dialogue.send("GETPIN");
    },
    close: () => dialogue.end(),
  };
}

type Child = ChildProcessByStdio<Writable, Readable, null>;

interface Waiting {
  readonly resolve: (data: Uint8Array) => void;
  readonly reject: (error: MailkeyError) => void;
}

/** One command at a time, and its answer: `D` lines, then `OK` or `ERR`. */
class Dialogue {
  readonly #child: Child;
  readonly #program: string;
  readonly #limitMs: number;
  #waiting: Waiting | undefined;
  /** What came of a line that has not ended yet, and of the answer so far. Both may hold a passphrase. */
  #line = new Bytes(MAX_LINE_BYTES);
  #data = new Bytes(MAX_PIN_BYTES);
  #heardBytes = 0;
  #failure: MailkeyError | undefined;

  constructor(child: Child, program: string, limitMs: number) {
    this.#child = child;
    this.#program = program;
    this.#limitMs = limitMs;
    child.stdin.on("error", () => undefined); // it is gone: `close` says so
    child.stdout.on("data", (chunk: Buffer) => this.#take(chunk));
    child.on("error", (error) => this.#fail(startError(program, error)));
    child.on("close", () => this.#fail(unusable(`${program} ended in the middle of the question`, "ended")));
  }

  /** The answer to what was sent last; the greeting is one, too. Each has a time limit. */
  async reply(): Promise<Uint8Array> {
    if (this.#failure !== undefined) throw this.#failure;
    const timer = setTimeout(() => this.#fail(refusal(TIMEOUT, "")), this.#limitMs);
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting = { resolve, reject };
      });
    } finally {
      clearTimeout(timer);
    }
  }

  send(line: string): Promise<Uint8Array> {
    this.#child.stdin.write(`${line}\n`);
    return this.reply();
  }

  async command(line: string): Promise<void> {
    (await this.send(line)).fill(0);
  }

  /** What this pinentry does not know does not matter. */
  async tryCommand(line: string): Promise<void> {
    try {
      await this.command(line);
    } catch (error) {
      if (this.#failure !== undefined) throw error;
    }
  }

  end(): void {
    this.#fail(unusable("the question is over", "ended"));
  }

  #take(chunk: Buffer): void {
    this.#heardBytes += chunk.length;
    if (this.#heardBytes > MAX_TALK_BYTES) this.#fail(unusable(`${this.#program} talks without end`, "protocol"));
    for (const byte of chunk) {
      if (this.#failure !== undefined) break;
      if (byte === NEWLINE) this.#endLine();
      else if (!this.#line.add(byte)) this.#fail(unusable(`${this.#program} sent an endless line`, "protocol"));
    }
    chunk.fill(0);
  }

  #endLine(): void {
    const line = this.#line.view();
    if (line[0] === 0x44 && line[1] === 0x20)
      this.#takeData(line.subarray(2)); // "D "
    else this.#takeWord(Buffer.from(line).toString("utf8"));
    this.#line.wipe();
  }

  #takeData(escapedBytes: Uint8Array): void {
    for (let at = 0; at < escapedBytes.length; at++) {
      let byte = escapedBytes[at] ?? 0;
      if (byte === PERCENT) {
        byte = hexDigit(escapedBytes[at + 1]) * 16 + hexDigit(escapedBytes[at + 2]);
        at += 2;
      }
      if (!(byte >= 0) || !this.#data.add(byte))
        return this.#fail(unusable(`${this.#program} sent no passphrase that can be understood`, "protocol"));
    }
  }

  #takeWord(line: string): void {
    if (line === "OK" || line.startsWith("OK ")) return this.#settle(({ resolve }) => resolve(this.#data.take()));
    if (line.startsWith("ERR ")) {
      const error = refusal(Number.parseInt(line.slice(4), 10) & CODE_MASK, line);
      this.#data.wipe();
      return this.#settle(({ reject }) => reject(error));
    }
    if (line.startsWith("INQUIRE")) this.#child.stdin.write("CAN\n"); // there is nothing to tell it
    // S (status) and # (comment) lines are for others
  }

  #settle(how: (waiting: Waiting) => void): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) how(waiting);
  }

  /** Nothing is said to it any more. */
  #fail(error: MailkeyError): void {
    this.#failure ??= error;
    this.#line.wipe();
    this.#data.wipe();
    this.#child.stdout.destroy(); // it may go on
    this.#child.kill();
    this.#settle(({ reject }) => reject(error));
  }
}

const NEWLINE = 0x0a;
const PERCENT = 0x25;

/** A buffer that never moves: what has been in it can be overwritten. */
class Bytes {
  readonly #buffer: Uint8Array;
  #length = 0;

  constructor(size: number) {
    this.#buffer = new Uint8Array(size);
  }

  /** @returns false when it is full */
  add(byte: number): boolean {
    if (this.#length === this.#buffer.length) return false;
    this.#buffer[this.#length++] = byte;
    return true;
  }

  view(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** A copy, and nothing is left here. */
  take(): Uint8Array {
    const copy = Uint8Array.from(this.view());
    this.wipe();
    return copy;
  }

  wipe(): void {
    this.#buffer.fill(0);
    this.#length = 0;
  }
}

function hexDigit(byte: number | undefined): number {
  return byte === undefined ? Number.NaN : Number.parseInt(String.fromCharCode(byte), 16);
}

/** Assuan's form of an argument. @see https://www.gnupg.org/documentation/manuals/assuan/Client-requests.html */
function escaped(text: string): string {
  return text.replace(/[%\r\n]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}

function refusal(code: number, line: string): MailkeyError {
  if (CANCELLED.has(code)) return locked("the question for the passphrase was cancelled", "cancelled");
  if (code === TIMEOUT) return locked("nobody answered the question for the passphrase in time", "timeout");
  if (code === NO_TERMINAL) return locked("pinentry has neither a display nor a terminal to ask on", "no_terminal");
  return unusable(`pinentry refuses: ${peerText(line, 200)}`, "other");
}

function locked(message: string, reason: string): MailkeyError {
  return new MailkeyError("ERR_VAULT_LOCKED", message, { hint: "mailkey agent unlock", details: { reason } });
}

function unusable(message: string, reason: string): MailkeyError {
  return new MailkeyError("ERR_VAULT_UNUSABLE", message, { hint: "mailkey agent unlock", details: { reason } });
}

function startError(program: string, cause: unknown): MailkeyError {
  if (systemErrorCode(cause) !== "ENOENT") return unusable(`${program} was ended`, "ended");
  return new MailkeyError("ERR_VAULT_UNUSABLE", `${program} is not installed`, {
    cause,
    hint: "mailkey agent unlock",
    details: { reason: "no_pinentry" },
  });
}

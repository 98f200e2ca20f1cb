/** A program in a terminal of 80 × 24, in tmux: what a person would see, and what they would type. */
import { join } from "node:path";
import { succeeded, type Home } from "../e2e/harness.ts";

/** Below the limit of a test, so that it fails with the screen. */
const LIMIT_MS = 30_000;
const POLL_MS = 100;

export class Terminal {
  readonly #home: Home;
  readonly #env: Readonly<Record<string, string>>;
  /** Its own: a server that was told to end is there a little longer. */
  readonly #socket: string;

  private constructor(home: Home, env: Readonly<Record<string, string>>) {
    this.#home = home;
    this.#env = env;
    this.#socket = join(home.folder, `tmux-${crypto.randomUUID().slice(0, 8)}`);
  }

  /** @param line for a shell; the terminal stays when it ends, so that its last words can be read */
  static async with(
    { home, line, env = {} }: { home: Home; line: string; env?: Readonly<Record<string, string>> },
    use: (terminal: Terminal) => Promise<unknown>,
  ): Promise<void> {
    const terminal = new Terminal(home, env);
    await terminal.#tmux(["new-session", "-d", "-x", "80", "-y", "24", `${line}; exec cat`]);
    try {
      await use(terminal);
    } finally {
      await terminal.#tmux(["kill-server"]);
    }
  }

  /** The lines on the screen. */
  async screen(): Promise<string> {
    return (await this.#tmux(["capture-pane", "-p"])).stdout;
  }

  /** Waits until the screen says it. @returns the screen. @throws Error with the last screen after the time limit */
  async shows(text: string | RegExp): Promise<string> {
    const end = Date.now() + LIMIT_MS;
    for (;;) {
      const screen = await this.screen();
      if (typeof text === "string" ? screen.includes(text) : text.test(screen)) return screen;
      if (Date.now() > end) throw new Error(`the screen never showed ${String(text)}:\n${screen}`);
      await Bun.sleep(POLL_MS);
    }
  }

  /** Types text as it is. */
  async type(text: string): Promise<void> {
    await this.#tmux(["send-keys", "-l", text]);
  }

  /** Presses keys by tmux's names: `Enter`, `C-c`. */
  async press(...keys: readonly string[]): Promise<void> {
    await this.#tmux(["send-keys", ...keys]);
  }

  async #tmux(args: readonly string[]) {
    const env = { TERM: "xterm-256color", ...this.#env };
    return succeeded(await this.#home.program("tmux", ["-S", this.#socket, "-f", "/dev/null", ...args], { env }));
  }
}

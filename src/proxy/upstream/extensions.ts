/** What servers can do, for clients that have not said yet whose mailbox they want: asked without a login, and remembered for a while. */
import { isMailkeyError } from "../../errors.ts";
import { approach, type Approach } from "../../mail/login.ts";
import type { MailProtocol, ServerAddress } from "../../mail/report.ts";
import { commonExtensions } from "./common-extensions.ts";
import { serverName } from "./trust.ts";

export interface ExtensionsPorts {
  /** What a connection takes besides. */
  readonly trust: (server: ServerAddress) => Pick<Approach, "context" | "resume" | "onSession">;
  /** Milliseconds, of a clock that only goes forward. */
  readonly now: () => number;
}

/** For all of it: a client waits. */
const TIMEOUT_MS = 3000;
const MEMORY_MS = 600_000;
/** A server that did not answer is not waited for again so soon. */
const SILENCE_MEMORY_MS = 30_000;

interface Known {
  /** Undefined when it could not be reached. */
  readonly lines: Promise<readonly string[] | undefined>;
  untilMs: number;
}

export class Extensions {
  readonly #ports: ExtensionsPorts;
  readonly #known = new Map<string, Known>();

  constructor(ports: ExtensionsPorts) {
    this.#ports = ports;
  }

  /** What all have that can be reached; nothing when none can. */
  async common(protocol: MailProtocol, servers: readonly ServerAddress[]): Promise<string[]> {
    const byName = new Map(servers.map((server) => [serverName(server), server]));
    const lists = await Promise.all([...byName.values()].map((server) => this.#linesOf(protocol, server)));
    return commonExtensions(lists.filter((lines) => lines !== undefined));
  }

  /** What a server has just listed anyway. */
  note(protocol: MailProtocol, server: ServerAddress, lines: readonly string[]): void {
    const untilMs = this.#ports.now() + MEMORY_MS;
    this.#known.set(keyOf(protocol, server), { lines: Promise.resolve(lines), untilMs });
  }

  /** Clients that come at the same time share one connection. */
  #linesOf(protocol: MailProtocol, server: ServerAddress): Known["lines"] {
    const key = keyOf(protocol, server);
    const known = this.#known.get(key);
    if (known !== undefined && known.untilMs > this.#ports.now()) return known.lines;
    const asked: Known = { lines: this.#ask(protocol, server), untilMs: this.#ports.now() + MEMORY_MS };
    this.#known.set(key, asked);
    void this.#cutShort(asked);
    return asked.lines;
  }

  async #cutShort(asked: Known): Promise<void> {
    try {
      if ((await asked.lines) === undefined) asked.untilMs = this.#ports.now() + SILENCE_MEMORY_MS;
    } catch {
      asked.untilMs = 0; // a bug, of which those hear who asked
    }
  }

  async #ask(protocol: MailProtocol, server: ServerAddress): Promise<readonly string[] | undefined> {
    try {
      const { trust } = this.#ports;
      const { connection, dialogue } = await approach({ protocol, server, timeoutMs: TIMEOUT_MS, ...trust(server) });
      try {
        await dialogue.offeredMechanisms();
        return dialogue.extensions;
      } finally {
        connection.close();
      }
    } catch (error) {
      if (isMailkeyError(error)) return undefined; // its own login will say why
      throw error;
    }
  }
}

function keyOf(protocol: MailProtocol, server: ServerAddress): string {
  return `${protocol} ${serverName(server)}`;
}

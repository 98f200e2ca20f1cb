/**
 * What is said with a client until it is in, or has to go: does what its front wants, one step after the other.
 *
 * Who does not listen is not read, and who waits for an answer only a little way ahead. How it ends is the matter of whoever began it.
 */
import type { Duplex } from "node:stream";
import type { SessionEnd } from "../event.ts";
import type { Farewell, Front, Login, Step } from "../front/front.ts";
import type { Refusal } from "../refusal.ts";
import type { Opened } from "../upstream/upstream.ts";

export interface ConversationPorts {
  /** Starts TLS on the connection, on which nobody listens meanwhile. @returns undefined when that was the end of it */
  readonly secure: () => Promise<Duplex | undefined>;
  /** What all servers can do that may be the client's. */
  readonly learn: () => Promise<readonly string[]>;
  readonly logIn: (login: Login) => Promise<Opened | Refusal>;
  /** The client is in. Nobody listens on its connection any more. @param rest what it has said beyond its login */
  readonly pass: (opened: Opened, rest: Uint8Array) => void;
  /** @param text to be said first */
  readonly leave: (how: SessionEnd, text?: string) => void;
  /** One of our own functions threw. */
  readonly failed: (error: unknown) => void;
}

/** What a client may send while it waits for the answer to its login; then it is not read any more. */
const AHEAD_BYTES = 65_536;

export class Conversation {
  readonly #front: Front;
  readonly #ports: ConversationPorts;
  #client: Duplex;
  /** What a step asked for is under way. */
  #isBusy = false;
  #isLoggingIn = false;
  #ahead = 0;
  #hasClientEnded = false;
  /** What a client has sent beyond its login that has hung up since. */
  #rest: Uint8Array | undefined;
  #opened: Opened | undefined;
  #isOver = false;

  /** @param client in TLS already, where that comes first */
  constructor(client: Duplex, front: Front, ports: ConversationPorts) {
    this.#client = client;
    this.#front = front;
    this.#ports = ports;
  }

  /** With the greeting. */
  begin(): void {
    this.#listen(this.#client);
    this.#guard(() => this.#proceed());
  }

  /** What it ends with, if it has to now. */
  farewell(reason: Farewell): string {
    return this.#front.farewell(reason);
  }

  /** No step follows. A mailbox that is open, or opens yet, is closed. */
  end(): void {
    this.#isOver = true;
    this.#opened?.socket.destroy();
  }

  readonly #heard = (bytes: Uint8Array): void => {
    if (this.#isOver) return;
    this.#ahead = this.#isBusy ? this.#ahead + bytes.length : 0;
    if (this.#ahead >= AHEAD_BYTES) this.#client.pause();
    this.#guard(() => {
      this.#front.push(bytes);
      this.#proceed();
    });
  };

  readonly #heardAll = (): void => {
    this.#hasClientEnded = true;
    if (!this.#isLoggingIn) return this.#guard(() => this.#proceed());
    // Who has said everything already waits for what comes of it; who has said nothing beyond has gone.
    this.#rest = this.#front.takeRest();
    if (this.#rest.length === 0) this.#ports.leave("client");
  };

  #proceed(): void {
    while (!this.#isOver && !this.#isBusy) {
      const step = this.#front.next();
      if (step !== undefined) this.#perform(step);
      else if (this.#hasClientEnded) return this.#ports.leave("client");
      else return;
    }
  }

  #perform(step: Step): void {
    switch (step.kind) {
      case "say":
        if (this.#client.write(step.text, "latin1")) return;
        this.#isBusy = true;
        this.#client.once("drain", () => this.#done());
        return;
      case "leave":
        return this.#ports.leave("refused", step.text);
      case "pass":
        return this.#pass();
      case "secure":
        return this.#doing(() => this.#startTls(step.text));
      case "learn":
        return this.#doing(async () => this.#front.learned(await this.#ports.learn()));
      case "log-in":
        return this.#doing(() => this.#logIn(step.login));
    }
  }

  /** The next step comes when this one is done. */
  #doing(work: () => Promise<void>): void {
    this.#isBusy = true;
    work().then(() => this.#done(), this.#ports.failed);
  }

  #done(): void {
    this.#isBusy = false;
    this.#ahead = 0;
    this.#guard(() => this.#proceed());
    if (!this.#isOver && !this.#isBusy) this.#client.resume();
  }

  async #startTls(text: string): Promise<void> {
    const raw = this.#client;
    this.#letGo();
    await new Promise<void>((resolve) => {
      raw.write(text, "latin1", () => resolve());
    });
    const secured = await this.#ports.secure();
    if (secured === undefined) return;
    this.#front.secured();
    this.#listen(secured);
  }

  async #logIn(login: Login): Promise<void> {
    this.#isLoggingIn = true;
    const outcome = await this.#ports.logIn(login);
    this.#isLoggingIn = false;
    if (!("socket" in outcome)) return this.#front.refused(outcome);
    if (this.#isOver) return void outcome.socket.destroy();
    this.#opened = outcome;
    this.#front.accepted(outcome);
  }

  #pass(): void {
    const opened = this.#opened;
    if (opened === undefined) throw new TypeError("nobody has logged in");
    this.#isOver = true;
    this.#letGo();
    this.#ports.pass(opened, this.#rest ?? this.#front.takeRest());
  }

  #listen(client: Duplex): void {
    this.#client = client.on("data", this.#heard).on("end", this.#heardAll);
  }

  #letGo(): void {
    this.#client.off("data", this.#heard).off("end", this.#heardAll).pause();
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#ports.failed(error);
    }
  }
}

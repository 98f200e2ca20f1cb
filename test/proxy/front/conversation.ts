/** Drives a front as a session does, with answers that are known beforehand, and remembers what came of it. */
import type { Front, FrontOptions, Login, Step } from "../../../src/proxy/front/front.ts";
import type { Refusal } from "../../../src/proxy/refusal.ts";

export const OPTIONS: FrontOptions = {
  tls: "absent",
  login: "password",
  limits: { lineBytes: 1000, failures: 3, commands: 20 },
};

export interface Answers {
  readonly extensions?: readonly string[];
  /** Undefined: the login is good. */
  readonly refusal?: (login: Login) => Refusal | undefined;
  /** What the server said to the login. */
  readonly said?: string;
  /** What it listed then (IMAP). */
  readonly capabilities?: readonly string[];
}

/** A login as it can be compared: what it holds in the clear. */
interface SeenLogin {
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly clientName: string | undefined;
}

export class Conversation {
  readonly #front: Front;
  readonly #answers: Answers;
  /** In the order in which it happened: what was said, and the names of the other steps. */
  readonly steps: string[] = [];
  readonly logins: SeenLogin[] = [];
  /** How often it was asked what the servers can do. */
  learned = 0;
  /** `pass` or `leave`, once it is over. */
  end: "pass" | "leave" | undefined;
  /** What was sent behind the login. */
  rest = "";

  constructor(front: Front, answers: Answers = {}) {
    this.#front = front;
    this.#answers = answers;
    this.#run();
  }

  /** @param text Latin-1: one character is one byte. @returns what is said to it */
  send(text: string): string {
    const before = this.steps.length;
    const bytes = Buffer.from(text, "latin1");
    // What is sent behind the login is the server's.
    if (this.end === "pass") this.rest += text;
    if (this.end !== undefined) return "";
    this.#front.push(bytes);
    bytes.fill(0); // fronts copy what they keep
    this.#run();
    return this.steps.slice(before).join("");
  }

  /** All that was said, the greeting included. */
  get said(): string {
    return this.steps.join("");
  }

  /** All that came of it, to be compared with another conversation's. */
  get outcome() {
    const { steps, logins, end, rest } = this;
    return { steps, logins, end, rest };
  }

  #run(): void {
    for (let step = this.#front.next(); step !== undefined; step = this.#front.next()) {
      this.#take(step);
      if (this.end !== undefined) return;
    }
  }

  #take(step: Step): void {
    switch (step.kind) {
      case "say":
        this.steps.push(step.text);
        break;
      case "secure":
        this.steps.push(step.text, "<TLS>");
        this.#front.secured();
        break;
      case "learn":
        this.learned += 1;
        this.#front.learned(this.#answers.extensions ?? []);
        break;
      case "log-in":
        this.#logIn(step.login);
        break;
      case "leave":
        this.steps.push(step.text);
        this.end = "leave";
        break;
      case "pass":
        this.end = "pass";
        this.rest = Buffer.from(this.#front.takeRest()).toString("latin1");
        break;
    }
  }

  #logIn(login: Login): void {
    this.logins.push({
      user: login.user,
      password: login.password?.reveal(),
      clientName: login.clientName,
    });
    const refusal = this.#answers.refusal?.(login);
    const { said = "welcome", capabilities } = this.#answers;
    if (refusal === undefined) this.#front.accepted({ said, capabilities, extensions: [] });
    else this.#front.refused(refusal);
  }
}

/** Cuts a text into pieces of the sizes given, over and over. */
export function pieces(text: string, sizes: readonly number[]): string[] {
  const cut: string[] = [];
  for (let at = 0, turn = 0; at < text.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    cut.push(text.slice(at, at + size));
    at += size;
  }
  return cut;
}

/**
 * A mailbox for the tests of one mail program: a world with Dovecot and a home with one account, made once for a file. The program is set
 * up by `mailkey setup`, as users do it, and runs with the files that setup has written, unchanged.
 */
import { afterAll, beforeAll } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startWorld, type World } from "../../lab/world.ts";
import { Home, succeeded, type Result, type RunOptions } from "../e2e/harness.ts";
import { withPrograms } from "../e2e/programs.ts";

/** mbsync, for one, sits still for three minutes after a refused token. */
const LIMIT_SECONDS = 60;
const POLL_MS = 50;

export class Mailbox {
  #world: World | undefined;
  #home: Home | undefined;

  async open(): Promise<void> {
    this.#world = await startWorld({ mail: "dovecot" });
    this.#home = new Home(this.#world);
    const config = join(this.#home.folder, ".config", "mailkey");
    mkdirSync(config, { recursive: true, mode: 0o700 });
    writeFileSync(join(config, "config.toml"), `[network]\nca_file = ${JSON.stringify(this.#world.caFile)}\n`);
    succeeded(await this.#home.mailkey(["vault", "init", "age"]));
    succeeded(await this.#home.add(["--no-test"]));
  }

  async close(): Promise<void> {
    this.#home?.dispose();
    await this.#world?.stop();
  }

  get world(): World {
    if (this.#world === undefined) throw new Error("the mailbox is not open");
    return this.#world;
  }

  get home(): Home {
    if (this.#home === undefined) throw new Error("the mailbox is not open");
    return this.#home;
  }

  get address(): string {
    return this.home.address;
  }

  /** Below the home folder. */
  path(...parts: readonly string[]): string {
    return join(this.home.folder, ...parts);
  }

  /** `mailkey setup RECIPE --yes`, which must succeed. */
  async setUp(...recipes: readonly string[]): Promise<Result> {
    return succeeded(await this.home.mailkey(["setup", ...recipes, "--yes"]));
  }

  /** Runs a program under a time limit; its exit status is then 124. */
  run(program: string, args: readonly string[] = [], options: RunOptions = {}): Promise<Result> {
    return this.home.program("timeout", ["--kill-after=2", String(LIMIT_SECONDS), program, ...args], options);
  }

  /** The same; a failure fails the test, with what the program said. */
  async runs(program: string, args: readonly string[] = [], options: RunOptions = {}): Promise<Result> {
    return succeeded(await this.run(program, args, options));
  }

  /** As setup sees it: `mailkey setup --list`. */
  async version(recipe: string): Promise<string> {
    const { stdout } = succeeded(await this.home.mailkey(["setup", "--list", "--json"]));
    const programs = JSON.parse(stdout) as { program: string; version: string | null }[];
    return programs.find(({ program }) => program === recipe)?.version ?? "unknown";
  }

  /** A message in the INBOX, for the program to fetch. */
  async deliver(subject: string): Promise<void> {
    const content = messageText({ from: "sender@mail.test", to: this.address, subject });
    await this.world.deliver({
      from: "sender@mail.test",
      to: [this.address],
      content: content.replaceAll("\n", "\r\n"),
    });
  }

  /** A message for a program that takes whole messages. */
  message(subject: string, to: string = this.address): string {
    return messageText({ from: this.address, to, subject });
  }

  /** Waits until the INBOX of `to` has the message, and gives its text. */
  async arrived(subject: string, to: string = this.address): Promise<string> {
    return waitFor(`a message "${subject}" for ${to}`, () =>
      this.world.inbox(to).find((text) => text.includes(`\nSubject: ${subject}`)),
    );
  }

  /** Every file's text in `new` and `cur` of a Maildir. */
  maildir(...parts: readonly string[]): string[] {
    return ["new", "cur"].flatMap((part) => filesIn(this.path(...parts, part)));
  }

  /** The message in a Maildir with this subject, or undefined. */
  fetched(subject: string, ...parts: readonly string[]): string | undefined {
    return this.maildir(...parts).find((text) => text.includes(`Subject: ${subject}`));
  }
}

/**
 * Tests of one program, with a mailbox that is open while they run.
 *
 * @param programs that have to be there, by the names of `scripts/requirements.ts`; Dovecot always
 */
export function withMailbox(programs: readonly string[], name: string, body: (mailbox: Mailbox) => void): void {
  withPrograms(["dovecot", ...programs])(name, () => {
    const mailbox = new Mailbox();
    beforeAll(() => mailbox.open());
    afterAll(() => mailbox.close());
    body(mailbox);
  });
}

/** @returns the first answer that is not undefined. @throws Error naming `what` after the time limit */
export async function waitFor<A>(what: string, look: () => A | undefined): Promise<A> {
  const end = Date.now() + LIMIT_SECONDS * 1000;
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await Bun.sleep(POLL_MS);
  }
}

function messageText({ from, to, subject }: { from: string; to: string; subject: string }): string {
  const id = `<${crypto.randomUUID()}@mail.test>`;
  return `From: <${from}>\nTo: <${to}>\nSubject: ${subject}\nDate: ${new Date().toUTCString()}\nMessage-ID: ${id}\n\nHello.\n`;
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => readFileSync(join(folder, name), "latin1"));
  } catch {
    return []; // not made yet
  }
}

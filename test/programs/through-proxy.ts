/**
 * A mailbox behind `mailkey proxy`, for mail programs that know only passwords. They are set up by hand here, as for any server on this machine: the
 * address, a port, and the password that mailkey has made.
 */
import { afterAll, beforeAll } from "bun:test";
import { writeFileSync } from "node:fs";
import { freePorts } from "../../lab/ports.ts";
import { succeeded } from "../e2e/harness.ts";
import { withPrograms } from "../e2e/programs.ts";
import { configureProxy, proxyPassword, startProxy, stopChild, type StartedProxy } from "../e2e/started-proxy.ts";
import { Mailbox } from "./harness.ts";

const TLS_SERVICES = ["imaps", "pops", "smtps"] as const;

/** Where each protocol is served; with an `s` at its end: TLS from the first byte on. */
export type Ports = Readonly<Record<"imap" | "pop" | "smtp" | (typeof TLS_SERVICES)[number], number>>;

export class ProxiedMailbox extends Mailbox {
  /** Whether the proxy has a certificate. */
  readonly #tls: boolean;
  #proxy: StartedProxy | undefined;
  #ports: Ports | undefined;
  #password = "";

  constructor(tls: boolean) {
    super();
    this.#tls = tls;
  }

  override async open(): Promise<void> {
    await super.open();
    const free = await freePorts(TLS_SERVICES.length);
    const [imaps = 0, pops = 0, smtps = 0] = free;
    const wanted = TLS_SERVICES.map((service, index) => `${service} = ${this.#tls ? free[index] : false}`);
    this.#ports = { ...(await configureProxy(this.home, wanted)), imaps, pops, smtps };
    if (this.#tls) succeeded(await this.home.mailkey(["proxy", "cert"]));
    this.#password = await proxyPassword(this.home, this.address);
    this.#proxy = await startProxy(this.home, this.#ports);
  }

  override async close(): Promise<void> {
    if (this.#proxy !== undefined) await stopChild(this.#proxy.child);
    await this.home.mailkey(["agent", "stop"]);
    await super.close();
  }

  get ports(): Ports {
    if (this.#ports === undefined) throw new Error("the proxy is not open");
    return this.#ports;
  }

  /** The proxy's, for the address. */
  get password(): string {
    return this.#password;
  }

  /** PEM file by which programs know the proxy. */
  get certificateFile(): string {
    return this.path(".local", "state", "mailkey", "proxy", "certificate.pem");
  }

  /** Writes a file that only its owner may read, as programs want it where a password is in it. @returns its path */
  file(name: string, text: string): string {
    const path = this.path(name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }
}

/** @param programs that have to be there, by the names of `scripts/requirements.ts`; Dovecot always */
export function withProxy(
  { programs, tls }: { readonly programs: readonly string[]; readonly tls: boolean },
  name: string,
  body: (mailbox: ProxiedMailbox) => void,
): void {
  withPrograms(["dovecot", ...programs])(name, () => {
    const mailbox = new ProxiedMailbox(tls);
    beforeAll(() => mailbox.open());
    afterAll(() => mailbox.close());
    body(mailbox);
  });
}

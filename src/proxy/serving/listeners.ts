/**
 * Where the proxy listens: the addresses and ports of its configuration, or the sockets that systemd hands over.
 *
 * Addresses of the network are listened on only where that is allowed; whoever connects there gets no further than the greeting without TLS.
 */
import { createServer, type AddressInfo, type ListenOptions, type Server, type Socket } from "node:net";
import { isTlsFirst, PROXY_PORTS, type ProxyConfig, type ProxyService } from "../../accounts/proxy-config.ts";
import { MailkeyError, systemErrorCode } from "../../errors.ts";
import { isLoopback } from "../../platform/addresses.ts";
import type { Environment } from "../../platform/paths.ts";
import { MAX_WAITING } from "../../platform/unix-listener.ts";
import { handedOver, isActivated } from "../../service/listening.ts";

export interface Listening {
  readonly service: ProxyService;
  readonly address: string;
  readonly port: number;
}

export type Accept = (socket: Socket, listening: Listening) => void;

export type ListenConfig = Pick<ProxyConfig, "addresses" | "remote" | "ports">;

interface Door {
  /** What for: a reload may give an open port to another service. */
  listening: Listening;
  readonly server: Server;
}

export class Listeners {
  readonly #accept: Accept;
  readonly #open = new Map<string, Door>();
  readonly #env: Environment;

  /** @param env which says what systemd has handed over */
  constructor(accept: Accept, env: Environment) {
    this.#accept = accept;
    this.#env = env;
  }

  get all(): readonly Listening[] {
    return [...this.#open.values()].map(({ listening }) => listening);
  }

  /**
   * Ports that are open and wanted stay open. What systemd has handed over stays as it is.
   *
   * @param hasCertificate without one, what needs it is not served
   * @throws ERR_CONFIG, what was listened on before is left as it was
   */
  async set(config: ListenConfig, hasCertificate: boolean): Promise<void> {
    if (isActivated(this.#env)) return this.#takeOver(config.remote);
    const wanted = wantedOf(config, hasCertificate);
    const opened = new Map<string, Door>();
    const missing: { readonly listening: Listening; readonly error: MailkeyError }[] = [];
    try {
      for (const listening of wanted) {
        const key = keyOf(listening);
        const door = this.#open.has(key) ? undefined : await this.#listen(listening);
        if (door instanceof MailkeyError) missing.push({ listening, error: door });
        else if (door !== undefined) opened.set(key, door);
      }
      // A machine without IPv6 has no ::1, and loses nothing by that.
      for (const { listening, error } of missing)
        if (
          !wanted.some(
            (other) => other.service === listening.service && !missing.some((each) => each.listening === other),
          )
        )
          throw error;
    } catch (error) {
      for (const { server } of opened.values()) server.close();
      throw error;
    }
    const still = new Map(wanted.map((listening) => [keyOf(listening), listening]));
    for (const [key, door] of this.#open) {
      const listening = still.get(key);
      if (listening !== undefined) door.listening = listening;
      else {
        door.server.close();
        this.#open.delete(key);
      }
    }
    for (const [key, each] of opened) this.#open.set(key, each);
  }

  /** Listens on what systemd has opened; `LISTEN_FDNAMES` says what each is for. @throws ERR_CONFIG */
  async #takeOver(remote: boolean): Promise<void> {
    if (this.#open.size > 0) return;
    for (const { fd, name } of handedOver(this.#env)) {
      if (!Object.hasOwn(PROXY_PORTS, name))
        throw new MailkeyError("ERR_CONFIG", `systemd hands over a socket for ${JSON.stringify(name)}`, {
          hint: `FileDescriptorName= is one of ${Object.keys(PROXY_PORTS).join(", ")}`,
        });
      const service = name as ProxyService;
      let listening: Listening = { service, address: "", port: 0 };
      const server = createServer(OPTIONS, (socket) => this.#accept(socket, listening));
      await listenOn(server, { fd });
      const bound = server.address();
      if (!isOfTcp(bound))
        throw new MailkeyError("ERR_CONFIG", `the socket that systemd hands over for ${service} is not one of TCP`);
      listening = { service, address: bound.address, port: bound.port };
      if (!isLoopback(bound.address) && !remote) throw notAllowed(bound.address);
      this.#open.set(keyOf(listening), { listening, server });
    }
  }

  /** Nobody can connect any more. */
  close(): void {
    for (const { server } of this.#open.values()) server.close();
    this.#open.clear();
  }

  /** @returns an error where the machine has no such address */
  async #listen(listening: Listening): Promise<Door | MailkeyError> {
    const { service, address: host, port } = listening;
    const server = createServer(OPTIONS, (socket) => this.#accept(socket, door.listening));
    const door: Door = { listening, server };
    try {
      await listenOn(server, { host, port, ipv6Only: host.includes(":"), backlog: MAX_WAITING });
      return door;
    } catch (error) {
      const code = systemErrorCode(error);
      const failed = (why: string, hint: string) =>
        new MailkeyError("ERR_CONFIG", `cannot listen at ${host} port ${port} for ${service}: ${why}`, {
          hint,
          cause: error,
        });
      if (code === "EADDRINUSE")
        throw failed("another program does", `ss -ltnp 'sport = :${port}', or another port: docs/proxy.md`);
      if (code === "EACCES")
        throw failed("ports below 1024 are the system's", `${service} = ${PROXY_PORTS[service]} under [proxy]`);
      return failed(code ?? "it does not work", "see listen under [proxy] in config.toml");
    }
  }
}

const OPTIONS = { allowHalfOpen: true, noDelay: true } as const;

/** One of the file system has a path in Node.js, and nothing in Bun. */
function isOfTcp(bound: ReturnType<Server["address"]>): bound is AddressInfo {
  return typeof bound === "object" && typeof bound?.port === "number";
}

/** @throws ERR_CONFIG */
function wantedOf({ addresses, remote, ports }: ListenConfig, hasCertificate: boolean): Listening[] {
  const stranger = addresses.find((address) => !isLoopback(address));
  if (stranger !== undefined && !remote) throw notAllowed(stranger);
  if (stranger !== undefined && !hasCertificate)
    throw new MailkeyError("ERR_CONFIG", `other machines connect in TLS only, and there is no certificate`, {
      hint: "mailkey proxy cert",
    });
  const taken = new Map<number, ProxyService>();
  return (Object.keys(PROXY_PORTS) as ProxyService[]).flatMap((service) => {
    const port = ports[service];
    if (port === undefined || (isTlsFirst(service) && !hasCertificate)) return [];
    const other = taken.get(port);
    if (other !== undefined)
      throw new MailkeyError("ERR_CONFIG", `port ${port} cannot be both for ${other} and for ${service}`, {
        hint: `give ${service} another one under [proxy] in config.toml`,
      });
    taken.set(port, service);
    return addresses.map((address) => ({ service, address, port }));
  });
}

function notAllowed(address: string): MailkeyError {
  return new MailkeyError("ERR_CONFIG", `other machines can connect to ${address}`, {
    hint: "set remote = true under [proxy] in config.toml if they may",
  });
}

function keyOf({ address, port }: Listening): string {
  return `${address} ${port}`;
}

function listenOn(server: Server, where: ListenOptions & { readonly fd?: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      server.on("error", () => undefined); // a connection that could not be accepted: the next one may
      resolve();
    });
  });
}

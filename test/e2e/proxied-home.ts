/** A home with an account and a proxy, and wires to the account's provider and servers that can be cut. */
import { mailkeyFlags } from "../../lab/mailkey-flags.ts";
import { startWorld, type World, type WorldOptions } from "../../lab/world.ts";
import { Home, succeeded } from "./harness.ts";
import { logIn, PROTOCOLS, type Credentials, type LoggedIn, type MailProtocol } from "./password-client.ts";
import { configureProxy, proxyPassword, startProxy, stopChild, type StartedProxy } from "./started-proxy.ts";
import { Wire } from "./wire.ts";

/** Renewals that fail are given up soon. */
const IMPATIENT = ["[network]", "retry_seconds = 2"];

export interface ProxiedOptions extends WorldOptions {
  /** Lines of config.toml, those of `[proxy]` first. */
  readonly config?: readonly string[];
}

type Outcome = Pick<LoggedIn, "isIn" | "said">;

export class ProxiedHome {
  readonly world: World;
  readonly home: Home;
  /** To the token endpoint. */
  readonly provider: Wire;
  /** To the mail servers. */
  readonly servers: Readonly<Record<MailProtocol, Wire>>;
  readonly credentials: Credentials;
  readonly proxy: StartedProxy;

  private constructor(parts: Omit<ProxiedHome, "logIn" | "logInByAll" | "agentPid" | "close">) {
    ({
      world: this.world,
      home: this.home,
      provider: this.provider,
      servers: this.servers,
      credentials: this.credentials,
      proxy: this.proxy,
    } = parts);
  }

  static async open({ config = [], ...options }: ProxiedOptions = {}): Promise<ProxiedHome> {
    const world = await startWorld({ mail: "dovecot", ...options });
    const home = new Home(world);
    const endpoint = new URL(world.endpoints.token);
    const [provider, imap, pop, smtp] = await Promise.all([
      Wire.to(Number(endpoint.port)),
      ...PROTOCOLS.map((protocol) => Wire.to(world.servers[protocol]?.port ?? 0)),
    ]);
    if (imap === undefined || pop === undefined || smtp === undefined) throw new Error("a server is missing");
    endpoint.port = String(provider.port);
    const ports = await configureProxy(home, [...config, ...IMPATIENT]);
    const flags = mailkeyFlags({
      ...world,
      endpoints: { ...world.endpoints, token: endpoint.href },
      servers: {
        imap: { host: "localhost", port: imap.port, security: "tls" },
        pop: { host: "localhost", port: pop.port, security: "tls" },
        smtp: { host: "localhost", port: smtp.port, security: "starttls" },
      },
    });
    succeeded(await home.mailkey(["vault", "init", "age"]));
    succeeded(await home.mailkey(["add", home.address, ...flags, "--no-test"]));
    const credentials = { user: home.address, password: await proxyPassword(home, home.address) };
    const proxy = await startProxy(home, ports);
    return new ProxiedHome({ world, home, provider, servers: { imap, pop, smtp }, credentials, proxy });
  }

  logIn(protocol: MailProtocol): Promise<LoggedIn> {
    return logIn(protocol, this.proxy.ports, this.credentials);
  }

  /** Once by each protocol. @returns what the clients were told, who are gone then */
  async logInByAll(): Promise<Readonly<Record<MailProtocol, Outcome>>> {
    const tries = PROTOCOLS.map(async (protocol) => {
      const { isIn, said, client } = await this.logIn(protocol);
      client.close();
      return [protocol, { isIn, said }] as const;
    });
    return Object.fromEntries(await Promise.all(tries)) as Record<MailProtocol, Outcome>;
  }

  /** @returns the process of the agent that runs now */
  async agentPid(): Promise<number> {
    const { stdout } = succeeded(await this.home.mailkey(["agent", "status", "--json"]));
    return (JSON.parse(stdout) as { pid: number }).pid;
  }

  async close(): Promise<void> {
    await stopChild(this.proxy.child);
    await this.home.mailkey(["agent", "stop"]);
    for (const wire of [this.provider, ...Object.values(this.servers)]) wire.cut();
    await this.world.stop();
    this.home.dispose();
  }
}

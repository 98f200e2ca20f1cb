/**
 * What the proxy is measured in: a mail world, a home with an agent, the built proxy on ports of its own, and an account for each
 * server that it shall lead to. The mailboxes lie in memory where there is such a place, lest a disk be measured.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { mailkeyFlags } from "../../lab/mailkey-flags.ts";
import { startWorld, type World } from "../../lab/world.ts";
import { IDLE_ENVIRONMENT } from "../../src/platform/runtime.ts";
import { Home, succeeded } from "../../test/e2e/harness.ts";
import { startAgent, type StartedAgent } from "../../test/e2e/started-agent.ts";
import {
  configureProxy,
  proxyPassword,
  startProxy,
  stopChild,
  type ProxyPorts,
  type StartedProxy,
} from "../../test/e2e/started-proxy.ts";

const MEMORY = "/dev/shm";
const TOKEN_SECONDS = 360_000;
/** As long as Microsoft's are. Dovecot's submission would not take them. */
const TOKEN_CHARACTERS = 1500;

export interface Account {
  readonly address: string;
  /** The proxy's. */
  readonly password: string;
  readonly token: string;
}

export interface PlaceOptions {
  /** For sending, it has to be shorter than it is by default. */
  readonly tokenCharacters?: number;
}

export class Place {
  readonly world: World;
  readonly home: Home;
  readonly ports: ProxyPorts;
  #agent: StartedAgent | undefined;
  #proxy: StartedProxy | undefined;

  static async make({ tokenCharacters = TOKEN_CHARACTERS }: PlaceOptions = {}): Promise<Place> {
    if (existsSync(MEMORY)) process.env["TMPDIR"] = MEMORY;
    const world = await startWorld({ mail: "dovecot", accessTokenSeconds: TOKEN_SECONDS, tokenCharacters });
    const home = new Home(world);
    const place = new Place(world, home, await configureProxy(home));
    succeeded(await home.mailkey(["vault", "init", "age"]));
    return place;
  }

  private constructor(world: World, home: Home, ports: ProxyPorts) {
    this.world = world;
    this.home = home;
    this.ports = ports;
  }

  /** Signs in, and makes a password for the proxy. @param servers the world's, unless given */
  async account(address: string, servers: World["servers"] = this.world.servers): Promise<Account> {
    const flags = mailkeyFlags({ ...this.world, servers });
    const env = { LAB_LOGIN: address };
    succeeded(await this.home.mailkey(["add", address, ...flags, "--no-test"], { env }));
    const { stdout } = succeeded(await this.home.mailkey(["token", address]));
    return { address, password: await proxyPassword(this.home, address), token: stdout.trim() };
  }

  /** The agent, then the proxy. */
  async start(): Promise<void> {
    this.#agent = await startAgent(this.home, { env: IDLE_ENVIRONMENT });
    this.#proxy = await startProxy(this.home, this.ports, IDLE_ENVIRONMENT);
  }

  get proxyPid(): number {
    return this.#proxy?.pid ?? 0;
  }

  /** Certificate and key of the world's servers, for one more of them. */
  get certificate(): { readonly cert: string; readonly key: string } {
    const file = (name: string) => readFileSync(join(this.world.logs, name), "utf8");
    return { cert: file("certificate.pem"), key: file("key.pem") };
  }

  async stop(): Promise<void> {
    for (const started of [this.#proxy, this.#agent]) if (started !== undefined) await stopChild(started.child);
    await this.world.stop();
    this.home.dispose();
  }
}

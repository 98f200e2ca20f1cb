/** A piece of network that can be cut and mended: passes connections on to a port of this machine. */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { freePorts } from "../../lab/ports.ts";

export class Wire {
  readonly port: number;
  readonly #to: number;
  readonly #ends = new Set<Socket>();
  #server: Server | undefined;

  private constructor(port: number, to: number) {
    this.port = port;
    this.#to = to;
  }

  static async to(port: number): Promise<Wire> {
    const [free = 0] = await freePorts(1);
    const wire = new Wire(free, port);
    await wire.mend();
    return wire;
  }

  /** As when the other machine loses its power: connections are reset, and new ones refused. */
  cut(): void {
    this.#server?.close();
    for (const end of this.#ends) end.destroy();
  }

  async mend(): Promise<void> {
    this.#server = createServer((near) => this.#join(near, connect(this.#to, "127.0.0.1")));
    await once(this.#server.listen(this.port, "127.0.0.1"), "listening");
  }

  #join(near: Socket, far: Socket): void {
    near.pipe(far).pipe(near);
    for (const [end, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#ends.add(end);
      end.on("error", () => undefined); // "close" follows
      end.on("close", () => {
        this.#ends.delete(end);
        other.destroy();
      });
    }
  }
}

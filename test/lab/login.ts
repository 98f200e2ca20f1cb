/** One XOAUTH2 login with a world's mail server, in as few lines as will do. */
import { readFileSync } from "node:fs";
import { connect as connectPlain, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { connect as connectTls } from "node:tls";
import type { World } from "../../lab/world.ts";

export type Protocol = "imap" | "pop" | "smtp";

/** @returns whether the server let `user` in with `token` */
export async function login(world: World, protocol: Protocol, user: string, token: string): Promise<boolean> {
  const server = world.servers[protocol];
  if (server === undefined) throw new Error(`the world has no ${protocol} server`);
  const tls = { host: server.host, port: server.port, ca: readFileSync(world.caFile, "utf8"), servername: "localhost" };
  const response = Buffer.from(`user=${user}\x01auth=Bearer ${token}\x01\x01`).toString("base64");
  if (protocol === "smtp") {
    const plain = connectPlain(server.port, "127.0.0.1");
    await ask(plain, undefined, /^220 /);
    await ask(plain, "EHLO test", /^250 /);
    await ask(plain, "STARTTLS", /^220 /);
    plain.removeAllListeners("data");
    const secure = connectTls({ ...tls, socket: plain });
    await ask(secure, "EHLO test", /^250 /);
    return attempt(secure, `AUTH XOAUTH2 ${response}`, /^235 /, /^334 /);
  }
  const secure = connectTls(tls);
  if (protocol === "imap") {
    await ask(secure, undefined, /^\* OK /);
    return attempt(secure, `a AUTHENTICATE XOAUTH2 ${response}`, /^a OK /, /^\+ /);
  }
  await ask(secure, undefined, /^\+OK/);
  return attempt(secure, `AUTH XOAUTH2 ${response}`, /^\+OK/, /^\+ /);
}

async function attempt(socket: Socket, line: string, good: RegExp, challenge: RegExp): Promise<boolean> {
  const final = /^(a (OK|NO|BAD)|[+]OK|-ERR|[235]\d\d )/;
  const first = await ask(socket, line, new RegExp(`${final.source}|${challenge.source}`));
  const last = challenge.test(first) ? await ask(socket, "", final) : first;
  socket.destroy();
  return good.test(last);
}

/** Sends a line and returns the first line of the answer that matches. */
function ask(socket: Socket, line: string | undefined, until: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: socket });
    const failed = (error?: Error) => reject(error ?? new Error("the server hung up"));
    socket.once("error", failed);
    lines.once("close", failed);
    lines.on("line", (text) => {
      if (!until.test(text)) return;
      socket.off("error", failed);
      lines.off("close", failed);
      lines.removeAllListeners("line");
      lines.close();
      resolve(text);
    });
    if (line !== undefined) socket.write(`${line}\r\n`);
    socket.resume();
  });
}

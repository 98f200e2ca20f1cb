/** Sends one message the way npm's mail programs do: nodemailer with XOAUTH2, for machines without Debian's programs. */
import { readFileSync } from "node:fs";
import { createTransport } from "nodemailer";
import type { World } from "./world.ts";

export interface TokenMessage {
  readonly user: string;
  readonly token: string;
  readonly to: string;
  readonly subject: string;
}

/** @throws Error with the server's words when it refuses */
export async function sendWithToken(world: World, { user, token, to, subject }: TokenMessage): Promise<void> {
  const { smtp } = world.servers;
  if (smtp === undefined) throw new Error("this world has no submission server");
  const transport = createTransport({
    host: smtp.host,
    port: smtp.port,
    secure: smtp.security === "tls",
    requireTLS: true,
    tls: { ca: readFileSync(world.caFile, "utf8") },
    auth: { type: "OAuth2", user, accessToken: token },
  });
  try {
    await transport.sendMail({ from: user, to, subject, text: "Hello from the lab." });
  } finally {
    transport.close();
  }
}

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type MailClients, writeMailClients } from "../../lab/clients.ts";
import { obtainTokens } from "../../lab/token-client.ts";
import { startWorld, type World } from "../../lab/world.ts";
import { missingPackages } from "../../scripts/requirements.ts";

const missing = new Set(missingPackages().map((requirement) => requirement.package));
const isMissing = (...packages: string[]) =>
  ["dovecot-imapd", "dovecot-submissiond", "dovecot-lmtpd", ...packages].some((name) => missing.has(name));

describe("a mail program with a token of the world", () => {
  let world: World;
  let clients: MailClients;
  let tokenFile: string;
  beforeAll(async () => {
    world = await startWorld(isMissing() ? { mail: "none" } : {});
    const home = join(world.folder, "home");
    const place = join(world.folder, 'some "place" for $HOME');
    mkdirSync(home);
    mkdirSync(place);
    tokenFile = join(place, "token");
    writeFileSync(tokenFile, `${(await obtainTokens(world)).accessToken}\n`);
    if (isMissing()) return;
    clients = writeMailClients({ world, home, tokenCommand: `cat '${tokenFile}'`, timeoutSeconds: 20 });
  });
  afterAll(() => world.stop());

  test.skipIf(isMissing("msmtp", "isync", "libsasl2-modules-kdexoauth2"))("sends and fetches", async () => {
    const sent = await clients.sendWithMsmtp({ to: world.address, subject: "by msmtp", body: "Hello" });
    expect(sent).toMatchObject({ status: 0, stderr: "" });
    expect((await clients.fetchWithMbsync()).status).toBe(0);
    expect(clients.fetched().filter((text) => text.includes("Subject: by msmtp"))).toHaveLength(1);
  });

  test.skipIf(isMissing("neomutt"))("sends by SMTP and reads by IMAP", async () => {
    const sent = await clients.sendWithNeomutt({ to: world.address, subject: "by neomutt", body: "Hello" });
    expect(sent).toMatchObject({ status: 0, stderr: "" });
    expect((await clients.readWithNeomutt()).stdout).toContain("Subject: by neomutt");
  });

  test.skipIf(isMissing("msmtp"))("fails when its token is refused", async () => {
    writeFileSync(tokenFile, "refused\n");
    const { status, stderr } = await clients.sendWithMsmtp({ to: world.address, subject: "never", body: "" });
    expect(status).toBe(77);
    expect(stderr).toContain("authentication failed");
  });
});

/** Logins to a real Dovecot, with both mechanisms and tokens that it checks. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { findDovecot } from "../../lab/dovecot.ts";
import { obtainTokens } from "../../lab/token-client.ts";
import { startWorld, type World } from "../../lab/world.ts";
import type { LoginReport } from "../../src/mail/report.ts";
import { testMailbox } from "../../src/mail/test-mailbox.ts";
import { Secret } from "../../src/platform/secret.ts";
import type { MechanismName } from "../../src/sasl/mechanism.ts";

/** Starting Dovecot and asking the authorization server take seconds when other tests have the processors. */
const PATIENCE_MS = 60_000;

describe.skipIf(findDovecot() === undefined)("logins to Dovecot", () => {
  let world: World;
  let token: Secret;
  beforeAll(async () => {
    world = await startWorld({ mail: "dovecot" });
    token = new Secret((await obtainTokens(world)).accessToken);
  }, PATIENCE_MS);
  afterAll(() => world.stop(), PATIENCE_MS);

  async function logins(user: string, mechanism: MechanismName, secret: Secret): Promise<LoginReport[]> {
    const { imap, pop, smtp } = world.servers;
    if (imap === undefined || pop === undefined || smtp === undefined) throw new Error("a server is missing");
    const request = {
      servers: { imap, pop, smtp },
      mechanisms: { imap: [mechanism], pop: [mechanism], smtp: [mechanism] },
      user,
      certificates: [readFileSync(world.caFile, "utf8")],
      timeoutMs: 20_000,
    };
    const reports: LoginReport[] = [];
    for await (const report of testMailbox(request, () => Promise.resolve(secret))) reports.push(report);
    return reports;
  }

  test(
    "succeed by IMAP, POP3 and submission with either mechanism",
    async () => {
      for (const mechanism of ["XOAUTH2", "OAUTHBEARER"] as const) {
        const reports = await logins(world.address, mechanism, token);
        expect(reports.filter(({ ok }) => !ok)).toEqual([]);
        expect(reports.map((report) => report.mechanism)).toEqual([mechanism, mechanism, mechanism]);
      }
    },
    PATIENCE_MS,
  );

  test(
    "are refused with Dovecot's explanation when the token is invented",
    async () => {
      for (const mechanism of ["XOAUTH2", "OAUTHBEARER"] as const) {
        for (const report of await logins(world.address, mechanism, new Secret("invented-token"))) {
          expect(report).toMatchObject({ ok: false, stage: "authentication", reason: "refused", mechanism });
          expect(report).toHaveProperty("challenge.status");
        }
      }
    },
    PATIENCE_MS,
  );

  test(
    "are refused when the token is another user's",
    async () => {
      for (const report of await logins("bob@mail.test", "XOAUTH2", token))
        expect(report).toMatchObject({ ok: false, stage: "authentication", reason: "refused" });
    },
    PATIENCE_MS,
  );
});

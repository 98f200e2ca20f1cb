import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { findDovecot } from "../../lab/dovecot.ts";
import { MAIL_SCOPES } from "../../lab/registrations.ts";
import { obtainTokens } from "../../lab/token-client.ts";
import { startWorld, type World } from "../../lab/world.ts";
import { login, type Protocol } from "./login.ts";

const PROTOCOLS = ["imap", "pop", "smtp"] as const;
const MESSAGE = "From: bob@mail.test\r\nSubject: dots\r\n\r\n.\r\n.. two\r\nend\r\n";

describe.skipIf(findDovecot() === undefined)("Dovecot", () => {
  let world: World;
  let token: string;
  beforeAll(async () => {
    world = await startWorld({ mail: "dovecot" });
    token = (await obtainTokens(world)).accessToken;
  });
  afterAll(() => world.stop());

  /** At the same time, since Dovecot takes half a second to say no. */
  const tryAll = (user: string, tokenFor: (protocol: Protocol) => string) =>
    Promise.all(PROTOCOLS.map((protocol) => login(world, protocol, user, tokenFor(protocol))));

  test("lets the token's user in by IMAP, POP3 and SMTP", async () => {
    expect(await tryAll(world.address, () => token)).toEqual([true, true, true]);
  });

  test("refuses another user by each of them", async () => {
    expect(await tryAll("bob@mail.test", () => token)).toEqual([false, false, false]);
  });

  test("refuses a token that has the scopes of the other two only", async () => {
    const without = async (protocol: Protocol) => {
      const scopes = Object.values(MAIL_SCOPES).filter((scope) => scope !== MAIL_SCOPES[protocol]);
      return (await obtainTokens(world, { scopes })).accessToken;
    };
    const tokens = { imap: await without("imap"), pop: await without("pop"), smtp: await without("smtp") };
    expect(await tryAll(world.address, (protocol) => tokens[protocol])).toEqual([false, false, false]);
  });

  test("refuses an invented token by each of them", async () => {
    expect(await tryAll(world.address, () => "invented")).toEqual([false, false, false]);
  });

  test("refuses a token that has expired", async () => {
    const { accessToken } = await obtainTokens(world);
    expect(await login(world, "imap", world.address, accessToken)).toBe(true);
    world.expireNow();
    expect(await login(world, "imap", world.address, accessToken)).toBe(false);
  });

  test("delivers what is sent to every recipient, lines of dots included", async () => {
    await world.deliver({ from: "bob@mail.test", to: ["x@mail.test", "Y@mail.test"], content: MESSAGE });
    for (const address of ["x@mail.test", "y@mail.test"]) {
      expect(world.inbox(address)).toHaveLength(1);
      expect(world.inbox(address)[0]).toEndWith("Subject: dots\n\n.\n.. two\nend\n");
    }
  });
});

describe("npm's submission server", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ mail: "smtp", tokenCharacters: 2000 });
  });
  afterAll(() => world.stop());

  test("lets the token's user in, however long the token is", async () => {
    const { accessToken } = await obtainTokens(world);
    expect(accessToken.length).toBeGreaterThan(1900);
    expect(await login(world, "smtp", world.address, accessToken)).toBe(true);
  });

  test("refuses another user, another scope and an invented token", async () => {
    const { accessToken } = await obtainTokens(world);
    expect(await login(world, "smtp", "bob@mail.test", accessToken)).toBe(false);
    const imapOnly = await obtainTokens(world, { scopes: [MAIL_SCOPES.imap] });
    expect(await login(world, "smtp", world.address, imapOnly.accessToken)).toBe(false);
    expect(await login(world, "smtp", world.address, "invented")).toBe(false);
  });

  test("keeps what is delivered", async () => {
    await world.deliver({ from: "bob@mail.test", to: ["Anna@mail.test"], content: MESSAGE });
    expect(world.inbox("anna@mail.test")).toEqual([MESSAGE]);
  });
});

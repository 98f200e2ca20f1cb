/** Mailboxes that are opened with somebody else's token, through the proxy: shared ones, and a whole domain's. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { applicationFlags } from "../../lab/mailkey-flags.ts";
import { APPLICATION_ID, APPLICATION_SECRET } from "../../lab/registrations.ts";
import { startWorld, type World } from "../../lab/world.ts";
import { writeSecretFile } from "../vault/support.ts";
import { Home, IS_NODE, succeeded } from "./harness.ts";
import { logIn, PROTOCOLS } from "./password-client.ts";
import { withPrograms } from "./programs.ts";
import { configureProxy, proxyPassword, startProxy, stopChild, type StartedProxy } from "./started-proxy.ts";

const INFO = "info@mail.test";
const SALES = "sales@mail.test";
const CLOSED = "closed@mail.test";

// Whose mailbox is opened with which token does not depend on the runtime.
if (!IS_NODE)
  withPrograms(["dovecot"])("through the proxy", () => {
    let world: World;
    let home: Home;
    let proxy: StartedProxy;
    /** Of the whole domain. */
    let domains: string;

    beforeAll(async () => {
      world = await startWorld({ mail: "dovecot", sharedMailboxes: [INFO, SALES, CLOSED] });
      world.organisation.openMailbox(INFO, world.address);
      world.organisation.openMailbox(SALES, APPLICATION_ID);
      home = new Home(world);
      succeeded(await home.mailkey(["vault", "init", "age"]));
      succeeded(await home.add(["--no-test"]));
      succeeded(await home.mailkey(["add", INFO, "--login-as", world.address, "--no-test"]));
      const secret = writeSecretFile(join(home.folder, "secret"), `${APPLICATION_SECRET}\n`);
      const client = [`--client-id=${APPLICATION_ID}`, `--client-secret-file=${secret}`, "--catch-all=mail.test"];
      succeeded(await home.mailkey(["add", "all@mail.test", ...applicationFlags(world), ...client, "--no-test"]));
      domains = await proxyPassword(home, "@mail.test");
      proxy = await startProxy(home, await configureProxy(home));
    }, 60_000);
    afterAll(async () => {
      await stopChild(proxy.child);
      await home.mailkey(["agent", "stop"]);
      await world.stop();
      home.dispose();
    });

    /** @returns the protocols by which the mailbox was opened */
    async function opens(user: string, password: string): Promise<string[]> {
      const opened: string[] = [];
      for (const protocol of PROTOCOLS) {
        const { isIn, client } = await logIn(protocol, proxy.ports, { user, password });
        client.close();
        if (isIn) opened.push(protocol);
      }
      return opened;
    }

    async function subjects(user: string, password: string): Promise<string> {
      const { client } = await logIn("imap", proxy.ports, { user, password });
      await client.hears(/^b /, "b SELECT INBOX");
      const heard = await client.hears(/^c /, "c FETCH 1:* BODY[HEADER.FIELDS (SUBJECT)]");
      client.close();
      return heard;
    }

    const deliver = (to: string, subject: string) =>
      world.deliver({ from: "eve@mail.test", to: [to], content: `Subject: ${subject}\r\n\r\nHello.\r\n` });

    test("a shared mailbox is opened with a password of its own and its user's sign-in", async () => {
      const ours = await proxyPassword(home, INFO);
      expect(await opens(INFO, ours)).toEqual([...PROTOCOLS]);
      await deliver(INFO, "for all of us");
      expect(await subjects(INFO, ours)).toContain("Subject: for all of us");
      expect(await opens(world.address, ours)).toEqual([]);
    });

    test("one password of a domain opens each of its mailboxes with the application's token", async () => {
      expect(await opens(SALES, domains)).toEqual([...PROTOCOLS]);
      await deliver(SALES, "for whoever sells");
      expect(await subjects(SALES, domains)).toContain("Subject: for whoever sells");
    });

    test("but none that the server does not open to the application: it is not taken for a wrong password", async () => {
      const { isIn, said, client } = await logIn("imap", proxy.ports, { user: CLOSED, password: domains });
      client.close();
      expect(isIn).toBe(false);
      // To Dovecot, a token in which it finds no user is a failure that may pass.
      expect(said).toMatch(/^a NO \[UNAVAILABLE\] the server refuses the login: .*no permission for this mailbox/);
    });

    test("and never an account that has a file of its own", async () => {
      expect(await opens(world.address, domains)).toEqual([]);
      expect(await opens(INFO, domains)).toEqual([]);
    });

    test("a domain gets no password where no account opens its mailboxes", async () => {
      const { status, stderr } = await home.mailkey(["proxy", "password", "add", "@other.test"]);
      expect(status).toBe(78);
      expect(stderr).toContain("no account opens all mailboxes of other.test");
      expect(stderr).toContain("--catch-all");
    });
  });

/** Real mail programs against real servers, with each vault: what the project is for. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { writeMailClients, type MailClients, type ProgramResult } from "../../lab/clients.ts";
import { startWorld, type World } from "../../lab/world.ts";
import { writeSecretFile } from "../vault/support.ts";
import { Home, succeeded } from "./harness.ts";
import { withPrograms } from "./programs.ts";

const PROGRAMS = ["dovecot", "mbsync", "msmtp", "XOAUTH2 for mbsync", "gpg", "age"];

/** How each vault is set up, in a home that has nothing yet. */
const VAULTS: readonly [string, (home: Home) => Promise<void>][] = [
  [
    "gpg, with an agent that holds the key",
    async (home) => void succeeded(await home.mailkey(["vault", "init", "gpg", "--no-passphrase"])),
  ],
  [
    "gpg, with a passphrase file",
    async (home) => {
      const file = writeSecretFile(join(home.folder, "passphrase"), "correct horse battery staple\n");
      succeeded(await home.mailkey(["vault", "init", "gpg", "--passphrase-file", file]));
      // The agent has seen the passphrase while the key was made: it must not be what helps.
      succeeded(await home.program("gpgconf", ["--kill", "gpg-agent"]));
    },
  ],
  ["age, with an identity file", async (home) => void succeeded(await home.mailkey(["vault", "init", "age"]))],
  [
    "the age program as commands",
    async (home) => {
      const identity = join(home.folder, "key.txt");
      succeeded(await home.program("age-keygen", ["-o", identity]));
      const encrypt = `age -e -i ${identity}`;
      succeeded(
        await home.mailkey(["vault", "use", "command", "--encrypt", encrypt, "--decrypt", `age -d -i ${identity}`]),
      );
    },
  ],
];

withPrograms(PROGRAMS)("the mail programs", () => {
  let world: World;
  let home: Home;
  beforeAll(async () => {
    world = await startWorld({ mail: "dovecot" });
  });
  afterAll(() => world.stop());
  beforeEach(() => {
    home = new Home(world);
    home.env["GNUPGHOME"] = join(home.folder, "gnupg");
    mkdirSync(home.env["GNUPGHOME"], { mode: 0o700 });
  });
  afterEach(async () => {
    await home.program("gpgconf", ["--kill", "all"]);
    home.dispose();
  });

  const clientsOf = (): MailClients =>
    writeMailClients({ world, home: home.folder, tokenCommand: home.tokenCommand(), environment: home.environment() });
  const works = (result: ProgramResult) => {
    if (result.status !== 0) throw new Error(`exit ${result.status}\n${result.stdout}\n${result.stderr}`);
    return result;
  };

  describe.each(VAULTS)("with %s", (name, setUp) => {
    test("send and fetch, and do so again after the token has expired", async () => {
      world.setAccessTokenSeconds(4);
      await setUp(home);
      succeeded(await home.add());
      const before = world.refreshCount();
      const clients = clientsOf();
      for (const round of ["before", "after"]) {
        const subject = `${round} expiry, ${name}`;
        works(await clients.sendWithMsmtp({ to: world.address, subject, body: "hello" }));
        works(await clients.fetchWithMbsync());
        expect(clients.fetched().some((text) => text.includes(`Subject: ${subject}`))).toBe(true);
        if (round === "before") await Bun.sleep(4100);
      }
      expect(world.refreshCount()).toBeGreaterThan(before);
    });
  });

  describe("that are less common", () => {
    beforeEach(async () => {
      world.setAccessTokenSeconds(3600);
      succeeded(await home.mailkey(["vault", "init", "age"]));
      succeeded(await home.add());
    });

    withPrograms(["neomutt"])("neomutt", () => {
      test("sends by SMTP and reads by IMAP", async () => {
        const clients = clientsOf();
        works(await clients.sendWithNeomutt({ to: world.address, subject: "from neomutt", body: "hello" }));
        expect(works(await clients.readWithNeomutt()).stdout).toContain("Subject: from neomutt");
      });
    });

    withPrograms(["emacs", "mu", "mu4e"])("Emacs mu4e", () => {
      test("sends through msmtp, fetches, indexes and finds", async () => {
        const clients = clientsOf();
        const { stdout } = works(
          await clients.roundTripWithMu4e({ to: world.address, subject: "from mu4e", body: "hello" }),
        );
        expect(stdout).toContain("found from mu4e");
      });
    });

    test("test logs in to IMAP, POP3 and SMTP, each with one more command", async () => {
      const { stdout, stderr } = succeeded(await home.mailkey(["test", home.address]));
      for (const protocol of ["IMAP", "POP", "SMTP"]) expect((stdout + stderr).toUpperCase()).toContain(protocol);
    });

    test("test tells what a server refused, in its words, with a hint", async () => {
      world.expireNow();
      const result = await home.mailkey(["test", home.address, "--imap"]);
      expect(result.status).toBe(69);
      expect(result.stdout + result.stderr).toMatch(/hint|mailkey /);
    });
  });
});
